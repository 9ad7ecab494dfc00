"""Sentences about measures of disparity, and about regressions of an index.

Whether more is better differs between outcomes, so a sentence tells the size and the certainty of a disparity
and leaves its direction to the measures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.report.disparity_table import is_comparison, measure_name
from engine.report.finding_parts import Facts, excludes_zero, span
from engine.report.groups import group_name
from engine.report.model import digits_of
from engine.report.row_groups import Row, distinct_values
from engine.report.words.sentences import index_name

MOST_OUTCOMES = 2
RELATIVE = ("rii", "ratio", "rci", "paf", "idisw", "idisu", "cov")
ABSOLUTE = ("sii", "difference", "aci", "par", "mdmw", "mdbw", "mdrw", "mdmu", "mdbu", "mdru")
OF_AMOUNTS = ("gini", "theil", "mld", "ge", "atkinson", "bgsd", "bgv")
RATIOS = ("rii", "ratio")


def disparity_sentences(facts: Facts) -> list[str]:
    """Return a relative and an absolute measure of the last group, for each of the first outcomes."""
    # Without an interval nobody knows whether groups differ.
    rows = [row for row in facts.rows if row["kind"] == "disparity" and row["conf_low"] is not None]
    rows = [row for row in rows if not is_comparison(row) and row["level"] is None]
    pairs = distinct_values(rows, "outcome", "rank_by")[:MOST_OUTCOMES]
    return [
        _sentence(facts, [row for row in rows if (row["outcome"], row["rank_by"]) == pair]) for pair in pairs
    ]


def _sentence(facts: Facts, rows: Sequence[Row]) -> str:
    last = rows[-1]
    own = {row["measure"]: row for row in rows if _place(row) == _place(last)}  # the last method of each
    chosen = [next((own[name] for name in kind if name in own), None) for kind in (RELATIVE, ABSOLUTE)]
    shown = [row for row in chosen if row is not None] or [own[name] for name in OF_AMOUNTS if name in own][
        :1
    ]
    verdicts = {_differs(row) for row in shown}
    key = "people_differ" if not any(chosen) else "disparity_mixed"
    if any(chosen) and len(verdicts) == 1:
        key = "disparity" if verdicts == {True} else "no_disparity"
    group = group_name(last["wave"], last["subgroup"])
    values = facts.say("and").join(_value(facts, row) for row in shown)
    return facts.say(
        key,
        outcome=facts.label(last["outcome"]),
        rank=facts.label(last["rank_by"]) if last["rank_by"] else "",
        values=facts.say("group" if group else "alone", group=group, numbers=values),
    )


def _place(row: Row) -> tuple[Any, Any]:
    return row["wave"], row["subgroup"]


def _differs(row: Row) -> bool:
    """Say whether an interval leaves out what the measure is without a disparity."""
    null = 1.0 if row["measure"] in RATIOS else 0.0
    return bool(row["conf_low"] > null or row["conf_high"] < null)


def _value(facts: Facts, row: Row) -> str:
    digits = digits_of([row["estimate"]])
    name = measure_name(row["measure"], facts.language)
    return facts.say("value", index=name, **span(row, digits))


def rif_sentence(facts: Facts) -> str | None:
    """Return the covariate that the index of the first regression goes with most clearly."""
    rows = [row for row in facts.rows if row["kind"] == "rif"]
    if not rows:
        return None
    own = [row for row in rows if _model(row) == _model(rows[0])]
    index = next((row for row in own if row["measure"] != "rif_coefficient"), None)
    clear = [
        row
        for row in own
        if row["measure"] == "rif_coefficient"
        and row["term"] != "(constant)"
        and row["estimate"] is not None
        and row["std_error"]
        and excludes_zero(row)
    ]
    if index is None or not clear:
        return None
    most = max(clear, key=lambda row: abs(row["estimate"] / row["std_error"]))
    return facts.say(
        "rif",
        index=index_name(facts.language, index["measure"]),
        outcome=facts.label(most["outcome"]),
        rank=facts.label(most["rank_by"]),
        term=f"{facts.label(most['term'])}: {most['level']}" if most["level"] else facts.label(most["term"]),
        coefficient=facts.with_interval(most, digits_of([most["estimate"]]), between=" to "),
    )


def _model(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["analysis"], row["outcome"], row["wave"], row["subgroup"]
