"""Numba loops on plain arrays. They validate nothing and use no strings; what is undefined is NaN.

Rows arrive sorted (by group, then rank; or by covariate pattern). A replicate is a vector of multipliers of the
rows' weights. Replicates are computed in blocks, side by side: ``lanes`` counts the replicates of a block, and the
innermost loop of a kernel runs over them.

The letters of shapes and of loops, in every kernel:

====  =============================================  ====  ===============================================
n     rows                                           t     tie groups: rows of equal rank
c     cells: rows alike in all that matters          g     groups
k     outcomes                                       p     patterns of covariates, or of missing outcomes
q     columns of a model, and their coefficients     u     sampling units
h     strata                                         b     blocks
r     replicates                                     m     points of a curve, or domains of a table
i, j  outer and inner clusters of a multilevel       a, l  outer nodes, and all nodes, of its quadrature
      model                                          e     entries of sparse rows
====  =============================================  ====  ===============================================

The letters of formulas: w weight, y outcome, x covariate, W = sum of w, mu mean, N numerator of an index, z influence
value, R weighted fractional rank, beta coefficients, eta = x'beta.
"""
