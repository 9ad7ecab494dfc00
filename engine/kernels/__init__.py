"""Numba loops on plain arrays. They validate nothing and use no strings; what is undefined is NaN.

Rows arrive sorted (by group, then rank; or by covariate pattern). A replicate is a vector of multipliers of
the rows' weights. Replicates are computed in blocks, side by side: ``lanes`` counts the replicates of a
block, and the innermost loop of a kernel runs over them.

The letters of shapes and of loops, in every kernel:

====  ===============================================  ====  =============================================
n     rows                                             t     tie groups: rows of equal rank
c     cells: rows alike in all that matters            g     groups
k     outcomes                                         p     patterns of covariates, or of missing outcomes
q     columns of a model, and their coefficients       u     sampling units
h     strata                                           b     blocks
r     replicates                                       m     points, domains, or sets of need covariates
e     entries of sparse rows
i     outer clusters of a multilevel model             j     inner clusters
a     outer nodes of its quadrature                    l     all nodes of an inner cluster: a x m
====  ===============================================  ====  =============================================

In loops i is also a row, and in multilevel kernels k numbers the inner clusters of an outer one.

The letters of formulas: w weight, y outcome, x covariate, W = sum of w, mu mean, N numerator of an index, z
influence value, R weighted fractional rank, beta coefficients, eta = x'beta.
"""
