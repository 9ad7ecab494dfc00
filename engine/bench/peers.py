"""The programs that people use today, on the same data and written as their users write them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl

from engine.arrays import FloatArray
from engine.bench.data import People
from engine.bench.timing import Timing, seconds

_R = """
d <- read.csv(commandArgs(TRUE)[1])
index <- function(y, x, w) {
  o <- order(x); y <- y[o]; x <- x[o]; w <- w[o]
  last <- !duplicated(x, fromLast = TRUE)
  p <- cumsum(w)[last]; before <- c(0, head(p, -1))
  middle <- ((before + p) / 2 / sum(w))[cumsum(c(TRUE, head(last, -1)))]
  2 * sum(w * y * middle) / sum(w * y) - 1
}
time <- function(f) { f(); t <- system.time(for (i in 1:5) f())[["elapsed"]]; t / 5 * 1000 }
once <- function() {
  i <- sample.int(nrow(d), replace = TRUE)
  index(d$y[i], d$x[i], d$w[i])
}
cat(index(d$y, d$x, d$w), time(once), "")
if (requireNamespace("boot", quietly = TRUE)) {
  cat(time(function() boot::boot(d, function(d, i) index(d$y[i], d$x[i], d$w[i]), R = 1)) / 2)
}
"""
_PRINTED_DIGITS = 1e-6  # R prints seven digits


def concentration(y: FloatArray, x: FloatArray, w: FloatArray) -> float:
    """Return the standard index with numpy: sort, mid-ranks of ties, 2 sum(w y r) / sum(w y) - 1."""
    order = np.argsort(x, kind="stable")
    y, x, w = y[order], x[order], w[order]
    starts = np.flatnonzero(np.r_[True, x[1:] != x[:-1]])
    inside = np.add.reduceat(w, starts)
    middle = (np.cumsum(inside) - inside / 2) / w.sum()
    amounts = np.add.reduceat(w * y, starts)
    return float(2 * (amounts * middle).sum() / amounts.sum() - 1)


def concentration_polars(frame: pl.DataFrame) -> float:
    """Return the standard index with Polars' group_by."""
    ties = frame.group_by("x").agg(pl.col("w").sum(), (pl.col("w") * pl.col("y")).sum().alias("t")).sort("x")
    middle = (pl.col("w").cum_sum() - pl.col("w") / 2) / pl.col("w").sum()
    return float(ties.select(2 * (pl.col("t") * middle).sum() / pl.col("t").sum() - 1).item())


def polars_loop(people: People, *, weighted: bool = True) -> Timing:
    """Time the reference: resample and group with Polars, on all its threads."""
    w = people.w if weighted else np.ones(people.n)
    frame = pl.DataFrame({"x": people.x, "y": people.y[0], "w": w})
    spent = seconds(lambda: concentration_polars(frame.sample(people.n, with_replacement=True)))
    what = "index, weighted" if weighted else "index, unweighted"
    return _timing("Polars, sample and group_by", people, spent, pl.thread_pool_size(), what)


def all_peers(people: People) -> Iterator[Timing]:
    """Time every installed program; a median needs only one or two replicates at a time."""
    y, x, w, n = people.y[0], people.x, people.w, people.n
    rng = np.random.default_rng(1)

    def with_numpy() -> None:
        rows = rng.integers(0, n, n)
        concentration(y[rows], x[rows], w[rows])

    yield _timing("numpy, resample and sort", people, seconds(with_numpy))
    yield _timing("scipy.stats.bootstrap", people, seconds(_scipy(people)) / 2)
    try:
        from arch.bootstrap import IIDBootstrap
    except ImportError:
        pass
    else:
        spent = seconds(lambda: IIDBootstrap(y, x, w, seed=1).apply(concentration, 2)) / 2
        yield _timing("arch.bootstrap.IIDBootstrap", people, spent)
    yield from _r(people)


def _scipy(people: People) -> Callable[[], object]:
    from scipy.stats import bootstrap

    data = (people.y[0], people.x, people.w)
    return lambda: bootstrap(
        data,
        concentration,
        paired=True,
        vectorized=False,
        n_resamples=2,
        method="percentile",
        rng=np.random.default_rng(1),
    )


def _r(people: People) -> Iterator[Timing]:
    """Time R where it is installed and its estimate agrees with numpy."""
    program = shutil.which("Rscript")
    if program is None:
        return
    with TemporaryDirectory() as folder:
        script, data = Path(folder) / "bench.R", Path(folder) / "data.csv"
        script.write_text(_R)
        pl.DataFrame({"x": people.x, "y": people.y[0], "w": people.w}).write_csv(data)
        done = subprocess.run([program, script, data], capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        return
    estimate, plain, *boot = (float(part) for part in done.stdout.split())
    if abs(estimate - concentration(people.y[0], people.x, people.w)) < _PRINTED_DIGITS:
        yield _timing("R, resample and sort", people, plain / 1000)
        for spent in boot:
            yield _timing("R, boot::boot", people, spent / 1000)


def _timing(
    program: str, people: People, spent: float, threads: int = 1, what: str = "index, weighted"
) -> Timing:
    return Timing(program=program, what=what, rows=people.n, replicates=1, threads=threads, ms=1000 * spent)
