"""Degrees of freedom and parameters stand in columns, and give the intervals that rows have."""

import re

import numpy as np
import polars as pl
import pytest
from scipy.stats import chi2, f, t

import engine

rng = np.random.default_rng(7)
N = 240
FRAME = pl.DataFrame(
    {
        "y": rng.normal(10, 2, N),
        "event": rng.integers(0, 2, N),
        "x": rng.normal(0, 1, N),
        "z": rng.integers(0, 3, N).astype(str),
        "w": rng.uniform(1, 3, N),
        "stratum": np.arange(N) % 4,
        "psu": np.arange(N) % 24,
    }
)
DESIGN = {"weight": "w", "stratum": "stratum", "cluster": "psu"}
DEGREES = 24 - 4


def rows_of_all():
    yield from engine.concentration_index(FRAME, "y", "x", **DESIGN, index="extended", parameter=3).rows
    yield from engine.inequality(FRAME, "y", "sii", rank_by="x", **DESIGN).rows
    yield from engine.rif(FRAME, "y", "x", ["z"], **DESIGN).rows
    yield from engine.logit(FRAME, "event", ["z", "x"], **DESIGN, covariance="design").rows


def test_interval__is_that_of_student_with_df2():
    checked = 0
    for row in rows_of_all():
        if row.df1 is None and row.conf_low is not None and "ratio" not in row.measure:
            assert row.df2 == (
                DEGREES if row.kind or row.measure[:2] not in ("co", "ma") else DEGREES + 1 - 4
            )
            half = t.ppf(0.5 + row.conf_level / 2, row.df2) * row.std_error
            assert row.conf_high == pytest.approx(row.estimate + half, rel=1e-9)
            checked += 1
    assert checked > 8


def test_tests__have_the_p_value_of_their_degrees():
    design = engine.logit(FRAME, "event", ["z", "x"], **DESIGN, covariance="design").rows
    model = engine.logit(FRAME, "event", ["z", "x"], covariance="model").rows
    for row in design:
        if row.measure == "wald_f":
            assert row.p_value == pytest.approx(f.sf(row.estimate, row.df1, row.df2), rel=1e-9)
    for row in model:
        if row.measure == "lr_chi2":
            assert row.p_value == pytest.approx(chi2.sf(row.estimate, row.df1), rel=1e-9)
        elif row.measure == "coefficient":
            assert row.df2 is None


def test_method__holds_no_number_of_a_test():
    for row in rows_of_all():
        assert row.measure == "vif" or not re.search(r"F\(|\bdf\b", row.method or "")


def test_parameter__is_that_of_measures_that_have_one():
    (row,) = engine.concentration_index(FRAME, "y", "x", index="extended", parameter=3).rows
    assert row.parameter == 3
    (row,) = engine.concentration_index(FRAME, "y", "x").rows
    assert row.parameter is None
    assert engine.inequality(FRAME, "y", "atkinson", parameter=0.5).rows[0].parameter == 0.5
    assert engine.inequality(FRAME, "y", "gini").rows[0].parameter is None
