"""Degrees of freedom of a domain: units less strata, or the rank of its replicate weights less one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.arrays import DesignArrays, FloatArray, IntArray, ReplicateWeights, UnitArray
from engine.estimators.sample.sampling_units import units_and_degrees

_NEARLY_DEPENDENT = 1e-10  # squared share of a column that the others leave: R's `degf` takes the root, 1e-5


def degrees_of_freedom(
    design: DesignArrays,
    replicate_weights: ReplicateWeights | None,
    units: Sequence[UnitArray],
    rows: Sequence[IntArray],
) -> int:
    """Return the degrees of freedom of an estimate from the rows of some groups.

    Parameters
    ----------
    design
        The survey design of the sample.
    replicate_weights
        Replicate weights that came with the data; they stand for the whole design.
    units, rows
        (n,) sampling units and numbers of the rows of each group.
    """
    if replicate_weights is None:
        return units_and_degrees(units, design)[1]
    return replicate_degrees(replicate_weights.values[:, np.concatenate(rows)])


def replicate_degrees(values: FloatArray) -> int:
    """Return the rank of replicate weights (r, n) less one, as `degf` of R's survey package.

    A replicate whose weights are a combination of those of others, but for 1e-5 of their size, adds nothing.

    Examples
    --------
    >>> replicate_degrees(np.array([[0.0, 2.0, 2.0], [2.0, 0.0, 2.0], [1.0, 1.0, 2.0]]))
    1
    """
    from scipy.linalg.lapack import dpstrf  # half a second to import, for replicate weights alone

    squares = values @ values.T
    size = np.sqrt(np.diag(squares))
    is_empty = size == 0.0
    size[is_empty] = 1.0
    factored = dpstrf(squares / np.outer(size, size), tol=_NEARLY_DEPENDENT)
    return int(factored[2]) - 1
