"""Results for readers: small tables, and the terminal."""
