"""Pages of the documentation that tests make or replay."""
