"""equirank: health-equity statistics on large survey microdata.

The same names as in the package `engine`; nothing heavy is imported before a name is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine import __version__

if TYPE_CHECKING:
    from engine import (
        BalanceResult,
        CurveResult,
        DataError,
        DecompositionResult,
        EngineError,
        EstimationError,
        GroupedResult,
        IndexResult,
        LogitResult,
        MixedLogitResult,
        RegressionResult,
        RunResult,
        StudyError,
        TableResult,
        UsageError,
        balance_weights,
        calibrate_weights,
        concentration_curve,
        concentration_index,
        decompose,
        describe,
        financing,
        grouped_inequality,
        inequality,
        influence,
        load_study,
        logit,
        mixed_linear,
        mixed_logit,
        pool,
        rates,
        read_run,
        refresh,
        regression,
        rif,
        run,
    )
else:

    def __getattr__(name: str) -> object:
        import engine

        if name == "report":  # a function here and in `engine`, where it is a package too
            return engine.report
        if name not in __all__:
            raise AttributeError(f"module 'equirank' has no attribute '{name}'")
        return getattr(engine, name)


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
