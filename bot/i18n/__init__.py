"""Everything a person reads, in their language: message catalogues with the English sentence as the key."""
