"""Rank-dependent indices and curves, and their differences between groups."""
