"""The rows of a sample as a decomposition sweeps them: by rank, and by pattern of covariates."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.regression.glm import Patterns

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
UnitArray = NDArray[np.int32]


class RankTables(NamedTuple):
    """Where rows add their ranks to: tables of joint values of covariates, instead of a sum per column.

    code (tables, n), offset (tables + 1,)
        The table row to which a row of the sample adds its rank; where the rows of each table begin and end.
        The first table is that of the need covariates where predictions from need are requested.
    indptr, column, value
        What the rows of tables add to the rank sums of columns: sparse rows. Column q is the outcome,
        centred.
    dense (m, n), dense_column (m,)
        Columns of too many values for a table.
    """

    code: UnitArray
    offset: IntArray
    indptr: IntArray
    column: IntArray
    value: FloatArray
    dense: FloatArray
    dense_column: IntArray


class RowsByRank(NamedTuple):
    """Complete rows sorted by rank.

    weight (n,), tie_end (t,)
        Weights, and where each tie group ends.
    widest
        Rows of the largest tie group.
    tables
        Where the rows add their ranks to.
    """

    weight: FloatArray
    tie_end: IntArray
    widest: int
    tables: RankTables


class RowsByPattern(NamedTuple):
    """The same rows sorted by pattern and outcome, in cells alike in both.

    weight (n,), cell_end (c,)
        Weights, and where each cell ends.
    pattern, outcome (c,)
        Of a cell.
    """

    weight: FloatArray
    cell_end: IntArray
    pattern: IntArray
    outcome: FloatArray


class NeedSets(NamedTuple):
    """The sets of need covariates that patterns have; the first two are empty without predictions from need.

    of_pattern (p,), example (m,)
        The number of a pattern's set, and a pattern with each set.
    is_need (q,)
        Which columns are need.
    """

    of_pattern: UnitArray
    example: IntArray
    is_need: NDArray[np.bool_]


class DecompositionRows(NamedTuple):
    """What the kernels of a decomposition take.

    by_rank, by_pattern
        The rows in both orders.
    patterns
        Covariates of the patterns (p, q).
    need
        Sets of need covariates.
    factor (q,)
        The number of a dummy's factor; -1 for numbers and the constant.
    """

    by_rank: RowsByRank
    by_pattern: RowsByPattern
    patterns: Patterns
    need: NeedSets
    factor: IntArray
