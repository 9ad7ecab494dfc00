"""Times work in one process: one run to warm up, then several, of which the median counts."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

REPEATS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Median milliseconds per replicate (`ms`) of one program."""

    program: str
    what: str
    rows: int
    replicates: int
    threads: int
    ms: float


def seconds(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """Return the median seconds of `work` after a first run that does not count."""
    work()
    durations = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        durations.append(time.perf_counter() - started)
    return median(durations)
