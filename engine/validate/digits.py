"""How many digits of a number are right, and whether they are as many as promised."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import median

MOST_DIGITS = 15.0  # a double holds no more decimal digits


def right_digits(value: float | None, exact: Fraction) -> float:
    """Return the digits in which a number agrees with the exact one: min(15, -log10 of the relative error).

    Against an exact 0 the absolute error counts. No number has no right digit.

    Examples
    --------
    >>> right_digits(0.5, Fraction(1, 2)), round(right_digits(0.33333, Fraction(1, 3)), 1)
    (15.0, 5.0)
    >>> right_digits(None, Fraction(1)), right_digits(float("nan"), Fraction(1))
    (0.0, 0.0)
    """
    if value is None or not math.isfinite(value):
        return 0.0
    error = abs(Fraction(value) - exact)
    if exact:
        error /= abs(exact)
    if error == 0:
        return MOST_DIGITS
    # Whole numbers may be longer than the largest double; their logarithms are not.
    log = math.log10(error.numerator) - math.log10(error.denominator)
    return min(MOST_DIGITS, max(0.0, -log))


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """The digits of one statistic against one oracle.

    Attributes
    ----------
    statistic
        What was computed.
    oracle
        What it was compared with.
    hardness
        What is hard about the samples; empty if nothing is or if there is one.
    digits
        Right digits in each sample.
    promised
        The fewest that it must have in every sample.
    """

    statistic: str
    oracle: str
    hardness: str
    digits: Sequence[float]
    promised: float

    @property
    def lowest(self) -> float:
        """The fewest digits in any sample."""
        return min(self.digits)

    @property
    def middle(self) -> float:
        """The median of the digits."""
        return median(self.digits)

    @property
    def is_kept(self) -> bool:
        """Whether every sample has the promised digits."""
        return self.lowest >= self.promised

    def as_dict(self) -> dict[str, object]:
        """Return the line for JSON."""
        return {
            "statistic": self.statistic,
            "oracle": self.oracle,
            "hardness": self.hardness,
            "samples": len(self.digits),
            "lowest": round(self.lowest, 2),
            "median": round(self.middle, 2),
            "promised": self.promised,
            "kept": self.is_kept,
        }
