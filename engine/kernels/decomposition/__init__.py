"""The decomposition of an index in every replicate."""
