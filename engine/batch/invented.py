"""A few invented rows with a design, that answer to every name: kernels are compiled on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self
from zlib import crc32

import numpy as np

from engine.arrays import DesignColumns, FloatArray, Group, IntArray, VariableArrays
from engine.study import AnalysisSpec, StudySpec

ROWS = 240


def invented_study(analysis: AnalysisSpec) -> StudySpec:
    """Return a study whose variables are all that an analysis may name, numbers between 0 and 1."""
    names = {word for value in analysis.model_dump().values() for word in _words(value)}
    return StudySpec.model_validate(
        {
            "study": {"name": "invented"},
            "source": {"path": "none.csv"},
            "variables": {name: {"from": name, "bounds": (0.0, 1.0)} for name in names},
            "analysis": [analysis],
        }
    )


def _words(value: object) -> set[str]:
    if isinstance(value, str):
        return {value} if value.isidentifier() else set()
    return set().union(*map(_words, value)) if isinstance(value, (list, tuple)) else set()


class InventedColumns:
    """The columns of the invented sample, see `engine.batch.context.Columns`."""

    waves: tuple[str, ...] = ()
    n = ROWS

    def of_waves(self, _waves: Sequence[str] | None) -> Self:
        """Return the same columns: no wave is told apart."""
        return self

    def where(self, _condition: str | None) -> Self:
        """Return the same columns: they satisfy every condition."""
        return self

    def cells(self, _key: object) -> Self:
        """Return the same columns: their rows are as few as cells."""
        return self

    def numbers(self, name: str) -> FloatArray:
        """Return numbers of 0 and 1, (ROWS,), different ones for each name."""
        return np.random.default_rng(crc32(name.encode())).integers(0, 2, ROWS).astype(np.float64)

    def variable(self, name: str) -> VariableArrays:
        """Return a number without missing values."""
        missing = np.zeros(ROWS, np.uint8)
        return VariableArrays(name=name, levels=(), codes=None, values=self.numbers(name), missing=missing)

    def groups(self, _by: Sequence[str]) -> tuple[IntArray, tuple[Group, ...]]:
        """Return one group of all rows."""
        return np.zeros(ROWS, np.int64), (Group(),)

    def design(self) -> DesignColumns:
        """Return two strata of four clusters each, and weights."""
        row = np.arange(ROWS)
        return DesignColumns(weight=(1.0 + row % 2).astype(np.float64), stratum=row // 120, cluster=row // 30)

    def level(self, _name: str) -> IntArray:
        """Return eight clusters."""
        return np.arange(ROWS) // 30

    def level_weight(self, _name: str) -> FloatArray:
        """Return weights of the eight clusters."""
        return (1.0 + np.arange(ROWS) // 30 % 2).astype(np.float64)
