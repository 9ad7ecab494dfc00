"""How a text file separates columns and writes numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

DELIMITERS = (";", "\t", "|")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """The signs of a text file.

    Attributes
    ----------
    delimiter
        Between columns; None: a comma, in .tsv files a tab.
    decimal, thousands
        Inside numbers.
    is_found
        Whether a delimiter that is not given is found from the first line.
    """

    delimiter: str | None = None
    decimal: str = "."
    thousands: str | None = None
    is_found: bool = False


PLAIN = Dialect()


def likely_delimiter(columns: tuple[str, ...]) -> str | None:
    """Return the delimiter that a file seems to have if a comma leaves it with one column.

    Examples
    --------
    >>> likely_delimiter(("id;income;sex",)), likely_delimiter(("id", "income")), likely_delimiter(("id",))
    (';', None, None)
    """
    if len(columns) != 1:
        return None
    return max(
        (one for one in DELIMITERS if one in columns[0]), key=lambda one: columns[0].count(one), default=None
    )


def with_plain_numbers(frame: pl.LazyFrame, dialect: Dialect) -> pl.LazyFrame:
    """Return text columns with numbers as every program reads them: 1.234,5 becomes 1234.5."""
    import polars as pl

    if dialect.decimal == "." and dialect.thousands is None:
        return frame
    decimal = re.escape(dialect.decimal)
    whole = r"\d+"
    if dialect.thousands is not None:
        whole = rf"(?:\d{{1,3}}(?:{re.escape(dialect.thousands)}\d{{3}})+|\d+)"
    pattern = rf"^\s*[-+]?{whole}(?:{decimal}\d*)?\s*$"
    text = pl.all()
    plain = text if dialect.thousands is None else text.str.replace_all(dialect.thousands, "", literal=True)
    plain = plain.str.replace(dialect.decimal, ".", literal=True)
    return frame.with_columns(pl.when(text.str.contains(pattern)).then(plain).otherwise(text))


def looks_like(frame: pl.LazyFrame, column: str) -> str | None:
    """Return the key of a study that would make the text of a column numbers, None without a sign of it."""
    import polars as pl

    text = pl.col(column).cast(pl.String)
    signs = {
        'source.thousands = ","': r"^\s*[-+]?\d{1,3}(,\d{3})+(\.\d+)?\s*$",
        'source.decimal = ","': r"^\s*[-+]?\d+,\d+\s*$",
        'source.decimal = "," and source.thousands = "."': r"^\s*[-+]?\d{1,3}(\.\d{3})+,\d+\s*$",
        'source.thousands = " "': r"^\s*[-+]?\d{1,3}( \d{3})+([.,]\d+)?\s*$",
    }
    counts = frame.select(
        text.str.contains(pattern).sum().alias(remedy) for remedy, pattern in signs.items()
    ).collect(engine="in-memory")
    best = max(signs, key=lambda remedy: counts[remedy][0] or 0)
    return best if counts[best][0] else None
