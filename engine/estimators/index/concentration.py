"""Concentration indices of outcomes by group: linearised first, replicates beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.arrays import FloatArray, SampleArrays
from engine.errors import EstimationError
from engine.estimators.index.indices import requested_indices
from engine.estimators.index.layout import lay_out
from engine.estimators.index.linearised import estimate_index
from engine.estimators.index.replicates import Progress, Target, replicate
from engine.estimators.index.rows import IndexBlock, index_rows
from engine.estimators.replicates.pending import WHOLE, Entry, Estimated, ReplicatePlan, Share
from engine.estimators.replicates.plan import ResamplingPlan, make_plan, shortened
from engine.estimators.sample.pieces import Piece, cut_piece
from engine.kernels.jit import threads as kernel_threads
from engine.study import ConcentrationSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class ConcentrationEstimates(Estimated):
    """Rows, and the replicates (b,) of each (outcome, group, index) behind them."""

    replicates: Mapping[tuple[int, int, str], FloatArray]


def estimate_concentration(
    arrays: SampleArrays,
    spec: ConcentrationSpec,
    bounds: Mapping[str, tuple[float, float] | None],
    *,
    seed: int,
    threads: int | None = None,
    progress: Progress | None = None,
    share: Share = WHOLE,
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
    share
        The part of the replicates to do; other parts do the others, and `joined` puts them together.

    Raises
    ------
    EstimationError
        If no outcome has a defined index in any group: constant outcome or rank, or no rows.
    """
    n_groups = len(arrays.groups)
    pieces = [[cut_piece(arrays, k, g) for g in range(n_groups)] for k in range(len(arrays.outcome_names))]
    _refuse_undefined(arrays, pieces)
    targets = [
        Target(index=index, outcome=k, group=g)
        for k, name in enumerate(arrays.outcome_names)
        for index in requested_indices(spec, name, bounds)
        for g in range(n_groups)
    ]
    plan, values, errors = None, None, None
    if spec.bootstrap is not None and (spec.bootstrap.replicates or spec.bootstrap.method == "jackknife"):
        plan = make_plan(spec.bootstrap, arrays, seed)
        studentized = "studentized" in spec.bootstrap.interval
        shaped = any(not target.index.is_midrank for target in targets)
        if studentized and (not plan.is_bootstrap or plan.replaces_weight):
            raise EstimationError(
                f"analysis '{spec.name}', bootstrap.interval: found 'studentized' with {plan.name}; expected a "
                "method that draws units. Use interval = 'normal'."
            )
        layout = lay_out(arrays, pieces, plan, "rows" if studentized and shaped else spec.bootstrap.route)
        if layout.n_cells:
            plan = replace(plan, name=f"{plan.name} by cells")
        with kernel_threads(threads) as n_threads:
            values, errors = replicate(
                arrays,
                pieces,
                targets,
                plan,
                layout,
                std_errors=studentized,
                n_threads=n_threads,
                progress=progress,
                share=share,
            )
    if plan is not None and values is not None and share == WHOLE:
        plan = shortened(plan, values.shape[1])
    rows: list[Entry] = []
    kept: dict[tuple[int, int, str], FloatArray] = {}
    as_drawn = _as_drawn(arrays, plan, spec)
    for q in range(0, len(targets), n_groups):
        target = targets[q]
        point = drawn = estimate_index(target.index, pieces[target.outcome], arrays.design)
        if as_drawn is not arrays:
            cut = [cut_piece(as_drawn, target.outcome, g) for g in range(n_groups)]
            drawn = estimate_index(target.index, cut, as_drawn.design)
        block = IndexBlock(
            outcome=target.outcome,
            index=target.index,
            pieces=pieces[target.outcome],
            point=point,
            drawn=drawn,
            values=None if values is None else values[q : q + n_groups],
            errors=None if errors is None else errors[q : q + n_groups],
        )
        rows.extend(index_rows(arrays, spec, block, plan))
        if values is not None:
            kept.update({(target.outcome, g, target.index.name): values[q + g] for g in range(n_groups)})
    brief = None if plan is None else ReplicatePlan.of(plan)
    return ConcentrationEstimates(entries=tuple(rows), plan=brief, replicates=kept)


def _as_drawn(arrays: SampleArrays, plan: ResamplingPlan | None, spec: ConcentrationSpec) -> SampleArrays:
    """Return the sample with the units and strata that the plan draws."""
    if plan is None or spec.bootstrap is None or not {"bca", "studentized"} & {*spec.bootstrap.interval}:
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


def _refuse_undefined(arrays: SampleArrays, pieces: Sequence[Sequence[Piece]]) -> None:
    """Refuse an analysis without a single defined index; otherwise what is undefined is a status on its row."""
    if any(piece.status == "ok" for row in pieces for piece in row):
        return
    rank, told = arrays.rank_name, []
    for outcome, row in zip(arrays.outcome_names, pieces, strict=True):
        n = sum(len(piece.weight) for piece in row)
        found = {
            "rank constant": f"rank '{rank}' is constant",
            "outcome constant": f"outcome '{outcome}' is constant",
        }.get(row[0].status, f"outcome '{outcome}' ranked by '{rank}' has {row[0].status}")
        told.append(f"{found} in the {n:,} rows of the sample")
    raise EstimationError(
        f"{'; '.join(told)}; expected an outcome and a rank that vary. Check the sample rules and the codes listed as "
        "missing."
    )
