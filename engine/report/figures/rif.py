"""The coefficients of a regression of the recentered influence function of an index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.report.figures.figure import Figure, Row, StudyFacts, last_of_each, level_of
from engine.report.figures.row_chart import Line, Mark, RowChart
from engine.report.figures.style import COLORS
from engine.report.figures.words import MOST_NAMED, decimals
from engine.report.words.sentences import index_name

_COEFFICIENT, _CONSTANT = "rif_coefficient", "(constant)"


def rif_figures(rows: Sequence[Row], facts: StudyFacts) -> Iterator[Figure]:
    """Yield the coefficients of each analysis and group, without the constant."""
    own = [row for row in rows if row["kind"] == "rif" and row["estimate"] is not None]
    for key in dict.fromkeys((row["analysis"], row["wave"], row["subgroup"]) for row in own):
        found = [row for row in own if (row["analysis"], row["wave"], row["subgroup"]) == key]
        shown = [row for row in found if row["measure"] == _COEFFICIENT and row["term"] != _CONSTANT]
        index = next((row["measure"] for row in found if row["measure"] != _COEFFICIENT), None)
        if shown and index is not None:
            yield _figure(last_of_each(shown, "term", "level"), index, facts)


def _figure(rows: Sequence[Row], index: str, facts: StudyFacts) -> Figure:
    first = rows[0]
    chart = RowChart(
        lines=tuple(_lines(rows, facts)),
        x_title=facts.say("rif_axis", level=level_of(first)),
        zero=0.0,
        note=facts.care(rows),
    )
    parts = ("rif", first["analysis"], first["wave"], first["subgroup"])
    title = facts.say("rif", index=index_name(facts.language, index), what=facts.inequality(first))
    return Figure(
        name="-".join(part for part in parts if part),
        title=facts.marked(facts.in_group(title, first), *rows),
        alt_text=facts.with_care(_alt_text(rows, facts), rows),
        chart=chart.chart(),
        analysis=first["analysis"],
    )


def _lines(rows: Sequence[Row], facts: StudyFacts) -> Iterator[Line]:
    """Yield a heading for each factor with its levels below; a number is one line."""
    digits = decimals(rows)
    for term in dict.fromkeys(row["term"] for row in rows):
        own = [row for row in rows if row["term"] == term]
        if own[0]["level"] is not None:
            yield Line(name=facts.label(term), is_heading=True)
        for row in own:
            name = facts.label(term) if row["level"] is None else str(row["level"])
            yield Line(name=name, marks=(_mark(row),), text=facts.interval(row, digits))


def _mark(row: Row) -> Mark:
    """Return a full point, hollow where the interval holds 0."""
    return Mark(
        estimate=row["estimate"],
        low=row["conf_low"],
        high=row["conf_high"],
        color=COLORS[0],
        filled=_is_clear(row),
    )


def _is_clear(row: Row) -> bool:
    low, high = row["conf_low"], row["conf_high"]
    return low is not None and high is not None and bool(low > 0 or high < 0)


def _alt_text(rows: Sequence[Row], facts: StudyFacts) -> str:
    """Tell how many coefficients differ from 0, and those farthest from it."""
    farthest = sorted(rows, key=lambda row: -abs(row["estimate"]))[:MOST_NAMED]
    digits = decimals(rows)
    named = facts.say("next").join(
        " ".join(
            part for part in (facts.label(row["term"]), row["level"], facts.interval(row, digits)) if part
        )
        for row in farthest
    )
    clear = sum(_is_clear(row) for row in rows)
    return facts.say("coefficients", n=len(rows), clear=clear, named=named)
