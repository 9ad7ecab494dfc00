"""Sentences about regressions and about the numbers of a publication."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from engine.report.finding_parts import Facts
from engine.report.model import count, digits_of, number
from engine.report.words.sentences import Language, sentence

SAME = ("same as printed", "differs by a last digit")
NEAR = "within the published interval"
CLEAR = 0.05
RATIOS = ("incidence_rate_ratio", "odds_ratio")


def odds_sentence(facts: Facts) -> str | None:
    """Return the largest adjusted odds ratio of the first model, if its test excludes 1."""
    ratios = [
        row
        for row in facts.rows
        if row["measure"] == "odds_ratio" and row["estimate"] and row["kind"] != "regression"
    ]
    own = [row for row in ratios if _model(row) == _model(ratios[0])]
    references = {row["term"]: row["level"] for row in own if row["status"] == "reference"}
    clear = [
        row
        for row in own
        if row["term"] in references
        and row["status"] == "ok"
        and row["p_value"] is not None
        and row["p_value"] < CLEAR
    ]
    if not clear:
        return None
    largest = max(clear, key=lambda row: abs(math.log(row["estimate"])))
    return facts.say(
        "odds",
        outcome=facts.label(largest["outcome"]),
        term=facts.label(largest["term"]),
        ratio=facts.with_interval(largest, 2),
        level=largest["level"],
        reference=references[largest["term"]],
    )


def regression_sentence(facts: Facts) -> str | None:
    """Return what the outcome of the first regression goes with most clearly."""
    rows = [row for row in facts.rows if row["kind"] == "regression"]
    own = [row for row in rows if _model(row) == _model(rows[0])]
    measure = next((one for one in RATIOS if any(row["measure"] == one for row in own)), "coefficient")
    neutral = 1.0 if measure in RATIOS else 0.0
    clear = [
        row
        for row in own
        if row["measure"] == measure
        and row["term"] != "(constant)"
        and row["p_value"] is not None
        and row["p_value"] < CLEAR
        and not row["conf_low"] <= neutral <= row["conf_high"]
    ]
    if not clear:
        return None
    most = min(clear, key=lambda row: float(row["p_value"]))
    references = {row["term"]: row["level"] for row in own if row["status"] == "reference"}
    term, level = facts.label(most["term"]), most["level"]
    if level and most["term"] in references:
        level = facts.say("level_against", level=level, reference=references[most["term"]])
    digits = 2 if measure in RATIOS else digits_of([most["estimate"]])
    return facts.say(
        "regression",
        outcome=facts.label(most["outcome"]),
        term=f"{term}: {level}" if level else term,
        what=facts.say(f"of_{measure}"),
        estimate=facts.with_interval(most, digits, between="–" if measure in RATIOS else " to "),
    )


def _model(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["analysis"], row["outcome"], row["wave"], row["subgroup"]


def cluster_sentence(facts: Facts) -> str | None:
    """Return the largest ICC of the first multilevel model."""
    rows = [row for row in facts.rows if row["measure"] == "icc" and row["estimate"] is not None]
    own = [row for row in rows if _model(row) == _model(rows[0])]
    if not own:
        return None
    largest = max(own, key=lambda row: float(row["estimate"]))
    return facts.say(
        "clusters_linear" if str(largest["method"]).startswith("linear") else "clusters",
        outcome=facts.label(largest["outcome"]),
        share=number(100.0 * largest["estimate"], 1),
        level=largest["term"],
        icc=facts.with_interval(largest, 3),
    )


def scorecard_sentence(scores: Sequence[Mapping[str, Any]], publication: str, language: Language) -> str:
    """Return how many numbers of a publication come out."""
    verdicts = Counter(score["verdict"] for score in scores)
    differing = [score for score in scores if score["verdict"] == "differs"]
    return sentence(
        language,
        "scorecard",
        total=count(len(scores)),
        publication=publication,
        same=count(sum(verdicts[verdict] for verdict in SAME)),
        near=count(verdicts[NEAR]),
        differ=count(len(differing)),
        open=count(sum(not score["reason"] for score in differing)),
    )
