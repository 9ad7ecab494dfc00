"""Sparse rows (indptr, column, value): row i has the entries indptr[i] to indptr[i + 1]."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.arrays import FloatArray, IntArray

SparseRows = tuple[IntArray, IntArray, FloatArray]


def sparse(entries: Sequence[tuple[IntArray, FloatArray]], *, constant: bool = False) -> SparseRows:
    """Return n sparse rows from several (columns, values), (n,) each; column -1 is no entry.

    With `constant`, column 0 is 1 in every row.
    """
    n = len(entries[0][0])
    stacked = [(np.zeros(n, np.int64), np.ones(n)), *entries] if constant else entries
    column, value = (np.stack([entry[i] for entry in stacked], axis=1) for i in (0, 1))
    kept = column >= 0
    indptr = np.concatenate([[0], np.cumsum(kept.sum(axis=1))]).astype(np.int64)
    return indptr, column[kept].astype(np.int64), value[kept].astype(np.float64)


def sparse_rows(X: FloatArray) -> SparseRows:
    """Return a dense matrix (p, q) as sparse rows."""
    is_entry = X != 0.0
    indptr = np.zeros(len(X) + 1, np.int64)
    np.cumsum(is_entry.sum(axis=1), out=indptr[1:])
    column = np.broadcast_to(np.arange(X.shape[1]), X.shape)[is_entry]
    return indptr, column, X[is_entry]
