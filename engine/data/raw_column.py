"""A raw column as Polars expressions: as number and as text, matched by code or label."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.data.labelled_chunks import CODE_SUFFIX
from engine.data.raw_frame import RawFrame
from engine.errors import DataError, Fault
from engine.study.base import Code

if TYPE_CHECKING:
    import polars as pl

YEAR_AND_MONTH = 100_000  # a year from here on is YYYYMM
LARGEST_EXACT = 2.0**53  # whole numbers below this are exact as doubles
WHOLE = re.compile(r"^-?(0|[1-9][0-9]*)(\.0+)?$")
INFINITE = ("Infinity", "-Infinity")  # how a study file becomes JSON
WIDEST_DECIMAL = 38  # digits that Polars reads
BLANKS = " \t\r\n\u3000\u00a0"  # ideographic and no-break spaces too


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RawColumn:
    """A raw column read as number and as text, whatever the file stores.

    Attributes
    ----------
    name
        The file's spelling.
    value
        The column as stored.
    number
        Its numeric value, null where it is none.
    text
        Its text without outer spaces; for stored numbers None, or Stata's ``.a`` to ``.z``.
    is_text, is_integer
        What the file stores.
    labels
        Code -> label.
    ranges
        (low, high) codes that the file declares missing.
    """

    name: str
    value: pl.Expr
    number: pl.Expr
    text: pl.Expr | None
    is_text: bool
    is_integer: bool
    labels: Mapping[float | str, str]
    ranges: tuple[tuple[float, float], ...]

    def first_digits(self, digits: int) -> RawColumn:
        """Return the first digits of a code: 2 of a county's 6 are its province."""
        import polars as pl

        return self._computed(self.identifier().str.slice(0, digits).cast(pl.Float64, strict=False))

    def years_until(self, date: str, month: RawColumn | None) -> RawColumn:
        """Return the completed years until `date` (YYYY, YYYY-MM) from YYYY, YYYYMM, or YYYY and `month`."""
        import polars as pl

        until_year, _, until_month = date.partition("-")
        has_month = self.number >= YEAR_AND_MONTH
        year = pl.when(has_month).then((self.number / 100).floor()).otherwise(self.number)
        month_of_year = (
            pl.when(has_month).then(self.number % 100).otherwise(None if month is None else month.number)
        )
        years = float(until_year) - year
        if until_month:
            months = years * 12 + float(until_month) - month_of_year
            is_month = month_of_year.is_between(1, 12)
            years = pl.when(is_month).then((months / 12).floor()).otherwise(years)
        return self._computed(years)

    def as_days(self, dates: bool | str) -> RawColumn:  # noqa: FBT001 - as the study states it
        """Return dates as days since 1970-01-01; text that is no date is not understood.

        `dates` is the pattern of text, such as ``%d.%m.%Y``; True for YYYY-MM-DD. Numbers are days already.
        """
        import polars as pl

        if not self.is_text or self.text is None:
            return self
        pattern = dates if isinstance(dates, str) else "%Y-%m-%d"
        # A date or a moment of the file is text that begins with the day.
        text = self.text if isinstance(dates, str) else self.text.str.slice(0, 10)
        days = text.str.to_date(pattern, strict=False)
        return replace(self, number=days.cast(pl.Int32).cast(pl.Float64))

    def _computed(self, number: pl.Expr) -> RawColumn:
        """Return a number computed from the column: text, labels and missing codes no longer apply."""
        return replace(self, number=number, text=None, is_text=False, is_integer=False, labels={}, ranges=())

    @property
    def is_blank(self) -> pl.Expr:
        """Whether the cell is empty."""
        is_no_number = self.number.is_null()
        return is_no_number if self.text is None else is_no_number & self.text.is_null()

    def matches(self, codes: Iterable[Code]) -> pl.Expr:
        """Whether the cell holds one of the codes, or a code whose label is one of them."""
        import polars as pl

        codes = list(codes)
        numbers = [float(code) for code in codes if not isinstance(code, str)]
        texts = [code.strip() for code in codes if isinstance(code, str)]
        labelled = [code for code, label in self.labels.items() if label.strip() in texts]
        numbers += [code for code in labelled if not isinstance(code, str)]
        if not self.is_text:  # "2" in a study is the code 2 of a file that stores numbers
            numbers += [float(text) for text in texts if WHOLE.fullmatch(text)]
        numbers += [float(text) for text in texts if text in INFINITE]
        texts += [code.strip() for code in labelled if isinstance(code, str)]
        matches = pl.lit(value=False)
        if numbers:
            matches = matches | self.number.is_in(numbers).fill_null(value=False)
        if texts and self.text is not None:
            matches = matches | self.text.is_in(texts).fill_null(value=False)
        return matches

    def identifier(self) -> pl.Expr:
        """Return an id as text that is the same from every format: 7, 7.0 and "7" are one id."""
        import polars as pl

        if self.is_integer:
            return self.value.cast(pl.String)
        if self.is_text and self.text is not None:  # unchanged: 007 and 7 are two ids, and only 7.0 is 7
            return (
                pl.when(self.text.str.contains(WHOLE.pattern))
                .then(self.text.str.replace(r"\.0+$", ""))
                .otherwise(self.text)
            )
        whole = (self.number == self.number.round(0)) & (self.number.abs() < LARGEST_EXACT)
        plain = self.number.cast(pl.Int64, strict=False).cast(pl.String)
        return pl.when(whole).then(plain).otherwise(self.number.cast(pl.String))


def raw_column(raw: RawFrame, name: str, codes: Collection[Code] = ()) -> RawColumn:
    """Return a column of a file.

    Parameters
    ----------
    raw
        The file.
    name
        The file's spelling of the column.
    codes
        Those that the study names; a text among them is never an empty cell.

    Raises
    ------
    DataError
        If a cell of the column is no single value.
    """
    import polars as pl

    kind = raw.frame.collect_schema()[name]
    _refuse_other_kind(raw.name, name, kind)
    value = pl.col(name)
    is_text = not (kind.is_numeric() or kind == pl.Boolean)
    if is_text:
        stripped = value.cast(pl.String).str.strip_chars(BLANKS)
        empty = [""] if name not in raw.plain_text else ["", *sorted(raw.missing_texts.difference(codes))]
        filled = pl.when(~stripped.is_in(empty)).then(stripped).otherwise(None)
        text: pl.Expr | None = filled
        number = filled.cast(pl.Float64, strict=False)
    else:
        text = _text_of_number(raw, name, kind)
        number = value.cast(pl.Float64)
    return RawColumn(
        name=name,
        value=value,
        number=number if kind.is_integer() else number.fill_nan(None),
        text=text,
        is_text=is_text,
        is_integer=kind.is_integer(),
        labels=raw.labels.get(name, {}),
        ranges=raw.missing_ranges.get(name, ()),
    )


def _refuse_other_kind(file: str, name: str, kind: pl.DataType) -> None:
    import polars as pl

    is_too_wide = isinstance(kind, pl.Decimal) and (kind.precision or 0) > WIDEST_DECIMAL
    if kind.is_nested() or is_too_wide or kind in (pl.Binary, pl.Duration, pl.Object):
        found = f"column '{name}' holds {str(kind).lower()}"
        raise DataError(Fault(file, found, "a number, a text or a date in each cell", "Convert the column."))


def _text_of_number(raw: RawFrame, name: str, kind: pl.DataType) -> pl.Expr | None:
    """Return the text of a column that stores numbers: Stata's letters, true and false, or nothing."""
    import polars as pl

    if kind == pl.Boolean:
        return pl.col(name).cast(pl.String)
    code = name + CODE_SUFFIX
    return pl.col(code) if code in raw.frame_columns() else None
