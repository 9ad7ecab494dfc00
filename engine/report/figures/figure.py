"""What a figure is, and what it needs to know of the study."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A drawing that any renderer can show.

    Attributes
    ----------
    name
        The name of its file, without suffix.
    title
        One line above it.
    alt_text
        What it shows, in words and numbers.
    chart
        A Vega-Lite chart, 85 mm wide, without its title.
    analysis
        The analysis that it belongs to; None for the sample.
    simulated
        Whether the people in it are invented.
    """

    name: str
    title: str
    alt_text: str
    chart: Mapping[str, Any]
    analysis: str | None = None
    simulated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyFacts:
    """What rows do not tell.

    Attributes
    ----------
    labels
        Variable -> its label.
    ranks
        Factors whose levels are groups of the rank: quantiles, and factors that an analysis ranks by.
    need
        Analysis -> the covariates that stand for need.
    """

    labels: Mapping[str, str] = field(default_factory=dict)
    ranks: frozenset[str] = frozenset()
    need: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> StudyFacts:
        """Take the facts out of the study in a manifest."""
        asked = manifest["study"].get("asked", {})
        variables, analyses = asked.get("variables", {}), asked.get("analysis", ())
        ranked = {str(one["rank_by"]) for one in analyses if "rank_by" in one}
        return cls(
            labels={name: one["label"] for name, one in variables.items() if one.get("label")},
            ranks=frozenset(
                name for name, one in variables.items() if one.get("quantiles") or name in ranked
            ),
            need={one["name"]: frozenset(one.get("need", ())) for one in analyses},
        )

    def label(self, name: str | None) -> str:
        """Return the label of a variable, or of a product of variables."""
        parts = str(name).removesuffix(" (scores)").split(" x ")
        return " × ".join(self.labels.get(part, part.replace("_", " ")) for part in parts)

    def inside(self, name: str | None) -> str:
        """Return the label as it stands inside a sentence."""
        return _inside(self.label(name))

    def inequality(self, row: Row) -> str:
        """Return the outcome and the rank of a row, such as ``poor health by household income``."""
        return f"{self.inside(row['outcome'])} by {self.inside(row['rank_by'])}"


def _inside(label: str) -> str:
    """Return a label as it stands inside a sentence; an abbreviation keeps its capitals.

    Examples
    --------
    >>> _inside("Household income"), _inside("BMI of adults")
    ('household income', 'BMI of adults')
    """
    return label[0].lower() + label[1:] if label[1:2].islower() or label[1:2] == " " else label


def last_of_each(rows: Iterable[Row], *columns: str) -> list[Row]:
    """Keep the last row of those alike in some columns: replicates stand after what is linearised."""
    return list({tuple(row[column] for column in columns): row for row in rows}.values())


def group_of(row: Row) -> str:
    """Return the name of a row's wave and subgroup."""
    return " ".join(part for part in (row["wave"], row["subgroup"]) if part) or "all"
