"""Tidy rows of payments and benefits -> a table of each outcome, and one of differences between groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.report.disparity_table import measure_tables
from engine.report.groups import Row
from engine.report.model import Table

NAMES = {
    "gini": "Gini index of resources",
    "gini_net": "Gini index of net resources",
    "concentration": "concentration index",
    "net_concentration": "concentration index of net resources",
    "payment_share": "share of resources",
    "kakwani": "Kakwani index",
    "reynolds_smolensky": "Reynolds-Smolensky index",
    "redistributive_effect": "redistributive effect",
    "headcount": "catastrophic headcount, above",
    "overshoot": "catastrophic overshoot, above",
    "mean_positive_overshoot": "mean positive overshoot, above",
    "headcount_concentration": "concentration index of the headcount, above",
    "overshoot_concentration": "concentration index of the overshoot, above",
    "weighted_headcount": "rank-weighted headcount, above",
    "weighted_overshoot": "rank-weighted overshoot, above",
    "achievement": "achievement index, aversion",
    "poverty_headcount": "poverty headcount",
    "poverty_headcount_net": "poverty headcount, net",
    "poverty_headcount_impact": "poverty impact, headcount",
    "poverty_gap": "poverty gap",
    "poverty_gap_net": "poverty gap, net",
    "poverty_gap_impact": "poverty impact, gap",
    "normalised_gap_impact": "poverty impact, gap by the line",
    "lorenz": "share of resources, poorest %",
    "poorest_share": "share of the poorest %",
    "richest_share": "share of the richest %",
    "interval_share": "share between percentiles",
    "percentile_ratio": "percentile ratio of resources",
}


def financing_tables(rows: Sequence[Row]) -> Iterator[Table]:
    """Return the measures of each payment or benefit, then their differences between groups."""
    yield from measure_tables(rows, NAMES, "distribution of")
