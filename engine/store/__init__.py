"""Results on disk: a run directory is whole or not there."""
