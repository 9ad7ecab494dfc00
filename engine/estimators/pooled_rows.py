"""Tidy rows of several completed data sets -> one row for each quantity, by Rubin's rules.

An estimate that no imputed value has touched is the same in all of them: its row stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.special import fdtrc

from engine.arrays import FloatArray
from engine.estimators.pooling_scales import BAND, LOGARITHM, OF_SHARES, SHARES, Scale, scale_of
from engine.estimators.rubin import rubin, rubin_of_tests
from engine.results import TidyRow

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
TESTS = frozenset(("wald_f", "rao_scott_f", "lr_chi2"))
"""Tests whose statistics are pooled."""
NEVER_POOLED = frozenset(
    (
        "aic",
        "bic",
        "log_likelihood",
        "null_log_likelihood",
        "pseudo_r2",
        "r_squared",
        "dispersion",
        "dominance",
        "points_check",
        "vif",
    )
)
"""Numbers of one data set, whose mean over several means nothing."""
NOT_EVERYWHERE = "not in every imputation"
NOT_POOLED = "not pooled: a number of one imputation"
MANY = "multiple imputation"
_Key = tuple[Any, ...]
_OF_RULE = ("multiple comparison", "intersection-union", "likelihood ratio, boundary")


def pooled_rows(each: Sequence[Sequence[TidyRow]]) -> tuple[TidyRow, ...]:
    """Return the pooled row of every quantity, in the order in which it is first met.

    Parameters
    ----------
    each
        The rows of each completed data set.
    """
    found = [{_key(row): row for row in rows} for rows in each]
    keys = _without_empty(dict.fromkeys(key for rows in found for key in rows), found)
    return tuple(_pooled([rows[key] for rows in found if key in rows], len(each)) for key in keys)


def _without_empty(keys: Iterable[_Key], found: Sequence[Mapping[_Key, TidyRow]]) -> list[_Key]:
    """Return keys without those of rows that have no number and no method, where other data sets have both.

    A group without people in one data set names no errors there; it is no quantity of its own.
    """
    keys = [*keys]
    with_method = {_quantity(key) for key in keys if key != _quantity(key)}
    return [
        key
        for key in keys
        if key not in with_method or any(rows[key].estimate is not None for rows in found if key in rows)
    ]


def _quantity(key: _Key) -> _Key:
    """Return a key without method and level of limits."""
    named = dict(zip(KEYS, key, strict=True))
    return tuple({**named, "method": "", "conf_level": None}.values())


def shared_rows(each: Sequence[Sequence[TidyRow]]) -> int:
    """Return how many quantities all data sets have."""
    first, *others = ({_key(row) for row in rows} for rows in each)
    return len(first.intersection(*others))


def repeated_rows(rows: Sequence[TidyRow]) -> int:
    """Return how many rows are about the same quantity as another one of the same data set."""
    return len(rows) - len({_key(row) for row in rows})


def _key(row: TidyRow) -> _Key:
    """Return what makes a quantity; how the limits of a share are made depends on the data set."""
    key = {name: getattr(row, name) for name in KEYS}
    key["method"] = ", ".join(_errors_of(row))
    if row.measure == "dominance":
        key["term"] = None  # the verdict
    return tuple(key.values())


def _errors_of(row: TidyRow) -> list[str]:
    """Return the parts of a method, without how the limits of a share are made."""
    parts = [part for part in str(row.method or "").split(", ") if part]
    if row.measure not in SHARES:
        return parts
    # Exact limits of a linearised share name no errors.
    return [part for part in parts if part not in OF_SHARES] or (["linearised"] if parts else [])


def _pooled(rows: Sequence[TidyRow], m: int) -> TidyRow:
    """Return the row of one quantity, from its rows in the data sets that have it."""
    first = rows[0]
    if len(rows) == m and all(row == first for row in rows):
        return replace(first, n_imputations=m, missing_information=0.0)
    doubts = [row.status for row in rows if row.status != "ok"]
    pooled = replace(_without_numbers(first), **_counts(rows), status=doubts[0] if doubts else "ok")
    estimates = _numbers(rows, "estimate")
    if len(rows) < m or not np.isfinite(estimates).all():
        return replace(pooled, status=pooled.status if doubts and len(rows) == m else NOT_EVERYWHERE)
    if first.measure in TESTS:
        return _test(pooled, rows, estimates)
    if first.measure in NEVER_POOLED:
        return replace(pooled, term=None if first.measure == "dominance" else first.term, status=NOT_POOLED)
    errors = _numbers(rows, "std_error")
    pooled = replace(pooled, n_imputations=m)
    if not np.isfinite(errors).all():
        return replace(pooled, estimate=float(estimates.mean()))
    return _estimate(pooled, rows, estimates, errors)


def _without_numbers(row: TidyRow) -> TidyRow:
    return TidyRow(study=row.study, **{name: getattr(row, name) for name in KEYS})


def _counts(rows: Sequence[TidyRow]) -> Mapping[str, Any]:
    """Return how many people and replicates stand behind a quantity in every data set: the fewest."""
    names = ("n_obs", "n_events", "n_clusters", "n_replicates")
    every = {name: [getattr(row, name) for row in rows if getattr(row, name) is not None] for name in names}
    weights = [row.sum_weights for row in rows if row.sum_weights is not None]
    return {
        **{name: min(values, default=None) for name, values in every.items()},
        "n_failed": max((row.n_failed for row in rows if row.n_failed is not None), default=None),
        "sum_weights": float(np.mean(weights)) if weights else None,
    }


def _estimate(pooled: TidyRow, rows: Sequence[TidyRow], estimates: FloatArray, errors: FloatArray) -> TidyRow:
    """Return the row of an estimate with errors, on the scale on which its measure is pooled."""
    scale = scale_of(rows, estimates)
    if scale is LOGARITHM:
        errors, estimates = errors / estimates, np.log(estimates)
    found = rubin(estimates, errors**2, _complete(rows))
    conf_level = pooled.conf_level or 0.95
    low, high = scale.limits(found, conf_level, rows)
    estimate, error = found.estimate, found.std_error
    if scale is LOGARITHM:
        estimate = float(np.exp(estimate))
        error *= estimate
    has_test = any(row.p_value is not None for row in rows) and found.std_error > 0.0
    return replace(
        pooled,
        estimate=estimate,
        std_error=error,
        conf_low=low,
        conf_high=high,
        conf_level=conf_level,
        p_value=found.p_value() if has_test else None,
        method=_method(rows, scale),
        df2=None if scale is BAND else found.degrees,
        missing_information=found.missing_information,
    )


def _method(rows: Sequence[TidyRow], scale: Scale) -> str:
    """Return the method of a pooled row: that of one data set, and how its limits are made now."""
    return ", ".join([*_errors_of(rows[0]), *([scale.name] if scale.name else []), MANY])


def _test(pooled: TidyRow, rows: Sequence[TidyRow], estimates: FloatArray) -> TidyRow:
    """Return the pooled statistic of a test with as many degrees of freedom in every data set."""
    k = _numbers(rows, "df1")
    if not np.isfinite(k).all() or np.ptp(k) > 0.0 or rows[0].method in _OF_RULE:
        return replace(pooled, status=NOT_POOLED)
    is_chi2 = rows[0].measure == "lr_chi2"
    chi2 = estimates if is_chi2 else k[0] * estimates
    statistic, degrees, information = rubin_of_tests(chi2, float(k[0]), _complete(rows))
    p_value = float(fdtrc(k[0], degrees, statistic)) if statistic > 0.0 else 1.0
    return replace(
        pooled,
        estimate=k[0] * statistic if is_chi2 else statistic,
        p_value=p_value,
        method=f"{rows[0].method}, {MANY}",
        df1=float(k[0]),
        df2=degrees,
        n_imputations=len(rows),
        missing_information=information,
    )


def _complete(rows: Sequence[TidyRow]) -> float:
    """Return the degrees of freedom of complete data: the fewest of all data sets; infinite without any."""
    degrees = _numbers(rows, "df2")
    return float(degrees.min()) if np.isfinite(degrees).all() else np.inf


def _numbers(rows: Sequence[TidyRow], name: str) -> FloatArray:
    return np.array([np.nan if getattr(row, name) is None else getattr(row, name) for row in rows], float)
