"""equirank: health-equity statistics on large survey microdata.

Public names are imported on first use, so that ``import engine`` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.batch.decompose import decompose
    from engine.batch.execute import run
    from engine.batch.functions import concentration_curve, concentration_index
    from engine.batch.logit import logit
    from engine.batch.mixed_logit import mixed_logit
    from engine.errors import DataError, EngineError, EstimationError, StudyError, UsageError
    from engine.study.load import load_study

__version__ = "0.1.0"

_HOMES = {
    "concentration_index": "engine.batch.functions",
    "concentration_curve": "engine.batch.functions",
    "decompose": "engine.batch.decompose",
    "load_study": "engine.study.load",
    "logit": "engine.batch.logit",
    "mixed_logit": "engine.batch.mixed_logit",
    "run": "engine.batch.execute",
    "EngineError": "engine.errors",
    "StudyError": "engine.errors",
    "DataError": "engine.errors",
    "EstimationError": "engine.errors",
    "UsageError": "engine.errors",
}

__all__ = [
    "DataError",
    "EngineError",
    "EstimationError",
    "StudyError",
    "UsageError",
    "__version__",
    "concentration_curve",
    "concentration_index",
    "decompose",
    "load_study",
    "logit",
    "mixed_logit",
    "run",
]


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module's attributes have any type
    if name not in _HOMES:
        raise AttributeError(f"module 'engine' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
