"""The cells of a standard population: of each row, and their shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from engine.arrays import FloatArray, IntArray, VariableArrays
from engine.errors import EstimationError, nearest
from engine.study.standard import StandardSpec

MOST_NAMED = 3  # empty cells in a status


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """A standard population, and where each row stands in it.

    Attributes
    ----------
    cell
        (N,) int64: number of the row's cell, -1 where a factor is missing.
    share
        (s,) shares of the standard population, with the sum 1.
    labels
        Names of the s cells.
    """

    cell: IntArray
    share: FloatArray
    labels: tuple[str, ...]

    def of_rows(self, rows: IntArray) -> Standard:
        """Return the same for some rows (n,)."""
        return Standard(cell=self.cell[rows], share=self.share, labels=self.labels)

    def empty(self, totals: FloatArray) -> list[str]:
        """Return the names of the cells of sums of weights (s,) that the standard needs and nobody is in."""
        return [self.labels[k] for k in np.flatnonzero((self.share > 0.0) & ~(totals > 0.0))]


def empty_status(names: Sequence[str]) -> str:
    """Return the status of a standardised number without people in some cells.

    Examples
    --------
    >>> empty_status(["age=old"])
    'undefined: nobody in age=old'
    """
    more = len(names) - MOST_NAMED
    shown = "; ".join(names[:MOST_NAMED])
    return f"undefined: nobody in {shown}" + (f" and {more} more cells" if more > 0 else "")


def standard_of(spec: StandardSpec, factors: Sequence[VariableArrays]) -> Standard:
    """Return the standard population of an analysis; `factors` are those of `spec.by`.

    Raises
    ------
    EstimationError
        If the population names an unknown level, a cell twice, or leaves a cell out.
    """
    sizes: dict[tuple[str, ...], float] = {}
    for *levels, size in spec.population:
        cell = tuple(str(level) for level in levels)
        for level, factor in zip(cell, factors, strict=False):
            if level not in factor.levels:
                raise EstimationError(
                    f"standardise.population: found '{level}', which is no level of {factor.name}; expected "
                    f"one. {nearest(level, list(factor.levels))}"
                )
        if len(cell) != len(factors) or cell in sizes:
            raise EstimationError(
                f"standardise.population: found {', '.join(cell)} twice, or without {len(factors)} levels; "
                "expected each cell once. Correct the row."
            )
        sizes[cell] = float(size)
    cells = [*product(*(factor.levels for factor in factors))]
    labels = tuple(_label(factors, cell) for cell in cells)
    left_out = [label for label, cell in zip(labels, cells, strict=True) if cell not in sizes]
    if left_out:
        raise EstimationError(
            f"standardise.population: found no size of {left_out[0]}, and {len(left_out)} cells without one; "
            "expected a row for every cell. Add it, with size 0 to leave the cell out."
        )
    shares = np.array([sizes[cell] for cell in cells])
    return Standard(cell=_numbers(factors), share=shares / shares.sum(), labels=labels)


def standard_or_none(spec: StandardSpec | None, factors: Sequence[VariableArrays]) -> Standard | None:
    """Return the standard population of an analysis that has one."""
    return None if spec is None else standard_of(spec, factors)


def _numbers(factors: Sequence[VariableArrays]) -> IntArray:
    number = np.zeros(len(factors[0].missing), np.int64)
    is_missing = np.zeros(len(number), bool)
    for factor in factors:
        assert factor.codes is not None  # noqa: S101 - the study check refuses a number
        number = number * len(factor.levels) + factor.codes
        is_missing |= factor.codes < 0
    return np.where(is_missing, -1, number)


def _label(factors: Sequence[VariableArrays], cell: Sequence[str]) -> str:
    return ", ".join(f"{factor.name}={level}" for factor, level in zip(factors, cell, strict=True))
