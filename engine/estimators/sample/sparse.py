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
    n, first = len(entries[0][0]), int(constant)
    count = np.full(n, first, np.int64)
    for columns, _ in entries:
        count += columns >= 0
    indptr = np.zeros(n + 1, np.int64)
    np.cumsum(count, out=indptr[1:])
    column, value = np.zeros(indptr[-1], np.int64), np.ones(indptr[-1])
    place = indptr[:-1] + first  # of the next entry of each row
    for columns, values in entries:
        kept = columns >= 0
        column[place[kept]], value[place[kept]] = columns[kept], values[kept]
        place += kept
    return indptr, column, value


def sparse_rows(X: FloatArray) -> SparseRows:
    """Return a dense matrix (p, q) as sparse rows."""
    is_entry = X != 0.0
    indptr = np.zeros(len(X) + 1, np.int64)
    np.cumsum(is_entry.sum(axis=1), out=indptr[1:])
    column = np.broadcast_to(np.arange(X.shape[1]), X.shape)[is_entry]
    return indptr, column, X[is_entry]
