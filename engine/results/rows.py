"""The tidy row: one quantity, with everything needed to read it (DESIGN 4.5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class TidyRow:
    """One estimated quantity.

    Attributes
    ----------
    study, analysis, kind
        Where it comes from.
    outcome, rank_by, wave, subgroup, term, level
        What it describes; None where it does not apply.
    measure
        The name of the quantity, such as ``erreygers``, ``rate`` or ``difference``.
    estimate, std_error, conf_low, conf_high, conf_level, p_value
        The number, its standard error, interval and two-sided test against 0; None where undefined.
    method
        How the standard error and interval were made.
    n_obs, n_events, n_clusters, sum_weights
        The data behind it: rows, events of a 0/1 outcome, sampling clusters, sum of weights.
    n_replicates, n_failed
        Replicates behind it, and how many of them were undefined.
    status
        ``ok``, or why the number is missing or doubtful.
    df1, df2
        Degrees of freedom of the test or interval: of a chi-square ``df1``, of an F both, of Student's t
        ``df2``; None for the normal distribution and for quantiles of replicates.
    parameter
        That of an index or measure with one, such as v of the extended index.
    mc_error
        Monte-Carlo standard error of the worse bound of an interval from drawn replicates: how far another
        seed would move it. None for other intervals.
    n_imputations, missing_information
        Completed data sets that the number is pooled from, and the share of information that missing values
        take; 0 where no imputed value matters. None without imputations.
    """

    study: str | None = None
    analysis: str | None = None
    kind: str | None = None
    outcome: str | None = None
    rank_by: str | None = None
    wave: str | None = None
    subgroup: str | None = None
    term: str | None = None
    level: str | None = None
    measure: str
    estimate: float | None = None
    std_error: float | None = None
    conf_low: float | None = None
    conf_high: float | None = None
    conf_level: float | None = None
    p_value: float | None = None
    method: str | None = None
    n_obs: int | None = None
    n_events: int | None = None
    n_clusters: int | None = None
    sum_weights: float | None = None
    n_replicates: int | None = None
    n_failed: int | None = None
    status: str = "ok"
    df1: float | None = None
    df2: float | None = None
    parameter: float | None = None
    mc_error: float | None = None
    n_imputations: int | None = None
    missing_information: float | None = None


COLUMNS: tuple[str, ...] = tuple(field.name for field in fields(TidyRow))
_FLOATS = {
    "estimate",
    "std_error",
    "conf_low",
    "conf_high",
    "conf_level",
    "p_value",
    "sum_weights",
    "df1",
    "df2",
    "parameter",
    "mc_error",
    "missing_information",
}
_INTEGERS = {"n_obs", "n_events", "n_clusters", "n_replicates", "n_failed", "n_imputations"}


def column_type(name: str) -> type[pl.DataType]:
    """Return the type of a column of tidy rows."""
    import polars as pl

    return pl.Float64 if name in _FLOATS else pl.Int64 if name in _INTEGERS else pl.String


def frame_of_measure(rows: Iterable[TidyRow], measure: str) -> pl.DataFrame:
    """Return the tidy rows of one measure as a Polars frame."""
    return to_frame(row for row in rows if row.measure == measure)


def to_frame(rows: Iterable[TidyRow]) -> pl.DataFrame:
    """Return tidy rows as a Polars frame with the columns and types of the contract.

    Examples
    --------
    >>> frame = to_frame([TidyRow(measure="standard", estimate=0.1, n_obs=8)])
    >>> frame.select("measure", "estimate", "n_obs").row(0)
    ('standard', 0.1, 8)
    """
    import polars as pl

    types = {name: column_type(name) for name in COLUMNS}
    return pl.DataFrame(
        [[getattr(row, name) for name in COLUMNS] for row in rows], schema=types, orient="row"
    )
