"""Rank-dependent indices: ranks, numerators, and their sweeps over replicates."""
