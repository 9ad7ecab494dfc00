"""How fast: numba loops on plain arrays. No validation, no strings; what is undefined is NaN.

Letters in the docstrings: n rows, t tie groups, g groups, k outcomes, p missing patterns, u resampling
units, b replicates, h strata, q estimates. Rows are sorted by rank inside their group before they come here.
"""
