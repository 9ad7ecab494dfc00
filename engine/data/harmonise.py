"""Raw columns -> harmonised columns, as lazy Polars expressions.

Each variable becomes its value (a factor or a number) and a small number that says why a value is not
there: 0 value, 1 blank, 2 missing, 3 skipped, 4 not sure, 255 not understood.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from engine.data.labelled import CODE_SUFFIX
from engine.data.sources import RawFrame, SourceFile
from engine.study import StudySpec, VariableSpec
from engine.study.base import Code
from engine.study.models import MISSING_KINDS

if TYPE_CHECKING:
    import polars as pl

KIND_SUFFIX = "__missing"
NOT_UNDERSTOOD = 255
DESIGN_PREFIX = "design__"
LARGEST_EXACT = 2.0**53  # whole numbers below this are exact as doubles
WHOLE = re.compile(r"^-?(0|[1-9][0-9]*)(\.0+)?$")


class RawColumn:
    """A raw column read as number and as text, whatever the file stored.

    Attributes
    ----------
    number
        Its numeric value, null where it is none.
    text
        Its text without outer spaces; null for a stored number, except Stata's ``.a`` to ``.z``.
    is_text
        Whether the file stores text.
    """

    def __init__(self, raw: RawFrame, column: str) -> None:
        import polars as pl

        kind = raw.frame.collect_schema()[column]
        self.is_text = not (kind.is_numeric() or kind == pl.Boolean)
        self.is_integer = kind.is_integer()
        self.labels = raw.labels.get(column, {})
        self.ranges = raw.missing_ranges.get(column, ())
        self.value = pl.col(column)
        if self.is_text:
            text = self.value.cast(pl.String).str.strip_chars(" \t\r\n\u3000\u00a0")
            self.text: pl.Expr = pl.when(text != "").then(text).otherwise(None)
            number = self.text.cast(pl.Float64, strict=False)
        else:
            number = self.value.cast(pl.Float64)
            code = column + CODE_SUFFIX
            self.text = pl.col(code) if code in raw.columns_of_frame() else pl.lit(None, dtype=pl.String)
            if kind == pl.Boolean:
                self.text = self.value.cast(pl.String)
        self.number: pl.Expr = number.fill_nan(None)

    @property
    def is_blank(self) -> pl.Expr:
        """Whether the cell is empty."""
        return self.text.is_null() & self.number.is_null()

    def matches(self, codes: Iterable[Code]) -> pl.Expr:
        """Whether the cell holds one of the codes, or a code whose label is one of them."""
        import polars as pl

        wanted = list(codes)
        numbers = [float(code) for code in wanted if not isinstance(code, str)]
        texts = [code.strip() for code in wanted if isinstance(code, str)]
        labelled = [code for code, label in self.labels.items() if label.strip() in texts]
        numbers += [code for code in labelled if not isinstance(code, str)]
        if not self.is_text:  # "2" in a study is the code 2 of a file that stores numbers
            numbers += [float(text) for text in texts if WHOLE.fullmatch(text)]
        texts += [code.strip() for code in labelled if isinstance(code, str)]
        found = pl.lit(value=False)
        if numbers:
            found = found | self.number.is_in(numbers).fill_null(value=False)
        if texts:
            found = found | self.text.is_in(texts).fill_null(value=False)
        return found

    def identifier(self) -> pl.Expr:
        """Return an id as text that is the same from every format: 7, 7.0 and "7" are one id."""
        import polars as pl

        if self.is_integer:
            return self.value.cast(pl.String)
        if self.is_text:  # as it stands: 007 and 7 are two ids, and only 7.0 is 7
            return (
                pl.when(self.text.str.contains(WHOLE.pattern))
                .then(self.text.str.replace(r"\.0+$", ""))
                .otherwise(self.text)
            )
        whole = (self.number == self.number.round(0)) & (self.number.abs() < LARGEST_EXACT)
        plain = self.number.cast(pl.Int64, strict=False).cast(pl.String)
        return pl.when(whole).then(plain).otherwise(self.number.cast(pl.String))


def variable_columns(name: str, spec: VariableSpec, raw: RawFrame, wave: str | None) -> Sequence[pl.Expr]:
    """Return the value and the kind-of-missing expressions of one variable."""
    import polars as pl

    column = RawColumn(raw, raw.column(spec.column_of(wave), f"variables.{name}"))
    cases = [(column.is_blank, pl.lit(MISSING_KINDS.index("blank") + 1))]
    for reason, codes in spec.missing_codes.items():
        cases.append((column.matches(codes), pl.lit(MISSING_KINDS.index(reason) + 1)))
    for low, high in column.ranges:
        declared = column.number.is_between(low, high) & ~_listed(column, spec)
        cases.append((declared.fill_null(value=False), pl.lit(MISSING_KINDS.index("missing") + 1)))
    understood, value = _value(column, spec)
    cases.append((~understood, pl.lit(NOT_UNDERSTOOD)))
    reason_code = _first_true(cases).fill_null(0).cast(pl.UInt8)
    return [
        pl.when(reason_code == 0).then(value).otherwise(None).alias(name),
        reason_code.alias(name + KIND_SUFFIX),
    ]


def _first_true(cases: Sequence[tuple[pl.Expr, pl.Expr]]) -> pl.Expr:
    """Return the value of the first case that holds, null where none does."""
    import polars as pl

    return pl.coalesce([pl.when(condition).then(value).otherwise(None) for condition, value in cases])


def _listed(column: RawColumn, spec: VariableSpec) -> pl.Expr:
    """A code the study names as a level is a value, even where the file declares it missing."""
    return column.matches([code for codes in (spec.levels or {}).values() for code in codes])


def _value(column: RawColumn, spec: VariableSpec) -> tuple[pl.Expr, pl.Expr]:
    """Return whether a cell is understood, and its value."""
    import polars as pl

    if not spec.levels and not spec.cut:
        return column.number.is_finite().fill_null(value=False), column.number
    cases = [(column.matches(codes), pl.lit(level)) for level, codes in (spec.levels or {}).items()]
    for name, (low, high) in (spec.cut or {}).items():
        inside = (column.number >= low) & (column.number < high)
        cases.append((inside.fill_null(value=False), pl.lit(name)))
    level = _first_true(cases)
    return level.is_not_null(), level.cast(pl.Enum(spec.level_names))


def harmonised_columns(spec: StudySpec, file: SourceFile, raw: RawFrame) -> list[pl.Expr]:
    """Return all columns of the panel for one file."""
    import polars as pl

    if spec.source.wave is not None:
        wave = RawColumn(raw, raw.column(spec.source.wave, "source.wave")).identifier()
    else:
        wave = pl.lit(file.wave, dtype=pl.String)
    columns: list[pl.Expr] = [wave.alias("wave")]
    for name, variable in spec.variables.items():
        columns.extend(variable_columns(name, variable, raw, file.wave))
    return columns + _design_columns(spec, raw)


def _design_columns(spec: StudySpec, raw: RawFrame) -> list[pl.Expr]:
    design = spec.design
    columns = []
    for role in ("weight", "population"):
        source = getattr(design, role)
        if source is not None:
            number = RawColumn(raw, raw.column(source, f"design.{role}")).number
            columns.append(number.alias(DESIGN_PREFIX + role))
    for role in ("stratum", "cluster"):
        source = getattr(design, role)
        if source is not None:
            identifier = RawColumn(raw, raw.column(source, f"design.{role}")).identifier()
            columns.append(identifier.alias(DESIGN_PREFIX + role))
    return columns + [
        RawColumn(raw, source).number.alias(f"{DESIGN_PREFIX}replicate_{i:05d}")
        for i, source in enumerate(replicate_columns(spec, raw), start=1)
    ]


def replicate_columns(spec: StudySpec, raw: RawFrame) -> list[str]:
    """Return the replicate-weight columns of a file; those of a pattern sorted by their numbers."""
    from fnmatch import fnmatchcase

    given = spec.design.replicate_weights
    if given is None:
        return []
    place = "design.replicate_weights.columns"
    if isinstance(given.columns, tuple):
        return [raw.column(name, place) for name in given.columns]
    pattern = given.columns.casefold()
    found = [column for column in raw.columns if fnmatchcase(column.casefold(), pattern)]
    return sorted(found, key=_by_number) or [raw.column(given.columns, place)]


def _by_number(name: str) -> list[tuple[int, str]]:
    """Sort rw_2 before rw_10, in every file alike."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name.casefold())]


def wanted_columns(spec: StudySpec, wave: str | None) -> tuple[str, ...]:
    """Return every source column (or pattern) the study reads from a file of one wave."""
    wanted = [
        spec.source.wave,
        spec.design.weight,
        spec.design.stratum,
        spec.design.cluster,
        spec.design.population,
    ]
    wanted.extend(variable.column_of(wave) for variable in spec.variables.values())
    given = spec.design.replicate_weights
    if given is not None:
        wanted.extend(given.columns if isinstance(given.columns, tuple) else [given.columns])
    return tuple(dict.fromkeys(name for name in wanted if name is not None))
