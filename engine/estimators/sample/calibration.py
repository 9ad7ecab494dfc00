"""Calibration of weights to known totals of a population: linear, or raking by exponential factors.

Source: Deville and Särndal (1992). With a single margin both are post-stratification.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.arrays import FloatArray
from engine.balance import sums_of_cells
from engine.errors import DataError
from engine.kernels.survey.calibration import Constraints, calibration_factors

CalibrationMethod = Literal["linear", "raking"]
TINY = 1e-300  # no number is scaled by less
DEPENDENT = -2  # what `calibration_factors` returns of variables that depend on each other


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """One margin of the population.

    Attributes
    ----------
    name
        Name of its columns.
    columns
        (N, k) float64: an indicator of each level, or one number.
    labels
        Names of the k columns.
    totals
        (k,) totals in the population.
    is_factor
        Whether the columns are indicators: then the totals add up to the population.
    """

    name: str
    columns: FloatArray
    labels: tuple[str, ...]
    totals: FloatArray
    is_factor: bool


class Calibration:
    """The constraints of some margins, on rows that are alike taken together."""

    def __init__(self, margins: Sequence[Margin], method: CalibrationMethod) -> None:
        _refuse_other_sizes(margins)
        factors = [margin for margin in margins if margin.is_factor]
        # The levels of each factor add up to the same constant: one level of all but the first is enough.
        kept = [
            (margin.columns[:, 1:], margin.totals[1:], margin.labels[1:])
            if margin.is_factor and margin is not factors[0]
            else (margin.columns, margin.totals, margin.labels)
            for margin in margins
        ]
        x = np.concatenate([columns for columns, _, _ in kept], axis=1)
        cells, self._cell = np.unique(x, axis=0, return_inverse=True)
        scale = np.maximum(abs(cells).max(axis=0), TINY)
        totals = np.concatenate([totals for _, totals, _ in kept])
        is_raking = method == "raking"
        x = np.ascontiguousarray(cells / scale)
        self._constraints = Constraints(x=x, totals=totals / scale, is_raking=is_raking)
        self._margins = margins

    def adjusted(self, weight: FloatArray, place: str) -> FloatArray:
        """Return weights (N,) that meet all totals; `place` names them in messages.

        Raises
        ------
        DataError
            If nobody is in a level, margins depend on each other, totals cannot be met, or a weight would be
            negative.
        """
        for margin in self._margins:
            for column, label, total in zip(margin.columns.T, margin.labels, margin.totals, strict=True):
                if total != 0.0 and not (weight[column != 0.0] > 0.0).any():
                    raise DataError(
                        f"{place}: found nobody in {margin.name} = {label}; expected people in every level "
                        "with a total. Combine levels."
                    )
        of_cell = sums_of_cells(weight, self._cell, len(self._constraints.x))
        factor = self._factors(of_cell, place)
        if count := int((factor[of_cell > 0.0] < 0.0).sum()):
            raise DataError(
                f"{place}: found negative weights in {count:,} kinds of people after linear calibration; "
                "expected none. Use method = 'raking', which keeps weights above 0."
            )
        adjusted: FloatArray = weight * np.where(of_cell > 0.0, factor, 0.0)[self._cell]
        return adjusted

    def _factors(self, of_cell: FloatArray, place: str) -> FloatArray:
        """Return what multiplies the weights of each kind of people."""
        factor = np.ones(len(of_cell))
        steps = calibration_factors(of_cell, self._constraints, factor)
        if steps == DEPENDENT:
            raise DataError(
                f"{place}: found margins that follow from each other; expected each to add something. Leave "
                "one out."
            )
        if steps < 0:
            raise DataError(
                f"{place}: found no weights that meet all totals; expected totals that people like these can "
                "have. Correct the totals, or combine levels."
            )
        return factor


def _refuse_other_sizes(margins: Sequence[Margin]) -> None:
    """Refuse factors whose totals add up to different populations."""
    sizes: list[tuple[str, float]] = [(m.name, float(m.totals.sum())) for m in margins if m.is_factor]
    for name, size in sizes[1:]:
        if abs(size - sizes[0][1]) > 1e-9 * abs(sizes[0][1]):
            raise DataError(
                f"margins: found {size:,.10g} people in {name} and {sizes[0][1]:,.10g} in {sizes[0][0]}; "
                "expected the same population in every margin. Correct the totals."
            )


def indicators(codes: NDArray[np.int64], n_levels: int) -> FloatArray:
    """Return an indicator (N, k) of each of k levels."""
    columns: FloatArray = (codes[:, None] == np.arange(n_levels)).astype(np.float64)
    return columns
