"""What is behind an index: bars of contributions with intervals, need apart, the residual last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from engine.report.figures.figure import Figure, Row, StudyFacts, level_of
from engine.report.figures.row_chart import Line, Mark, RowChart
from engine.report.figures.style import COLORS, STEPS
from engine.report.figures.words import decimals, drawn

_SUMS = ("need", "non-need")
_NEED, _OTHER, _RESIDUAL = COLORS[0], STEPS[2], STEPS[4]


def contribution_figures(rows: Sequence[Row], facts: StudyFacts) -> Iterator[Figure]:
    """Yield the contributions of each decomposition, wave and subgroup, and their changes between groups."""
    for measure, residual in (("contribution", "residual"), ("contribution_change", "residual_change")):
        found = [row for row in rows if row["kind"] == "decomposition"]
        keys = [(row["analysis"], row["wave"], row["subgroup"]) for row in found if row["measure"] == measure]
        for key in dict.fromkeys(keys):
            own = [row for row in found if (row["analysis"], row["wave"], row["subgroup"]) == key]
            yield _figure(own, measure, residual, facts)


def _figure(rows: Sequence[Row], measure: str, residual: str, facts: StudyFacts) -> Figure:
    first = rows[0]
    is_change = measure == "contribution_change"
    bars = [row for row in _terms(rows, measure) if row["estimate"] is not None]
    rest = next((row for row in rows if row["measure"] == residual), None)
    whole = next((row for row in rows if row["measure"] == "difference"), None) if is_change else first
    shares = {(row["term"], row["level"]): row["estimate"] for row in rows if row["measure"] == "share"}
    digits = decimals(bars)
    need = facts.need.get(str(first["analysis"]), frozenset())
    lines = [*_lines(bars, need, facts, shares, digits)]
    told = [f"{facts.label(row['term'])} {facts.interval(row, digits)}" for row in bars]
    if rest is not None and rest["estimate"] is not None:
        lines.append(Line(name=facts.say("rest"), is_heading=True))
        share = shares.get(("residual", None))
        lines.append(_line(facts.say("residual"), rest, _RESIDUAL, _text(rest, share, digits)))
        told.append(f"{facts.say('residual')} {facts.interval(rest, digits)}")
    chart = RowChart(
        lines=tuple(lines),
        x_title=facts.say("change_axis" if is_change else "contribution_axis", level=level_of(first)),
        bars=True,
        note=facts.care(rows),
    )
    before = ""
    if whole is not None:
        before = facts.say("change_is" if is_change else "index_is", value=facts.interval(whole, digits))
    title = facts.say("changed" if is_change else "behind", what=facts.inequality(first))
    return Figure(
        name="-".join(
            part
            for part in (
                "change" if is_change else "contributions",
                first["analysis"],
                first["wave"],
                first["subgroup"],
            )
            if part
        ),
        title=facts.marked(facts.in_group(title, first), *rows),
        alt_text=before + facts.listed(told, rows),
        chart=chart.chart(),
        analysis=first["analysis"],
    )


def _terms(rows: Sequence[Row], measure: str) -> Iterator[Row]:
    """Yield one row a covariate: the sum of a factor's levels where it has several."""
    own = [row for row in rows if row["measure"] == measure and row["term"] not in _SUMS]
    for term in dict.fromkeys(row["term"] for row in own):
        of_term = [row for row in own if row["term"] == term]
        yield next((row for row in of_term if row["level"] == "all"), of_term[0])


def _lines(
    bars: Sequence[Row],
    need: frozenset[str],
    facts: StudyFacts,
    shares: Mapping[tuple[str, str | None], float | None],
    digits: int,
) -> Iterator[Line]:
    """Yield need first, then the others, each from the largest contribution down."""
    for heading, color, own in (
        ("need", _NEED, [row for row in bars if row["term"] in need]),
        ("other", _OTHER, [row for row in bars if row["term"] not in need]),
    ):
        if own:
            yield Line(name=facts.say(heading if need else "covariates"), is_heading=True)
        for row in sorted(own, key=lambda row: -abs(row["estimate"])):
            text = _text(row, shares.get((row["term"], row["level"])), digits)
            yield _line(facts.label(row["term"]), row, color, text)


def _line(name: str, row: Row, color: str, text: str) -> Line:
    mark = Mark(estimate=row["estimate"], low=row["conf_low"], high=row["conf_high"], color=color)
    return Line(name=name, marks=(mark,), text=text)


def _text(row: Row, share: float | None, digits: int) -> str:
    """Return the contribution, with its share of the index in per cent where that is known."""
    estimate = drawn(row["estimate"], digits)
    return estimate if share is None else f"{estimate} ({drawn(share, 1)} %)"
