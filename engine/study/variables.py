"""The variables of the harmonised panel: source columns, levels, missing codes, bounds."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from engine.study.base import Code, Codes, Names, Spec

MISSING_KINDS = ("blank", "missing", "skipped", "not_sure")
"""Why a value is not there, in the order of the codes 1 to 4 in the panel.

`blank`: the source cell is empty. `missing`: a code for refused or no answer. `skipped`: the question was
not put to this person. `not_sure`: the person could not say.
"""


Digits = Annotated[int, Field(ge=1, le=18)]
MissingKind = Literal["blank", "missing", "skipped", "not_sure"]


class VariableSpec(Spec):
    """One variable of the harmonised panel."""

    source: Annotated[
        str | dict[str, str], Field(alias="from", description="Column, or a table wave -> column")
    ] = Field(default_factory=dict)
    search: Annotated[
        str | None,
        Field(
            description="Pattern for names and labels; if `from` names no column, the run lists what matches"
        ),
    ] = None
    expression: Annotated[
        str | None,
        Field(description="SQL over other variables of the record, such as 'log(income / persons)'"),
    ] = None
    aggregate: Annotated[
        Literal["max", "min", "sum", "mean", "count"] | None,
        Field(description="Makes one value of all records that share `by`, such as those of a household"),
    ] = None
    of: Annotated[
        str | None, Field(description="Number or event that is aggregated; none: count counts records")
    ] = None
    by: Annotated[
        Names | dict[str, Names] | None,
        Field(description="Column(s) that records of one household share; or a table wave -> column(s)"),
    ] = None
    date: Annotated[
        bool | str,
        Field(description="Days since 1970-01-01; true for dates and YYYY-MM-DD, or such as '%d.%m.%Y'"),
    ] = False
    since: Annotated[
        dict[str, str] | None,
        Field(description="Wave -> 'YYYY' or 'YYYY-MM': the value is the completed years up to then"),
    ] = None
    month: Annotated[
        str | dict[str, str] | None, Field(description="Column of the month, beside a year, for since")
    ] = None
    first_digits: Annotated[
        Digits | dict[str, Digits] | None,
        Field(description="Keep this many digits of a code, such as 2 for the province"),
    ] = None
    levels: Annotated[
        dict[str, Codes] | Literal["file"] | None,
        Field(description="Level -> codes or labels; makes it a factor; 'file': the labels of the files"),
    ] = None
    numeric: Annotated[bool, Field(description="A number, although the file has labels of its values")] = (
        False
    )
    levels_by_wave: Annotated[
        dict[str, dict[str, Codes]] | None, Field(description="Wave -> levels, where its codes differ")
    ] = None
    cut: Annotated[
        dict[str, tuple[float, float]] | None,
        Field(description="Level -> [low, high): makes a number a factor; the upper end is left out"),
    ] = None
    quantiles: Annotated[
        Names | None,
        Field(description="Levels of equal weight in each wave's sample, lowest first: makes a factor"),
    ] = None
    ties: Annotated[
        Literal["midrank", "xtile"],
        Field(description="Of quantiles: by mid-rank, or as Stata's xtile: by cut points, up to each"),
    ] = "midrank"
    impute: Annotated[
        Literal["mean"] | None, Field(description="Fill missing numbers with the wave's mean")
    ] = None
    impute_most: Annotated[
        float, Field(gt=0, le=1, description="Refuse to impute a larger share of the sample")
    ] = 0.15
    event: Annotated[Names | None, Field(description="Level(s) that count as 1: a 0/1 outcome")] = None
    reference: str | None = None
    missing: Annotated[
        Codes | dict[Literal["missing", "skipped", "not_sure"], Codes],
        Field(description="Codes that are no value; a table tells missing, skipped and not_sure apart"),
    ] = ()
    blank: Annotated[
        MissingKind | dict[str, MissingKind], Field(description="What an empty cell means; or by wave")
    ] = "blank"
    bounds: Annotated[tuple[float, float] | None, Field(description="Theoretical bounds of an outcome")] = (
        None
    )
    allowed: Annotated[
        tuple[float, float] | None,
        Field(alias="range", description="[low, high]: a file with a number outside is refused"),
    ] = None
    scale: Annotated[
        float,
        Field(gt=0, allow_inf_nan=False, description="Coefficients are for so many units of the number"),
    ] = 1.0
    label: str = ""

    @property
    def is_derived(self) -> bool:
        """Whether the value comes from other variables instead of a column."""
        return self.expression is not None or self.aggregate is not None

    def column_of(self, wave: str | None) -> str | None:
        """Return the source column in a file of this wave, None if it is not known yet."""
        return self.source if isinstance(self.source, str) else self.source.get(str(wave))

    def by_of(self, wave: str | None) -> tuple[str, ...]:
        """Return the columns that the records of one household share in a file of this wave."""
        return self.by.get(str(wave), ("?",)) if isinstance(self.by, dict) else self.by or ()

    def month_of(self, wave: str | None) -> str | None:
        """Return the column of the month in a file of this wave, None if there is none."""
        return self.month if isinstance(self.month, str) else (self.month or {}).get(str(wave))

    def levels_of(self, wave: str | None) -> dict[str, tuple[Code, ...]] | None:
        """Return level -> codes in a file of this wave."""
        return (self.levels_by_wave or {}).get(str(wave), self.levels if self.levels != "file" else None)

    def all_codes(self, wave: str | None) -> list[Code]:
        """Return every code that the study names in a file of this wave: of levels and of missing."""
        named = (*(self.levels_of(wave) or {}).values(), *self.missing_codes.values())
        return [code for codes in named for code in codes]

    def digits_of(self, wave: str | None) -> int | None:
        """Return how many digits of a code count in a file of this wave."""
        return self.first_digits.get(str(wave)) if isinstance(self.first_digits, dict) else self.first_digits

    def blank_of(self, wave: str | None) -> str:
        """Return what an empty cell means in a file of this wave."""
        return self.blank.get(str(wave), "blank") if isinstance(self.blank, dict) else self.blank

    def of_wave(self, wave: str | None) -> dict[str, object]:
        """Return all that decides the variable's values in a file of this wave, ready for JSON."""
        own = {
            "source",
            "search",
            "since",
            "month",
            "first_digits",
            "levels_by_wave",
            "blank",
            "by",
            "label",
            "allowed",
            "ties",
            "scale",
        }
        return {
            **self.model_dump(mode="json", exclude=own),
            "column": self.column_of(wave),
            "since": (self.since or {}).get(str(wave)),
            "month": self.month_of(wave),
            "first_digits": self.digits_of(wave),
            "codes": self.levels_of(wave),
            "blank": self.blank_of(wave),
            "by": self.by_of(wave),
        }

    @property
    def _natural(self) -> tuple[str, ...]:
        levels = None if self.levels == "file" else self.levels
        return tuple(levels or self.cut or self.quantiles or ())

    @property
    def panel_levels(self) -> tuple[str, ...]:
        """The levels in the panel and its rules, where quantiles are numbers still."""
        return () if self.quantiles else self.level_names

    @property
    def level_names(self) -> tuple[str, ...]:
        """The levels in order, the reference first; empty for a number."""
        names = self._natural
        if self.reference is None:
            return names
        return (self.reference, *(name for name in names if name != self.reference))

    @property
    def scores(self) -> tuple[int, ...]:
        """Place of each of `level_names` in the order of the file, counted from the reference."""
        natural = self._natural
        names = self.level_names
        return tuple(natural.index(name) - natural.index(names[0]) for name in names)

    @property
    def theoretical_bounds(self) -> tuple[float, float] | None:
        """The bounds of the outcome: 0 and 1 for an event."""
        return (0.0, 1.0) if self.event else self.bounds

    @property
    def missing_codes(self) -> dict[str, tuple[Code, ...]]:
        """The codes of each kind of missing."""
        if isinstance(self.missing, dict):
            return {str(kind): codes for kind, codes in self.missing.items()}
        return {"missing": self.missing} if self.missing else {}
