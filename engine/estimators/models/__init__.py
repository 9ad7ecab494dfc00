"""Regressions of numbers, counts and ordered categories: linear, Poisson, negative binomial, ordered logit.

Letters: n rows, c cells (rows alike in covariates and outcome), q columns of the design matrix, e of them
estimated, k further parameters (thresholds, log alpha), P = e + k parameters.
"""
