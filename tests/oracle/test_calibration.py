"""Calibrated weights and their jackknife errors against R survey, and what is refused."""

import json

import numpy as np
import polars as pl
import pytest

import engine
from engine.errors import DataError, UsageError
from tests.conftest import NUMBERS

RTOL = 1e-9


def people_of_nhanes(shared):
    """NHANES as the oracle sees it: missing values of y and inc are 0."""
    age = pl.col("Age")
    group = pl.when(age < 18).then(pl.lit("0-17")).when(age < 40).then(pl.lit("18-39"))
    return pl.read_parquet(shared / "data" / "nhanes_2009_2012_raw.parquet").select(
        "SDMVSTRA",
        "SDMVPSU",
        w="WTINT2YR",
        sex="Gender",
        a4=group.when(age < 60).then(pl.lit("40-59")).otherwise(pl.lit("60+")),
        age=age.cast(pl.Float64),
        y=(pl.col("Diabetes") == "Yes").fill_null(value=False).cast(pl.Float64),
        inc=pl.col("Poverty").fill_null(0.0),
    )


@pytest.fixture(scope="module")
def expected():
    return json.loads(next(NUMBERS.glob("*_weight_adjustment.json")).read_text())


@pytest.fixture(scope="module")
def nhanes(shared):
    """NHANES with a JKn replicate for each PSU, and the factor of each replicate."""
    frame = people_of_nhanes(shared)
    columns, factors = {}, []
    weight, stratum, psu = (frame[name].to_numpy() for name in ("w", "SDMVSTRA", "SDMVPSU"))
    for h in np.unique(stratum):
        units = np.unique(psu[stratum == h])
        for unit in units:
            times = np.where(stratum == h, np.where(psu == unit, 0.0, len(units) / (len(units) - 1)), 1.0)
            columns[f"rw_{len(columns) + 1}"] = weight * times
            factors.append((len(units) - 1) / len(units))
    return frame.with_columns(**columns), np.array(factors)


def margins_of(expected, *names):
    given = expected["margins"]
    known = {
        "sex": {row["sex"]: row["Freq"] for row in given["sex"]},
        "a4": {row["a4"]: row["Freq"] for row in given["a4"]},
        ("sex", "a4"): {(row["sex"], row["a4"]): row["Freq"] for row in given["joint"]},
        "age": given["age_total"],
    }
    return {name: known[name] for name in names}


CASES = {
    "postStratify_sex_age": ("linear", [("sex", "a4")]),
    "rake_sex_age": ("raking", ["sex", "a4"]),
    "calibrate_linear": ("linear", ["sex", "a4"]),
    "calibrate_raking": ("raking", ["sex", "a4"]),
    "calibrate_linear_with_age": ("linear", ["sex", "a4", "age"]),
    "calibrate_raking_with_age": ("raking", ["sex", "a4", "age"]),
}


@pytest.mark.parametrize("case", CASES)
def test_nhanes__weights_and_jackknife_are_those_of_survey(nhanes, expected, case):
    frame, factors = nhanes
    method, names = CASES[case]
    # R's raking stops at 1e-7 of a change in places.
    rtol = 1e-7 if method == "raking" else RTOL
    numbers, margins = expected["jkn"][case], margins_of(expected, *names)
    adjusted = engine.calibrate_weights(frame, "w", "rw_*", margins, method=method)
    w = adjusted["w"].to_numpy()
    assert w[:5] == pytest.approx(numbers["w_first5"], rel=rtol)
    assert (w.sum(), w.min(), w.max()) == pytest.approx(
        (numbers["sum_w"], numbers["min_w"], numbers["max_w"]), rel=rtol
    )
    weights = adjusted.select(pl.col("^rw_.*$")).to_numpy().T
    for k, name in enumerate(("y", "inc")):
        values = adjusted[name].to_numpy()
        for measure, theta, of_all in (
            ("total", weights @ values, w @ values),
            ("mean", weights @ values / weights.sum(axis=1), w @ values / w.sum()),
        ):
            assert of_all == pytest.approx(numbers[measure][k], rel=rtol)
            std_error = np.sqrt((factors * (theta - theta.mean()) ** 2).sum())
            assert std_error == pytest.approx(numbers[f"se_{measure}"][k], rel=10 * rtol), measure


def test_functions__take_the_adjusted_weights(nhanes, expected):
    frame, factors = nhanes
    adjusted = engine.calibrate_weights(frame, "w", "rw_*", margins_of(expected, ("sex", "a4")))
    given = {"columns": "rw_*", "method": "jkn", "rscales": factors.tolist(), "centre": "mean"}
    (row,) = engine.rates(adjusted, "y", weight="w", replicate_weights=given).rows
    numbers = expected["jkn"]["postStratify_sex_age"]
    assert row.estimate == pytest.approx(numbers["mean"][0], rel=RTOL)
    assert row.std_error == pytest.approx(numbers["se_mean"][0], rel=1e-8)


@pytest.fixture
def people():
    generator = np.random.default_rng(3)
    n = 400
    frame = pl.DataFrame(
        {
            "sex": generator.choice(["f", "m"], n),
            "age": generator.choice(["old", "young"], n),
            "w": generator.uniform(0.5, 2.0, n),
        }
    )
    return frame.with_columns(rw_1=pl.col("w") * 2, rw_2=pl.col("w") * generator.integers(0, 3, n))


@pytest.mark.parametrize("method", ["linear", "raking"])
def test_totals__are_met_by_every_replicate_and_a_second_time_changes_nothing(people, method):
    margins = {"sex": {"f": 60.0, "m": 40.0}, "age": {"old": 30.0, "young": 70.0}}
    adjusted = engine.calibrate_weights(people, "w", "rw_*", margins, method=method)
    for name in ("w", "rw_1", "rw_2"):
        for margin, totals in margins.items():
            found = dict(adjusted.group_by(margin).agg(pl.col(name).sum()).iter_rows())
            assert found == pytest.approx(totals, rel=1e-11)
    # Twice the weight is the same person: factors do not see the scale.
    assert adjusted["rw_1"].to_list() == pytest.approx(adjusted["w"].to_list(), rel=1e-9)
    again = engine.calibrate_weights(adjusted, "w", "rw_*", margins, method=method)
    assert again["w"].to_list() == pytest.approx(adjusted["w"].to_list(), rel=1e-11)


@pytest.mark.parametrize(
    ("margins", "word"),
    [
        ({"sex": {"f": 60, "m": 40}, "age": {"old": 30, "young": 80}}, "same population"),
        ({"sex": {"f": 60}}, "rows without one of its levels"),
        ({"sex": {"f": 60, "m": 40, "x": 5}}, "nobody in sex = x"),
        ({"sex": {"f": 60, "m": 40}, ("sex",): {("f",): 60, ("m",): 40}}, "follow from each other"),
        ({"sex": {"f": -60, "m": 40}}, "below 0"),
    ],
)
def test_margins__that_cannot_be_met_are_named(people, margins, word):
    with pytest.raises(DataError, match=word):
        engine.calibrate_weights(people, "w", "rw_*", margins)


def test_negative_weights__and_missing_replicates_are_refused(people):
    frame = people.with_columns(x=pl.Series(np.arange(400) / 400.0))
    with pytest.raises(DataError, match="negative weights"):
        engine.calibrate_weights(frame, "w", "rw_*", {"sex": {"f": 60, "m": 40}, "x": 95.0}, method="linear")
    with pytest.raises(UsageError, match="replicate_weights"):
        engine.calibrate_weights(people, "w", "none_*", {"sex": {"f": 60, "m": 40}})
