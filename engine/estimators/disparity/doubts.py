"""Why a measure of disparity means little: a share of a mean that is 0, near 0 or negative."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from engine.arrays import DesignArrays, FloatArray
from engine.estimators.disparity.cells import CellSample
from engine.estimators.disparity.measures import MeasureKind
from engine.estimators.disparity.table_maker import TableMaker
from engine.estimators.index.linearised import PointEstimates, point_estimates
from engine.estimators.sample.group_sample import (
    MEAN_NOT_POSITIVE,
    TOTAL_NEAR_ZERO,
    GroupSample,
    is_near_zero,
)


def means_of(samples: Sequence[CellSample], design: DesignArrays) -> PointEstimates:
    """Return the mean of all people in every group, with its linearised error.

    Beside replicate weights, which may come without strata and clusters, it is the error of single rows.
    """
    rows = [sample.rows for sample in samples]

    def mean(group: int) -> tuple[float, FloatArray] | None:
        of_group = rows[group]
        return (of_group.mu, of_group.outcome - of_group.mu) if of_group.n_people else None

    return point_estimates(rows, design, mean)


def doubts_of(
    kind: MeasureKind, samples: Sequence[CellSample], tables: TableMaker, means: PointEstimates
) -> Iterator[tuple[int, str]]:
    """Yield the groups (by number) in which a measure is doubtful where it is defined, and why.

    `means` are those of all people in each group.
    """
    for g, sample in enumerate(samples):
        doubt = None
        if kind.is_share:
            doubt = _of_share(sample.rows, float(means.std_errors[g]))
        elif kind.is_ratio and _has_negative_mean(sample, tables):
            doubt = MEAN_NOT_POSITIVE
        if doubt is not None:
            yield g, doubt


def _of_share(rows: GroupSample, std_error: float) -> str | None:
    if rows.mu >= 0.0 and is_near_zero(rows.mu, std_error):
        return TOTAL_NEAR_ZERO
    return rows.doubt


def _has_negative_mean(sample: CellSample, tables: TableMaker) -> bool:
    levels = tables.table(sample.totals, sample.amounts, sample.origin).level
    return bool((np.nan_to_num(levels) < 0.0).any())
