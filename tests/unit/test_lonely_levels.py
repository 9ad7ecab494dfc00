"""A level of one sampling unit has no standard error, nor has a measure that rests on it."""

import numpy as np
import polars as pl
import pytest

import engine
from engine.estimators.sample.design_variance import t_interval

CHANCE = np.random.default_rng(3)
CLINICS = np.repeat(np.arange(12), 20)
PEOPLE = pl.DataFrame(
    {
        "clinic": CLINICS,
        "clinic_name": [f"c{clinic:02d}" for clinic in CLINICS],
        "region": [f"r{min(clinic // 4, 2)}" if clinic else "alone" for clinic in CLINICS],
        "ill": (CHANCE.random(240) < 0.2 + 0.03 * CLINICS).astype(float),
        "wave": np.arange(240) % 2,
    }
)
NONE = "no degrees of freedom"
DISPERSION = ["bgv", "bgsd", "cov", "mdbu", "mdmw", "idisu", "theil"]


@pytest.mark.parametrize("measure", ["difference", "ratio", "par", "paf", *DISPERSION])
def test_clinics_as_clusters__do_not_differ_for_certain(measure):
    """The error was 1e-16 and the p-value 1e-284: the mean of a clinic does not vary between clinics."""
    found = engine.inequality(PEOPLE, "ill", measure, group="clinic_name", cluster="clinic", ordered=False)
    assert np.isfinite(found.estimate)
    assert found.status == NONE
    assert np.isnan([found.std_error, found.conf_low, found.conf_high]).all()
    assert found.rows[0].p_value is None


@pytest.mark.parametrize("measure", ["aci", "rci", "sii", "rii"])
def test_measures_along_the_rank__have_errors_whatever_the_levels(measure):
    found = engine.inequality(PEOPLE, "ill", measure, group="clinic_name", cluster="clinic")
    assert found.status == "ok"
    assert found.std_error > 0.01


@pytest.mark.parametrize(("reference", "status"), [("r1", "ok"), ("alone", NONE)])
def test_gain__rests_on_the_reference_alone(reference, status):
    options = {"group": "region", "cluster": "clinic", "ordered": False, "reference": reference}
    assert engine.inequality(PEOPLE, "ill", "par", favourable=False, **options).status == status


def test_difference__rests_on_the_two_levels_it_compares():
    ends = PEOPLE.with_columns(pl.col("region").cast(pl.Enum(["r0", "alone", "r1", "r2"])))
    assert engine.inequality(ends, "ill", "difference", group="region", cluster="clinic").status == "ok"
    ends = PEOPLE.with_columns(pl.col("region").cast(pl.Enum(["alone", "r0", "r1", "r2"])))
    assert engine.inequality(ends, "ill", "difference", group="region", cluster="clinic").status == NONE


@pytest.mark.parametrize("bootstrap", [0, 40])
def test_comparison__of_measures_without_errors_has_none(bootstrap):
    options = {"group": "clinic_name", "cluster": "clinic", "by": "wave", "compare": True}
    rows = engine.inequality(PEOPLE, "ill", "bgv", bootstrap=bootstrap, **options).rows
    assert {row.std_error for row in rows} == {None}
    assert {row.p_value for row in rows} == {None}
    assert [row.status for row in rows] == [NONE, NONE, NONE, "no standard error"]


def test_replicate_weights__show_no_error_of_a_level_of_one_unit_either():
    columns = {f"r{k}": np.where(k == CLINICS, 0.0, 12 / 11) for k in range(12)}
    options = {"replicate_weights": {"columns": "r*", "method": "jk1"}, "ordered": False}
    frame = PEOPLE.drop("region").with_columns(w=pl.lit(1.0), **columns)
    found = engine.inequality(frame, "ill", "difference", group="clinic_name", weight="w", **options)
    assert found.status == NONE


def test_comparison_of_undefined_errors__holds_no_nan():
    """Means that are alike leave a root without a derivative: its error was NaN with the status ok."""
    alike = PEOPLE.with_columns(ill=pl.lit(1.0))
    rows = engine.inequality(alike, "ill", "cov", group="region", by="wave", compare=True).rows
    assert [row.status for row in rows] == ["no standard error"] * 4
    assert {row.std_error for row in rows} | {row.conf_low for row in rows} == {None}


def test_error_that_is_rounding__tests_nothing():
    assert np.isnan(t_interval(0.4, 1e-16, 19, 0.95)[2])
    assert t_interval(0.4, 1e-9, 19, 0.95)[2] < 1e-30


@pytest.mark.parametrize("measure", ["rate", "weighted_percent"])
def test_rates_and_percentages__of_one_unit_have_no_errors(measure):
    rows = engine.rates(PEOPLE, "ill", rows=["region"], cluster="clinic").rows
    if measure == "weighted_percent":
        frame = PEOPLE.with_columns(ill=pl.col("ill").cast(pl.String))
        rows = engine.describe(frame, ["ill"], by="region", cluster="clinic").rows
    for row in rows:
        is_alone = "alone" in (row.level, str(row.subgroup).removeprefix("region="))
        if row.measure == measure:
            assert (row.status, row.std_error is None) == ((NONE, True) if is_alone else ("ok", False))


def test_coefficient_of_one_unit__has_no_error_that_is_rounding():
    rows = engine.regression(
        PEOPLE, "ill", ["region"], model="linear", cluster="clinic", covariance="design"
    ).rows
    status = {row.level: (row.status, row.p_value is None) for row in rows if row.measure == "coefficient"}
    assert status[None] == ("no standard error", True)
    assert status["r0"] == ("ok", False)


def test_independence__of_levels_of_one_unit_is_not_tested():
    """The covariance knew nothing of such levels, and Pearson's statistic all of them."""
    rows = engine.rates(PEOPLE, "ill", rows=["region"], cluster="clinic", test=True).rows
    assert [row.status for row in rows if row.measure == "rao_scott_f"] == [NONE]
    rows = engine.rates(PEOPLE, "ill", rows=["region"], test=True).rows
    assert [row.status for row in rows if row.measure == "rao_scott_f"] == ["ok"]
