"""Refuses to compute in a process that was forked after its parent had computed: it would hang.

A fork copies the memory of a process but none of its threads: those of Polars and numba never answer.
"""

from __future__ import annotations

import os

from engine.errors import Fault, UsageError

_USED = "used"
_state: set[str] = set()


def _after_fork() -> None:
    if _USED in _state:
        _state.add("forked")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def refuse_fork() -> None:
    """Note that this process computes.

    Raises
    ------
    UsageError
        If it was forked from one that had done so before.
    """
    if "forked" in _state:
        found = "it was forked from a process that had used equirank, and would wait for lost threads"
        remedy = "Use multiprocessing.get_context('spawn'), or mp_context of ProcessPoolExecutor."
        raise UsageError(Fault("this process", found, "a process that was started anew", remedy))
    _state.add(_USED)
