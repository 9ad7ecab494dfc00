"""The resampling plan of each bootstrap method, of the jackknife and of replicate weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.arrays import DesignArrays, IntArray, SampleArrays
from engine.errors import EstimationError
from engine.estimators.replicates.calibrated_plan import by_sampling_unit, calibrated_plan
from engine.estimators.replicates.enough import Precision
from engine.estimators.replicates.replicate_weights import METHOD
from engine.estimators.replicates.resampling_plan import ResamplingPlan, bootstrap_factors
from engine.kernels.draws import draws
from engine.kernels.draws.streams import stream_key
from engine.study import BootstrapSpec
from engine.study.bootstrap import NEEDS_INFLUENCE, WITH_REPLICATE_WEIGHTS

MOST_DELETIONS = 20_000


def requested_plan(
    spec: BootstrapSpec | None, conf_level: float, arrays: SampleArrays, seed: int
) -> ResamplingPlan | None:
    """Return the resampling plan of a sample; None if no replicates are requested.

    Replicate weights that came with the data stand for the design: they need no request. `conf_level` is that
    of the intervals.
    """
    if arrays.replicate_weights is not None:
        return replicate_weights_plan(spec, arrays)
    if spec is None or not spec.makes_replicates:
        return None
    plan = make_plan(spec, arrays, seed)
    if spec.replicates != "auto" or not plan.is_drawn:
        return plan
    return replace(plan, precision=Precision(intervals=spec.interval, conf_level=conf_level))


def make_plan(spec: BootstrapSpec, arrays: SampleArrays, seed: int) -> ResamplingPlan:
    """Return the resampling plan of a sample; calibrated weights are calibrated in every replicate.

    Raises
    ------
    EstimationError
        If the method or an interval is not defined for this design.
    """
    if arrays.design.calibration is not None:
        if spec.method == "auto":
            spec = spec.model_copy(update={"method": "rao-wu"})
        return calibrated_plan(_make_plan(spec, by_sampling_unit(arrays), seed), arrays)
    return _make_plan(spec, arrays, seed)


def _make_plan(spec: BootstrapSpec, arrays: SampleArrays, seed: int) -> ResamplingPlan:
    design = arrays.design
    method = _method(spec, arrays)
    if method == "replicate-weights":
        return replicate_weights_plan(spec, arrays)
    _check_method(method, spec, design)
    if method == "jackknife":
        return _jackknife(arrays)
    key = stream_key(seed, method)
    if method in ("cluster", "rao-wu"):
        return _stratified_bootstrap(method, arrays, key, spec.most_replicates)
    if method == "poisson" and design.has_strata:
        return _stratified_poisson(arrays, key, spec.most_replicates)
    if method == "iid" or not design.has_clusters:
        return _row_bootstrap(method, arrays, key, spec.most_replicates)
    return _poisson_of_clusters(arrays, key, spec.most_replicates)


def _method(spec: BootstrapSpec, arrays: SampleArrays) -> str:
    """Return the method that ``auto`` stands for in a design without replicate weights."""
    if spec.method != "auto":
        return spec.method
    return "rao-wu" if arrays.design.has_clusters or arrays.design.has_strata else "iid"


def _check_method(method: str, spec: BootstrapSpec, design: DesignArrays) -> None:
    if method != "jackknife" and np.isfinite(design.population).any():
        raise EstimationError(
            f"bootstrap.method: found '{method}' with a finite population (design.population), which it does "
            "not correct for; expected 'jackknife', or no bootstrap. The linearised standard error is "
            "corrected."
        )
    if "studentized" in spec.interval and method == "rao-wu" and (design.stratum_sizes == 2).any():
        raise EstimationError(
            "bootstrap.interval: found 'studentized' with strata of two sampling units, of which the Rao-Wu "
            "bootstrap draws one; expected three or more in each. Use interval = 'percentile' or 'normal'."
        )


def _row_bootstrap(method: str, arrays: SampleArrays, key: np.uint64, n_replicates: int) -> ResamplingPlan:
    """Draw rows: n of n with replacement (iid), or independent Poisson(1) counts."""
    n = arrays.n
    return ResamplingPlan(
        name=f"{method} bootstrap",
        n_replicates=n_replicates,
        draws=draws.exact_rows(key, n) if method == "iid" else draws.poisson_rows(key, n),
        draws_rows=True,
        factors=bootstrap_factors(n_replicates),
        unit=np.arange(n, dtype=np.int32),
        stratum_end=np.array([n], np.int64),
        key=key,
    )


def _poisson_of_clusters(arrays: SampleArrays, key: np.uint64, n_replicates: int) -> ResamplingPlan:
    n_units = arrays.design.n_units
    return ResamplingPlan(
        name="poisson bootstrap",
        n_replicates=n_replicates,
        draws=draws.poisson_units(key, arrays.unit, n_units),
        factors=bootstrap_factors(n_replicates),
        unit=arrays.unit,
        stratum_end=np.array([n_units], np.int64),
        key=key,
    )


def _stratified_bootstrap(
    method: str, arrays: SampleArrays, key: np.uint64, n_replicates: int
) -> ResamplingPlan:
    """Draw units with replacement in each stratum: as many as it has (cluster), or one fewer (Rao-Wu)."""
    ends = _resampling_strata(arrays.design)
    sizes = np.diff(ends, prepend=0)
    # A PSU alone in its stratum keeps its weight (certainty).
    n_draws = np.where(sizes > 1, sizes - 1 if method == "rao-wu" else sizes, 0)
    scale = np.where(sizes > 1, sizes / np.maximum(n_draws, 1), 1.0)
    return ResamplingPlan(
        name=f"{method} bootstrap",
        n_replicates=n_replicates,
        draws=draws.stratified_units(key, arrays.unit, ends, n_draws),
        factors=bootstrap_factors(n_replicates),
        unit=arrays.unit,
        stratum_end=ends,
        unit_scale=np.repeat(scale, sizes),
    )


def _stratified_poisson(arrays: SampleArrays, key: np.uint64, n_replicates: int) -> ResamplingPlan:
    """Scale Poisson counts to their stratum's size: otherwise random stratum totals would add variance."""
    ends = _resampling_strata(arrays.design)
    return ResamplingPlan(
        name="poisson bootstrap",
        n_replicates=n_replicates,
        draws=draws.scaled_units(key, arrays.unit, ends),
        factors=bootstrap_factors(n_replicates),
        unit=arrays.unit,
        stratum_end=ends,
    )


def _resampling_strata(design: DesignArrays) -> IntArray:
    """Return the ends of strata; with ``adjust``, a stratum of a single unit is merged with its neighbour."""
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
    """Delete one sampling unit in each replicate (JKn), as R's survey package does with lonely units.

    With ``adjust`` a unit alone in its stratum is deleted too, and all h strata count as one stratum of h
    units; otherwise it is kept.
    """
    design = arrays.design
    if design.n_units > MOST_DELETIONS:
        raise EstimationError(
            f"bootstrap.method: 'jackknife' would delete {design.n_units:,} units one by one; expected at "
            f"most {MOST_DELETIONS:,}. Give design.cluster, or use the linearised standard error or a "
            "bootstrap."
        )
    adjusts = design.single_psu == "adjust"
    sizes = design.stratum_sizes[design.stratum_of_unit]
    factors = (sizes - 1.0) / sizes
    if adjusts:
        factors = np.where(sizes > 1, factors, 1.0 - 1.0 / len(design.stratum_end))
    return ResamplingPlan(
        name="delete-PSU jackknife" if design.has_clusters else "delete-one jackknife",
        n_replicates=design.n_units,
        draws=draws.deleted_units(
            arrays.unit, design.stratum_end, design.stratum_of_unit, deletes_single=adjusts
        ),
        unit=arrays.unit,
        factors=factors * (1.0 - sizes / design.population[design.stratum_of_unit]),
        is_bootstrap=False,
        stratum_end=design.stratum_end,
    )


def replicate_weights_plan(spec: BootstrapSpec | None, arrays: SampleArrays) -> ResamplingPlan:
    """Return the plan whose replicates are the replicate weights that came with the data.

    Raises
    ------
    EstimationError
        If there are none, or the bootstrap asks for another method or for an interval that needs the units.
    """
    given = arrays.replicate_weights
    if given is None:
        raise EstimationError(
            "bootstrap.method: found 'replicate-weights' without any; expected design.replicate_weights. "
            "Name their columns there."
        )
    if spec is not None and spec.method not in WITH_REPLICATE_WEIGHTS:
        raise EstimationError(
            f"bootstrap.method: found '{spec.method}' beside design.replicate_weights, which stand for the "
            "design; expected 'auto' or 'replicate-weights'. Leave one of the two out."
        )
    for interval in spec.interval if spec is not None else ():
        if interval in NEEDS_INFLUENCE:
            raise EstimationError(
                f"bootstrap.interval: found '{interval}' with replicate weights, which do not name the units "
                "that it needs; expected 'normal', 'percentile' or 'basic'. Choose one."
            )
    return ResamplingPlan(
        name=METHOD,
        n_replicates=len(given.factors),
        draws=draws.given_weights(given.values),
        unit=np.arange(arrays.n, dtype=np.int32),
        factors=given.factors,
        centre=given.centre,
        is_bootstrap=given.is_bootstrap,
        replaces_weight=True,
        stratum_end=np.array([arrays.n], np.int64),
    )
