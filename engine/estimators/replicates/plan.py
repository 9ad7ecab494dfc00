"""Resampling plans: which units a replicate draws, and what its estimates are worth in the variance.

A plan belongs to a sample and its design. Replicate b draws from the stream keyed by (seed, plan, b) and by
nothing else, so all outcomes, indices and groups of the sample see the same draw.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from engine.arrays import DesignArrays, FloatArray, IntArray, SampleArrays, UnitArray
from engine.errors import EstimationError
from engine.kernels.draws import draws
from engine.kernels.draws.draws import NO_KEY, Draws
from engine.kernels.draws.streams import stream_key
from engine.study import BootstrapSpec

MOST_DELETIONS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ResamplingPlan:
    """How replicates are made and weighed.

    Attributes
    ----------
    name
        For the `method` column.
    n_replicates
        How many.
    draws
        What they multiply the rows' weights by.
    factors
        (b,) float64: c_r of v = sum_r c_r (theta_r - centre)^2.
    centre
        What theta_r is compared with.
    is_bootstrap
        Whether the replicates are draws, so that their percentiles mean something.
    replaces_weight
        Whether the multipliers are whole weights instead of factors of the row's weight.
    draws_rows
        Whether rows are drawn alike, so that rows alike in group, rank, outcomes and weight can be drawn together.
    unit
        (n,) int32: the drawn unit of each row.
    stratum_end
        (h,) int64 of the drawn units.
    unit_scale
        (u,) float64: what one draw of a unit is worth; it goes into the rows' weights.
    degrees
        Degrees of freedom of the replicates' variance, where they are not the design's.
    key
        Of the streams.
    """

    name: str
    n_replicates: int
    draws: Draws
    factors: FloatArray
    centre: Literal["estimate", "mean"] = "mean"
    is_bootstrap: bool = True
    replaces_weight: bool = False
    draws_rows: bool = False
    unit: UnitArray
    stratum_end: IntArray
    unit_scale: FloatArray
    degrees: int | None = None
    key: np.uint64 = NO_KEY


def shortened(plan: ResamplingPlan, replicates: int) -> ResamplingPlan:
    """Return a bootstrap with fewer replicates."""
    if replicates == plan.n_replicates:
        return plan
    return replace(plan, n_replicates=replicates, factors=np.full(replicates, 1.0 / max(replicates - 1, 1)))


def plan_method(method: str, *, has_design: bool, has_replicate_weights: bool) -> str:
    """Return the method that ``auto`` stands for: the study's replicate weights, else its design."""
    if method != "auto":
        return method
    if has_replicate_weights:
        return "replicate-weights"
    return "rao-wu" if has_design else "iid"


def make_plan(spec: BootstrapSpec, arrays: SampleArrays, seed: int) -> ResamplingPlan:
    """Return the resampling plan of a sample."""
    design = arrays.design
    method = plan_method(
        spec.method,
        has_design=design.has_clusters or design.has_strata,
        has_replicate_weights=arrays.replicate_weights is not None,
    )
    if method not in ("jackknife", "replicate-weights") and np.isfinite(design.population).any():
        raise EstimationError(
            f"bootstrap.method: found '{method}' with a finite population (design.population), which it does not "
            "correct for; expected 'jackknife', or no bootstrap. The linearised standard error is corrected."
        )
    if "studentized" in spec.interval and method == "rao-wu" and (design.stratum_sizes == 2).any():
        raise EstimationError(
            "bootstrap.interval: found 'studentized' with strata of two sampling units, of which the Rao-Wu bootstrap "
            "draws one; expected three or more in each. Use interval = 'percentile' or 'normal'."
        )
    key = stream_key(seed, method)
    n = spec.replicates
    bootstrap = np.full(n, 1.0 / max(n - 1, 1))
    if method == "replicate-weights":
        return _given_weights(arrays)
    if method == "jackknife":
        return _jackknife(arrays)
    if method in ("cluster", "rao-wu"):
        return _stratified(method, arrays, key, bootstrap)
    if method == "poisson" and design.has_strata:
        return _stratified_poisson(arrays, key, bootstrap)
    rows = method == "iid" or not design.has_clusters
    n_units = arrays.n if rows else design.n_units
    if method == "iid":
        drawn = draws.exact_rows(key, n_units)
    else:
        drawn = draws.poisson_rows(key, n_units) if rows else draws.poisson_units(key, arrays.unit, n_units)
    return ResamplingPlan(
        name=f"{method} bootstrap",
        n_replicates=n,
        draws=drawn,
        draws_rows=rows,
        factors=bootstrap,
        unit=np.arange(n_units, dtype=np.int32) if rows else arrays.unit,
        stratum_end=np.array([n_units], np.int64),
        unit_scale=np.ones(n_units),
        key=key,
    )


def _stratified(method: str, arrays: SampleArrays, key: np.uint64, factors: FloatArray) -> ResamplingPlan:
    design = arrays.design
    ends = _resampling_strata(design)
    sizes = np.diff(ends, prepend=0)
    # A PSU alone in its stratum keeps its weight (certainty).
    n_draws = np.where(sizes > 1, sizes - 1 if method == "rao-wu" else sizes, 0)
    scale = np.where(sizes > 1, sizes / np.maximum(n_draws, 1), 1.0)
    return ResamplingPlan(
        name=f"{method} bootstrap",
        n_replicates=len(factors),
        draws=draws.stratified_units(key, arrays.unit, ends, n_draws),
        factors=factors,
        unit=arrays.unit,
        stratum_end=ends,
        unit_scale=np.repeat(scale, sizes),
    )


def _stratified_poisson(arrays: SampleArrays, key: np.uint64, factors: FloatArray) -> ResamplingPlan:
    """Poisson counts scaled to their stratum's size: without it strata would add variance of their own."""
    design = arrays.design
    ends = _resampling_strata(design)
    return ResamplingPlan(
        name="poisson bootstrap",
        n_replicates=len(factors),
        draws=draws.scaled_units(key, arrays.unit, ends),
        factors=factors,
        unit=arrays.unit,
        stratum_end=ends,
        unit_scale=np.ones(design.n_units),
    )


def _resampling_strata(design: DesignArrays) -> IntArray:
    """With ``adjust``, a stratum of a single unit is drawn together with its neighbour."""
    if design.single_psu != "adjust":
        return design.stratum_end
    ends: list[int] = []
    start = 0
    for end in design.stratum_end.tolist():
        if end - start > 1:
            ends.append(end)
            start = end
    if not ends or ends[-1] != design.n_units:
        ends = [*ends[:-1], design.n_units]
    return np.array(ends, np.int64)


def _jackknife(arrays: SampleArrays) -> ResamplingPlan:
    design = arrays.design
    if design.n_units > MOST_DELETIONS:
        raise EstimationError(
            f"bootstrap.method: 'jackknife' would delete {design.n_units:,} units one by one; expected at most "
            f"{MOST_DELETIONS:,}. Give design.cluster, or use the linearised standard error or a bootstrap."
        )
    sizes = design.stratum_sizes[design.stratum_of_unit]
    return ResamplingPlan(
        name="delete-PSU jackknife" if design.has_clusters else "delete-one jackknife",
        n_replicates=design.n_units,
        draws=draws.deleted_units(arrays.unit, design.stratum_end, design.stratum_of_unit),
        unit=arrays.unit,
        factors=(sizes - 1.0) / sizes * (1.0 - sizes / design.population[design.stratum_of_unit]),
        is_bootstrap=False,
        stratum_end=design.stratum_end,
        unit_scale=np.ones(design.n_units),
    )


def _given_weights(arrays: SampleArrays) -> ResamplingPlan:
    given = arrays.replicate_weights
    if given is None:
        raise EstimationError(
            "bootstrap.method: found 'replicate-weights' without any; expected design.replicate_weights. "
            "Name their columns there."
        )
    return ResamplingPlan(
        name="replicate weights",
        n_replicates=len(given.factors),
        draws=draws.given_weights(given.values),
        unit=np.arange(arrays.n, dtype=np.int32),
        factors=given.factors,
        centre=given.centre,
        is_bootstrap=given.is_bootstrap,
        replaces_weight=True,
        # As survey's degf: the rank of the replicate weights less one.
        degrees=max(int(np.linalg.matrix_rank(given.values @ given.values.T)) - 1, 1),
        stratum_end=np.array([arrays.n], np.int64),
        unit_scale=np.ones(arrays.n),
    )
