"""Times work in one process: once to warm up, then several times, keeping the median."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from engine.kernels.jit import default_threads

REPEATS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Median milliseconds a replicate of one program."""

    program: str
    what: str
    rows: int
    replicates: int
    threads: int
    ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of what is asked: a measured number against its target."""

    work: str
    value: float
    unit: str
    target: float
    stretch: float | None
    at_most: bool
    compared_with: str

    @property
    def met(self) -> bool:
        """Whether the target is reached."""
        return self.value <= self.target if self.at_most else self.value >= self.target

    @property
    def stretched(self) -> bool:
        """Whether the stretch target is reached too."""
        if self.stretch is None:
            return False
        return self.value <= self.stretch if self.at_most else self.value >= self.stretch


def seconds(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """Return the median seconds of `work` after a first run that is not counted."""
    work()
    found = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        found.append(time.perf_counter() - started)
    return median(found)


def machine() -> dict[str, object]:
    """Describe the machine by what matters here: cores, vector width, caches; never by its name."""
    flags = _flags()
    width = 512 if "avx512f" in flags else 256 if "avx2" in flags else 128
    return {
        "cores": default_threads(),
        "architecture": platform.machine(),
        "vector_bits": width,
        "system": os.name,
    }


def _flags() -> set[str]:
    path = Path("/proc/cpuinfo")
    if not path.is_file():
        return set()
    line = next((line for line in path.read_text().splitlines() if line.startswith("flags")), "")
    return {*line.split()}
