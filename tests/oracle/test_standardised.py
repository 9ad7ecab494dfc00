"""Directly standardised rates against svystandardize of R survey."""

import json

import numpy as np
import polars as pl
import pytest

import engine
from tests.conftest import NUMBERS

RTOL = 1e-9
DESIGN = {"weight": "WTINT2YR", "stratum": "SDMVSTRA", "cluster": "psu"}
AGES = ["20-39", "40-59", "60+"]


@pytest.fixture(scope="module")
def expected():
    return json.loads(next(NUMBERS.glob("*_direct_standardisation.json")).read_text())


@pytest.fixture(scope="module")
def adults(shared):
    frame = pl.read_parquet(shared / "data" / "nhanes_2009_2012_raw.parquet")
    age, ratio = pl.col("Age"), pl.col("Poverty")
    known = (age >= 20) & ratio.is_not_null()
    # The reference counts the five adults whose diabetes is unknown as people without it.
    has_diabetes = (pl.col("Diabetes") == "Yes").fill_null(value=False).cast(pl.Float64)
    return frame.with_columns(
        psu=pl.col("SDMVSTRA") * 10 + pl.col("SDMVPSU"),
        ill=pl.when(known).then(has_diabetes),
        age_group=pl.when(age < 40)
        .then(pl.lit("20-39"))
        .when(age < 60)
        .then(pl.lit("40-59"))
        .otherwise(pl.lit("60+")),
        poverty=pl.when(ratio < 1.3)
        .then(pl.lit("a_low"))
        .when(ratio < 3.5)
        .then(pl.lit("b_mid"))
        .otherwise(pl.when(ratio.is_not_null()).then(pl.lit("c_high"))),
    )


def by_age(expected):
    return {"by": "age_group", "population": list(zip(AGES, expected["population"], strict=True))}


def by_age_and_sex(expected):
    cells = [(age, sex) for sex in ("female", "male") for age in AGES]
    sizes = expected["age_by_sex"]["population"]
    rows = [[*cell, size] for cell, size in zip(cells, sizes, strict=True)]
    return {"by": ["age_group", "Gender"], "population": rows}


def test_rates__by_age_are_those_of_svystandardize(adults, expected):
    result = engine.rates(adults, "ill", "poverty", standardise=by_age(expected), **DESIGN)
    total, *groups = result.rows
    assert total.measure == "standardised_rate"
    assert total.estimate == pytest.approx(expected["overall"]["estimate"], rel=RTOL)
    assert total.std_error == pytest.approx(expected["overall"]["se"], rel=RTOL)
    assert [row.estimate for row in groups] == pytest.approx(expected["by_poverty"]["estimate"], rel=RTOL)
    assert [row.std_error for row in groups] == pytest.approx(expected["by_poverty"]["se"], rel=RTOL)


def test_rates__by_age_and_sex_are_those_of_svystandardize(adults, expected):
    result = engine.rates(adults, "ill", "poverty", standardise=by_age_and_sex(expected), **DESIGN)
    numbers = expected["age_by_sex"]
    assert [row.estimate for row in result.rows[1:]] == pytest.approx(numbers["estimate"], rel=RTOL)
    assert [row.std_error for row in result.rows[1:]] == pytest.approx(numbers["se"], rel=RTOL)


def test_disparity__compares_standardised_rates(adults, expected):
    options = {"group": "poverty", "favourable": False, "standardise": by_age(expected), **DESIGN}
    low, _, high = expected["by_poverty"]["estimate"]
    difference = engine.inequality(adults, "ill", "difference", **options)
    ratio = engine.inequality(adults, "ill", "ratio", **options)
    assert difference.estimate == pytest.approx(low - high, rel=RTOL)
    assert ratio.estimate == pytest.approx(low / high, rel=RTOL)
    replicated = engine.inequality(
        adults, "ill", "difference", method="jackknife", interval="normal", **options
    )
    assert replicated.std_error == pytest.approx(difference.std_error, rel=0.02)
    # The groups share PSUs: independent groups would have another error.
    apart = np.hypot(expected["by_poverty"]["se"][0], expected["by_poverty"]["se"][2])
    assert abs(difference.std_error / apart - 1.0) > 0.01
