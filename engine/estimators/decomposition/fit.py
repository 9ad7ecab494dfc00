"""Decomposition of a concentration index and horizontal inequity, with replicates behind every number.

For y = alpha + sum_k beta_k x_k + e: GC(y) = sum_k beta_k GC(x_k) + GC(e) (Wagstaff, van Doorslaer and Watanabe
2003), with marginal effects in place of beta where the model is not linear; then everything is multiplied by
what turns GC into the index asked for, so that contributions and residual add up to it exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from queue import SimpleQueue

import numpy as np

from engine.arrays import FloatArray, IntArray, SampleArrays, UnitArray
from engine.estimators.decomposition.covariates import Coded, Covariates
from engine.estimators.decomposition.rank_tables import rank_tables
from engine.estimators.index.indices import Index
from engine.estimators.replicates.plan import ResamplingPlan
from engine.kernels.decomposition import effects
from engine.kernels.decomposition.decomposition import DecompositionNumbers, block_numbers, block_sums
from engine.kernels.decomposition.rows import DecompositionRows, NeedSets, RowsByPattern, RowsByRank
from engine.kernels.draws.draws import Draws
from engine.kernels.draws.tiles import TABLE, BatchDraws
from engine.kernels.index.ranks import tie_ends
from engine.kernels.jit import in_threads
from engine.kernels.regression import glm, links

MODELS = {
    "linear": links.LINEAR,
    "logit": links.LOGIT,
    "probit": links.PROBIT,
    "binomial-identity": links.IDENTITY,
}
EFFECTS = {"average": effects.AVERAGE, "at-means": effects.AT_MEANS, "discrete": effects.DISCRETE}
STATUS = {
    glm.CONVERGED: "ok",
    glm.SINGULAR: "a covariate is a combination of the others",
    glm.NOT_CONVERGED: "the model does not converge: a covariate may separate the outcome",
    glm.BOUNDARY: "fitted probabilities on the boundary",
}
_USABLE = (glm.CONVERGED, glm.BOUNDARY)
Key = tuple[str, int | str]
_FEWEST_LANES = 8  # of a fit that needs one


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """A group's rows for the kernel.

    Attributes
    ----------
    sample
        Rows by rank and by pattern.
    unit, p_unit
        (n,) int32: the drawn unit of each row, in both orders.
    centre
        The outcome was centred at it for the ranks.
    """

    sample: DecompositionRows
    unit: UnitArray
    p_unit: UnitArray
    centre: float


def lay_out(
    arrays: SampleArrays, covariates: Covariates, group: int, plan: ResamplingPlan | None, *, with_need: bool
) -> Laid:
    """Lay a group's rows out by rank and by pattern; without a plan every row is unit 0."""
    rows = slice(int(arrays.group_start[group]), int(arrays.group_start[group + 1]))
    weight, y = arrays.weight[rows], arrays.outcomes[0, rows]
    centre = float(np.average(y, weights=weight))
    unit = np.zeros(len(weight), np.int32)
    if plan is not None:
        unit = plan.unit[rows].astype(np.int32)
        weight = np.ones(len(weight)) if plan.replaces_weight else weight * plan.unit_scale[unit]
    at = arrays.order[rows]
    pattern = covariates.pattern[at]
    events, coded_y = np.unique(y, return_inverse=True)
    q = len(covariates.factor)
    outcome = Coded(name="", code=coded_y, column=np.full(len(events), q), value=events - centre)
    own = [replace(variable, code=variable.code[at]) for variable in covariates.variables]
    first = None
    if with_need:
        need = [k for k, variable in enumerate(own) if covariates.is_need[max(variable.column)]]
        first = _need_table(covariates, pattern, need)
        own = [variable for k, variable in enumerate(own) if k not in need]
    tables = rank_tables([*own, outcome], first)
    by_pattern = np.lexsort((y, pattern))
    p_pattern, p_y = pattern[by_pattern], y[by_pattern]
    new = np.ones(len(y), bool)
    new[1:] = (p_pattern[1:] != p_pattern[:-1]) | (p_y[1:] != p_y[:-1])
    cell_end = np.append(np.flatnonzero(new)[1:], len(y))
    tie_end = tie_ends(arrays.rank[rows])
    sample = DecompositionRows(
        by_rank=RowsByRank(
            weight=np.ascontiguousarray(weight),
            tie_end=tie_end,
            widest=int(np.diff(tie_end, prepend=0).max()),
            tables=tables,
        ),
        by_pattern=RowsByPattern(
            weight=weight[by_pattern],
            cell_end=cell_end,
            pattern=p_pattern[cell_end - 1].astype(np.int64),
            outcome=p_y[cell_end - 1],
        ),
        patterns=covariates.patterns,
        need=NeedSets(
            of_pattern=covariates.need_of_pattern if with_need else np.empty(0, np.int32),
            example=covariates.example if with_need else np.empty(0, np.int64),
            is_need=covariates.is_need,
        ),
        factor=covariates.factor,
    )
    return Laid(sample=sample, unit=unit, p_unit=unit[by_pattern], centre=centre)


def _need_table(
    covariates: Covariates, pattern: UnitArray, need: Sequence[int]
) -> tuple[IntArray, list[Coded]]:
    """Return the rows' sets of need covariates (n,), and what each set means."""
    at = covariates.row_of_pattern[covariates.example]
    variables = [replace(covariates.variables[k], code=covariates.variables[k].code[at]) for k in need]
    return covariates.need_of_pattern[pattern].astype(np.int64), variables


def fit_sample(
    arrays: SampleArrays, covariates: Covariates, group: int, model: str, effect: str, *, with_need: bool
) -> tuple[DecompositionNumbers, float]:
    """Decompose a group of the sample itself: the same kernel with multipliers of 1, fitted from scratch."""
    laid = lay_out(arrays, covariates, group, None, with_need=with_need)
    once = Draws(
        source=TABLE,
        n_units=1,
        unit=laid.unit,
        table=lambda _, starts, __: np.ones((1, 1, starts.shape[1]), np.uint8),
    )
    batch = once.batch(len(laid.unit), 0, 1, _FEWEST_LANES)
    start = np.full(len(covariates.factor), np.nan)
    sums = block_sums(batch, batch, 0, laid.sample, *_workspace(laid.sample, _FEWEST_LANES))
    return block_numbers(laid.sample, sums, MODELS[model], EFFECTS[effect], start), laid.centre


def _workspace(sample: DecompositionRows, lanes: int) -> tuple[FloatArray, FloatArray]:
    shape = (len(sample.patterns.indptr) - 1, lanes)
    return np.empty(shape), np.empty(shape)


def replicate_group(
    laid: Laid, drawn: Draws, batch: BatchDraws, start: FloatArray, model: str, effect: str, n_threads: int
) -> DecompositionNumbers:
    """Decompose a group in the replicates of a batch, refitting from the sample's coefficients `start` (q,)."""
    free: SimpleQueue[tuple[FloatArray, FloatArray]] = (
        SimpleQueue()
    )  # fresh memory costs threads more than the sums
    for _ in range(n_threads):
        free.put(_workspace(laid.sample, batch.starts.shape[1]))

    def work(b: int) -> DecompositionNumbers:
        own = free.get()
        try:
            sums = block_sums(by_rank, by_pattern, b, laid.sample, *own)
            return block_numbers(laid.sample, sums, MODELS[model], EFFECTS[effect], start)
        finally:
            free.put(own)

    n = len(laid.unit)
    by_rank, by_pattern = drawn.reordered(batch, laid.unit, n), drawn.reordered(batch, laid.p_unit, n)
    start = np.ascontiguousarray(start)
    blocks = in_threads(work, len(batch.starts))
    return DecompositionNumbers(*(np.concatenate(own) for own in zip(*blocks, strict=True)))


def derive(
    numbers: DecompositionNumbers, covariates: Covariates, index: Index, centre: float, *, with_need: bool
) -> dict[Key, FloatArray]:
    """Turn a kernel's numbers into each quantity (measure, column or group) by replicate (r,), NaN if undefined."""
    W, T, S = numbers.total.T
    usable = np.isin(numbers.status, _USABLE) & (numbers.drawn > 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        mu = T / W
        GC = 2.0 * S / (W * W) - (mu - centre)
        scale = index.values(np.ones(len(mu)), mu)
        whole = scale * GC
        means = covariates.centre + covariates.spread * numbers.mean
        ranked, effect = covariates.spread * numbers.ranked, numbers.effect / covariates.spread
        contribution = scale[:, None] * effect * ranked
        contribution[:, 0] = 0.0  # the constant does not vary
        residual = whole - contribution.sum(axis=1)
        values: dict[Key, FloatArray] = {(index.name, ""): whole}
        for k in range(1, means.shape[1]):
            values["mean", k] = means[:, k]
            values["effect", k] = effect[:, k]
            values["elasticity", k] = effect[:, k] * means[:, k] / mu
            values["concentration_index", k] = ranked[:, k] / means[:, k]
            values["contribution", k] = contribution[:, k]
            values["share", k] = 100.0 * contribution[:, k] / whole
        for name, columns in _groups(covariates).items():
            values["contribution", name] = contribution[:, columns].sum(axis=1)
            values["share", name] = 100.0 * values["contribution", name] / whole
        values["residual", ""] = residual
        values["share", "residual"] = 100.0 * residual / whole
        if covariates.is_need.any():
            values["horizontal_inequity", "difference"] = whole - values["contribution", "need"]
            if with_need:
                values["horizontal_inequity", "standardised"] = scale * (GC - numbers.need[:, 1])
        return {
            key: np.where(np.isfinite(own) & (usable | (key == (index.name, ""))), own, np.nan)
            for key, own in values.items()
        }


def _groups(covariates: Covariates) -> dict[str, list[int]]:
    """Return the columns of each factor with several, and of need and the rest."""
    groups: dict[str, list[int]] = {}
    for k, column in enumerate(covariates.columns, start=1):
        groups.setdefault(f"term {column.term}", []).append(k)
    groups = {name: columns for name, columns in groups.items() if len(columns) > 1}
    if covariates.is_need.any():
        groups["need"] = np.flatnonzero(covariates.is_need).tolist()
        groups["non-need"] = [int(k) for k in np.flatnonzero(~covariates.is_need) if k > 0]
    return groups
