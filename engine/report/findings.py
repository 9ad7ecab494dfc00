"""What a run found, in sentences made from its numbers: direction, size, certainty, change.

A direction is told only where the interval excludes 0; elsewhere the sentence says that no difference was
found. Nothing is said about causes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.report.concentration_table import last_method
from engine.report.finding_parts import Facts, excludes_zero, span
from engine.report.findings_of_decomposition import decomposition_sentences
from engine.report.findings_of_disparity import disparity_sentences, rif_sentence
from engine.report.findings_of_financing import financing_sentences
from engine.report.findings_of_models import (
    cluster_sentence,
    odds_sentence,
    regression_sentence,
    scorecard_sentence,
)
from engine.report.groups import group_name
from engine.report.model import count, digits_of, number
from engine.report.row_groups import Row, distinct_values
from engine.report.run_tables import labels_of
from engine.report.words.sentences import Language, index_name, sentence

if TYPE_CHECKING:
    from engine.store.run_directory import StoredRun

MOST_SENTENCES = 7
MOST_OUTCOMES = 3
MOST_GROUPS = 3
ABSOLUTE = ("erreygers", "generalized", "modified")


def findings(run: StoredRun, language: Language = "en") -> list[str]:
    """Return three to seven sentences; fewer only where a run has less to tell."""
    asked = run.manifest["study"].get("asked", {})
    facts = Facts(
        rows=run.results.to_dicts(),
        labels=labels_of(run.manifest),
        variables=asked.get("variables", {}),
        analyses=asked.get("analysis", ()),
        language=language,
    )
    ranked = list(_ranked(facts))
    found = [_direction(facts, one) for one in ranked[:MOST_OUTCOMES]]
    for make in (_size, _change):
        found += [text for one in ranked[:2] if (text := make(facts, one))][: 2 if len(ranked) < 3 else 1]
    found += disparity_sentences(facts)
    found += financing_sentences(facts)
    found += decomposition_sentences(facts)
    found += [
        text
        for make in (rif_sentence, odds_sentence, regression_sentence, cluster_sentence)
        if (text := make(facts))
    ]
    if run.scorecard is not None:
        publication = run.manifest["study"]["asked"]["study"]["published"]
        told = scorecard_sentence(run.scorecard.to_dicts(), publication, language)
        found = [*found[: MOST_SENTENCES - 1], told]
    if not found:
        found = [sentence(language, "people", n=count(run.manifest["sample_flow"][-1]["n"]))]
    return found[:MOST_SENTENCES]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ranked:
    """The indices of one outcome: all rows, and those of the relative and of the absolute index."""

    outcome: str
    rank_by: str
    rows: Sequence[Row]
    measures: tuple[str, ...]

    def of(self, measure: str) -> list[Row]:
        return [row for row in self.rows if row["measure"] == measure and row["estimate"] is not None]


def _ranked(facts: Facts) -> Iterator[_Ranked]:
    """Yield the outcomes of the concentration analyses, with a relative and an absolute index of each."""
    rows = [row for row in facts.rows if row["kind"] == "concentration"]
    for outcome, rank_by in distinct_values(rows, "outcome", "rank_by"):
        own = last_method([row for row in rows if (row["outcome"], row["rank_by"]) == (outcome, rank_by)])
        own = [row for row in own if not str(row["method"]).startswith("conindex")]
        known = [
            row["measure"]
            for row in own
            if row["measure"] not in ("difference", "wald_f") and row["conf_low"] is not None
        ]
        if known:
            relative = "standard" if "standard" in known else known[0]
            absolute = next((name for name in ABSOLUTE if name in known and name != relative), None)
            measures = (relative,) if absolute is None else (relative, absolute)
            yield _Ranked(outcome=outcome, rank_by=rank_by, rows=own, measures=measures)


def _direction(facts: Facts, ranked: _Ranked) -> str:
    """Return who has more of an outcome, by a relative and an absolute index."""
    rows = [row for measure in ranked.measures for row in ranked.of(measure)]
    signs = {_sign(row) for row in rows}
    key = {-1: "lower", 1: "higher", 0: "none"}[min(signs)] if len(signs) == 1 else "mixed"
    groups = distinct_values(ranked.of(ranked.measures[0]), "wave", "subgroup")
    where = facts.say("everywhere") if len(groups) > 1 and key in ("lower", "higher") else ""
    shown = groups if len(groups) <= MOST_GROUPS else [groups[0], groups[-1]]
    values = facts.say("and").join(_values(facts, ranked, wave, subgroup) for wave, subgroup in shown)
    return facts.say(
        key, outcome=facts.label(ranked.outcome), rank=facts.label(ranked.rank_by), where=where, values=values
    )


def _sign(row: Row) -> int:
    """Return on which side of 0 an interval lies; 0 where it holds 0."""
    if not excludes_zero(row):
        return 0
    return 1 if row["estimate"] > 0 else -1


def _values(facts: Facts, ranked: _Ranked, wave: str | None, subgroup: str | None) -> str:
    numbers = []
    for measure in ranked.measures:
        digits = digits_of([row["estimate"] for row in ranked.of(measure)])
        for row in ranked.of(measure):
            if (row["wave"], row["subgroup"]) == (wave, subgroup):
                name = index_name(facts.language, measure)
                numbers.append(facts.say("value", index=name, **span(row, digits)))
    group = group_name(wave, subgroup)
    text = ", ".join(numbers) if facts.language == "en" else "，".join(numbers)
    return facts.say("group" if group else "alone", numbers=text, group=group)


def _size(facts: Facts, ranked: _Ranked) -> str | None:
    """Return the rates at both ends of the rank, or the shares that both fifths hold, of the last wave."""
    return _rates_at_ends(facts, ranked) or _shares_at_ends(facts, ranked)


def _rates_at_ends(facts: Facts, ranked: _Ranked) -> str | None:
    rows = [
        row
        for row in facts.rows
        if row["kind"] == "rates"
        and row["measure"] != "rao_scott_f"
        and row["outcome"] == ranked.outcome
        and facts.is_group_of(str(row["term"]), ranked.rank_by)
        and row["estimate"] is not None
    ]
    waves = [row for row in rows if row["wave"] is not None] or rows
    if not waves:
        return None
    last = [row for row in waves if (row["wave"], row["subgroup"]) == _place(waves[-1])]
    low, high = last[0], last[-1]
    if len(last) < 2 or not low["estimate"]:
        return None
    points = 100.0 * (high["estimate"] - low["estimate"])
    group = group_name(low["wave"], low["subgroup"])
    return facts.say(
        "fifths",
        outcome=facts.label(ranked.outcome),
        rank=facts.label(ranked.rank_by),
        low=_per_cent(facts, low),
        high=_per_cent(facts, high),
        points=number(abs(points), 1),
        direction=facts.say("more" if points > 0 else "less"),
        ratio=number(high["estimate"] / low["estimate"], 2),
        group=facts.say("in", group=group) if group else "",
    )


def _shares_at_ends(facts: Facts, ranked: _Ranked) -> str | None:
    rows = [
        row
        for row in facts.rows
        if row["measure"] == "concentration_curve"
        and (row["outcome"], row["rank_by"]) == (ranked.outcome, ranked.rank_by)
        and "pointwise" in str(row["method"])
    ]
    ends = {float(row["level"]): row for row in rows if _place(row) == _place(rows[-1])}
    low, high = ends.get(0.2), ends.get(0.8)
    if low is None or high is None or None in (low["estimate"], high["estimate"]):
        return None
    above = {
        "estimate": 1.0 - high["estimate"],
        "conf_low": None if high["conf_high"] is None else 1.0 - high["conf_high"],
        "conf_high": None if high["conf_low"] is None else 1.0 - high["conf_low"],
    }
    group = group_name(low["wave"], low["subgroup"])
    return facts.say(
        "shares",
        outcome=facts.label(ranked.outcome),
        rank=facts.label(ranked.rank_by),
        low=_per_cent(facts, low),
        high=_per_cent(facts, above),
        group=facts.say("in", group=group) if group else "",
    )


def _place(row: Row) -> tuple[Any, Any]:
    return row["wave"], row["subgroup"]


def _per_cent(facts: Facts, row: Mapping[str, Any]) -> str:
    return facts.with_interval(row, 1, times=100.0)


def _change(facts: Facts, ranked: _Ranked) -> str | None:
    """Return the difference between the first and the last group, for both indices."""
    pairs = [row for row in ranked.rows if row["measure"] == "difference" and row["estimate"] is not None]
    if not pairs:
        return None
    groups = [
        group_name(*group) for group in distinct_values(ranked.of(ranked.measures[0]), "wave", "subgroup")
    ]
    wanted = f"{groups[-1]} - {groups[0]}"
    pair = wanted if any(row["level"] == wanted for row in pairs) else pairs[0]["level"]
    say: Callable[..., str] = facts.say
    parts = []
    for measure in ranked.measures:
        row = next((row for row in pairs if (row["term"], row["level"]) == (measure, pair)), None)
        if row is None:
            continue
        digits = digits_of([row["estimate"] for row in ranked.of(measure)])
        difference = facts.with_interval(row, digits, between=" to ")
        name = index_name(facts.language, measure)
        if excludes_zero(row):
            parts.append(
                say("moved", index=name, difference=difference, meaning=_meaning(facts, ranked, measure))
            )
        else:
            parts.append(say("unmoved", index=name, difference=difference))
    told = group_name(None, str(pair)).replace(" - ", " against " if facts.language == "en" else " 相对 ")
    return (
        say("change", outcome=facts.label(ranked.outcome), pair=told, parts=say("and").join(parts))
        if parts
        else None
    )


def _meaning(facts: Facts, ranked: _Ranked, measure: str) -> str:
    """Return whether an index came nearer to 0; nothing where its sign changed or is not sure."""
    rows = ranked.of(measure)
    first, last = rows[0], rows[-1]
    if not (excludes_zero(first) and excludes_zero(last)) or first["estimate"] * last["estimate"] < 0:
        return ""
    return facts.say("towards" if abs(last["estimate"]) < abs(first["estimate"]) else "away")
