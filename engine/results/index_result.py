"""The result of `concentration_index`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.results.rows import TidyRow
from engine.results.shown import Shown, cell


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class IndexResult(Shown):
    """One rank-dependent index.

    Attributes
    ----------
    measure
        The name of the index, such as ``erreygers``.
    estimate
        Its value.
    std_error
        From the replicates if there are any, otherwise linearised.
    linearised_std_error
        From the influence values and the survey design; NaN with replicate weights.
    conf_low, conf_high, conf_level
        The confidence interval.
    p_value
        Of the two-sided test against 0.
    n_obs
        Rows used.
    method
        How standard error and interval were made.
    replicates
        (r,) float64, NaN where the index of a replicate was undefined; None without replicates.
    rows
        The tidy rows: linearised first, then those of the replicates.
    """

    measure: str
    estimate: float
    std_error: float
    linearised_std_error: float
    conf_low: float
    conf_high: float
    conf_level: float
    p_value: float
    n_obs: int
    method: str
    replicates: NDArray[np.float64] | None
    rows: tuple[TidyRow, ...]

    def __repr__(self) -> str:
        return f"IndexResult: {self.summary()}"

    def summary(self) -> str:
        """Return the index with its error and interval in one sentence."""
        interval = f"{100 * self.conf_level:g} % interval {cell(self.conf_low)} to {cell(self.conf_high)}"
        error = f"standard error {cell(self.std_error)}"
        numbers = f"{self.measure} {cell(self.estimate)} ({error}, {interval}, p = {cell(self.p_value)})"
        return f"{numbers}, n = {self.n_obs:,}, {self.method}"
