"""When replicates are enough: the Monte-Carlo error of interval bounds, and where to stop.

Source: Davison and Hinkley (1997), section 2.5.2. The order statistics around a quantile give an interval for
it without a density.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from engine.arrays import FloatArray
from engine.study.bootstrap import MOST_AUTO

TARGET = 0.02  # Monte-Carlo error of a bound, over the standard error
CHECKS = (2_048, *range(4_096, MOST_AUTO, 4_096))
"""After how many replicates, all of them whole blocks, the error is looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """The intervals whose bounds must stand still, and their confidence level."""

    intervals: tuple[str, ...]
    conf_level: float

    def is_reached(self, values: FloatArray) -> bool:
        """Whether every bound of every quantity (q, r) is known to TARGET of its standard error."""
        errors = [
            bound_error(row, interval, self.conf_level) for row in values for interval in self.intervals
        ]
        return all(error <= TARGET for error in errors if np.isfinite(error))


def bound_error(values: Sequence[float] | FloatArray, interval: str, conf_level: float) -> float:
    """Return the Monte-Carlo standard error of the worse bound of an interval, over the standard error.

    Parameters
    ----------
    values
        (r,) replicates of one quantity, NaN where undefined.
    interval
        ``normal``: the error of the standard error, times its quantile. All others are made of quantiles of
        the replicates: the distance of the order statistics between which such a quantile lies with 95 %
        confidence, over twice 1.96.
    conf_level
        Of the interval.

    Returns
    -------
    float
        NaN where the replicates do not vary or are fewer than two.

    Examples
    --------
    >>> values = np.random.default_rng(1).normal(size=17_800)
    >>> round(bound_error(values, "percentile", 0.95), 2), round(bound_error(values, "normal", 0.95), 2)
    (0.02, 0.01)
    """
    kept = np.sort(np.asarray(values)[np.isfinite(values)])
    b = len(kept)
    spread = float(kept.std()) if b > 1 else 0.0
    if spread == 0.0:
        return float("nan")
    tail = (1.0 - conf_level) / 2.0
    if interval == "normal":
        kurtosis = float((((kept - kept.mean()) / spread) ** 4).mean())
        return float(-ndtri(tail) * np.sqrt(max(kurtosis - 1.0, 0.0) / (4.0 * b)))
    z = -float(ndtri(0.025))
    return max(_width(kept, share, z) / (2.0 * z * spread) for share in (tail, 1.0 - tail))


def _width(ordered: FloatArray, share: float, z: float) -> float:
    """Return the distance of the order statistics that enclose a quantile; infinite if there are none."""
    b = len(ordered)
    half = z * np.sqrt(b * share * (1.0 - share))
    low, high = int(np.floor(b * share - half)), int(np.ceil(b * share + half)) + 1  # counted from 1
    return float(ordered[high - 1] - ordered[low - 1]) if low >= 1 and high <= b else float("inf")
