"""Decomposition of an index by covariates, horizontal inequity, and the change between groups."""
