"""What comes out: tidy rows, and the frozen results of the Python functions, each in a file."""

from engine.results.balance_result import BalanceResult
from engine.results.curve_result import CurveResult
from engine.results.decomposition_result import DecompositionResult
from engine.results.grouped_result import GroupedResult
from engine.results.index_result import IndexResult
from engine.results.logit_result import LogitResult
from engine.results.mixed_logit_result import MixedLogitResult
from engine.results.regression_result import RegressionResult
from engine.results.rows import COLUMNS, TidyRow, to_frame
from engine.results.table_result import TableResult

__all__ = [
    "COLUMNS",
    "BalanceResult",
    "CurveResult",
    "DecompositionResult",
    "GroupedResult",
    "IndexResult",
    "LogitResult",
    "MixedLogitResult",
    "RegressionResult",
    "TableResult",
    "TidyRow",
    "to_frame",
]
