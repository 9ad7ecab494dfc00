"""The Python functions: one statistic on a frame, without a study file."""
