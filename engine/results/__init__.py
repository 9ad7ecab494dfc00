"""What comes out: frozen results and tidy rows."""

from engine.results.results import CurveResult, DecompositionResult, IndexResult, LogitResult
from engine.results.rows import COLUMNS, TidyRow, to_frame

__all__ = ["COLUMNS", "CurveResult", "DecompositionResult", "IndexResult", "LogitResult", "TidyRow", "to_frame"]
