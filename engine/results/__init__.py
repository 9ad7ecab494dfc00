"""What comes out: frozen results and tidy rows."""

from engine.results.results import CurveResult, DecompositionResult, IndexResult
from engine.results.rows import COLUMNS, TidyRow, to_frame

__all__ = ["COLUMNS", "CurveResult", "DecompositionResult", "IndexResult", "TidyRow", "to_frame"]
