"""Checks of throughput: ratios of times measured in one run, because a shared machine drifts between runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.bench import ours
from engine.bench.check import Check, at_least, at_most
from engine.bench.data import People
from engine.bench.timing import Timing

_ONE_INDEX = "index, weighted"
_INDEX_TARGETS = (("iid", 80, 150), ("poisson", 80, 150), ("cluster", 60, 120), ("rao-wu", 60, 120))
_SCALING = (
    ("equirank iid", _ONE_INDEX),
    ("equirank cluster", _ONE_INDEX),
    ("equirank iid, logit refit", "decomposition"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The timings of a benchmark.

    Attributes
    ----------
    timings
        Of equirank.
    weighted_loop, unweighted_loop
        Of Polars, what equirank is compared with.
    cores
        The most threads measured.
    """

    timings: Sequence[Timing]
    weighted_loop: Timing
    unweighted_loop: Timing
    cores: int

    def ms(self, program: str, *, what: str = "", threads: int | None = None) -> float:
        """Return a program's milliseconds per replicate; on all cores unless `threads` says otherwise."""
        return next(
            timing.ms
            for timing in self.timings
            if timing.program == program and timing.threads == (threads or self.cores) and what in timing.what
        )


def throughput_checks(measured: Measured) -> Iterator[Check]:
    """Compare replicates of indices and decompositions with Polars, with each other and with the clock."""
    yield from _index_checks(measured)
    yield from _decomposition_checks(measured)
    yield _outcome_check(measured)
    if measured.cores > 1:
        yield from _scaling_checks(measured)


def _index_checks(measured: Measured) -> Iterator[Check]:
    loop = measured.weighted_loop.ms
    for method, target, stretch in _INDEX_TARGETS:
        yield at_least(
            f"weighted index, {method}",
            loop / measured.ms(f"equirank {method}", what=_ONE_INDEX),
            "x",
            target=target,
            stretch=stretch,
            compared_with=f"Polars loop, {loop:.1f} ms",
        )
    yield at_most(
        "poisson over the random counts alone",
        measured.ms("equirank poisson", what=_ONE_INDEX) / measured.ms("random counts alone"),
        "x",
        target=2,
        compared_with="the floor of a row-wise bootstrap",
    )
    loop = measured.unweighted_loop.ms
    yield at_least(
        "unweighted index by cells",
        loop / measured.ms("equirank iid by cells"),
        "x",
        target=600,
        stretch=2_000,
        compared_with=f"Polars loop, {loop:.1f} ms",
    )


def _decomposition_checks(measured: Measured) -> Iterator[Check]:
    for model in ("logit", "linear"):
        yield at_most(
            f"full decomposition, {model} refit, HI",
            measured.ms(f"equirank iid, {model} refit"),
            "ms a replicate",
            target=5,
            stretch=2,
            compared_with="clock",
        )


def _outcome_check(measured: Measured) -> Check:
    three, one = (measured.ms("equirank iid", what=what) for what in ("3 outcomes", _ONE_INDEX))
    extra = (three / one - 1) / 2
    work = "each further outcome"
    return at_most(work, 100 * extra, "% more", target=40, stretch=20, compared_with="a run of one")


def _scaling_checks(measured: Measured) -> Iterator[Check]:
    cores = measured.cores
    for program, what in _SCALING:
        one, all_cores = (measured.ms(program, what=what, threads=threads) for threads in (1, cores))
        yield at_least(
            f"{cores} threads against 1: {program.removeprefix('equirank ')}",
            one / all_cores,
            "x",
            target=0.925 * cores,
            stretch=0.975 * cores,
            compared_with="one thread",
        )


def linearised_check(people: People) -> Check:
    """Compare the linearised errors of three indices with the sort of the sample."""
    sort, linearise = ours.sort_and_linearise(people)
    work = "linearised errors of three indices"
    return at_most(work, linearise / sort, "x the sort", target=2, compared_with=f"{sort:.2f} s")
