"""Influence values of NHANES: their design variance by the plain formula is the error that the engine has."""

import numpy as np
import polars as pl
import pytest

import engine
from engine.errors import EstimationError, UsageError
from tests.conftest import TINY

RTOL = 1e-12
DESIGN = {"weight": "w", "stratum": "SDMVSTRA", "cluster": "SDMVPSU", "nested": True}


@pytest.fixture(scope="module")
def nhanes(shared):
    age = pl.col("Age")
    frame = pl.read_parquet(shared / "data" / "nhanes_2009_2012_raw.parquet").select(
        "SDMVSTRA",
        "SDMVPSU",
        w="WTINT2YR",
        sex="Gender",
        old=pl.when(age < 40).then(pl.lit("no")).otherwise(pl.lit("yes")),
        diabetes=(pl.col("Diabetes") == "Yes").cast(pl.Float64),
        income=pl.col("Poverty").cast(pl.Float64),
        fifth=pl.col("Poverty").floor().clip(0, 4).cast(pl.Int64).cast(pl.String),
    )
    return frame.sample(fraction=1.0, shuffle=True, seed=1)  # no order of strata, ranks or groups


def covariance(frame, *columns):
    """Return sum_h n_h/(n_h - 1) sum_i (t_hi - t_h)(t_hi - t_h)' of weighted totals t by PSU."""
    totals = (
        pl.DataFrame({str(k): column for k, column in enumerate(columns)})
        .with_columns(frame["SDMVSTRA"], frame["SDMVPSU"], frame["w"])
        .group_by("SDMVSTRA", "SDMVPSU")
        .agg((pl.col(str(k)) * pl.col("w")).sum() for k in range(len(columns)))
    )
    found = np.zeros((len(columns), len(columns)))
    for _, stratum in totals.group_by("SDMVSTRA"):
        t = stratum.drop("SDMVSTRA", "SDMVPSU").to_numpy()
        deviations = t - t.mean(axis=0)
        found += len(t) / (len(t) - 1) * deviations.T @ deviations
    return found


def error(frame, column):
    return np.sqrt(covariance(frame, column)[0, 0])


@pytest.mark.parametrize(
    ("index", "options"),
    [
        ("standard", {}),
        ("generalized", {}),
        ("erreygers", {"bounds": (0, 1)}),
        ("wagstaff", {"bounds": (0, 1)}),
        ("extended", {"parameter": 3.0}),
        ("symmetric", {"parameter": 2.5}),
    ],
)
def test_indices__have_the_errors_of_the_plain_formula(nhanes, index, options):
    values = engine.influence(nhanes, "diabetes", index, "income", weight="w", **options)
    assert len(values) == len(nhanes)
    assert values.filter(nhanes["income"].is_null())[index].abs().sum() == 0.0
    told = engine.concentration_index(nhanes, "diabetes", "income", index=index, **options, **DESIGN)
    assert error(nhanes, values[index]) == pytest.approx(told.std_error, rel=RTOL)


@pytest.mark.parametrize(
    ("measure", "options"),
    [
        ("sii", {"rank_by": "income"}),
        ("difference", {"group": "fifth"}),
        ("cov", {"group": "fifth"}),
        ("par", {"group": "fifth", "favourable": False}),
        (
            "difference",
            {"group": "fifth", "standardise": {"by": "old", "population": [["no", 0.5], ["yes", 0.5]]}},
        ),
    ],
)
def test_measures__have_the_errors_of_the_plain_formula(nhanes, measure, options):
    values = engine.influence(nhanes, "diabetes", measure, weight="w", **options)[measure]
    told = engine.inequality(nhanes, "diabetes", measure, **options, **DESIGN)
    assert error(nhanes, values) == pytest.approx(told.std_error, rel=RTOL)


def test_means__of_groups_have_the_errors_and_the_covariance_of_the_engine(nhanes):
    values = engine.influence(nhanes, "diabetes", "mean", weight="w", by="sex")
    assert values.columns == ["mean, sex=female", "mean, sex=male"]
    told = engine.rates(nhanes.drop_nulls("diabetes"), "diabetes", by="sex", **DESIGN).to_frame()
    for sex in ("female", "male"):
        row = told.filter(pl.col("subgroup") == f"sex={sex}").row(0, named=True)
        assert error(nhanes, values[f"mean, sex={sex}"]) == pytest.approx(row["std_error"], rel=RTOL)
    rows = engine.concentration_index(
        nhanes, "diabetes", "income", by="sex", compare=True, **DESIGN
    ).to_frame()
    of_index = engine.influence(nhanes, "diabetes", "standard", "income", weight="w", by="sex")
    variance = covariance(nhanes, *of_index)
    difference = rows.filter(pl.col("measure") == "difference")["std_error"].item()
    assert np.sqrt(variance[0, 0] + variance[1, 1] - 2.0 * variance[0, 1]) == pytest.approx(
        difference, rel=RTOL
    )
    assert abs(variance[0, 1]) > 0.0  # women and men share PSUs


def test_values__add_up_to_0_and_scale_with_nothing_but_the_weights(nhanes):
    values = engine.influence(nhanes, "diabetes", "standard", "income", weight="w")["standard"]
    assert abs((values * nhanes["w"]).sum()) < 1e-12
    heavier = nhanes.with_columns(w=pl.col("w") * 1000.0)
    again = engine.influence(heavier, "diabetes", "standard", "income", weight="w")["standard"]
    assert (again * 1000.0).to_list() == pytest.approx(values.to_list(), rel=1e-9, abs=1e-18)


def test_undefined_groups_and_bad_calls__say_so():
    frame = TINY.with_columns(g=pl.Series(["a"] * 6 + ["b"] * 2)).with_columns(
        b=pl.when(pl.col("g") == "b").then(1).otherwise("b")
    )
    values = engine.influence(frame, "b", "standard", "x", by="g")
    assert values["standard, g=b"].null_count() == len(frame)
    assert values["standard, g=a"].null_count() == 0
    with pytest.raises(EstimationError, match="constant"):
        engine.influence(frame.with_columns(b=1), "b", "standard", "x")
    with pytest.raises(EstimationError, match="the mean is undefined"):
        engine.influence(frame.with_columns(b=pl.lit(None, pl.Float64)), "b", "mean")
    with pytest.raises(UsageError, match=r"statistic: found 'standrd'.*Did you mean 'standard'"):
        engine.influence(frame, "b", "standrd", "x")
    with pytest.raises(UsageError, match="rank_by: found none for 'standard'"):
        engine.influence(frame, "b", "standard")
    with pytest.raises(UsageError, match="rank_by: found it with 'mean'"):
        engine.influence(frame, "b", "mean", "x")
    with pytest.raises(UsageError, match="link: found it with 'mean'"):
        engine.influence(frame, "b", "mean", link="log")
    with pytest.raises(UsageError, match="favourable: found it with 'standard'"):
        engine.influence(frame, "b", "standard", "x", favourable=False)
    with pytest.raises(UsageError, match="parameter: found it with 'standard'"):
        engine.influence(frame, "b", "standard", "x", parameter=3.0)
    with pytest.raises(UsageError, match="link: found it with 'gini'"):
        engine.influence(frame, "b", "gini", link="log")
    with pytest.raises(UsageError, match="bounds: found none for the erreygers index"):
        engine.influence(frame, "b", "erreygers", "x")
    with pytest.raises(UsageError, match="group: found the number 'x'"):
        engine.influence(frame, "b", "difference", group="x")
