"""Why a measure of disparity means little: a mean near 0 or negative, a group of one sampling unit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.arrays import (
    DesignArrays,
    FloatArray,
    IntArray,
    ReplicateWeights,
    SampleArrays,
    UnitArray,
)
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
from engine.estimators.tables.domain_degrees import domain_degrees


def means_of(samples: Sequence[CellSample], design: DesignArrays) -> PointEstimates:
    """Return the mean of all people in every group, with its linearised error.

    Beside replicate weights, which may come without strata and clusters, it is the error of single rows.
    """
    rows = [sample.rows for sample in samples]

    def mean(group: int) -> tuple[float, FloatArray] | None:
        of_group = rows[group]
        return (of_group.mu, of_group.outcome - of_group.mu) if of_group.n_people else None

    return point_estimates(rows, design, mean)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """The rows of a group, as `domain_degrees` takes them."""

    design: DesignArrays
    unit: UnitArray
    count: IntArray
    replicate_weights: ReplicateWeights | None


def degrees_of_levels(arrays: SampleArrays, sample: CellSample, tables: TableMaker) -> IntArray:
    """Return the degrees of freedom of each compared level in a group (k,)."""
    given = arrays.replicate_weights
    rows = _Rows(
        design=arrays.design,
        unit=sample.rows.unit,
        count=sample.rows.count,
        replicate_weights=None if given is None else given.of_rows(sample.rows.place),
    )
    level = (sample.cell // len(tables.standard)).astype(np.int32)
    return domain_degrees(rows, level, len(tables.levels))


def without_errors(point: PointEstimates, groups: Sequence[int]) -> PointEstimates:
    """Return estimates without errors in some groups."""
    std_errors, totals = point.std_errors.copy(), [*point.unit_totals]
    for g in groups:
        std_errors[g], totals[g] = np.nan, np.full_like(totals[g], np.nan)
    return replace(point, std_errors=std_errors, unit_totals=totals)


def lonely_groups(
    kind: MeasureKind, samples: Sequence[CellSample], tables: TableMaker, degrees: Sequence[IntArray]
) -> list[int]:
    """Return the groups in which a measure rests on a level of one sampling unit.

    Such a level does not vary between units, so that a linearised error takes its mean as known.
    """
    return [
        g
        for g, (sample, of_levels) in enumerate(zip(samples, degrees, strict=True))
        if sample.rows.n_people
        and (
            kind.rests_on(tables.table(sample.totals, sample.amounts, sample.origin)) & (of_levels < 1)
        ).any()
    ]


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
