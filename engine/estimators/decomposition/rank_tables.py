"""Where rows add their ranks to: small tables of joint values in place of one sum for each column."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.arrays import IntArray
from engine.estimators.decomposition.covariates import Coded, sparse
from engine.kernels.decomposition.rows import RankTables

MOST_ROWS = 1024  # of a table: with all replicates of a block it stays in the cache
MOST_VALUES = 4096  # of a variable that gets a table at all


def rank_tables(variables: Sequence[Coded], first: tuple[IntArray, Sequence[Coded]] | None) -> RankTables:
    """Join variables into tables of at most MOST_ROWS rows, in their order.

    Parameters
    ----------
    variables
        With code (n,) of the rows by rank, no -1; the outcome among them.
    first
        A table that must come first, whatever its size: code (n,), and what its m rows set as variables with code
        (m,).
    """
    codes, sizes, entries = [], [], []
    if first is not None:
        codes.append(first[0])
        sizes.append(len(first[1][0].code))
        entries.append([(own.column[own.code], own.value[own.code]) for own in first[1]])
    large = [own for own in variables if len(own.column) > MOST_VALUES]
    for part in _joined([own for own in variables if len(own.column) <= MOST_VALUES]):
        widths = [len(own.column) for own in part]
        grid = np.unravel_index(np.arange(np.prod(widths)), widths)
        codes.append(np.ravel_multi_index([own.code for own in part], widths))
        sizes.append(int(np.prod(widths)))
        entries.append([(own.column[place], own.value[place]) for own, place in zip(part, grid, strict=True)])
    offset = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    n = len(variables[0].code)
    code = np.empty((len(codes), n), np.int32)
    for row, own, start in zip(code, codes, offset, strict=False):
        row[:] = own + start
    stacked = [sparse(part) for part in entries]
    return RankTables(
        code=code,
        offset=offset,
        indptr=np.concatenate([[0], *(np.diff(part[0]) for part in stacked)]).cumsum().astype(np.int64),
        column=np.concatenate([np.empty(0, np.int64), *(part[1] for part in stacked)]),
        value=np.concatenate([np.empty(0), *(part[2] for part in stacked)]),
        dense=np.array([own.value[own.code] for own in large]).reshape(len(large), n),
        dense_column=np.array([own.column[0] for own in large], np.int64),
    )


def _joined(variables: Sequence[Coded]) -> list[list[Coded]]:
    parts: list[list[Coded]] = []
    size = MOST_ROWS + 1
    for own in variables:
        if size * len(own.column) > MOST_ROWS:
            parts.append([])
            size = 1
        parts[-1].append(own)
        size *= len(own.column)
    return parts
