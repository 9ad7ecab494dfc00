"""equirank: health-equity statistics on large survey microdata.

Public names are imported on first use, so that ``import engine`` costs nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from engine.version import VERSION

if TYPE_CHECKING:
    from engine.api.balance_weights import balance_weights
    from engine.api.calibrate_weights import calibrate_weights
    from engine.api.concentration_curve import concentration_curve
    from engine.api.concentration_index import concentration_index
    from engine.api.decompose import decompose
    from engine.api.describe import describe
    from engine.api.financing import financing
    from engine.api.grouped_inequality import grouped_inequality
    from engine.api.inequality import inequality
    from engine.api.influence import influence
    from engine.api.logit import logit
    from engine.api.mixed_linear import mixed_linear
    from engine.api.mixed_logit import mixed_logit
    from engine.api.pool import pool
    from engine.api.rates import rates
    from engine.api.regression import regression
    from engine.api.rif import rif
    from engine.batch.run import run
    from engine.batch.run_result import RunResult, read_run
    from engine.errors import DataError, EngineError, EstimationError, StudyError, UsageError
    from engine.nights.refresh import refresh
    from engine.report.words.sentences import Language
    from engine.results import (
        BalanceResult,
        CurveResult,
        DecompositionResult,
        GroupedResult,
        IndexResult,
        LogitResult,
        MixedLogitResult,
        RegressionResult,
        TableResult,
    )
    from engine.study.load import load_study

__version__ = VERSION

_HOMES = {
    "balance_weights": "engine.api.balance_weights",
    "calibrate_weights": "engine.api.calibrate_weights",
    "concentration_index": "engine.api.concentration_index",
    "concentration_curve": "engine.api.concentration_curve",
    "decompose": "engine.api.decompose",
    "financing": "engine.api.financing",
    "grouped_inequality": "engine.api.grouped_inequality",
    "inequality": "engine.api.inequality",
    "influence": "engine.api.influence",
    "load_study": "engine.study.load",
    "logit": "engine.api.logit",
    "mixed_linear": "engine.api.mixed_linear",
    "mixed_logit": "engine.api.mixed_logit",
    "describe": "engine.api.describe",
    "pool": "engine.api.pool",
    "rates": "engine.api.rates",
    "regression": "engine.api.regression",
    "rif": "engine.api.rif",
    "refresh": "engine.nights.refresh",
    "run": "engine.batch.run",
    "read_run": "engine.batch.run_result",
    "RunResult": "engine.batch.run_result",
    **dict.fromkeys(
        (
            "BalanceResult",
            "CurveResult",
            "DecompositionResult",
            "GroupedResult",
            "IndexResult",
            "LogitResult",
            "MixedLogitResult",
            "RegressionResult",
            "TableResult",
        ),
        "engine.results",
    ),
    "EngineError": "engine.errors",
    "StudyError": "engine.errors",
    "DataError": "engine.errors",
    "EstimationError": "engine.errors",
    "UsageError": "engine.errors",
}

__all__ = [
    "BalanceResult",
    "CurveResult",
    "DataError",
    "DecompositionResult",
    "EngineError",
    "EstimationError",
    "GroupedResult",
    "IndexResult",
    "LogitResult",
    "MixedLogitResult",
    "RegressionResult",
    "RunResult",
    "StudyError",
    "TableResult",
    "UsageError",
    "__version__",
    "balance_weights",
    "calibrate_weights",
    "concentration_curve",
    "concentration_index",
    "decompose",
    "describe",
    "financing",
    "grouped_inequality",
    "inequality",
    "influence",
    "load_study",
    "logit",
    "mixed_linear",
    "mixed_logit",
    "pool",
    "rates",
    "read_run",
    "refresh",
    "regression",
    "rif",
    "run",
]


def __dir__() -> list[str]:
    return __all__


class _ReportPackage(ModuleType):
    """The package `engine.report`, which can be called: `engine.report("run")` writes a report again."""

    def __call__(self, run: str | Path | RunResult, language: Language | None = None) -> Path:
        """Write the report of a run directory and return its path; the language is the study's by default.

        Raises
        ------
        UsageError
            If there is no run.
        """
        from engine.batch.reporting import write_report

        return write_report(Path(run) if isinstance(run, str | Path) else run.path, language)


class _Package(ModuleType):
    """The package `engine`, which makes its subpackage `report` callable when Python puts it here."""

    def __setattr__(self, name: str, value: object) -> None:
        if name == "report" and isinstance(value, ModuleType):
            value.__class__ = _ReportPackage
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


if not TYPE_CHECKING:  # a type checker must not take unknown names for good ones

    def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module's attributes have any type
        if name == "report":
            from importlib import import_module

            return import_module("engine.report")
        if name not in _HOMES:
            raise AttributeError(f"module 'engine' has no attribute '{name}'")
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
