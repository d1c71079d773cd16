"""Pictures: inspected, freed of metadata and fitted, decoded only in limited child processes."""
