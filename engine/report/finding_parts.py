"""What the sentences of the findings share: the rows of a run, its labels, its language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.report.model import number, with_interval
from engine.report.row_groups import Row
from engine.report.words.sentences import Language, sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The rows of a run, and how to speak of them.

    Attributes
    ----------
    rows
        Tidy rows, with the names of variables.
    labels
        Labels by name.
    variables
        What the study says of its variables.
    analyses
        What the study asks for.
    language
        Of the sentences.
    """

    rows: Sequence[Row]
    labels: Mapping[str, str]
    variables: Mapping[str, Any]
    analyses: Sequence[Mapping[str, Any]]
    language: Language

    def label(self, name: str | None) -> str:
        """Return what a variable is called."""
        return self.labels.get(str(name), str(name))

    def say(self, key: str, **parts: object) -> str:
        """Return a sentence in the language of the report."""
        return sentence(self.language, key, **parts)

    def with_interval(
        self, row: Mapping[str, Any], digits: int, *, times: float = 1.0, between: str = "–"
    ) -> str:
        """Return an estimate with its interval, in the signs of the language."""
        text = str(with_interval(row, digits, times=times, between=between))
        if self.language == "en":
            return text
        return text.replace(" (", "（").replace(")", "）").replace(" to ", " 至 ")

    def is_group_of(self, term: str, rank_by: str) -> bool:
        """Whether a factor is the rank variable itself, or quantile groups of its column."""
        if term == rank_by:
            return True
        factor, rank = self.variables.get(term, {}), self.variables.get(rank_by, {})
        return bool(factor.get("quantiles")) and factor.get("from") == rank.get("from")


def excludes_zero(row: Row) -> bool:
    """Whether an interval lies on one side of 0."""
    low, high = row["conf_low"], row["conf_high"]
    return low is not None and high is not None and (low > 0 or high < 0)


def span(row: Row, digits: int) -> dict[str, str]:
    """Return estimate and limits as text."""
    names = {"estimate": "estimate", "low": "conf_low", "high": "conf_high"}
    return {part: str(number(row[name], digits)) for part, name in names.items()}
