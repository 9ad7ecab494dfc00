"""What a do-file or an R script asks, gathered statement by statement, and what of it could not be taken."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

NAME = re.compile(r"[^\W\d]\w*")
SHOWS = "shows or saves something; a run writes its own tables and figures"
MAKES = "makes or changes data; write it as a variable, or prepare the file before"
LINEAR_OR_PROBIT = (
    "is a linear or probit model, which import takes for decompositions only; "
    "kind = 'regression' fits linear ones"
)
NO_STATISTIC = "is no statistic that a study computes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement of a script, without comments, in one line; `line` is where it begins."""

    line: int
    text: str


@dataclass(slots=True)
class DraftOfVariable:
    """What a script says of a variable.

    `levels` holds code -> level. `aggregate`, `of` and `group` belong together: one value of all records of a
    group. `changed_at` is the line that changes the variable in a way that the study does not hold.
    """

    label: str | None = None
    is_factor: bool = False
    is_event: bool = False
    quantiles: int | None = None
    source: str | None = None
    is_code: bool = False
    expression: str | None = None
    levels: dict[int | float, str] | None = None
    aggregate: str | None = None
    of: str | None = None
    group: str | None = None
    changed_at: int | None = None


@dataclass(slots=True)
class ScriptStudy:
    """A study as far as a script tells it.

    Attributes
    ----------
    path
        Its first data file.
    design
        Key of ``[design]`` -> column or value; ``levels`` holds the clusters of multilevel models, and
        ``level_weights`` their weights.
    variables
        Name -> what is known of it.
    rules, analyses
        Sample rules as (label, SQL), and analyses as tables.
    taken, left_out, notes
        Lines of statements that the study holds; line -> (statement, reason) of those it does not; line ->
        what of a taken statement it does not hold.
    texts
        Line -> the statement that was taken.
    made
        Line -> the variables that its statement makes, changes or labels.
    labelled
        Name of a set of labels -> its line.
    is_stata
        Whether a comparison with an unknown value is true or false.
    """

    path: str | None = None
    design: dict[str, object] = field(default_factory=dict)
    levels: dict[str, str] = field(default_factory=dict)
    level_weights: dict[str, str] = field(default_factory=dict)
    variables: dict[str, DraftOfVariable] = field(default_factory=dict)
    rules: list[tuple[str, str]] = field(default_factory=list)
    analyses: list[dict[str, object]] = field(default_factory=list)
    taken: set[int] = field(default_factory=set)
    left_out: dict[int, tuple[str, str]] = field(default_factory=dict)
    notes: dict[int, str] = field(default_factory=dict)
    texts: dict[int, str] = field(default_factory=dict)
    made: dict[int, set[str]] = field(default_factory=dict)
    labelled: dict[str, int] = field(default_factory=dict)
    is_stata: bool = False

    def variable(self, name: str) -> DraftOfVariable:
        """Return a variable, new if need be."""
        return self.variables.setdefault(name, DraftOfVariable())

    def use(self, *names: str) -> None:
        """Note that an analysis uses variables."""
        for name in names:
            self.variable(name)

    def leave(self, statement: Statement, reason: str) -> None:
        """Leave a statement out, unless another pass of its loop was taken."""
        if statement.line not in self.taken:
            self.left_out.setdefault(statement.line, (statement.text, reason))

    def take(self, statement: Statement, note: str | None = None) -> None:
        """Note that the study holds a statement, or most of it."""
        self.taken.add(statement.line)
        self.texts[statement.line] = statement.text
        self.left_out.pop(statement.line, None)
        if note is not None:
            self.notes[statement.line] = note

    def analyse(self, statement: Statement, table: Mapping[str, object], note: str | None = None) -> None:
        """Add an analysis, once; equal ones that differ in outcome or index stay apart."""
        self.take(statement, note)
        if all({**one, "name": ""} != {**table, "name": ""} for one in self.analyses):
            stem = re.sub(r"[^a-z0-9]+", "-", str(table["name"]).lower()).strip("-") or "analysis"
            names = {str(one["name"]) for one in self.analyses}
            tries = (stem, *(f"{stem}-{number}" for number in range(2, len(names) + 3)))
            self.analyses.append({**table, "name": next(one for one in tries if one not in names)})


class Untaken(Exception):  # noqa: N818 - no error of the program: it says why a statement is left out
    """Why a statement cannot be taken."""
