"""Regressions: logit, multilevel logit, RIF.

Letters: n rows, p patterns, q columns of the design matrix, e of them estimated. Per pattern, n and s (p,)
are the sums of weights and of weighted events. A multilevel model has l levels, I outer and J inner clusters,
and Q = q + 2 parameters: the coefficients, then the standard deviations of the outer and the inner level.
"""
