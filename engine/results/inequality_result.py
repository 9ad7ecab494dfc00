"""The result of `inequality` and `grouped_inequality`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.results.rows import TidyRow
from engine.results.shown import Shown, cell


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class InequalityResult(Shown):
    """One measure of disparity or inequality.

    Attributes
    ----------
    measure
        Its name, such as ``sii``.
    estimate
        Its value, NaN where it is undefined.
    std_error
        From the replicates if there are any, otherwise linearised.
    conf_low, conf_high, conf_level
        The confidence interval; that of a ratio is made on the log scale.
    p_value
        Of the two-sided test against no disparity; NaN for measures that cannot be negative.
    n_obs
        Rows used.
    method
        How standard error and interval were made.
    status
        ``ok``, or why a number is missing.
    replicates
        (r,) float64, NaN where the measure of a replicate was undefined; None without replicates.
    rows
        The tidy rows: linearised first, then those of the replicates.
    """

    measure: str
    estimate: float
    std_error: float
    conf_low: float
    conf_high: float
    conf_level: float
    p_value: float
    n_obs: int
    method: str
    status: str
    replicates: NDArray[np.float64] | None
    rows: tuple[TidyRow, ...]

    def summary(self) -> str:
        """Return the measure with its error and interval in one sentence."""
        interval = f"{100 * self.conf_level:g} % interval {cell(self.conf_low)} to {cell(self.conf_high)}"
        numbers = f"{self.measure} {cell(self.estimate)} (standard error {cell(self.std_error)}, {interval})"
        return f"{numbers}, n = {self.n_obs:,}, {self.method}"

    def __repr__(self) -> str:
        return f"InequalityResult: {self.summary()}"


def result_of_rows(rows: tuple[TidyRow, ...], replicates: NDArray[np.float64] | None) -> InequalityResult:
    """Return the result of tidy rows of one measure; the last of them is the result's."""
    last = rows[-1]
    nan = float("nan")
    return InequalityResult(
        measure=last.measure,
        estimate=nan if last.estimate is None else last.estimate,
        std_error=nan if last.std_error is None else last.std_error,
        conf_low=nan if last.conf_low is None else last.conf_low,
        conf_high=nan if last.conf_high is None else last.conf_high,
        conf_level=nan if last.conf_level is None else last.conf_level,
        p_value=nan if last.p_value is None else last.p_value,
        n_obs=last.n_obs or 0,
        method=str(last.method),
        status=last.status,
        replicates=replicates,
        rows=rows,
    )
