"""Tests in a forked copy of this process, which has imported all that they need."""

from __future__ import annotations

import gc
import importlib
import importlib.machinery as machinery
import inspect
import io
import json
import os
import resource
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from cProfile import Profile
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest

KILLED, SURVIVED, NO_CODE = "killed", "survived", "no code"
ENDED = "ended"  # the process, or its time
BROKEN = "broken"  # pytest itself
QUIET = (
    "-q",
    "--assert=plain",
    "--tb=no",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:xdist",
    "-p",
    "no:unraisableexception",  # it collects garbage five times
    "--hypothesis-seed=20",
    "-W",
    "ignore::RuntimeWarning",
)


def import_libraries() -> None:
    """Import what every test imports, once for all copies."""
    import hypothesis
    import numba  # noqa: F401
    import numpy as np  # noqa: F401
    import polars as pl  # noqa: F401
    import pydantic  # noqa: F401
    import scipy.special
    import scipy.stats  # noqa: F401

    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)  # a smaller example tells us nothing
    hypothesis.settings.register_profile("mutants", phases=phases, deadline=None, database=None)
    hypothesis.settings.load_profile("mutants")


def in_copy(work: Callable[[], Any], seconds: float) -> Any:
    """Return what a function returns in a forked copy; None if the copy ends without an answer.

    The copy may use so many seconds of the processor.
    """
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(read)
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 2))
        signal.alarm(4 * int(seconds))  # a mutant may wait for ever
        answer = b""
        try:
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                answer = json.dumps(work()).encode()
            with os.fdopen(write, "wb") as pipe:
                pipe.write(answer)
        except BaseException:  # noqa: BLE001 - the copy must end here
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(pid, 0)
    return json.loads(answer) if answer else None


class Recorder:
    """A plugin of pytest: the seconds of each passed test, and the functions of the engine that it called.

    A fixture that several tests share counts for each of them: its functions and its seconds. A test or
    fixture that takes longer than most_seconds is stopped and left out.
    """

    def __init__(self, root: Path, most_seconds: float) -> None:
        self.root = root
        self.most_seconds = most_seconds
        self.found: dict[str, dict[str, Any]] = {}
        self._engine = str(root / "engine")
        self._of_threads: set[tuple[str, int]] = set()
        self._shared: dict[tuple[str, str], tuple[set[tuple[str, int]], float]] = {}  # by place and name
        self._begin = 0.0
        self._profile = Profile(builtins=False)

    def _note(self, frame: Any, event: str, _: object) -> None:
        if event == "call":
            self._of_threads.add((frame.f_code.co_filename, frame.f_code.co_firstlineno))

    def _start(self) -> None:
        """Look at calls from now on."""
        self._of_threads = set()
        self._profile = Profile(builtins=False)
        self._profile.enable()
        self._begin = time.process_time()

    def _called(self) -> set[tuple[str, int]]:
        """Return the functions of the engine called since the start."""
        codes = (one.code for one in self._profile.getstats())
        called = {(one.co_filename, one.co_firstlineno) for one in codes if isinstance(one, CodeType)}
        return {one for one in called | self._of_threads if one[0].startswith(self._engine)}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self) -> None:
        signal.setitimer(signal.ITIMER_PROF, self.most_seconds)
        threading.setprofile(self._note)
        self._start()

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Iterator[None]:
        if fixturedef.scope == "function":
            return (yield)
        outer = self._profile, self._of_threads, self._begin
        outer[0].disable()
        self._start()
        try:
            return (yield)
        finally:
            self._profile.disable()
            seconds = time.process_time() - self._begin
            self._shared[fixturedef.baseid, fixturedef.argname] = self._called(), seconds
            self._profile, self._of_threads, begin = outer
            self._begin = begin + seconds
            self._profile.enable()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self) -> None:
        signal.setitimer(signal.ITIMER_PROF, self.most_seconds)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: Any, call: Any) -> Iterator[None]:
        signal.setitimer(signal.ITIMER_PROF, 0)
        report: Any = yield
        if report.when == "call" or report.failed:
            self._profile.disable()
            threading.setprofile(None)  # type: ignore[arg-type] # it is what ends it
            if report.passed:
                self.found[item.nodeid] = self._of_test(item, time.process_time() - self._begin)
        return report

    def _of_test(self, item: Any, seconds: float) -> dict[str, Any]:
        """Return what a test took and called, for JSON."""
        shared = [
            one
            for (place, name), one in self._shared.items()
            if item.nodeid.startswith(place) and name in item.fixturenames
        ]
        called = self._called().union(*(one[0] for one in shared))
        return {
            "seconds": seconds,
            "fixtures": sum(one[1] for one in shared),
            "called": sorted((os.path.relpath(place, self.root), line) for place, line in called),
        }


def _stop(number: int, frame: object) -> None:
    raise TimeoutError


def recorded(root: Path, tests: Sequence[str], most_seconds: float) -> dict[str, dict[str, Any]]:
    """Run tests and return what each of those that passed took and called."""
    signal.signal(signal.SIGPROF, _stop)
    recorder = Recorder(root, most_seconds)
    pytest.main([*QUIET, *tests], plugins=[recorder])
    return recorder.found


def import_engine(root: Path) -> None:
    """Import what computes, so that a copy has only to change one function.

    The copy imports the tests itself: some use the threads of polars while they are imported, and a copy
    would wait for these for ever.
    """
    for used_by_tests in ("duckdb", "pandas", "pyarrow.parquet", "statsmodels.api", "tests.conftest"):
        importlib.import_module(used_by_tests)
    for folder in ("api", "estimators", "kernels", "nights", "store"):
        for path in sorted((root / "engine" / folder).rglob("*.py")):
            name = ".".join(path.relative_to(root).with_suffix("").parts)
            importlib.import_module(name.removesuffix(".__init__"))


class _Failed:
    """A plugin of pytest: the name of the last test that failed."""

    name = ""

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self.name = report.nodeid


def verdict(root: Path, path: str, source: str | None, tests: Sequence[str]) -> tuple[str, str]:
    """Run tests with another source of one file, and say whether one failed, and which; Python may refuse it.

    Without a source nothing is changed.
    """
    place = str(root / path)
    if source is not None:
        try:
            code = compile(source, place, "exec")
        except SyntaxError:
            return NO_CODE, ""
        if not _changed_in_place(place, code):
            _import_anew(place, code)
    failed = _Failed()
    ended = int(pytest.main(["-x", *QUIET, *tests], plugins=[failed])) if tests else 0
    # A change may keep a file from being imported: then tests are interrupted, or pytest refuses its call.
    return {0: SURVIVED, 1: KILLED, 2: KILLED, 4: KILLED}.get(ended, BROKEN), failed.name


def _changed_in_place(place: str, changed: CodeType) -> bool:
    """Give each function of a file that differs its new code; False if something else differs."""
    before = compile(Path(place).read_bytes(), place, "exec")
    old, new = _inner(before), _inner(changed)
    differing = [key for key in old if new.get(key) != old[key]]
    outermost = [key for key in differing if not any(key[0].startswith(f"{one[0]}.") for one in differing)]
    if old.keys() != new.keys() or not outermost or _without_inner(before) != _without_inner(changed):
        return False
    for key in outermost:
        functions = [
            one
            for one in gc.get_objects()
            if isinstance(one, FunctionType)
            and one.__code__.co_firstlineno == key[1]
            and one.__code__.co_filename == place
            and one.__code__ == old[key]
        ]
        if not functions or "<locals>" in key[0]:
            return False
        for function in functions:
            function.__code__ = new[key]
    return True


def _inner(code: CodeType) -> dict[tuple[str, int], CodeType]:
    """Return the code of functions and methods of a file, by qualified name and line."""
    found = {}
    for one in code.co_consts:
        if isinstance(one, CodeType):
            if one.co_flags & inspect.CO_OPTIMIZED:
                found[one.co_qualname, one.co_firstlineno] = one
            else:
                found.update(_inner(one))  # the body of a class
    return found


def _without_inner(code: CodeType) -> tuple[bytes, list[object]]:
    """Return what a file or class does itself, its functions left out."""
    constants = [
        _without_inner(one) if isinstance(one, CodeType) and not one.co_flags & inspect.CO_OPTIMIZED else one
        for one in code.co_consts
        if not (isinstance(one, CodeType) and one.co_flags & inspect.CO_OPTIMIZED)
    ]
    return code.co_code, [(type(one), one) for one in constants]


def _import_anew(place: str, code: CodeType) -> None:
    """Forget the engine and the tests, and let the next import take this code for a file."""
    for name in [name for name in sys.modules if name.split(".")[0] in ("engine", "tests")]:
        if not name.startswith("tests.mutation") or ".test_" in name:
            del sys.modules[name]
    before = machinery.SourceFileLoader.get_code

    def get_code(loader: machinery.SourceFileLoader, name: str) -> Any:
        return code if loader.path == place else before(loader, name)

    machinery.SourceFileLoader.get_code = get_code  # type: ignore[method-assign,assignment]
