"""The whole benchmark: timings of every program on the same data, and checks against targets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from engine.bench import ours
from engine.bench.check import Check
from engine.bench.data import People, make_people
from engine.bench.growth import growth
from engine.bench.machine import machine
from engine.bench.peers import all_peers, concentration, concentration_polars, polars_loop
from engine.bench.processes import main_job_checks, reading_checks, start_check
from engine.bench.regression import logit_timings
from engine.bench.throughput import Measured, linearised_check, throughput_checks
from engine.bench.timing import Timing
from engine.errors import EstimationError
from engine.estimators.index.indices import Index
from engine.estimators.index.linearised import estimate_index
from engine.estimators.sample.group_sample import group_sample
from engine.kernels.jit import default_threads
from engine.version import VERSION

_AGREEMENT = 1e-10  # sums of half a million terms in different orders
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchResult:
    """A finished benchmark: what was measured on which machine."""

    machine: dict[str, object]
    rows: int
    checks: tuple[Check, ...]
    timings: tuple[Timing, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the result for JSON."""
        return {
            "version": VERSION,
            "machine": self.machine,
            "rows": self.rows,
            "checks": [
                {**asdict(check), "met": check.met, "stretched": check.stretched} for check in self.checks
            ],
            "timings": [asdict(timing) for timing in self.timings],
        }


def run_benchmark(
    rows: int = 540_000, *, quick: bool = False, progress: Progress = lambda _: None
) -> BenchResult:
    """Measure this machine.

    Parameters
    ----------
    rows
        Of the sample.
    quick
        Leave out all other programs but Polars, the growth, and everything in separate processes.
    progress
        Called with the name of what is measured next.

    Raises
    ------
    EstimationError
        If two programs disagree about the estimate: then no time is worth anything.
    """
    progress(f"{rows:,} people")
    people = make_people(rows)
    _check_agreement(people)
    cores = default_threads()
    progress("Polars")
    loops = [polars_loop(people), polars_loop(people, weighted=False)]
    timings: list[Timing] = []
    for count in sorted({1, cores}):
        progress(f"replicates on {count} thread{'s' if count > 1 else ''}")
        timings += _equirank_timings(people, count)
    measured = Measured(timings=timings, weighted_loop=loops[0], unweighted_loop=loops[1], cores=cores)
    checks = [*throughput_checks(measured), linearised_check(people)]
    timings = [*loops, *timings]
    if not quick:
        more_timings, more_checks = _run_rest(people, cores, progress)
        timings += more_timings
        checks += more_checks
    return BenchResult(machine=machine(), rows=rows, checks=tuple(checks), timings=tuple(timings))


def _run_rest(people: People, cores: int, progress: Progress) -> tuple[list[Timing], list[Check]]:
    """Measure what `quick` leaves out."""
    progress("the other programs")
    timings = [*all_peers(people)]
    progress("logit on patterns and on rows")
    logits, logit_checks = logit_timings()
    progress("growth with rows and replicates")
    grown, growth_checks = growth(people.n, cores)
    progress("commands in separate processes")
    commands = [start_check(), *main_job_checks(), *reading_checks(people.n)]
    return [*timings, *logits, *grown], [*logit_checks, *growth_checks, *commands]


def _check_agreement(people: People) -> None:
    y, x, w = people.y[0], people.x, people.w
    arrays = people.arrays()
    pieces = [group_sample(arrays, 0, 0)]
    index = Index(name="standard", bounds=(np.nan, np.nan), parameter=0.0)
    estimate = estimate_index(index, pieces, arrays.design).values[0]
    others = (concentration(y, x, w), concentration_polars(pl.DataFrame({"x": x, "y": y, "w": w})))
    if max(abs(estimate - other) for other in others) > _AGREEMENT:
        raise EstimationError(
            "benchmark: equirank, numpy and Polars disagree about the index of the sample; "
            "expected agreement to 1e-10. Report this as a bug."
        )


def _equirank_timings(people: People, threads: int) -> Iterator[Timing]:
    plain, several = people.arrays(), people.arrays(outcomes=3)
    for method in ("iid", "poisson"):
        yield ours.index_replicates(plain, method, threads)
    for method in ("cluster", "rao-wu"):
        design = people.arrays(design="cluster stratum")
        yield ours.index_replicates(design, method, threads)
    unweighted = people.arrays(weight=False)
    yield ours.index_replicates(unweighted, "iid", threads, replicates=6_400, route="cells")
    yield ours.index_replicates(several, "iid", threads)
    by_wave = people.arrays(outcomes=3, waves=True)
    yield ours.index_replicates(by_wave, "iid", threads, indices=ours.INDICES, std_errors=True)
    yield ours.random_floor(people, threads)
    yield ours.decomposition_replicates(people, threads)
    yield ours.decomposition_replicates(people, threads, "linear")
