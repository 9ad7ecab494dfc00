"""Compiles kernels ahead: all of them on demand, or those of a study while its files are read.

Kernels compile when they are first called, so an analysis is run on a few invented rows.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from engine.batch.reporter import Reporter
from engine.study import AnalysisSpec, StudySpec, bootstrap_of

REPLICATES = 40
INVENTED = {"outcome": "y", "rank_by": "x"}


def compile_all() -> float:
    """Compile every kernel a run can need and return the seconds; with a filled cache a second or two."""
    started = time.perf_counter()
    for analysis in _one_of_each():
        _compile(analysis)
    _compile_calibration()
    _compile_balance()
    return time.perf_counter() - started


def _one_of_each() -> Iterator[AnalysisSpec]:
    """Yield analyses that call every kernel between them."""
    ranked: dict[str, Any] = {**INVENTED, "name": "compile"}
    decomposed = {**ranked, "kind": "decomposition", "terms": ["z"], "need": ["z"], "model": "logit"}
    for method in ("iid", "rao-wu", "poisson", "jackknife"):
        bootstrap = {"replicates": REPLICATES, "method": method}
        interval = "normal" if method == "jackknife" else "studentized"
        for index in ("standard", "extended"):
            yield _analysis(
                **ranked,
                kind="concentration",
                index=index,
                parameter=3.0 if index == "extended" else None,
                bootstrap={**bootstrap, "interval": interval},
            )
        yield _analysis(**decomposed, bootstrap=bootstrap)
    for route in ("rows", "cells"):
        bootstrap = {"replicates": REPLICATES, "method": "iid", "route": route}
        yield _analysis(**ranked, kind="concentration", bootstrap=bootstrap)
    slope = {"measure": ["sii"], "bootstrap": {"replicates": REPLICATES, "method": "iid"}}
    yield _analysis(**ranked, kind="disparity", **slope)
    paid = {"outcome": "y", "resources": "x", "measure": ["kakwani", "poorest_share"]}
    yield _analysis(name="compile", kind="financing", **paid, bootstrap=slope["bootstrap"])
    yield _analysis(**ranked, kind="curve")
    yield _analysis(**ranked, kind="rif", terms=["z"])
    yield _analysis(name="compile", kind="logit", outcome="y", terms=["z"], covariance="design")
    counted = {"model": "negative-binomial", "outcome": "y", "terms": ["z"], "covariance": "design"}
    yield _analysis(name="compile", kind="regression", **counted)
    yield _analysis(name="compile", kind="multilevel", outcome="y", terms=["z"], levels=["psu"])
    yield _analysis(name="compile", kind="rates", outcome="y")
    yield _analysis(name="compile", kind="describe", variables=["z"])


def _compile_calibration() -> None:
    """Calibrate a unit of two people to the weights that they have."""
    import numpy as np

    from engine.kernels.survey.calibration import CalibratedParts, Constraints, part_multipliers

    one = np.ones(1)
    parts = CalibratedParts(
        unit=np.zeros(1, np.int64), cell=np.zeros(1, np.int64), weight=2.0 * one, scale=one, factor=one
    )
    constraints = Constraints(x=one[:, None], totals=2.0 * one, is_raking=True)
    part_multipliers(np.ones((1, 1, 1)), parts, constraints)


def _compile_balance() -> None:
    """Balance two groups that are alike."""
    import numpy as np

    from engine.balance import ALL, BalanceCells
    from engine.estimators.sample.balance import balance_influence, balanced

    four = np.ones(4)
    for is_entropy in (True, False):
        cells = BalanceCells(
            x=np.column_stack([four, [0.0, 1.0, 0.0, 1.0]]),
            group=np.array([0, 0, 1, 1]),
            reference=ALL,
            is_entropy=is_entropy,
            factor=four,
            probability=np.zeros((0, 4)),
        )
        balance_influence(balanced(cells, four), four, four)


def _analysis(**fields: Any) -> AnalysisSpec:  # noqa: ANN401 - fields of any kind
    analysis: AnalysisSpec = TypeAdapter(AnalysisSpec).validate_python(fields)
    return analysis


def _compile(analysis: AnalysisSpec) -> None:
    """Run an analysis on a few invented rows."""
    from engine.batch.context import Context
    from engine.batch.invented import InventedColumns, invented_study
    from engine.batch.tasks import Task, run_tasks

    bootstrap = getattr(analysis, "bootstrap", None)
    few = {} if bootstrap is None else {"bootstrap": bootstrap.model_copy(update={"replicates": REPLICATES})}
    analysis = analysis.model_copy(update={"by": (), "waves": "all", **few})
    context = Context(
        spec=invented_study(analysis), columns=InventedColumns(), seed=0, threads=None, reporter=Reporter()
    )
    for result in run_tasks([Task(analysis=analysis)], context):
        result.rows()


class Compiling:
    """Processes that compile the kernels of a study's analyses while its files are read."""

    def __init__(
        self, waiting: Mapping[str, tuple[subprocess.Popen[bytes], Path]], reporter: Reporter
    ) -> None:
        self._waiting, self._reporter = dict(waiting), reporter

    def wait(self, name: str) -> None:
        """Wait until the kernels of an analysis are compiled; after a failure the analysis compiles them."""
        if name in self._waiting:
            process, mark = self._waiting.pop(name)
            if process.poll() is None:
                self._reporter.compiling()
            if process.wait() == 0:
                mark.touch()


@contextmanager
def compiling_ahead(spec: StudySpec, reporter: Reporter) -> Iterator[Compiling]:
    """Start one process for each kind of replicated analysis whose kernels are not in the cache yet.

    The reporter hears when somebody waits for them.
    """
    waiting: dict[str, tuple[subprocess.Popen[bytes], Path]] = {}
    if usable_cores() > 1:
        from engine.kernels.jit import cache_directory

        for analysis in spec.analysis:
            bootstrap = bootstrap_of(analysis)
            if bootstrap is None:
                continue
            mark = cache_directory() / f"compiled-{analysis.kind}-{bootstrap.method}"
            if not mark.exists() and all(mark != other for _, other in waiting.values()):
                waiting[analysis.name] = (_start(analysis), mark)
    try:
        yield Compiling(waiting, reporter)
    finally:
        for process, _ in waiting.values():
            if process.poll() is None:
                process.kill()
            process.wait()


def usable_cores() -> int:
    """Return how many cores this process may use, without importing numba for it."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _start(analysis: AnalysisSpec) -> subprocess.Popen[bytes]:
    # -P: of this installation, not of a checkout that happens to be the working folder.
    command = [sys.executable, "-P", "-m", __name__, analysis.model_dump_json(by_alias=True)]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet)  # noqa: S603


if __name__ == "__main__":
    _compile(TypeAdapter(AnalysisSpec).validate_json(sys.argv[1]))
