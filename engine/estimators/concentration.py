"""Concentration indices of outcomes by group: linearised first, replicates beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.arrays import FloatArray, SampleArrays
from engine.errors import EstimationError
from engine.estimators.comparison import Pair, difference_row, joint_row, pairs_of
from engine.estimators.indices import RELATIVE, Index, requested_indices
from engine.estimators.intervals import ReplicateSummary, summarise
from engine.estimators.peer import conindex_rows
from engine.estimators.point import Piece, PointEstimates, cut_piece, estimate_index, t_interval
from engine.estimators.replication import Progress, Target, replicate
from engine.estimators.resampling import ResamplingPlan, make_plan
from engine.kernels._jit import threads as kernel_threads
from engine.kernels.design import cubed_and_squared
from engine.results import TidyRow
from engine.study import ConcentrationSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class ConcentrationEstimates:
    """Tidy rows, and the replicates (b,) of each (outcome, group, index) behind them."""

    rows: tuple[TidyRow, ...]
    replicates: Mapping[tuple[int, int, str], FloatArray]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
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


def estimate_concentration(
    arrays: SampleArrays,
    spec: ConcentrationSpec,
    bounds: Mapping[str, tuple[float, float] | None],
    *,
    seed: int,
    threads: int | None = None,
    progress: Progress | None = None,
) -> ConcentrationEstimates:
    """Estimate every requested index of every outcome in every group.

    Parameters
    ----------
    arrays
        The sorted sample.
    spec
        The analysis.
    bounds
        Theoretical bounds of each outcome.
    seed
        Of the replicates.
    threads
        How many; the results do not depend on it.
    progress
        Told how many replicates are done, after each batch.

    Raises
    ------
    EstimationError
        If no group has a defined index of some outcome: constant outcome or rank, or no rows.
    """
    n_groups = len(arrays.groups)
    pieces = [[cut_piece(arrays, k, g) for g in range(n_groups)] for k in range(len(arrays.outcome_names))]
    for name, row in zip(arrays.outcome_names, pieces, strict=True):
        _refuse_undefined(name, arrays.rank_name, row)
    targets = [
        Target(index=index, outcome=k, group=g)
        for k, name in enumerate(arrays.outcome_names)
        for index in requested_indices(spec, name, bounds)
        for g in range(n_groups)
    ]
    plan, values, errors = None, None, None
    if spec.bootstrap is not None and (spec.bootstrap.replicates or spec.bootstrap.method == "jackknife"):
        plan = make_plan(spec.bootstrap, arrays, seed)
        studentized = spec.bootstrap.interval == "studentized"
        if studentized and (not plan.is_bootstrap or plan.replaces_weight):
            raise EstimationError(
                f"analysis '{spec.name}', bootstrap.interval: found 'studentized' with {plan.name}; expected a "
                "method that draws units. Use interval = 'normal'."
            )
        with kernel_threads(threads) as n_threads:
            values, errors = replicate(
                arrays, pieces, targets, plan, std_errors=studentized, n_threads=n_threads, progress=progress
            )
    rows: list[TidyRow] = []
    kept: dict[tuple[int, int, str], FloatArray] = {}
    as_drawn = _as_drawn(arrays, plan, spec)
    for q in range(0, len(targets), n_groups):
        target = targets[q]
        point = drawn = estimate_index(target.index, pieces[target.outcome], arrays.design)
        if as_drawn is not arrays:
            cut = [cut_piece(as_drawn, target.outcome, g) for g in range(n_groups)]
            drawn = estimate_index(target.index, cut, as_drawn.design)
        block = _Block(
            outcome=target.outcome,
            index=target.index,
            pieces=pieces[target.outcome],
            point=point,
            drawn=drawn,
            values=None if values is None else values[q : q + n_groups],
            errors=None if errors is None else errors[q : q + n_groups],
        )
        rows.extend(_block_rows(arrays, spec, block, plan))
        if values is not None:
            kept.update({(target.outcome, g, target.index.name): values[q + g] for g in range(n_groups)})
    return ConcentrationEstimates(rows=tuple(rows), replicates=kept)


def _as_drawn(arrays: SampleArrays, plan: ResamplingPlan | None, spec: ConcentrationSpec) -> SampleArrays:
    """Return the sample with the units and strata that the plan draws."""
    if plan is None or spec.bootstrap is None or spec.bootstrap.interval not in ("bca", "studentized"):
        return arrays
    if plan.unit is arrays.unit and np.array_equal(plan.stratum_end, arrays.design.stratum_end):
        return arrays
    sizes = np.diff(plan.stratum_end, prepend=0)
    design = replace(
        arrays.design,
        stratum_end=plan.stratum_end,
        stratum_of_unit=np.repeat(np.arange(len(sizes)), sizes),
        population=np.full(len(sizes), np.inf),
    )
    return replace(arrays, unit=plan.unit, design=design)


def _refuse_undefined(outcome: str, rank: str, pieces: Sequence[Piece]) -> None:
    if any(piece.status == "ok" for piece in pieces):
        return
    status = pieces[0].status
    n = sum(len(piece.weight) for piece in pieces)
    if status == "rank constant":
        found, expected = f"rank '{rank}' is constant", "at least two different ranks"
    elif status == "outcome constant":
        found, expected = f"outcome '{outcome}' is constant", "an outcome that varies"
    else:
        found, expected = (
            f"outcome '{outcome}' ranked by '{rank}': {status}",
            "rows with outcome, rank and weight",
        )
    raise EstimationError(
        f"{found} in the {n:,} rows of the sample; expected {expected}. Check the sample rules and the codes "
        "listed as missing."
    )


def _block_rows(
    arrays: SampleArrays, spec: ConcentrationSpec, block: _Block, plan: ResamplingPlan | None
) -> list[TidyRow]:
    rows = []
    for g, piece in enumerate(block.pieces):
        row = _linearised_row(arrays, spec, block, g)
        rows.append(row)
        if plan is not None and block.values is not None and np.isfinite(block.point.values[g]):
            summary = _summary(spec, block, plan, g)
            rows.append(_replicate_row(row, summary, plan))
        if spec.peer == "conindex" and piece.status == "ok":
            rows.extend(conindex_rows(row, piece, block.index))
    if spec.compare and len(arrays.groups) > 1:
        for pair in pairs_of(block.point.values):
            base = _base_row(arrays, block)
            rows.extend(_comparison(arrays, spec, block, plan, pair, base))
        rows.extend(joint_row(_base_row(arrays, block), block.point, block.pieces, arrays.design))
    return rows


def _base_row(arrays: SampleArrays, block: _Block) -> TidyRow:
    return TidyRow(outcome=arrays.outcome_names[block.outcome], rank_by=arrays.rank_name, measure=block.index.name)


def _linearised_row(arrays: SampleArrays, spec: ConcentrationSpec, block: _Block, g: int) -> TidyRow:
    piece, group = block.pieces[g], arrays.groups[g]
    value = float(block.point.values[g])
    status = piece.status
    if status == "ok" and not np.isfinite(value):
        status = "mean is zero" if block.index.name in RELATIVE else "undefined"
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
        std_error, row = float("nan"), replace(row, status="no degrees of freedom")
    return replace(
        row, estimate=value, std_error=_number(std_error), conf_low=_number(low), conf_high=_number(high),
        p_value=_number(p),
    )  # fmt: skip


def _summary(spec: ConcentrationSpec, block: _Block, plan: ResamplingPlan, g: int) -> ReplicateSummary:
    assert block.values is not None  # noqa: S101 - told to mypy; the caller looked
    third, second = cubed_and_squared(block.drawn.totals[g], plan.stratum_end)
    estimate = float(block.point.values[g])
    return summarise(
        estimate,
        block.values[g],
        factors=plan.factors,
        centre=estimate if plan.centre == "estimate" else None,
        interval=_interval(spec, plan),
        conf_level=spec.conf_level,
        degrees=block.pieces[g].degrees,
        acceleration=third / (6.0 * second**1.5) if second > 0 else 0.0,
        errors=None if block.errors is None else block.errors[g],
        std_error=float(block.drawn.std_errors[g]),
    )


def _interval(spec: ConcentrationSpec, plan: ResamplingPlan) -> str:
    """Percentiles mean nothing for jackknife or balanced replicates; theirs is the normal interval."""
    wanted = spec.bootstrap.interval if spec.bootstrap is not None else "normal"
    return wanted if plan.is_bootstrap else "normal"


def _replicate_row(row: TidyRow, summary: ReplicateSummary, plan: ResamplingPlan) -> TidyRow:
    return replace(
        row,
        std_error=_number(summary.std_error),
        conf_low=_number(summary.conf_low),
        conf_high=_number(summary.conf_high),
        p_value=_number(summary.p_value),
        method=f"{plan.name}, {summary.interval}",
        n_replicates=plan.n_replicates,
        n_failed=summary.n_failed,
        status=summary.status,
    )


def _comparison(
    arrays: SampleArrays,
    spec: ConcentrationSpec,
    block: _Block,
    plan: ResamplingPlan | None,
    pair: Pair,
    base: TidyRow,
) -> list[TidyRow]:
    row = difference_row(base, block.point, block.pieces, arrays, pair, spec.conf_level)
    if plan is None or block.values is None:
        return [row]
    totals = block.drawn.totals[pair.second] - block.drawn.totals[pair.first]
    third, second = cubed_and_squared(totals, plan.stratum_end)
    difference = float(block.point.values[pair.second] - block.point.values[pair.first])
    interval = _interval(spec, plan)
    summary = summarise(
        difference,
        block.values[pair.second] - block.values[pair.first],
        factors=plan.factors,
        centre=difference if plan.centre == "estimate" else None,
        # The replicates hold no standard error of a difference.
        interval="percentile" if interval == "studentized" else interval,
        conf_level=spec.conf_level,
        degrees=min(block.pieces[pair.first].degrees, block.pieces[pair.second].degrees),
        acceleration=third / (6.0 * second**1.5) if second > 0 else 0.0,
    )
    return [row, _replicate_row(row, summary, plan)]


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
