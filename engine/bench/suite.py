"""The benchmark as a whole: what is asked, as ratios measured in one run, and how it grows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from engine import __version__
from engine.bench import ours
from engine.bench.data import People, make_people
from engine.bench.outside import main_job_checks, peak_memory, reading_checks, start_check
from engine.bench.peers import all_peers, concentration, concentration_polars, polars_loop
from engine.bench.regression import logit_timings
from engine.bench.timing import Check, Timing, machine
from engine.errors import EstimationError
from engine.estimators.index.indices import requested_index
from engine.estimators.index.linearised import estimate_index
from engine.estimators.sample.group_sample import group_sample
from engine.kernels.jit import default_threads

Told = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchResult:
    """A finished benchmark: what was measured on which machine."""

    machine: dict[str, object]
    rows: int
    checks: tuple[Check, ...]
    timings: tuple[Timing, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "version": __version__,
            "machine": self.machine,
            "rows": self.rows,
            "checks": [
                {**asdict(check), "met": check.met, "stretched": check.stretched} for check in self.checks
            ],
            "timings": [asdict(timing) for timing in self.timings],
        }


def run_benchmark(rows: int = 540_000, *, quick: bool = False, told: Told = lambda _: None) -> BenchResult:
    """Measure this machine.

    Parameters
    ----------
    rows
        Of the sample.
    quick
        Leave out the peers but Polars, the growth and everything in processes of its own.
    told
        Called with what is measured next.

    Raises
    ------
    EstimationError
        If two programs disagree about the estimate: then no time is worth anything.
    """
    told(f"{rows:,} people")
    people = make_people(rows)
    _agree(people)
    cores = default_threads()
    timings: list[Timing] = []
    told("Polars")
    weighted, unweighted = polars_loop(people), polars_loop(people, weighted=False)
    timings += [weighted, unweighted]
    for count in sorted({1, cores}):
        told(f"replicates on {count} thread{'s' if count > 1 else ''}")
        timings += _own(people, count)
    checks = [*_throughput(timings, weighted, unweighted, cores), *_linearised(people)]
    if not quick:
        told("the other programs")
        timings += all_peers(people)
        told("logit on patterns and on rows")
        fitted, ratio = logit_timings()
        timings += fitted
        checks += ratio
        told("growth with rows and replicates")
        grown, more = _growth(rows, cores)
        timings += grown
        checks += more
        told("commands in processes of their own")
        checks += [start_check(), *main_job_checks(), *reading_checks(rows)]
    return BenchResult(machine=machine(), rows=rows, checks=tuple(checks), timings=tuple(timings))


def _agree(people: People) -> None:
    y, x, w = people.y[0], people.x, people.w
    arrays = people.arrays()
    pieces = [group_sample(arrays, 0, 0)]
    index = requested_index("standard")
    found = estimate_index(index, pieces, arrays.design).values[0]
    others = (concentration(y, x, w), concentration_polars(pl.DataFrame({"x": x, "y": y, "w": w})))
    if max(abs(found - other) for other in others) > 1e-10:
        raise EstimationError(
            "benchmark: equirank, numpy and Polars disagree about the index of the sample; expected agreement to "
            "1e-10. Report this as a bug."
        )


def _own(people: People, threads: int) -> Iterator[Timing]:
    plain, several = people.arrays(), people.arrays(outcomes=3)
    for method in ("iid", "poisson"):
        yield ours.index_replicates(plain, method, threads)
    for method in ("cluster", "rao-wu"):
        design = people.arrays(design="cluster stratum")
        yield ours.index_replicates(design, method, threads)
    unweighted = people.arrays(weight=False)
    yield ours.index_replicates(unweighted, "iid", threads, replicates=6_400, route="cells")
    yield ours.index_replicates(several, "iid", threads)
    yield ours.index_replicates(
        people.arrays(outcomes=3, waves=True), "iid", threads, indices=ours.INDICES, std_errors=True
    )
    yield ours.random_floor(people, threads)
    yield ours.decomposition_replicates(people, threads)
    yield ours.decomposition_replicates(people, threads, "linear")


def _throughput(
    timings: Sequence[Timing], weighted: Timing, unweighted: Timing, cores: int
) -> Iterator[Check]:
    def ms(program: str, threads: int = cores, what: str = "") -> float:
        return next(t.ms for t in timings if t.program == program and t.threads == threads and what in t.what)

    loop = f"Polars loop, {weighted.ms:.1f} ms"
    one = "index, weighted"
    for method, target, stretch in (
        ("iid", 80, 150),
        ("poisson", 80, 150),
        ("cluster", 60, 120),
        ("rao-wu", 60, 120),
    ):
        ratio = weighted.ms / ms(f"equirank {method}", what=one)
        yield _at_least(f"weighted index, {method}", ratio, "x", target, stretch, loop)
    floor = ms("equirank poisson", what=one) / ms("random counts alone")
    yield _at_most(
        "poisson over the random counts alone", floor, "x", 2, None, "the floor of a row-wise bootstrap"
    )
    cells = unweighted.ms / ms("equirank iid by cells")
    yield _at_least(
        "unweighted index by cells", cells, "x", 600, 2_000, f"Polars loop, {unweighted.ms:.1f} ms"
    )
    for model in ("logit", "linear"):
        spent = ms(f"equirank iid, {model} refit")
        yield _at_most(f"full decomposition, {model} refit, HI", spent, "ms a replicate", 5, 2, "clock")
    extra = (ms("equirank iid", what="3 outcomes") / ms("equirank iid", what=one) - 1) / 2
    yield _at_most("each further outcome", 100 * extra, "% more", 40, 20, "a run of one")
    for program, what in (
        ("equirank iid", one),
        ("equirank cluster", one),
        ("equirank iid, logit refit", "decomposition"),
    ):
        if cores > 1:
            gain = ms(program, 1, what) / ms(program, cores, what)
            yield _at_least(
                f"{cores} threads against 1: {program.removeprefix('equirank ')}",
                gain,
                "x",
                0.925 * cores,
                0.975 * cores,
                "one thread",
            )


def _linearised(people: People) -> Iterator[Check]:
    sort, linearise = ours.sort_and_linearise(people)
    yield _at_most(
        "linearised errors of three indices", linearise / sort, "x the sort", 2, None, f"{sort:.2f} s"
    )


def _growth(rows: int, cores: int) -> tuple[list[Timing], list[Check]]:
    """Rows x replicates x threads: a tenth, once and ten times the rows; and the peak of memory."""
    timings, checks = [], []
    spent: dict[tuple[int, int, int], float] = {}
    for n in (rows // 10, rows, rows * 10):
        arrays = make_people(n).arrays()
        for threads in sorted({1, cores}):
            for replicates in (64, 640):
                timing = ours.index_replicates(arrays, "iid", threads, replicates=replicates)
                timings.append(timing)
                spent[n, threads, replicates] = timing.ms * replicates
    by_rows = spent[rows * 10, cores, 640] / spent[rows, cores, 640]
    checks.append(_at_most("ten times the rows", by_rows, "x the time", 10.5, None, "640 replicates, iid"))
    arrays = make_people(rows).arrays()
    few, many = (ours.index_replicates(arrays, "iid", cores, replicates=count) for count in (640, 6_400))
    by_replicates = many.ms * many.replicates / (few.ms * few.replicates)
    checks.append(
        _at_most("ten times the replicates", by_replicates, "x the time", 10.5, None, "640 replicates, iid")
    )
    timings += [few, many]
    for n, most in ((rows, 1_000), (rows * 10, 4_000)):
        _, megabytes = peak_memory(
            "from engine.bench import ours; from engine.bench.data import make_people\n"
            f"ours.index_replicates(make_people({n}).arrays(), 'iid', {cores}, replicates={320 * cores})"
        )
        checks.append(_at_most(f"memory at {n:,} rows", megabytes, "MB", most, None, "peak of the process"))
    return timings, checks


def _at_least(work: str, value: float, unit: str, target: float, stretch: float | None, other: str) -> Check:
    return Check(
        work=work, value=value, unit=unit, target=target, stretch=stretch, at_most=False, compared_with=other
    )


def _at_most(work: str, value: float, unit: str, target: float, stretch: float | None, other: str) -> Check:
    return Check(
        work=work, value=value, unit=unit, target=target, stretch=stretch, at_most=True, compared_with=other
    )
