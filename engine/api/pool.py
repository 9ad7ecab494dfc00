"""The Python function that pools the results of several completed data sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.data.frame_reader import as_polars
from engine.errors import UsageError
from engine.estimators.rubin import Pooled, rubin
from engine.results.rows import COLUMNS, column_type

if TYPE_CHECKING:
    import polars as pl

KEYS = (
    "analysis",
    "kind",
    "outcome",
    "rank_by",
    "wave",
    "subgroup",
    "term",
    "level",
    "measure",
    "method",
    "conf_level",
    "parameter",
)
RATIOS = frozenset(
    (
        "odds_ratio",
        "crude_odds_ratio",
        "prevalence_ratio",
        "incidence_rate_ratio",
        "ratio",
        "rii",
    )
)
"""Measures that are pooled as logarithms."""
COUNTED = frozenset(("count", "percent", "weighted_count", "sd"))
"""Measures without an error whose mean is told."""
NOT_EVERYWHERE = "not in every imputation"
NOT_POOLED = "not pooled: no standard error"
MISSING_INFORMATION = "missing_information"
Row = Mapping[str, Any]


def pool(results: Sequence[Any]) -> pl.DataFrame:
    """Pool the results of completed data sets by Rubin's rules.

    Multiple imputation makes several data sets, in each of which other values stand for those that are
    missing. Run the same study or function on each of them, then pool. An error of one completed data set
    alone would be too small.

    Parameters
    ----------
    results
        Two or more results of the same study or function: what `run`, `concentration_index`, `logit` and the
        others return, or their tidy frames.

    Returns
    -------
    polars.DataFrame
        Tidy rows with `missing_information`, the share of information that missing values take. Ratios are
        pooled as logarithms. Tests and other numbers without a standard error say that they are not pooled.

    Raises
    ------
    UsageError
        With fewer than two results, or without a row that they share.

    Examples
    --------
    >>> import polars as pl
    >>> one = pl.DataFrame({"measure": ["mean"], "estimate": [1.0], "std_error": [1.0], "df2": [20.0]})
    >>> pooled = pool([one, one.with_columns(estimate=2.0), one.with_columns(estimate=3.0)])
    >>> [round(value, 4) for value in pooled.select("estimate", "std_error").row(0)]
    [2.0, 1.5275]
    """
    import polars as pl

    if len(results) < 2:
        raise UsageError(f"results: found {len(results)}; expected two or more. Give one an imputation.")
    frames = [as_polars(one.to_frame() if hasattr(one, "to_frame") else one) for one in results]
    each = [{_key(row): row for row in frame.to_dicts()} for frame in frames]
    if not set(each[0]).intersection(*each[1:]):
        raise UsageError(
            "results: found no row that all of them have; expected results of the same study or function. "
            "Give one for each imputation."
        )
    keys = dict.fromkeys(key for rows in each for key in rows)
    pooled = [_pooled([rows[key] for rows in each if key in rows], len(results)) for key in keys]
    types: dict[str, type[pl.DataType]] = {name: column_type(name) for name in COLUMNS}
    types[MISSING_INFORMATION] = pl.Float64
    return pl.DataFrame([[row.get(name) for name in types] for row in pooled], schema=types, orient="row")


def _key(row: Row) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in KEYS)


def _pooled(rows: Sequence[Row], m: int) -> dict[str, Any]:
    """Return the row of one quantity, from its rows in the imputations that have it."""
    first = rows[0]
    doubts = [row.get("status", "ok") for row in rows if row.get("status", "ok") != "ok"]
    pooled: dict[str, Any] = {
        **{name: first.get(name) for name in KEYS},
        "study": first.get("study"),
        "n_obs": min((row["n_obs"] for row in rows if row.get("n_obs") is not None), default=None),
        "n_clusters": first.get("n_clusters"),
        "status": doubts[0] if doubts else "ok",
    }
    estimates = _numbers(rows, "estimate")
    if len(rows) < m or not np.isfinite(estimates).all():
        return {**pooled, "status": doubts[0] if doubts and len(rows) == m else NOT_EVERYWHERE}
    if first.get("status") == "reference":
        return {**pooled, "estimate": float(estimates[0])}
    errors = _numbers(rows, "std_error")
    if not np.isfinite(errors).all():
        if first["measure"] in COUNTED:
            return {**pooled, "estimate": float(estimates.mean())}
        return {**pooled, "status": NOT_POOLED}
    degrees = _numbers(rows, "df2")
    complete = float(degrees.min()) if np.isfinite(degrees).all() else np.inf
    is_ratio = first["measure"] in RATIOS and bool((estimates > 0.0).all())
    if is_ratio:
        errors, estimates = errors / estimates, np.log(estimates)
    return {**pooled, **_row_of(rubin(estimates, errors**2, complete), first, m, is_ratio=is_ratio)}


def _row_of(found: Pooled, first: Row, m: int, *, is_ratio: bool) -> dict[str, Any]:
    low, high = found.interval(first.get("conf_level") or 0.95)
    estimate, error = found.estimate, found.std_error
    if is_ratio:
        estimate, low, high = (float(np.exp(value)) for value in (estimate, low, high))
        error *= estimate
    made = f"{first['method']}, " if first.get("method") else ""
    return {
        "estimate": estimate,
        "std_error": error,
        "conf_low": low,
        "conf_high": high,
        "conf_level": first.get("conf_level") or 0.95,
        "p_value": found.p_value() if first.get("p_value") is not None and error > 0.0 else None,
        "method": f"{made}{m} imputations",
        "df2": found.degrees,
        MISSING_INFORMATION: found.missing_information,
    }


def _numbers(rows: Sequence[Row], name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([np.nan if row.get(name) is None else row[name] for row in rows], np.float64)
