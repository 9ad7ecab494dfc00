"""The names of the measures of payments and benefits, and what each of them needs."""

from __future__ import annotations

from typing import Literal

FinancingMeasure = Literal[
    "gini",
    "gini_net",
    "concentration",
    "net_concentration",
    "payment_share",
    "kakwani",
    "reynolds_smolensky",
    "redistributive_effect",
    "reranking",
    "headcount",
    "overshoot",
    "mean_positive_overshoot",
    "headcount_concentration",
    "overshoot_concentration",
    "weighted_headcount",
    "weighted_overshoot",
    "achievement",
    "poverty_headcount",
    "poverty_headcount_net",
    "poverty_headcount_impact",
    "poverty_gap",
    "poverty_gap_net",
    "poverty_gap_impact",
    "normalised_gap_impact",
    "lorenz",
    "poorest_share",
    "richest_share",
    "interval_share",
    "percentile_ratio",
]

CATASTROPHIC: tuple[FinancingMeasure, ...] = (
    "headcount",
    "overshoot",
    "mean_positive_overshoot",
    "headcount_concentration",
    "overshoot_concentration",
    "weighted_headcount",
    "weighted_overshoot",
)
POVERTY: tuple[FinancingMeasure, ...] = (
    "poverty_headcount",
    "poverty_headcount_net",
    "poverty_headcount_impact",
    "poverty_gap",
    "poverty_gap_net",
    "poverty_gap_impact",
    "normalised_gap_impact",
)
SHARES_OF_PEOPLE: tuple[FinancingMeasure, ...] = ("headcount", "poverty_headcount", "poverty_headcount_net")
AT_PERCENTILES: tuple[FinancingMeasure, ...] = ("lorenz", "poorest_share", "richest_share", "interval_share")
