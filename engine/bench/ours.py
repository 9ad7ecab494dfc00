"""The replicates of equirank on the data of the benchmark, through the functions that a run uses."""

from __future__ import annotations

from engine.arrays import SampleArrays
from engine.bench.data import People
from engine.bench.timing import Timing, seconds
from engine.estimators.decomposition.covariates import covariates_of
from engine.estimators.decomposition.fit import DecompositionModel, fit_sample, replicate_group
from engine.estimators.decomposition.group_arrays import group_arrays
from engine.estimators.index.indices import requested_index
from engine.estimators.index.layout import lay_out
from engine.estimators.index.linearised import estimate_index
from engine.estimators.index.replicates import ReplicateInputs, Target, replicate_indices
from engine.estimators.replicates.resampling_methods import make_plan
from engine.estimators.replicates.settings import ReplicateSettings
from engine.estimators.sample.group_sample import group_sample
from engine.kernels.draws.draws import exact_rows
from engine.kernels.draws.exact_totals import exact_totals
from engine.kernels.draws.streams import LANES, stream_key
from engine.kernels.jit import threads as kernel_threads
from engine.study import BootstrapSpec

INDICES = ("standard", "erreygers", "wagstaff")


def index_replicates(
    arrays: SampleArrays,
    method: str,
    n_threads: int,
    *,
    replicates: int = 0,
    indices: tuple[str, ...] = ("standard",),
    std_errors: bool = False,
    route: str = "auto",
) -> Timing:
    """Time the replicates of indices of all outcomes and groups of a sample."""
    K, G = len(arrays.outcome_names), len(arrays.groups)
    spec = BootstrapSpec(replicates=replicates or 8 * LANES * n_threads, method=method, route=route)
    plan = make_plan(spec, arrays, 1)
    samples = [[group_sample(arrays, k, g) for g in range(G)] for k in range(K)]
    targets = [
        Target(index=requested_index(name, (0.0, 1.0)), outcome=k, group=g)
        for k in range(K)
        for name in indices
        for g in range(G)
    ]
    layout = lay_out(arrays, samples, plan, spec.route)
    inputs = ReplicateInputs(arrays=arrays, samples=samples, plan=plan, layout=layout)
    settings = ReplicateSettings(seed=1, threads=n_threads)

    def work() -> None:
        replicate_indices(inputs, targets, settings, std_errors=std_errors)

    ms = 1000 * seconds(work) / spec.most_replicates
    weighted = "weighted" if arrays.weight.min() < arrays.weight.max() else "unweighted"
    what = f"{len(indices)} index, {K} outcomes, {G} groups" if K * G > 1 else f"index, {weighted}"
    name = f"equirank {method}{' by cells' if layout.n_cells else ''}{', studentized' if std_errors else ''}"
    return Timing(
        program=name, what=what, rows=arrays.n, replicates=spec.most_replicates, threads=n_threads, ms=ms
    )


def random_floor(people: People, n_threads: int) -> Timing:
    """Time the random counts alone: what a row-wise bootstrap costs at least."""
    draws, blocks = exact_rows(stream_key(1, "floor"), people.n), 4 * n_threads
    batch = draws.batch(people.n, 0, blocks)

    def work() -> None:
        with kernel_threads(n_threads):
            exact_totals(people.n, batch.quads.copy(), batch.starts, batch.thresholds)

    return Timing(
        program="random counts alone",
        what="floor",
        rows=people.n,
        replicates=blocks * LANES,
        threads=n_threads,
        ms=1000 * seconds(work) / (blocks * LANES),
    )


def decomposition_replicates(
    people: People, n_threads: int, model: str = "logit", method: str = "iid"
) -> Timing:
    """Time the whole decomposition with refits and horizontal inequity, ten factors, two of them need."""
    arrays = people.arrays(design="cluster" if method != "iid" else "")
    covariates = covariates_of(people.factors, arrays.order, need=("f0", "f1"))
    fitted = DecompositionModel(model=model, predicts_need=model != "linear")
    numbers, _ = fit_sample(arrays, covariates, 0, fitted)
    plan = make_plan(BootstrapSpec(replicates=64, method=method), arrays, 1)
    rows = group_arrays(arrays, covariates, 0, plan, predicts_need=fitted.predicts_need)
    blocks = 2 * n_threads

    def work() -> None:
        with kernel_threads(n_threads):
            batch = plan.draws.batch(arrays.n, 0, blocks)
            replicate_group(rows, plan.draws, batch, numbers.beta[0], fitted, n_threads)

    return Timing(
        program=f"equirank {method}, {model} refit",
        what="decomposition, 10 factors",
        rows=people.n,
        replicates=blocks * LANES,
        threads=n_threads,
        ms=1000 * seconds(work, 3) / (blocks * LANES),
    )


def sort_and_linearise(people: People) -> tuple[float, float]:
    """Return the seconds of the sort, and of the linearised errors of three indices after it."""
    arrays = people.arrays(design="cluster")

    def sort() -> SampleArrays:
        return people.arrays(design="cluster")

    def linearise() -> None:
        samples = [group_sample(arrays, 0, 0)]
        for name in INDICES:
            estimate_index(requested_index(name, (0.0, 1.0)), samples, arrays.design)

    return seconds(sort, 3), seconds(linearise, 3)
