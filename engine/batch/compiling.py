"""Compiles kernels ahead: all of them on demand, or those of a study beside the reading of its files."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.study import AnalysisSpec, ConcentrationSpec, DecompositionSpec, StudySpec
from engine.study.analyses import REPLICATED

if TYPE_CHECKING:
    import polars as pl

DESIGN = {"stratum": "stratum", "cluster": "psu"}
REPLICATES = 40


def warm_kernels() -> float:
    """Compile every kernel a run can need and return the seconds it took; with a filled cache a second or two."""
    from engine.api.concentration import concentration_curve, concentration_index
    from engine.api.decompose import decompose
    from engine.api.logit import logit
    from engine.api.mixed_logit import mixed_logit

    started = time.perf_counter()
    frame = _few_rows()
    asked: dict[str, Any] = {**DESIGN, "bootstrap": REPLICATES}
    for method in ("iid", "rao-wu", "poisson", "jackknife"):
        interval = "normal" if method == "jackknife" else "studentized"
        for index in ("standard", "extended"):
            concentration_index(
                frame,
                "y",
                "x",
                index=index,
                parameter=3.0 if index == "extended" else None,
                method=method,
                interval=interval,
                **asked,
            )
        decompose(frame, "y", "x", ["z"], need=["z"], model="logit", method=method, **asked)
    for route in ("rows", "cells"):
        concentration_index(frame, "y", "x", bootstrap=REPLICATES, method="iid", route=route)
    concentration_curve(frame, "y", "x")
    logit(frame, "y", ["z"], cluster="psu", covariance="design")
    mixed_logit(frame, "y", ["z"], ["psu"])
    return time.perf_counter() - started


def _few_rows() -> pl.DataFrame:
    import polars as pl

    n = 24
    return pl.DataFrame(
        {
            "x": [i % 7 for i in range(n)],
            "y": [i % 3 == 0 for i in range(n)],
            "z": [i % 5 for i in range(n)],
            "w": [1.0 + i % 2 for i in range(n)],
            "stratum": [i // 12 for i in range(n)],
            "psu": [i // 3 for i in range(n)],
        }
    )


def _warm_like(analysis: AnalysisSpec) -> None:
    """Do what an analysis does on a few rows, so that its kernels are compiled."""
    from engine.api.concentration import concentration_index
    from engine.api.decompose import decompose

    frame = _few_rows()
    bootstrap = analysis.bootstrap if isinstance(analysis, REPLICATED) else None
    if bootstrap is None:
        return
    asked: dict[str, Any] = {"weight": "w", **DESIGN, "bootstrap": REPLICATES, "method": bootstrap.method}
    if isinstance(analysis, DecompositionSpec):
        need = ["z"] if analysis.need else []
        decompose(frame, "y", "x", ["z"], need=need, model=analysis.model, effect=analysis.effect, **asked)
    elif isinstance(analysis, ConcentrationSpec):
        concentration_index(
            frame,
            "y",
            "x",
            index=analysis.index[0],
            parameter=analysis.parameter,
            interval=[*bootstrap.interval],
            route="rows" if bootstrap.route == "auto" else bootstrap.route,
            **asked,
        )


class Aside:
    """Processes that compile the kernels of a study's analyses while its files are read."""

    def __init__(self, waiting: Mapping[str, tuple[subprocess.Popen[bytes], Path]]) -> None:
        self._waiting = dict(waiting)

    def wait(self, name: str) -> None:
        """Wait until the kernels of an analysis are compiled; if that failed, the analysis compiles them itself."""
        if name in self._waiting:
            process, mark = self._waiting.pop(name)
            if process.wait() == 0:
                mark.touch()


@contextmanager
def compiling_aside(spec: StudySpec) -> Iterator[Aside]:
    """Start one process for each kind of replicated analysis whose kernels are not in the cache yet."""
    waiting: dict[str, tuple[subprocess.Popen[bytes], Path]] = {}
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if cores > 1:
        from engine.kernels.jit import cache_directory

        for analysis in spec.analysis:
            if (
                isinstance(analysis, REPLICATED)
                and analysis.bootstrap is not None
                and analysis.bootstrap.replicates
            ):
                mark = cache_directory() / f"compiled-{analysis.kind}-{analysis.bootstrap.method}"
                if not mark.exists() and all(mark != other for _, other in waiting.values()):
                    # -P: of this installation, not of a checkout that happens to be the working folder.
                    command = [
                        sys.executable,
                        "-P",
                        "-m",
                        "engine.batch.compiling",
                        analysis.model_dump_json(by_alias=True),
                    ]
                    quiet = subprocess.DEVNULL
                    process = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet)  # noqa: S603
                    waiting[analysis.name] = (process, mark)
    try:
        yield Aside(waiting)
    finally:
        for process, _ in waiting.values():
            if process.poll() is None:
                process.kill()
            process.wait()


if __name__ == "__main__":
    from pydantic import TypeAdapter

    _warm_like(TypeAdapter(AnalysisSpec).validate_json(sys.argv[1]))
