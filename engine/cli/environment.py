"""The process of a command: variables that libraries read on import, and settings of Python itself."""

from __future__ import annotations

import gc
import os

from engine.errors import Fault, UsageError

THREADS, LAYER = "NUMBA_NUM_THREADS", "NUMBA_THREADING_LAYER"
LAYERS = ("default", "forksafe", "omp", "safe", "tbb", "threadsafe", "workqueue")


def keep_blas_to_one_thread() -> None:
    """Let OpenBLAS use one thread, unless the user says otherwise; call it before numpy is imported.

    The matrices here are small: its threads would wait for each other, awake, and cost six times as much.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def collect_garbage_seldom() -> None:
    """Let Python look for circles of dead objects a hundred times less often.

    A command makes many objects that live to its end: modules, rows, tables. To look through them again and
    again costs a twentieth of a run.
    """
    gc.set_threshold(100_000, 50, 100)


def refuse_environment() -> None:
    """Refuse values that numba does not understand.

    Raises
    ------
    UsageError
        With the name of the variable.
    """
    threads = os.environ.get(THREADS)
    if threads is not None and not (threads.isascii() and threads.isdecimal() and int(threads) > 0):
        found = f"found '{threads}'"
        raise UsageError(
            Fault(THREADS, found, "a whole number from 1 on", f"Correct it, or unset {THREADS}.")
        )
    layer = os.environ.get(LAYER)
    if layer is not None and layer not in LAYERS:
        found = f"found '{layer}'"
        raise UsageError(Fault(LAYER, found, f"one of {', '.join(LAYERS)}", f"Unset {LAYER}."))
