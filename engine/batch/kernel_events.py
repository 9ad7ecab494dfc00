"""Hears when kernels are compiled, so that nobody waits for minutes without a word."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from engine.batch.reporter import Reporter

COMPILING = "numba:compile"  # the event of a compilation that the cache does not spare


@contextmanager
def telling_of_compiling(reporter: Reporter) -> Iterator[None]:
    """Tell a reporter of every kernel that is compiled inside the block."""
    from numba.core import event

    class _Listener(event.Listener):  # type: ignore[misc] # numba has no types
        def on_start(self, _event: Any) -> None:  # noqa: ANN401
            reporter.compiling()

        def on_end(self, _event: Any) -> None:  # noqa: ANN401
            """Hear of the end and ignore it."""

    listener = _Listener()
    event.register(COMPILING, listener)
    try:
        yield
    finally:
        event.unregister(COMPILING, listener)


def refuse_missing_threads() -> None:
    """Ask numba for its threads, so that a layer that is not installed is told before any work.

    Raises
    ------
    UsageError
        If the layer that ``NUMBA_THREADING_LAYER`` names cannot be loaded.
    """
    import numba

    from engine.errors import Fault, UsageError

    try:
        numba.get_num_threads()
    except ValueError:
        found = f"found '{numba.config.THREADING_LAYER}', which cannot be loaded here"
        remedy = "Unset NUMBA_THREADING_LAYER, or install the library of that layer (pip install tbb)."
        raise UsageError(Fault("NUMBA_THREADING_LAYER", found, "a layer that is installed", remedy)) from None
