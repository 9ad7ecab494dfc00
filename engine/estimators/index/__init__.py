"""Rank-dependent indices and curves: linearised estimates, replicates, comparisons between groups."""
