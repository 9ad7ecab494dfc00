"""How time and memory grow with rows, replicates and threads."""

from __future__ import annotations

from collections.abc import Iterator

from engine.bench import ours
from engine.bench.check import Check, at_most
from engine.bench.data import make_people
from engine.bench.processes import peak_memory
from engine.bench.timing import Timing

_MOST_GROWTH = 10.5  # times the time for ten times the work
_REPLICATES = (64, 640)
# One string a line: the hash of sources takes a line that begins with "from" for an import of this module.
_INDEX_RUN = (
    "from engine.bench import ours; from engine.bench.data import make_people\n"
    "ours.index_replicates(make_people({rows}).arrays(), 'iid', {threads}, replicates={replicates})"
)


def growth(rows: int, cores: int) -> tuple[list[Timing], list[Check]]:
    """Time a tenth, once and ten times the rows, and measure the peak memory of once and ten times."""
    timings = [*_timings_by_rows(rows, cores)]
    spent = {(one.rows, one.threads, one.replicates): one.ms * one.replicates for one in timings}
    most = max(_REPLICATES)
    by_rows = spent[rows * 10, cores, most] / spent[rows, cores, most]
    arrays = make_people(rows).arrays()
    few, many = (ours.index_replicates(arrays, "iid", cores, replicates=count) for count in (640, 6_400))
    by_replicates = many.ms * many.replicates / (few.ms * few.replicates)
    checks = [
        _growth_check("ten times the rows", by_rows),
        _growth_check("ten times the replicates", by_replicates),
        _memory_check(rows, cores, target=1_000),
        _memory_check(rows * 10, cores, target=4_000),
    ]
    return [*timings, few, many], checks


def _timings_by_rows(rows: int, cores: int) -> Iterator[Timing]:
    for n in (rows // 10, rows, rows * 10):
        arrays = make_people(n).arrays()
        for threads in sorted({1, cores}):
            for replicates in _REPLICATES:
                yield ours.index_replicates(arrays, "iid", threads, replicates=replicates)


def _growth_check(work: str, factor: float) -> Check:
    return at_most(work, factor, "x the time", target=_MOST_GROWTH, compared_with="640 replicates, iid")


def _memory_check(rows: int, cores: int, *, target: float) -> Check:
    _, megabytes = peak_memory(_INDEX_RUN.format(rows=rows, threads=cores, replicates=320 * cores))
    work = f"memory at {rows:,} rows"
    return at_most(work, megabytes, "MB", target=target, compared_with="peak of the process")
