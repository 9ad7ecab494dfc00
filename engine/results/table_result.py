"""The result of functions that give a table: rates, descriptions, RIF regressions, statistics by group."""

from __future__ import annotations

from dataclasses import dataclass

from engine.results.rows import TidyRow
from engine.results.shown import Shown


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TableResult(Shown):
    """Tidy rows of one analysis.

    Attributes
    ----------
    kind
        The kind of analysis, such as ``rates``.
    rows
        The tidy rows.
    """

    kind: str
    rows: tuple[TidyRow, ...]
