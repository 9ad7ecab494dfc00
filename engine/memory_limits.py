"""What the system lets a process take, looked at before a library takes it.

Libraries end the process where the system refuses them memory, without a word that helps. So who is about
to load one looks first.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from engine.errors import Fault, NoMemoryError

GB = 1_000_000_000
_TO_DRAW = 70 * GB  # addresses that the library of figures reserves; it uses few of them
_TO_LOAD, _OF_CORE = 16 * GB // 10, 2 * GB // 10  # addresses of DuckDB and Polars, and of their threads
_HELD = 4 * GB // 10  # memory of the smallest run
_CGROUPS = Path("/sys/fs/cgroup")
_OWN_CGROUP = Path("/proc/self/cgroup")


def refuse_little_memory() -> None:
    """Refuse to load the libraries of data where they would end the process.

    Raises
    ------
    NoMemoryError
        With what there is, and what is needed at least.
    """
    refuse_few_addresses(_TO_LOAD + _OF_CORE * _n_cores(), "for the libraries of data")
    limit = min(_limits_of_groups(), default=None)
    if limit is not None and limit < _HELD:
        found = f"the processes here may hold {_shown(limit)}"
        expected = f"{_shown(_HELD)} or more"
        raise NoMemoryError(Fault("memory", found, expected, "Raise the limit of the container or the job."))


def refuse_few_addresses(needed: int, what_for: str, remedy: str = "") -> None:
    """Refuse to go on where a process may not have so many addresses (`ulimit -v`).

    Raises
    ------
    NoMemoryError
        With the limit, and what is needed at least.
    """
    limit = _most_addresses()
    if limit is not None and limit < needed:
        found = f"the process may have {_shown(limit)} of addresses (`ulimit -v`)"
        expected = f"{_shown(needed)} {what_for}"
        raise NoMemoryError(Fault("memory", found, expected, f"Raise the limit{remedy}."))


def refuse_to_draw() -> None:
    """Refuse to draw where the library that draws would end the process.

    Raises
    ------
    NoMemoryError
        With the limit, and what it reserves.
    """
    refuse_few_addresses(_TO_DRAW, "for figures", ", or run without figures (`equirank run --no-report`)")


def _n_cores() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _shown(n_bytes: int) -> str:
    return f"{n_bytes / GB:,.1f} GB"


def _most_addresses() -> int | None:
    """Return how many addresses this process may have, in bytes; None without a limit."""
    if sys.platform != "linux":
        return None
    import resource

    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if limit == resource.RLIM_INFINITY else limit


def _limits_of_groups() -> Iterator[int]:
    """Yield what the control groups of this process may hold, in bytes; nothing where there is no limit."""
    with suppress(OSError):
        for line in _OWN_CGROUP.read_text(encoding="utf-8").splitlines():
            if not line.startswith("0::/"):
                continue
            own = _CGROUPS / line.removeprefix("0::/")
            for group in (own, *own.parents):
                with suppress(OSError, ValueError):
                    yield int((group / "memory.max").read_text(encoding="utf-8"))
