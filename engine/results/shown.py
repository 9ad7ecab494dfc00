"""How results of the Python functions show themselves: a short text, a table, and HTML for notebooks."""

from __future__ import annotations

from html import escape
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from engine.results.rows import TidyRow, to_frame

if TYPE_CHECKING:
    import polars as pl

MOST_LINES = 20  # of a repr: a screen has 24
_ABOUT = ("outcome", "rank_by", "wave", "subgroup", "term", "level", "measure", "method")
_NUMBERS = ("estimate", "std_error", "conf_low", "conf_high", "p_value", "n_obs")
_STATUS = "status"


class Drawing(Protocol):
    """Figures that a notebook shows."""

    def save(self, path: str | Path) -> tuple[Path, ...]:
        """Write the figures as SVG, PNG or PDF, by the suffix; further ones have numbers in their names."""


class Shown:
    """A result with tidy rows."""

    __slots__ = ()
    rows: tuple[TidyRow, ...]

    def to_frame(self) -> pl.DataFrame:
        """Return the tidy rows as a Polars frame, without the columns that say nothing here."""
        return without_empty_columns(to_frame(self.rows))

    def table(self) -> pl.DataFrame:
        """Return what one reads first: what each number is about, the number, its error and interval."""
        return readable(to_frame(self.rows))

    def summary(self) -> str:
        """Return the whole table as text."""
        return text_table(self.table(), None)

    def plot(self) -> Drawing:
        """Return the figures of the result.

        Raises
        ------
        UsageError
            If it is of a kind without figures, or vl-convert is not installed.
        """
        # By name: what draws comes later in the flow and is loaded only for who asks for it.
        return cast("Drawing", import_module("engine.report.figures.of_result").plot_of(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}\n{text_table(self.table(), MOST_LINES)}"

    def _repr_html_(self) -> str:
        return html_table(self.table(), MOST_LINES)


def without_empty_columns(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame without the columns that hold nothing but nulls."""
    if frame.height == 0:
        return frame
    return frame.select(name for name in frame.columns if frame[name].null_count() < frame.height)


def readable(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the columns that differ between rows, the numbers, and the status where one is not ok."""
    about = [name for name in _ABOUT if name == "measure" or frame[name].n_unique() > 1]
    doubts = [_STATUS] if frame.height and (frame[_STATUS] != "ok").any() else []
    return without_empty_columns(frame.select(*about, *_NUMBERS, *doubts))


def cell(value: object) -> str:
    """Return a value of a table as text, numbers with four significant digits.

    Examples
    --------
    >>> cell(-0.00001234), cell(1234567), cell(None), cell("north")
    ('-1.234e-05', '1,234,567', '', 'north')
    """
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def text_table(frame: pl.DataFrame, most: int | None) -> str:
    """Return a frame as lines of text; with `most`, the first ones and how many follow."""
    shown = frame if most is None else frame.head(most)
    lines = [list(shown.columns), *([cell(value) for value in row] for row in shown.iter_rows())]
    widths = [max(len(line[place]) for line in lines) for place in range(len(shown.columns))]
    is_number = [kind.is_numeric() for kind in shown.dtypes]
    text = "\n".join(
        "  ".join(
            one.rjust(width) if right else one.ljust(width)
            for one, width, right in zip(line, widths, is_number, strict=True)
        ).rstrip()
        for line in lines
    )
    more = frame.height - shown.height
    return text if not more else f"{text}\n... and {more:,} more rows: .table(), .to_frame()"


def html_table(frame: pl.DataFrame, most: int) -> str:
    """Return the first rows of a frame as an HTML table."""
    head = "".join(f"<th>{escape(name)}</th>" for name in frame.columns)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(cell(value))}</td>' for value in row)}</tr>"
        for row in frame.head(most).iter_rows()
    )
    more = frame.height - most
    note = f"<p>... and {more:,} more rows: .table(), .to_frame()</p>" if more > 0 else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{note}"
