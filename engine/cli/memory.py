"""What is told when the memory is full: how much the process holds, and how much more it needs."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence

from engine.errors import Fault, NoMemoryError
from engine.memory_limits import refuse_little_memory, refuse_to_draw

MB = 1_000_000
READS_DATA = (
    *("run", "check", "plan", "merge", "report", "tables", "refresh", "verify", "site", "cells", "weights"),
    *("codebook", "init", "simulate", "release", "heat", "warm"),
)
DRAWS = ("refresh", "report", "site")  # whatever the options; `run` looks for itself


def refuse_command(arguments: Sequence[str]) -> None:
    """Refuse a command whose libraries would end the process for want of memory.

    Raises
    ------
    NoMemoryError
        With what there is, and what is needed at least.
    """
    command = arguments[0] if arguments else ""
    if "--help" in arguments:
        return
    if command in READS_DATA:
        refuse_little_memory()
    if command in DRAWS:
        refuse_to_draw()


def no_memory(error: MemoryError) -> NoMemoryError:
    """Return the error of the command line for one of Python or numpy."""
    found = f"the process held up to {held_bytes() / MB:,.0f} MB and got no more"
    more = bytes_of_array(error)
    expected = "room for what it computes" if more is None else f"room for {max(more / MB, 1):,.0f} MB more"
    return NoMemoryError(Fault("memory", found, expected, NoMemoryError.REMEDY))


def bytes_of_array(error: MemoryError) -> int | None:
    """Return the size of the array that numpy could not make; None if it was something else."""
    shape, dtype = getattr(error, "shape", None), getattr(error, "dtype", None)
    if shape is None or dtype is None:
        return None
    return int(math.prod(shape)) * int(dtype.itemsize)


def held_bytes() -> int:
    """Return the most memory that this process has held so far; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:
        return 0
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else 1024 * most
