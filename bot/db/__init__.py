"""Storage: the tables (`schema`), transactions (`database`), migrations, and what is kept as rows."""
