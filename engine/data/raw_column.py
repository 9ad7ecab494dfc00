"""A raw column as Polars expressions: as number and as text, matched by code or label."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from engine.data.labelled import CODE_SUFFIX
from engine.data.sources import RawFrame
from engine.study.base import Code

if TYPE_CHECKING:
    import polars as pl

YEAR_AND_MONTH = 100_000  # a year from here on is YYYYMM
LARGEST_EXACT = 2.0**53  # whole numbers below this are exact as doubles
WHOLE = re.compile(r"^-?(0|[1-9][0-9]*)(\.0+)?$")


class RawColumn:
    """A raw column read as number and as text, whatever the file stored.

    Attributes
    ----------
    name
        The file's own spelling.
    number
        Its numeric value, null where it is none.
    text
        Its text without outer spaces; null for a stored number, except Stata's ``.a`` to ``.z``.
    is_text
        Whether the file stores text.
    """

    def __init__(self, raw: RawFrame, column: str) -> None:
        import polars as pl

        self.name = column
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

    def keep_digits(self, digits: int) -> None:
        """Keep the first digits of a code: 2 of a county's 6 are its province."""
        import polars as pl

        self.number = self.identifier().str.slice(0, digits).cast(pl.Float64, strict=False)
        self._becomes_number()

    def count_years(self, date: str, month: RawColumn | None) -> None:
        """Become the completed years from this year (or YYYYMM, or with a month beside it) to YYYY or YYYY-MM."""
        import polars as pl

        until_year, _, until_month = date.partition("-")
        has_month = self.number >= YEAR_AND_MONTH
        year = pl.when(has_month).then((self.number / 100).floor()).otherwise(self.number)
        own = pl.when(has_month).then(self.number % 100).otherwise(None if month is None else month.number)
        years = float(until_year) - year
        if until_month:
            months = years * 12 + float(until_month) - own
            years = pl.when(own.is_between(1, 12)).then((months / 12).floor()).otherwise(years)
        self.number = years
        self._becomes_number()

    def _becomes_number(self) -> None:
        import polars as pl

        self.text = pl.lit(None, dtype=pl.String)
        self.is_text = self.is_integer = False
        self.labels, self.ranges = {}, ()

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
