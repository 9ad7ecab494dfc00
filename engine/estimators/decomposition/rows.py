"""Tidy rows of a decomposition: the sample's numbers, with standard errors and intervals from replicates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.arrays import FloatArray, SampleArrays, VariableArrays
from engine.errors import DataError, EstimationError
from engine.estimators.decomposition import fit as parts_of
from engine.estimators.decomposition.change import Decomposed, change_rows
from engine.estimators.decomposition.covariates import Covariates, covariates_of
from engine.estimators.index.indices import Index
from engine.estimators.index.replicates import BATCH_WORK, Progress, tell
from engine.estimators.replicates.pending import (
    WHOLE,
    Entry,
    Estimated,
    ReplicatePlan,
    Share,
    intervals_of,
    replicated_row,
)
from engine.estimators.replicates.plan import ResamplingPlan, make_plan, shortened
from engine.estimators.sample.pieces import Piece, cut_piece
from engine.kernels.draws.streams import LANES
from engine.kernels.jit import threads as kernel_threads
from engine.kernels.regression import glm
from engine.results import TidyRow
from engine.study import DecompositionSpec

Key = tuple[str, int | str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecompositionEstimates(Estimated):
    """Rows, and by group the replicates (b,) of each quantity."""

    replicates: tuple[Mapping[Key, FloatArray], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fit:
    """A group's own decomposition, and what its replicates start from."""

    piece: Piece
    covariates: Covariates | None
    laid: parts_of.Laid | None
    start: FloatArray
    parts: Mapping[Key, FloatArray]
    status: str


def estimate_decomposition(
    arrays: SampleArrays,
    variables: Sequence[VariableArrays],
    spec: DecompositionSpec,
    bounds: tuple[float, float] | None,
    *,
    seed: int,
    threads: int | None = None,
    progress: Progress | None = None,
    share: Share = WHOLE,
) -> DecompositionEstimates:
    """Decompose an index in every group, by the sample and in every replicate.

    Parameters
    ----------
    arrays
        The sorted sample with the outcome, missing where a covariate is.
    variables
        The covariates, of the rows as read.
    spec
        The analysis.
    bounds
        Theoretical bounds of the outcome.
    seed, threads, progress, share
        As for `estimate_concentration`.

    Raises
    ------
    DataError
        If the model needs an outcome between 0 and 1 and finds another.
    EstimationError
        If the model cannot be fitted in any group, or the bootstrap cannot give the intervals.
    """
    if spec.model != "linear" and ((arrays.outcomes < 0) | (arrays.outcomes > 1)).any():
        raise DataError(
            f"outcome '{spec.outcome}': found values outside 0 to 1 with model = '{spec.model}'; expected an event. "
            "Use model = 'linear', or give the variable an event."
        )
    own = spec.bounds or bounds or (np.nan, np.nan)
    index = Index(name=spec.index, bounds=own, parameter=0.0)
    with kernel_threads(threads) as n_threads:
        plan = None
        if spec.bootstrap is not None and (spec.bootstrap.replicates or spec.bootstrap.method == "jackknife"):
            _refuse_intervals(spec)
            plan = make_plan(spec.bootstrap, arrays, seed)
        fits = [_fit(arrays, variables, spec, index, plan, g) for g in range(len(arrays.groups))]
        if all(fit.status not in ("ok", _BOUNDARY) for fit in fits):
            raise EstimationError(
                f"analysis '{spec.name}': {fits[0].status} (outcome '{spec.outcome}', model '{spec.model}'); expected "
                "a model that can be fitted. Leave out or merge covariates."
            )
        replicates = _replicate(arrays, spec, index, plan, fits, n_threads, progress, share)
    if plan is not None and share == WHOLE:
        done = max((len(values) for own in replicates for values in own.values()), default=plan.n_replicates)
        plan = shortened(plan, done)
    rows: list[Entry] = [
        row
        for g, fit in enumerate(fits)
        for row in _rows(arrays, spec, index, plan, fit, replicates[g] if replicates else {}, g)
    ]
    if spec.change:
        groups = [
            Decomposed(piece=fit.piece, covariates=fit.covariates, parts=fit.parts, replicates=own)
            for fit, own in zip(fits, replicates or [{}] * len(fits), strict=True)
        ]
        rows += change_rows(arrays, spec, plan, groups)
    brief = None if plan is None else ReplicatePlan.of(plan)
    return DecompositionEstimates(entries=tuple(rows), plan=brief, replicates=tuple(replicates))


_BOUNDARY = parts_of.STATUS[glm.BOUNDARY]


def _refuse_intervals(spec: DecompositionSpec) -> None:
    assert spec.bootstrap is not None  # noqa: S101 - told to mypy; the caller looked
    for name in spec.bootstrap.interval:
        if name in ("bca", "studentized"):
            raise EstimationError(
                f"analysis '{spec.name}', bootstrap.interval: found '{name}', which needs influence values that a "
                "decomposition does not have; expected 'percentile', 'basic' or 'normal'. Choose one of these."
            )


def _fit(
    arrays: SampleArrays,
    variables: Sequence[VariableArrays],
    spec: DecompositionSpec,
    index: Index,
    plan: ResamplingPlan | None,
    g: int,
) -> _Fit:
    piece, status = cut_piece(arrays, 0, g), ""
    rows = arrays.order[arrays.group_start[g] : arrays.group_start[g + 1]]
    try:
        covariates = covariates_of(variables, rows, spec.need) if piece.status == "ok" else None
    except EstimationError as error:
        covariates, status = None, str(error)
    if covariates is None:
        return _Fit(
            piece=piece,
            covariates=None,
            laid=None,
            start=np.empty(0),
            parts={},
            status=status or piece.status,
        )
    with_need = _predicts_need(spec)
    numbers, centre = parts_of.fit_sample(arrays, covariates, g, spec.model, spec.effect, with_need=with_need)
    parts = parts_of.derive(numbers, covariates, index, centre, with_need=with_need)
    code = int(numbers.status[0])
    status = parts_of.STATUS[code]
    if code == glm.SINGULAR:
        column = covariates.columns[int(numbers.beta[0, 0]) - 1] if numbers.beta[0, 0] > 0 else None
        name = "the constant" if column is None else _name(column.term, column.level)
        status = f"{name} is a combination of the other covariates"
    laid = None
    if plan is not None and code in (glm.CONVERGED, glm.BOUNDARY):
        laid = parts_of.lay_out(arrays, covariates, g, plan, with_need=with_need)
    return _Fit(
        piece=piece, covariates=covariates, laid=laid, start=numbers.beta[0], parts=parts, status=status
    )


def _name(term: str, level: str | None) -> str:
    return f"'{term}'" if level is None else f"'{term}' = '{level}'"


def _predicts_need(spec: DecompositionSpec) -> bool:
    """For a linear model the standardised inequity is the difference."""
    return spec.model != "linear" and bool(spec.need)


def _replicate(
    arrays: SampleArrays,
    spec: DecompositionSpec,
    index: Index,
    plan: ResamplingPlan | None,
    fits: Sequence[_Fit],
    n_threads: int,
    progress: Progress | None,
    share: Share,
) -> list[Mapping[Key, FloatArray]]:
    """Decompose all groups in the same draws; returns each quantity (b,) by group."""
    if plan is None:
        return []
    blocks = share.blocks(plan.n_replicates)
    found: list[dict[Key, list[FloatArray]]] = [
        {} if fit.laid is None else {key: [np.empty(0)] for key in fit.parts} for fit in fits
    ]
    step = int(
        np.clip(BATCH_WORK / 4 / (arrays.n * LANES) // n_threads * n_threads, n_threads, 16 * n_threads)
    )
    for first in range(blocks.start, blocks.stop, step):
        count = min(step, blocks.stop - first)
        batch = plan.draws.batch(arrays.n, first, count)
        kept = min(count * LANES, plan.n_replicates - first * LANES)
        for fit, own in zip(fits, found, strict=True):
            if fit.laid is None or fit.covariates is None:
                continue
            numbers = parts_of.replicate_group(
                fit.laid, plan.draws, batch, fit.start, spec.model, spec.effect, n_threads
            )
            centre = fit.laid.centre
            parts = parts_of.derive(numbers, fit.covariates, index, centre, with_need=_predicts_need(spec))
            for key, values in parts.items():
                own.setdefault(key, []).append(values[:kept])
        if not tell(progress, kept, plan, first * LANES + kept):
            break
    return [{key: np.concatenate(values) for key, values in own.items()} for own in found]


def _rows(
    arrays: SampleArrays,
    spec: DecompositionSpec,
    index: Index,
    plan: ResamplingPlan | None,
    fit: _Fit,
    replicates: Mapping[Key, FloatArray],
    g: int,
) -> Iterator[Entry]:
    group, piece = arrays.groups[g], fit.piece
    base = TidyRow(
        outcome=spec.outcome,
        rank_by=arrays.rank_name,
        measure=index.name,
        wave=group.wave,
        subgroup=group.subgroup,
        method=spec.model,
        conf_level=spec.conf_level,
        n_obs=len(piece.weight),
        n_events=piece.n_events if len(piece.weight) else None,
        n_clusters=piece.n_clusters,
        sum_weights=float(piece.weight.sum()),
        status=fit.status,
    )
    if fit.covariates is None:
        yield base
        return
    for key, values in fit.parts.items():
        row = _labelled(base, fit.covariates, key)
        estimate = float(values[0])
        row = replace(row, estimate=estimate if np.isfinite(estimate) else None)
        if key[0] == index.name and fit.status != _BOUNDARY:
            row = replace(row, status="ok")
        if row.estimate is None and row.status == "ok":
            row = replace(row, status="undefined")
        if plan is None or key not in replicates or row.estimate is None:
            yield row
            continue
        for interval in intervals_of(spec.bootstrap, plan):
            yield replicated_row(row, replicates[key], plan, interval, piece.degrees)


def _labelled(base: TidyRow, covariates: Covariates, key: Key) -> TidyRow:
    """Say what a quantity is about: a covariate, a factor as a whole, need, or the index."""
    measure, what = key
    if isinstance(what, int):
        column = covariates.columns[what - 1]
        return replace(base, measure=measure, term=column.term, level=column.level)
    if measure == "horizontal_inequity":
        return replace(base, measure=measure, level=what)
    if what.startswith("term "):
        return replace(base, measure=measure, term=what.removeprefix("term "), level="all")
    return replace(
        base, measure=measure, term=what or None, level="all" if what in ("need", "non-need") else None
    )
