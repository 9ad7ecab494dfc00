"""The cache of compiled kernels: one process compiles a kernel, and a damaged file is compiled again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numba.core.caching import FunctionCache

if TYPE_CHECKING:
    from filelock import BaseFileLock

LONGEST_WAIT = 300.0  # seconds: no kernel takes so long, so that the process that has the lock stands still


class KernelCache(FunctionCache):  # type: ignore[misc] # numba has no types
    """Compiles a kernel in one process while others wait for it, and again where its files are damaged.

    By itself numba compiles a kernel in every process that needs it at the same time, and ends with the error
    of a damaged file, in every run.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._compiling: BaseFileLock | None = None

    def load_overload(self, sig: Any, target_context: Any) -> Any:  # noqa: ANN401
        """Return a compiled kernel; None if this process must compile it."""
        found = self._read(sig, target_context)
        if found is not None:
            return found
        self._wait()
        found = self._read(sig, target_context)
        if found is not None:
            self._end()
        return found

    def _wait(self) -> None:
        """Wait until no other process compiles this kernel, or one that does has come to a halt.

        Kernels call each other in no circle, so that processes that wait for one another come to an end.
        """
        from filelock import FileLock

        if self._compiling is None:
            self._compiling = FileLock(Path(self.cache_path) / f"{self._py_func.__name__}.lock")
        with suppress(OSError):  # waited too long, or a folder of another user: this run compiles for itself
            self._compiling.acquire(timeout=LONGEST_WAIT)

    def _end(self) -> None:
        """Let other processes have the kernel."""
        if self._compiling is not None:
            self._compiling.release(force=True)

    def _read(self, sig: Any, target_context: Any) -> Any:  # noqa: ANN401
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # noqa: BLE001 - damaged bytes can end in any error
            with suppress(OSError):
                self.flush()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:  # noqa: ANN401
        """Write a kernel that this process has compiled."""
        try:
            super().save_overload(sig, data)
        finally:
            self._end()
