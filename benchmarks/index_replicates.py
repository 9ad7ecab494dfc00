"""Milliseconds per bootstrap replicate of one concentration index: equirank against its peers, in one run.

    python benchmarks/index_replicates.py [--rows 540000] [--json FILE]

Every program answers the same question on the same data: replicates of the weighted standard index of a 0/1
outcome ranked by a tied income. Peers resample rows the way their users write it. The estimates of all
programs on the full sample must agree before anything is timed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

import engine
from engine.arrays import DesignColumns
from engine.estimators.indices import Index
from engine.estimators.point import cut_piece
from engine.estimators.prepare import sort_sample
from engine.estimators.replication import Target, replicate
from engine.estimators.resampling import make_plan
from engine.kernels import draws
from engine.kernels._jit import threads
from engine.kernels.streams import LANES, stream_key
from engine.study import BootstrapSpec

FloatArray = NDArray[np.float64]
REPEATS = 5
PSUS = 8_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """One sample: outcome 0/1, income in hundreds with ties, weight, PSU."""

    y: FloatArray
    x: FloatArray
    w: FloatArray
    psu: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Median milliseconds a replicate."""

    name: str
    threads: int
    replicates: int
    ms: float


def make_data(rows: int) -> Data:
    """Simulate a sample with about 376 distinct incomes."""
    rng = np.random.default_rng(540_000)
    x = np.round(np.minimum(np.exp(rng.normal(8.6, 0.6, rows)), 37_500) / 100) * 100
    y = (rng.random(rows) < 0.35 - 0.1 * (x > np.median(x))).astype(np.float64)
    return Data(y=y, x=x, w=rng.uniform(0.5, 2.0, rows), psu=rng.integers(0, PSUS, rows))


def concentration(y: FloatArray, x: FloatArray, w: FloatArray) -> float:
    """Return the standard index in plain numpy: sort, mid-ranks of the ties, covariance form."""
    order = np.argsort(x, kind="stable")
    y, x, w = y[order], x[order], w[order]
    starts = np.flatnonzero(np.r_[True, x[1:] != x[:-1]])
    inside = np.add.reduceat(w, starts)
    before = np.cumsum(inside) - inside
    middle = (before + inside / 2) / w.sum()
    amounts = np.add.reduceat(w * y, starts)
    return float(2 * (amounts * middle).sum() / amounts.sum() - 1)


def concentration_polars(frame: pl.DataFrame) -> float:
    """Return the standard index with Polars' group_by."""
    ties = frame.group_by("x").agg(pl.col("w").sum(), (pl.col("w") * pl.col("y")).sum().alias("t")).sort("x")
    middle = (pl.col("w").cum_sum() - pl.col("w") / 2) / pl.col("w").sum()
    return float(ties.select(2 * (pl.col("t") * middle).sum() / pl.col("t").sum() - 1).item())


def timed(name: str, n_threads: int, replicates: int, work: Callable[[], object]) -> Timing:
    """Run `work` once to warm up, then REPEATS times; keep the median."""
    work()
    seconds = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return Timing(name=name, threads=n_threads, replicates=replicates, ms=1000 * float(np.median(seconds)) / replicates)


def ours(data: Data, n_threads: int) -> list[Timing]:
    """Time equirank's resampling plans, and the random numbers alone."""
    columns = DesignColumns(weight=data.w, cluster=data.psu)
    plain = DesignColumns(weight=data.w)
    timings = []
    for method in ("iid", "poisson", "cluster", "rao-wu"):
        design = columns if method in ("cluster", "rao-wu") else plain
        arrays = sort_sample(outcomes={"y": data.y}, rank=data.x, rank_name="x", columns=design)
        replicates = 20 * LANES * n_threads
        plan = make_plan(BootstrapSpec(replicates=replicates, method=method), arrays, 1)
        pieces = [[cut_piece(arrays, 0, 0)]]
        target = Target(index=Index(name="standard", bounds=(np.nan, np.nan), parameter=0.0), outcome=0, group=0)

        def work(arrays=arrays, pieces=pieces, target=target, plan=plan) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
            with threads(n_threads) as count:
                replicate(arrays, pieces, [target], plan, std_errors=False, n_threads=count)

        timings.append(timed(f"equirank {method}", n_threads, replicates, work))

    def floor() -> None:
        with threads(n_threads):
            draws.poisson_counts(stream_key(1, "floor"), 0, 2 * n_threads, len(data.y))

    return [*timings, timed("  random counts alone (row-wise floor)", n_threads, 2 * LANES * n_threads, floor)]


def peers(data: Data) -> list[Timing]:
    """Time what people write today; one replicate or two at a time is enough for a median."""
    n = len(data.y)
    rng = np.random.default_rng(1)

    def with_numpy() -> None:
        rows = rng.integers(0, n, n)
        concentration(data.y[rows], data.x[rows], data.w[rows])

    frame = pl.DataFrame({"x": data.x, "y": data.y, "w": data.w})

    def with_polars() -> None:
        concentration_polars(frame.sample(n, with_replacement=True))

    timings = [timed("numpy, resample and sort", 1, 1, with_numpy)]
    timings.append(timed("Polars, sample and group_by", pl.thread_pool_size(), 1, with_polars))
    timings.append(_scipy(data))
    try:
        timings.append(_arch(data))
    except ImportError:
        print("arch is not installed: left out (pip install 'equirank[benchmark]')")
    return timings


def _scipy(data: Data) -> Timing:
    from scipy.stats import bootstrap

    def work() -> None:
        bootstrap(
            (data.y, data.x, data.w), concentration, paired=True, vectorized=False, n_resamples=2,
            method="percentile", rng=np.random.default_rng(1),
        )  # fmt: skip

    return timed("scipy.stats.bootstrap", 1, 2, work)


def _arch(data: Data) -> Timing:
    from arch.bootstrap import IIDBootstrap

    def work() -> None:
        IIDBootstrap(data.y, data.x, data.w, seed=1).apply(concentration, 2)

    return timed("arch.bootstrap.IIDBootstrap", 1, 2, work)


def main() -> None:
    """Run everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=540_000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    data = make_data(options.rows)
    frame = pl.DataFrame({"x": data.x, "y": data.y, "w": data.w})
    truth = concentration(data.y, data.x, data.w)
    assert abs(engine.concentration_index(frame, "y", "x", weight="w").estimate - truth) < 1e-10
    assert abs(concentration_polars(frame) - truth) < 1e-10
    cores = os.cpu_count() or 1
    rows = peers(data) + [timing for n in sorted({1, cores}) for timing in ours(data, n)]
    best = min(row.ms for row in rows if row.name.startswith("Polars"))
    print(
        f"{options.rows:,} rows, {len(np.unique(data.x))} distinct ranks, weighted; {cores} cores, {platform.machine()}"
    )
    print(f"{'':42}{'threads':>8}{'ms/replicate':>14}{'x Polars':>10}")
    for row in rows:
        print(f"{row.name:42}{row.threads:>8}{row.ms:>14.3f}{best / row.ms:>10.1f}")
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    main()
