"""Sums of cells in every replicate of a block, for measures that are functions of such sums."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@kernel
def cell_totals(
    multipliers: NDArray[Any],
    weight: FloatArray,
    outcome: FloatArray,
    cell: IntArray,
    totals: FloatArray,
    amounts: FloatArray,
) -> None:
    """Write sum w m and sum w m y of each cell to totals and amounts (lanes, c).

    multipliers (n, lanes) are the m of some replicates; weight, outcome (n,) and cell (n,), below c.
    """
    totals[:, :] = 0.0
    amounts[:, :] = 0.0
    for i in range(weight.shape[0]):
        c, w, y = cell[i], weight[i], outcome[i]
        for lane in range(totals.shape[0]):
            weighted = w * multipliers[i, lane]
            totals[lane, c] += weighted
            amounts[lane, c] += weighted * y
