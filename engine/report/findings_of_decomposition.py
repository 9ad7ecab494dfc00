"""Sentences about what goes with an inequality, and about inequity at equal need."""

from __future__ import annotations

from collections.abc import Iterator

from engine.report.finding_parts import Facts, excludes_zero, span
from engine.report.groups import group_name
from engine.report.model import digits_of, number
from engine.report.row_groups import Row, RowsByKey, by_measure, distinct_values
from engine.report.words.sentences import index_name

MOST_TERMS = 2
SUMS = ("need", "non-need", "all terms", "residual")


def decomposition_sentences(facts: Facts) -> list[str]:
    """Return the largest contributions, and the inequity, of the first decomposition's last group."""
    rows = [row for row in facts.rows if row["kind"] == "decomposition"]
    residuals = [row for row in rows if row["measure"] == "residual"]
    if not residuals:
        return []
    first = residuals[0]["analysis"]
    place = [_place(row) for row in residuals if row["analysis"] == first][-1]
    own = [row for row in rows if row["analysis"] == first and _place(row) == place]
    return [*_contributions(facts, own), *_inequity(facts, own)]


def _place(row: Row) -> tuple[str | None, str | None]:
    return row["wave"], row["subgroup"]


def _contributions(facts: Facts, rows: list[Row]) -> Iterator[str]:
    """Yield the terms with the largest contributions; none where the index itself may be 0."""
    cells, index = by_measure(rows), rows[0]
    residual = cells.get(("share", "residual", None))
    clear = [row for row in _term_rows(cells, rows) if excludes_zero(row)]
    largest = sorted(clear, key=lambda row: -abs(row["estimate"]))[:MOST_TERMS]
    shares = [cells.get(("share", row["term"], row["level"])) for row in largest]
    if not excludes_zero(index) or residual is None or not largest or None in shares:
        return
    terms = [
        facts.say(
            "account" if row["estimate"] > 0 else "against",
            term=facts.label(row["term"]),
            share=number(row["estimate"], 0),
        )
        for row in shares
        if row is not None
    ]
    yield facts.say(
        "decomposition",
        index=index_name(facts.language, index["measure"]),
        outcome=facts.label(index["outcome"]),
        estimate=number(index["estimate"], digits_of([index["estimate"]])),
        group=_group(facts, index),
        terms=(", " if facts.language == "en" else "，").join(terms),
        residual=number(residual["estimate"], 0),
    )


def _term_rows(cells: RowsByKey, rows: list[Row]) -> Iterator[Row]:
    """Yield the contribution of each term: of all its levels together where it has several."""
    contributions = [row for row in rows if row["measure"] == "contribution" and row["term"] not in SUMS]
    for (term,) in distinct_values(contributions, "term"):
        own = [row for row in contributions if row["term"] == term]
        yield cells.get(("contribution", term, "all"), own[0])


def _group(facts: Facts, row: Row) -> str:
    group = group_name(row["wave"], row["subgroup"])
    return facts.say("of_group", group=group) if group else ""


def _inequity(facts: Facts, rows: list[Row]) -> Iterator[str]:
    row = by_measure(rows).get(("horizontal_inequity", None, "difference"))
    need = _need(facts, rows[0]["analysis"])
    if row is None or row["conf_low"] is None or not need:
        return
    yield facts.say(
        "inequity" if excludes_zero(row) else "no_inequity",
        outcome=facts.label(row["outcome"]),
        group=_group(facts, row),
        need=", ".join(facts.label(name) for name in need),
        **span(row, digits_of([row["estimate"]])),
    )


def _need(facts: Facts, analysis: str) -> list[str]:
    return next((list(one.get("need", ())) for one in facts.analyses if one["name"] == analysis), [])
