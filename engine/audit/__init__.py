"""Published tables: the check of their arithmetic, and the comparison with a run."""
