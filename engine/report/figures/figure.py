"""What a figure is, and what it needs to know of the study."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.report.figures.words import listed, with_interval
from engine.report.model import SMALL_MARK
from engine.report.small_cells import DEFAULT, is_small, meaning_of_mark, threshold_of
from engine.report.words.figures import figure_text
from engine.report.words.sentences import Language, index_name, language_of
from engine.report.words.tables import phrase

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
    mark
        The line above it that says that its people are invented; empty where they are real.
    """

    name: str
    title: str
    alt_text: str
    chart: Mapping[str, Any]
    analysis: str | None = None
    mark: str = ""


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
    language
        Of the fixed words.
    mark_below
        Estimates of fewer people are marked.
    """

    labels: Mapping[str, str] = field(default_factory=dict)
    ranks: frozenset[str] = frozenset()
    need: Mapping[str, frozenset[str]] = field(default_factory=dict)
    language: Language = "en"
    mark_below: int = DEFAULT

    @classmethod
    def of(cls, manifest: Mapping[str, Any], language: Language | None = None) -> StudyFacts:
        """Take the facts out of the study in a manifest; the language is the study's unless one is given."""
        asked = manifest["study"].get("asked", {})
        variables, analyses = asked.get("variables", {}), asked.get("analysis", ())
        ranked = {str(one["rank_by"]) for one in analyses if "rank_by" in one}
        return cls(
            labels={name: one["label"] for name, one in variables.items() if one.get("label")},
            ranks=frozenset(
                name for name, one in variables.items() if one.get("quantiles") or name in ranked
            ),
            need={one["name"]: frozenset(one.get("need", ())) for one in analyses},
            language=language or language_of(manifest),
            mark_below=threshold_of(manifest),
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
        outcome, rank = self.inside(row["outcome"]), self.inside(row["rank_by"])
        return self.say("inequality", outcome=outcome, rank=rank) if row["rank_by"] else outcome

    def say(self, key: str, **parts: object) -> str:
        """Return a text of figures in the language."""
        return figure_text(self.language, key, **parts)

    def phrase(self, text: str) -> str:
        """Return a text of tables in the language."""
        return phrase(text) if self.language == "zh" else text

    def group_of(self, row: Row) -> str:
        """Return the name of a row's wave and subgroup."""
        return group_of(row, self.language)

    def in_group(self, title: str, row: Row) -> str:
        """Return a title with the wave and the subgroup of a row, if it has any."""
        has_group = row["wave"] or row["subgroup"]
        return self.say("in_group", title=title, group=self.group_of(row)) if has_group else title

    def interval(self, row: Row, digits: int, scale: float = 1.0) -> str:
        """Return an estimate with its interval."""
        return with_interval(row, digits, scale, self.language)

    def listed(self, parts: Sequence[str], rows: Sequence[Row] = ()) -> str:
        """Join the parts of an alt text, with the meaning of the mark where one of the rows has it."""
        return self.with_care(listed(parts, self.language), rows)

    def marked(self, text: str, *rows: Row) -> str:
        """Return a name or title, marked where a row of it rests on few people."""
        return f"{text}{SMALL_MARK}" if self.care(rows) else text

    def care(self, rows: Sequence[Row]) -> str:
        """Return what the mark means if a row rests on few people, else nothing."""
        is_few = any(is_small(row["n_obs"], self.mark_below) for row in rows)
        return self.phrase(meaning_of_mark(self.mark_below)) if is_few else ""

    def with_care(self, text: str, rows: Sequence[Row]) -> str:
        """Return an alt text, with the meaning of the mark where one of the rows has it."""
        care, end = self.care(rows), self.say("end")
        return f"{text.removesuffix(end)}{end} {care}" if care else text

    def index(self, measure: str) -> str:
        """Return the name of an index, as it begins a line."""
        name = index_name(self.language, measure)
        return name[0].upper() + name[1:]


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


def group_of(row: Row, language: Language = "en") -> str:
    """Return the name of a row's wave and subgroup."""
    group = " ".join(part for part in (row["wave"], row["subgroup"]) if part)
    return group or figure_text(language, "all")


def level_of(row: Row) -> str:
    """Return the confidence level of a row in per cent."""
    return f"{100 * (row['conf_level'] or 0.95):g}"
