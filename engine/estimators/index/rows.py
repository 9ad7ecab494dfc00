"""Tidy rows of one index: in every group linearised, replicated and as peers have it, then compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.arrays import FloatArray, SampleArrays
from engine.estimators.index.conindex import conindex_rows
from engine.estimators.index.differences import NO_DEGREES, Pair, difference_row, joint_row, pairs_of
from engine.estimators.index.indices import Index
from engine.estimators.index.linearised import PointEstimates
from engine.estimators.replicates.pending import Entry, Replicated, intervals_of
from engine.estimators.replicates.plan import ResamplingPlan
from engine.estimators.sample.design_variance import t_interval
from engine.estimators.sample.pieces import Piece
from engine.kernels.survey.design_variance import cubed_and_squared
from engine.results import TidyRow
from engine.study import ConcentrationSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexBlock:
    """One index of one outcome in all groups, with its replicates.

    `drawn` holds the estimates with the totals of the units that the replicates draw, which are not the
    design's when rows are drawn from a clustered sample: BCa and studentized intervals are about the draws.
    """

    outcome: int
    index: Index
    pieces: Sequence[Piece]
    point: PointEstimates
    drawn: PointEstimates
    values: FloatArray | None
    errors: FloatArray | None


def index_rows(
    arrays: SampleArrays, spec: ConcentrationSpec, block: IndexBlock, plan: ResamplingPlan | None
) -> list[Entry]:
    """Return the rows of an index in every group, then of its differences between groups."""
    rows: list[Entry] = []
    for g, piece in enumerate(block.pieces):
        row = _linearised_row(arrays, spec, block, g)
        rows.append(row)
        if plan is not None and block.values is not None and np.isfinite(block.point.values[g]):
            if row.status == NO_DEGREES and plan.degrees is None:
                continue  # replicates of one unit show no spread
            rows.extend(
                _replicated(row, block, plan, g, interval) for interval in intervals_of(spec.bootstrap, plan)
            )
        if spec.peer == "conindex" and piece.status == "ok":
            rows.extend(conindex_rows(row, piece, block.index))
    if spec.compare and len(arrays.groups) > 1:
        for pair in pairs_of(block.point.values):
            base = _base_row(arrays, block)
            rows.extend(_comparison(arrays, spec, block, plan, pair, base))
        rows.extend(joint_row(_base_row(arrays, block), block.point, block.pieces, arrays.design))
    return rows


def _base_row(arrays: SampleArrays, block: IndexBlock) -> TidyRow:
    return TidyRow(
        outcome=arrays.outcome_names[block.outcome], rank_by=arrays.rank_name, measure=block.index.name
    )


def _linearised_row(arrays: SampleArrays, spec: ConcentrationSpec, block: IndexBlock, g: int) -> TidyRow:
    piece, group = block.pieces[g], arrays.groups[g]
    value = float(block.point.values[g])
    status = piece.status
    if status == "ok" and not np.isfinite(value):
        status = "mean is zero" if block.index.is_relative else "undefined"
    row = replace(
        _base_row(arrays, block),
        wave=group.wave,
        subgroup=group.subgroup,
        conf_level=spec.conf_level,
        method="linearised",
        n_obs=len(piece.weight),
        n_events=piece.n_events if len(piece.weight) else None,
        n_clusters=piece.n_clusters,
        sum_weights=piece.W,
        status=status,
    )
    if status != "ok":
        return row
    std_error = float(block.point.std_errors[g])
    low, high, p = t_interval(value, std_error, piece.degrees, spec.conf_level)
    if piece.degrees < 1:
        return replace(row, estimate=value, status=NO_DEGREES)
    return replace(
        row,
        estimate=value,
        std_error=_number(std_error),
        conf_low=_number(low),
        conf_high=_number(high),
        p_value=_number(p),
    )


def _replicated(row: TidyRow, block: IndexBlock, plan: ResamplingPlan, g: int, interval: str) -> Replicated:
    assert block.values is not None  # noqa: S101 - told to mypy; the caller looked
    return Replicated(
        row=replace(row, method=plan.name),
        values=block.values[g],
        interval=interval,
        degrees=plan.degrees or block.pieces[g].degrees,
        acceleration=_acceleration(block.drawn.totals[g], plan, interval),
        errors=None if block.errors is None else block.errors[g],
        std_error=float(block.drawn.std_errors[g]),
    )


def _acceleration(totals: FloatArray, plan: ResamplingPlan, interval: str) -> float:
    """Return the acceleration of BCa: the skewness of the drawn units' influence, over 6."""
    if interval != "bca":
        return 0.0
    third, second = cubed_and_squared(totals, plan.stratum_end)
    return third / (6.0 * second**1.5) if second > 0 else 0.0


def _comparison(
    arrays: SampleArrays,
    spec: ConcentrationSpec,
    block: IndexBlock,
    plan: ResamplingPlan | None,
    pair: Pair,
    base: TidyRow,
) -> list[Entry]:
    row = difference_row(base, block.point, block.pieces, arrays, pair, spec.conf_level)
    if plan is None or block.values is None or (row.status == NO_DEGREES and plan.degrees is None):
        return [row]
    totals = block.drawn.totals[pair.second] - block.drawn.totals[pair.first]
    values = block.values[pair.second] - block.values[pair.first]
    degrees = plan.degrees or min(block.pieces[pair.first].degrees, block.pieces[pair.second].degrees)
    # The replicates hold no standard error of a difference: percentile in place of studentized.
    intervals = dict.fromkeys(
        "percentile" if i == "studentized" else i for i in intervals_of(spec.bootstrap, plan)
    )
    return [
        row,
        *(
            Replicated(
                row=replace(row, method=plan.name),
                values=values,
                interval=interval,
                degrees=degrees,
                acceleration=_acceleration(totals, plan, interval),
            )
            for interval in intervals
        ),
    ]


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
