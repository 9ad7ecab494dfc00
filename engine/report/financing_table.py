"""Tidy rows of payments and benefits -> a table of each outcome, and one of differences between groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.report.disparity_table import measure_tables, named
from engine.report.groups import Row
from engine.report.model import Table
from engine.report.words.sentences import Language
from engine.report.words.tables import phrase

NAMES = {
    "gini": "Gini index of resources",
    "gini_net": "Gini index of net resources",
    "concentration": "concentration index",
    "net_concentration": "concentration index of net resources",
    "payment_share": "share of resources",
    "kakwani": "Kakwani index",
    "reynolds_smolensky": "Reynolds-Smolensky index",
    "redistributive_effect": "redistributive effect",
    "reranking": "reranking",
    "headcount": "catastrophic headcount, above {level}",
    "overshoot": "catastrophic overshoot, above {level}",
    "mean_positive_overshoot": "mean positive overshoot, above {level}",
    "headcount_concentration": "concentration index of the headcount, above {level}",
    "overshoot_concentration": "concentration index of the overshoot, above {level}",
    "weighted_headcount": "rank-weighted headcount, above {level}",
    "weighted_overshoot": "rank-weighted overshoot, above {level}",
    "achievement": "achievement index, aversion {level}",
    "poverty_headcount": "poverty headcount",
    "poverty_headcount_net": "poverty headcount, net",
    "poverty_headcount_impact": "poverty impact, headcount",
    "poverty_gap": "poverty gap",
    "poverty_gap_net": "poverty gap, net",
    "poverty_gap_impact": "poverty impact, gap",
    "normalised_gap_impact": "poverty impact, gap by the line",
    "lorenz": "share of resources, poorest {level} %",
    "poorest_share": "share of the poorest {level} %",
    "richest_share": "share of the richest {level} %",
    "interval_share": "share between percentiles {level}",
    "percentile_ratio": "percentile ratio of resources, {level}",
}


def financing_tables(rows: Sequence[Row]) -> Iterator[Table]:
    """Return the measures of each payment or benefit, then their differences between groups."""
    yield from measure_tables(rows, NAMES, "distribution of")


def financing_name(measure: str, level: str | None, language: Language = "en") -> str:
    """Return what a measure of payments or benefits is called, with its threshold or percentile.

    Examples
    --------
    >>> financing_name("poorest_share", "20"), financing_name("kakwani", None, "zh")
    ('share of the poorest 20 %', 'Kakwani 指数')
    """
    name = named(NAMES, measure, level)
    return phrase(name) if language == "zh" else name
