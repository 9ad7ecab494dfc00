"""Measures of disparity by wave and subgroup; those of one scale stand in one figure.

Their differences between groups stand in a table only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.report.disparity_table import is_comparison, measure_name
from engine.report.figures.figure import Figure, Row, StudyFacts, last_of_each
from engine.report.figures.measures import Scale, measure_figure

_GAPS = ("difference", "sii", "mdbu", "mdbw", "mdmu", "mdmw", "mdru", "mdrw", "par", "bgsd", "aci")
_SCALES = (
    Scale(name="ratio", measures=("ratio", "rii"), is_ratio=True),
    Scale(name="gap", measures=_GAPS),
    Scale(name="share", measures=("cov", "idisu", "idisw", "paf")),
    Scale(name="relative", measures=("rci", "gini")),
    Scale(name="entropy", measures=("theil", "mld", "ge", "atkinson")),
    Scale(name="variance", measures=("bgv",)),
)


def disparity_figures(rows: Sequence[Row], facts: StudyFacts) -> Iterator[Figure]:
    """Yield the measures of each analysis and outcome, a figure a scale."""
    own = [row for row in rows if row["kind"] == "disparity" and row["estimate"] is not None]
    for analysis, outcome in dict.fromkeys((row["analysis"], row["outcome"]) for row in own):
        found = [row for row in own if (row["analysis"], row["outcome"]) == (analysis, outcome)]
        measures = [row for row in found if not is_comparison(row) and row["level"] is None]
        measures = last_of_each(measures, "measure", "wave", "subgroup")
        for scale in _SCALES:
            shown = [row for row in measures if scale.has(row)]
            if shown:
                yield measure_figure(
                    shown,
                    scale,
                    facts,
                    kind="disparity",
                    name_of=lambda row: measure_name(row["measure"], facts.language),
                )
