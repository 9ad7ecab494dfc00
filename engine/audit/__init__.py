"""Published tables: check their arithmetic, and compare them with a run."""
