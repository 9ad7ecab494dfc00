"""Sentences about payments for health and benefits from services: who bears them, and what is left.

A payment with a Kakwani index above 0 is progressive; a benefit is so with one below 0, because what people
get narrows inequality where those with little get more than their share.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from engine.report.disparity_table import is_comparison
from engine.report.financing_table import financing_name
from engine.report.finding_parts import Facts, excludes_zero, span
from engine.report.groups import group_name
from engine.report.model import digits_of
from engine.report.row_groups import Row, distinct_values

MOST_OUTCOMES = 2
MOST_VALUES = 2
REDISTRIBUTION = ("redistributive_effect", "reynolds_smolensky")


def financing_sentences(facts: Facts) -> list[str]:
    """Return what is told of the last group of the first payments or benefits, each subject in turn."""
    # Without an interval nobody knows on which side of 0 a number lies.
    rows = [row for row in facts.rows if row["kind"] == "financing" and row["conf_low"] is not None]
    rows = [row for row in rows if not is_comparison(row)]
    pairs = distinct_values(rows, "analysis", "outcome")[:MOST_OUTCOMES]
    told = [
        _Payment.of(facts, [row for row in rows if (row["analysis"], row["outcome"]) == pair])
        for pair in pairs
    ]
    subjects = (_burden, _catastrophe, _poverty, _redistribution)
    found = [text for subject in subjects for one in told for text in subject(one)]
    return found or [_distribution(one) for one in told]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Payment:
    """A payment or benefit in the last group: its rows by measure and level, the last method of each."""

    facts: Facts
    rows: Mapping[tuple[str, str | None], Row]
    last: Row
    asked: Mapping[str, object]

    @classmethod
    def of(cls, facts: Facts, rows: Sequence[Row]) -> _Payment:
        last = rows[-1]
        place = last["wave"], last["subgroup"]
        own = {(row["measure"], row["level"]): row for row in rows if (row["wave"], row["subgroup"]) == place}
        asked = next((one for one in facts.analyses if one.get("name") == last["analysis"]), {})
        return cls(facts=facts, rows=own, last=last, asked=asked)

    @property
    def is_benefit(self) -> bool:
        return self.asked.get("unit_cost") is not None

    @property
    def when(self) -> str:
        return self.facts.say("with_benefit" if self.is_benefit else "after_payment")

    def say(self, key: str, **parts: object) -> str:
        group = group_name(self.last["wave"], self.last["subgroup"])
        return self.facts.say(
            key,
            outcome=self.facts.label(self.last["outcome"]),
            rank=self.facts.label(self.last["rank_by"]),
            group=self.facts.say("in", group=group) if group else "",
            **parts,
        )

    def value(self, row: Row) -> str:
        """Return the name of a measure with its estimate and interval."""
        name = financing_name(row["measure"], row["level"], self.facts.language)
        return self.facts.say("value", index=name, **span(row, digits_of([row["estimate"]])))


def _side(row: Row, *keys: str) -> str:
    """Return the key of a number below 0, not told apart from 0, and above 0."""
    below, none, above = keys
    return none if not excludes_zero(row) else above if row["estimate"] > 0 else below


def _burden(payment: _Payment) -> Iterator[str]:
    """Say whether a payment or benefit is progressive, with the concentration index beside it."""
    kakwani = payment.rows.get(("kakwani", None))
    concentration = payment.rows.get(("concentration", None))
    say, facts = payment.say, payment.facts
    if kakwani is not None:
        words = ("regressive", "proportional", "progressive")
        if payment.is_benefit:
            words = ("benefit_progressive", "benefit_proportional", "benefit_regressive")
        shown = [row for row in (kakwani, concentration) if row is not None]
        values = facts.say("and").join(payment.value(row) for row in shown)
        yield say(_side(kakwani, *words), values=values)
    elif concentration is not None:
        group = group_name(payment.last["wave"], payment.last["subgroup"])
        numbers = payment.value(concentration)
        values = facts.say("group" if group else "alone", group=group, numbers=numbers)
        yield say(_side(concentration, "lower", "none", "higher"), where="", values=values)


def _catastrophe(payment: _Payment) -> Iterator[str]:
    """Say how many people pay more than the first threshold, and where in the rank they are."""
    level = next((level for measure, level in payment.rows if measure == "headcount"), None)
    if level is None or payment.is_benefit:
        return
    facts, who = payment.facts, ""
    where = payment.rows.get(("headcount_concentration", level))
    if where is not None:
        index = facts.with_interval(where, digits_of([where["estimate"]]), between=" to ")
        rank = facts.label(payment.last["rank_by"])
        who = facts.say(_side(where, "who_lower", "who_none", "who_higher"), rank=rank, index=index)
    capacity = str(payment.asked.get("capacity") or payment.last["rank_by"])
    yield payment.say(
        "catastrophic",
        share=facts.with_interval(payment.rows["headcount", level], 1, times=100.0),
        threshold=f"{100 * float(level):g}",
        capacity=facts.label(capacity),
        who=who,
    )


def _poverty(payment: _Payment) -> Iterator[str]:
    """Say how many more people are below the poverty line after payment, or fewer with a benefit."""
    row = payment.rows.get(("poverty_headcount_impact", None))
    if row is None:
        return
    key = _side(row, "poverty_less", "poverty_same", "poverty_more")
    shown = row if key != "poverty_less" else _turned(row)
    points = payment.facts.with_interval(shown, 1, times=100.0, between=" to ")
    yield payment.say(key, points=points, when=payment.when)


def _turned(row: Row) -> Row:
    """Return a row as an amount less, where the word carries the sign."""
    low, high = row["conf_low"], row["conf_high"]
    return {**row, "estimate": -row["estimate"], "conf_low": -high, "conf_high": -low}


def _redistribution(payment: _Payment) -> Iterator[str]:
    """Say whether resources are less or more unequal afterwards."""
    shown = [payment.rows[name, None] for name in REDISTRIBUTION if (name, None) in payment.rows]
    if shown:
        key = _side(shown[0], "more_unequal", "as_unequal", "less_unequal")
        yield payment.say(key, values=payment.value(shown[0]), when=payment.when)


def _distribution(payment: _Payment) -> str:
    """Tell the first measures where none of them has a direction."""
    shown = [*payment.rows.values()][:MOST_VALUES]
    return payment.say("distribution", values=payment.facts.say("and").join(map(payment.value, shown)))
