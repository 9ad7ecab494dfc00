"""What comes out: frozen results and tidy rows."""

from engine.results.results import (
    CurveResult,
    DecompositionResult,
    IndexResult,
    LogitResult,
    MixedLogitResult,
)
from engine.results.rows import COLUMNS, TidyRow, to_frame

__all__ = [
    "COLUMNS",
    "CurveResult",
    "DecompositionResult",
    "IndexResult",
    "LogitResult",
    "MixedLogitResult",
    "TidyRow",
    "to_frame",
]
