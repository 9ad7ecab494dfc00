"""Measures of payments and benefits by wave and subgroup; those of one subject stand in one figure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.report.disparity_table import is_comparison
from engine.report.figures.figure import Figure, Row, StudyFacts, last_of_each
from engine.report.figures.measures import Scale, measure_figure
from engine.report.financing_table import financing_name

_INDICES = (
    "gini",
    "gini_net",
    "concentration",
    "net_concentration",
    "kakwani",
    "reynolds_smolensky",
    "redistributive_effect",
    "reranking",
    "headcount_concentration",
    "overshoot_concentration",
)
_HELD = ("payment_share", "lorenz", "poorest_share", "richest_share", "interval_share")
_CATASTROPHIC = (
    "headcount",
    "overshoot",
    "mean_positive_overshoot",
    "weighted_headcount",
    "weighted_overshoot",
)
_POVERTY = ("poverty_headcount", "poverty_headcount_net", "poverty_headcount_impact", "normalised_gap_impact")
_SCALES = (
    Scale(name="index", measures=_INDICES),
    Scale(name="held", measures=_HELD, times=100.0),
    Scale(name="catastrophic", measures=_CATASTROPHIC, times=100.0),
    Scale(name="poverty", measures=_POVERTY, times=100.0),
    Scale(name="poverty_gap", measures=("poverty_gap", "poverty_gap_net", "poverty_gap_impact")),
    Scale(name="achievement", measures=("achievement",)),
    Scale(name="ratio", measures=("percentile_ratio",), is_ratio=True),
)


def financing_figures(rows: Sequence[Row], facts: StudyFacts) -> Iterator[Figure]:
    """Yield the measures of each analysis and payment or benefit, a figure a subject."""
    own = [row for row in rows if row["kind"] == "financing" and row["estimate"] is not None]
    own = [row for row in own if not is_comparison(row)]
    for analysis, outcome in dict.fromkeys((row["analysis"], row["outcome"]) for row in own):
        found = [row for row in own if (row["analysis"], row["outcome"]) == (analysis, outcome)]
        found = last_of_each(found, "measure", "level", "wave", "subgroup")
        for scale in _SCALES:
            shown = [row for row in found if scale.has(row)]
            if shown:
                yield measure_figure(
                    shown,
                    scale,
                    facts,
                    kind="financing",
                    name_of=lambda row: financing_name(row["measure"], row["level"], facts.language),
                )
