"""Decomposition of an index, horizontal inequity, and change between groups."""
