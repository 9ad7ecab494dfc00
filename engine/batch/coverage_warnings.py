"""Warnings of intervals that hold the true value less often than their level says.

The rules are those of docs/coverage.md, which simulates every statistic in fifteen survey designs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from engine.data.weight_spread import WeightSpread
from engine.results import TidyRow

NOISE = "dispersion between groups, with a standard error above a quarter of it"
FEW_UNITS = "inequality of amounts with fewer than 100 degrees of freedom"
LARGE_AMOUNTS = "entropy that a few large amounts decide, with fewer than 1,000 degrees of freedom"
FEW_PAYERS = "catastrophic payments of few people"
RERANKING = "reranking, with a standard error above an eighth of it"
PERCENTILES = "percentile intervals of dispersion between groups"
JACKKNIFE = "ratios of percentiles by the jackknife, which does not suit percentiles"
FEW_CLUSTERS = "quantiles of replicates that draw fewer than 16 clusters"

_MUCH, _ENOUGH = 0.9, 1000  # of the variation of weights; of records of equal weight
_QUANTILES = ("bootstrap, percentile", "bootstrap, basic", "bootstrap, bca")
_DISPERSION = {"bgv", "bgsd", "cov", "idisu", "idisw", "theil", "mld"}
_DISPERSION |= {"mdbu", "mdbw", "mdmu", "mdmw", "mdru", "mdrw"}
_OF_AMOUNTS = {"gini", "theil", "mld", "ge", "atkinson", "gini_net", "net_concentration", "lorenz"}
_OVERSHOOTS = {"overshoot", "weighted_overshoot", "mean_positive_overshoot"}
_CONCENTRATED = {"headcount_concentration", "overshoot_concentration"}


def coverage_warnings(rows: Sequence[TidyRow]) -> Iterator[str]:
    """Yield a warning for each analysis and reason, with the number of intervals it concerns."""
    doubtful = Counter((row.analysis, why) for row in rows if (why := doubt_of_limits(row)) is not None)
    for (analysis, why), count in doubtful.items():
        intervals = f"{count} interval{'s' if count > 1 else ''}"
        yield f"analysis {analysis}: {intervals} may hold the true value too seldom: {why}"


def weight_warnings(spread: WeightSpread | None) -> Iterator[str]:
    """Yield a warning where a few records have so much weight that they decide estimates or their limits."""
    if spread is None:
        return
    if spread.has_heavy_record:
        yield "one record has more than half of all weights: the estimates are nearly those of one person"
    elif spread.variation >= _MUCH and spread.effective < _ENOUGH:
        yield (
            f"weights vary by {spread.variation:.0%} and count as fewer than {_ENOUGH:,} equal ones: "
            "intervals of skewed amounts may hold the true value too seldom"
        )


def doubt_of_limits(row: TidyRow) -> str | None:
    """Return why the limits of a row may hold the true value too seldom; None without such a reason.

    Examples
    --------
    >>> row = TidyRow(measure="bgsd", kind="disparity", rank_by="fifth", estimate=0.03, std_error=0.02,
    ...               conf_low=-0.01, conf_high=0.07)
    >>> doubt_of_limits(row)
    'dispersion between groups, with a standard error above a quarter of it'
    """
    if row.conf_low is None or row.estimate is None or row.std_error is None:
        return None
    is_of_few = row.n_clusters is not None and row.n_clusters < 16
    if is_of_few and row.method is not None and row.method.endswith(_QUANTILES):
        return FEW_CLUSTERS
    if row.kind == "disparity" and row.rank_by is not None:
        return _of_groups(row, row.estimate, row.std_error)
    if row.kind in ("disparity", "financing") and row.measure in _OF_AMOUNTS:
        return _of_amounts(row, row.df2)
    if row.kind == "financing":
        return _of_payments(row, row.estimate, row.std_error)
    return None


def _of_groups(row: TidyRow, estimate: float, std_error: float) -> str | None:
    if row.measure not in _DISPERSION:
        return None
    if row.method is not None and row.method.endswith("percentile"):
        return PERCENTILES
    return NOISE if std_error > estimate / 4.0 else None


def _of_amounts(row: TidyRow, degrees: float | None) -> str | None:
    if degrees is None:
        return None
    if row.measure == "ge" and row.parameter is not None and row.parameter >= 2.0 and degrees < 1000:
        return LARGE_AMOUNTS
    return FEW_UNITS if degrees < 100 else None


def _of_payments(row: TidyRow, estimate: float, std_error: float) -> str | None:
    measure = row.measure
    if measure == "percentile_ratio" and "jackknife" in (row.method or ""):
        return JACKKNIFE
    few = measure in _OVERSHOOTS and std_error > estimate / 4.0
    if few or (measure in _CONCENTRATED and std_error > 0.1):
        return FEW_PAYERS
    return RERANKING if measure == "reranking" and std_error > estimate / 8.0 else None
