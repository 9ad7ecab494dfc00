"""The one place that knows numba's options: compilation, cache and threads."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

# More threads than cores are allowed (results do not depend on them). Numba reads this limit once, on import,
# so that it cannot be raised where numba was imported before.
if "numba" not in sys.modules:
    os.environ.setdefault("NUMBA_NUM_THREADS", str(max(16, os.cpu_count() or 1)))

import numba
from numba import types
from numba.core.caching import UserProvidedCacheLocator

from engine.kernel_cache import KernelCache
from engine.paths import cache_folder
from engine.source_hash import hash_of_files

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


def _source_digest() -> str:
    """Hash all kernel files in all folders: the cache of numba misses an edit in an imported file."""
    files = sorted(Path(__file__).parent.rglob("*.py"))
    return hashlib.sha256(f"{numba.__version__} {hash_of_files(files)}".encode()).hexdigest()[:16]


def _kernel_folder() -> Path:
    name = f"kernels-{_source_digest()}"
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    return Path(chosen) / name if chosen else cache_folder(name)


_KERNELS = _kernel_folder()


class KernelCacheLocator(UserProvidedCacheLocator):  # type: ignore[misc] # numba has no types
    """Keeps compiled kernels by their place in the package, wherever the package is installed.

    By itself numba keeps them by the path of the file, so that a second installation compiles them again.
    """

    def __init__(self, py_func: Callable[..., Any], py_file: str) -> None:
        super().__init__(py_func, py_file)
        self._cache_path = str(_KERNELS / Path(py_file).parent.relative_to(Path(__file__).parent))


# error_model="numpy": a division by zero gives NaN or infinity, as the estimators expect, and no exception.
_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a serial loop."""
    return cast("Callable[P, R]", _compiled_once(_cached(function)))


def _cached(function: Callable[..., Any], **options: Any) -> Any:  # noqa: ANN401 - numba has no types
    """Give a function to numba with our options and our place for what is compiled, and leave no trace."""
    config = numba.config
    before = config.CACHE_DIR, config.CACHE_LOCATOR_CLASSES
    config.CACHE_DIR = str(_KERNELS)
    config.CACHE_LOCATOR_CLASSES = f"{__name__}.{KernelCacheLocator.__name__}"
    try:
        compiled = numba.njit(**_OPTIONS, **options)(function)
        if not config.DISABLE_JIT:
            compiled._cache = KernelCache(function)  # noqa: SLF001 - as `cache=True` does
        return compiled
    finally:
        config.CACHE_DIR, config.CACHE_LOCATOR_CLASSES = before


def _compiled_once(dispatcher: Any) -> Any:  # noqa: ANN401 - numba has no types
    """Let a kernel that calls this one with a constant use the code for variables of the same type.

    By itself numba compiles a callee once more for each constant integer in a call, and also for a variable
    that starts at one: this was a third of the time of all compiling.
    """
    if numba.config.DISABLE_JIT:
        return dispatcher
    resolve = dispatcher.get_call_template

    def resolve_without_literals(args: Any, kws: Any) -> Any:  # noqa: ANN401
        return resolve(
            tuple(types.unliteral(arg) for arg in args),
            {name: types.unliteral(arg) for name, arg in kws.items()},
        )

    dispatcher.get_call_template = resolve_without_literals
    return dispatcher


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a helper that is expanded into its caller, so that lane loops stay vectorised."""
    return cast("Callable[P, R]", _cached(function, inline="always"))


def parallel_kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a loop over replicates or groups that runs in threads.

    No sum is split across iterations, so that the result has the same bits on any number of threads.
    Use it with plain arrays: a tuple made inside the loop gave wrong numbers (numba 0.68).
    """
    return cast("Callable[P, R]", _cached(function, parallel=True))


prange = numba.prange


def cache_directory() -> Path:
    """Return the folder of the kernels compiled from this version of the code."""
    return _KERNELS


def default_threads() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


def in_threads(work: Callable[[int], T], count: int) -> list[T]:
    """Return work(0), work(1), ..., computed in threads; compiled kernels release Python's lock.

    For kernels too large for `prange`, which compiles twice, or with tuples of tuples, which it refuses.
    """
    n_threads = numba.get_num_threads()
    if min(count, n_threads) <= 1:
        return [work(i) for i in range(count)]
    with ThreadPoolExecutor(n_threads) as pool:
        return list(pool.map(work, range(count)))


@contextmanager
def threads(count: int | None) -> Iterator[int]:
    """Run the kernels of a `with` block on `count` threads (all usable cores when None)."""
    before = numba.get_num_threads()
    n_threads = min(count or default_threads(), int(numba.config.NUMBA_NUM_THREADS))
    numba.set_num_threads(n_threads)
    try:
        yield n_threads
    finally:
        numba.set_num_threads(before)
