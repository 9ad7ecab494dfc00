"""Corners that fresh samples of mutants showed: which rows there are, and what they are called."""

import numpy as np
import polars as pl
import pytest

import engine
from engine.arrays import DesignColumns, Group
from engine.errors import DataError, EstimationError
from engine.estimators.index.concentration import estimate_concentration
from engine.estimators.replicates.settings import ReplicateSettings
from engine.estimators.sample.sorting import sort_sample
from engine.study.analyses import ConcentrationSpec
from tests.conftest import TINY

CHANCE = np.random.default_rng(8)
PEOPLE = pl.DataFrame(
    {
        "x": CHANCE.permutation(60).astype(float),
        "y": CHANCE.normal(-0.4, 1.0, 60),
        "cost": CHANCE.gamma(2.0, 1.0, 60),
        "area": np.repeat(["a", "b", "c", "d"], 15),
        "psu": np.arange(60) // 5,
        "w": CHANCE.uniform(0.5, 2.0, 60),
    }
)


@pytest.mark.parametrize("reference", ["a", "b", "d"])
def test_difference_from_a_reference__is_to_the_lowest_of_all_others(reference):
    """Groups before and behind the reference count."""
    means = dict(PEOPLE.group_by("area").agg(pl.col("cost").mean()).iter_rows())
    asked = {"group": "area", "reference": reference, "ordered": False}
    found = engine.inequality(PEOPLE, "cost", "difference", **asked).estimate
    lowest = min(mean for area, mean in means.items() if area != reference)
    assert found == pytest.approx(means[reference] - lowest, rel=1e-12)


@pytest.mark.parametrize("place", [0, 1, 3, 58])
def test_first_bad_weight__is_told_by_its_row(place):
    bad = pl.when(pl.int_range(60) >= place).then(-1.0).otherwise("w")
    with pytest.raises(DataError, match=f"the first in row {place + 1} of the sample"):
        engine.describe(PEOPLE.with_columns(w=bad), "cost", weight="w")


def test_single_units__are_told_as_one_cluster_or_as_strata():
    with pytest.raises(DataError, match="all rows belong to one cluster"):
        engine.concentration_index(PEOPLE.with_columns(psu=1), "cost", "x", cluster="psu")
    single = PEOPLE.with_columns(psu=pl.when(pl.col("area") == "b").then(1).otherwise("psu"))
    with pytest.raises(DataError, match="1 of 4 strata have a single sampling unit"):
        engine.concentration_index(single, "cost", "x", stratum="area", cluster="psu", nested=True)


def test_replicates__are_beside_an_index_of_a_negative_mean():
    result = engine.concentration_index(
        PEOPLE, "y", "x", index="generalized", bootstrap=40, interval="normal"
    )
    absolute = engine.concentration_index(PEOPLE, "y", "x", bootstrap=40, interval="normal")
    assert PEOPLE["y"].mean() < 0.0
    assert [row.n_replicates for row in result.rows] == [None, 40]
    assert [row.n_replicates for row in absolute.rows] == [None, 40]
    assert absolute.rows[0].status == "mean not positive"


def test_erreygers_index_of_mean_zero__is_no_share_of_the_mean():
    even = TINY.with_columns(y=pl.Series([-1.0, 1.0, 0.5, -0.5, 1.0, -1.0, 0.5, -0.5]))
    parts = engine.decompose(even, "y", "x", ["b"], index="erreygers", bounds=(-1, 1)).rows
    of_b = {row.measure: row for row in parts if row.term == "b"}
    assert of_b["contribution"].status == "ok"
    with pytest.raises(EstimationError, match="mean is zero"):
        engine.decompose(even, "y", "x", ["b"], index="standard")


def test_interval_of_a_ratio_with_replicate_weights__is_that_of_its_logarithm():
    """Limits of a ratio multiply and divide it by the same number."""
    factors = np.array([[0.0 if i == k else 12 / 11 for i in range(12)] for k in range(12)])
    columns = {f"r{k}": PEOPLE["w"] * factors[k][PEOPLE["psu"].to_numpy()] for k in range(12)}
    given = {"columns": "r*", "method": "jk1"}
    frame = PEOPLE.with_columns(**columns)
    asked = {"group": "area", "ordered": False, "weight": "w", "replicate_weights": given}
    (row,) = engine.inequality(frame, "cost", "ratio", **asked).rows
    assert row.n_replicates == 12
    assert row.conf_low * row.conf_high == pytest.approx(row.estimate**2, rel=1e-9)


def test_error_of_an_averse_mean__is_nearly_that_of_the_jackknife():
    """With an aversion of 2, a power and a product are the same."""
    asked = {"aversion": 3.5, "bootstrap": 1, "method": "jackknife", "interval": "normal"}
    linearised, jackknife = engine.financing(PEOPLE, "cost", "x", "achievement", **asked).rows
    assert (linearised.n_replicates, jackknife.n_replicates) == (None, 60)
    assert linearised.std_error == pytest.approx(jackknife.std_error, rel=0.04)


def test_group_of_one_person__has_no_errors_of_conindex():
    spec = ConcentrationSpec(name="a", kind="concentration", outcome="cost", rank_by="x", peer="conindex")
    group = np.repeat([0, 1], [59, 1])
    arrays = sort_sample(
        outcomes={"cost": PEOPLE["cost"].to_numpy()},
        rank=PEOPLE["x"].to_numpy(),
        rank_name="x",
        columns=DesignColumns(),
        group=group,
        groups=(Group(wave="many"), Group(wave="one")),
    )
    rows = estimate_concentration(arrays, spec, {}, ReplicateSettings(seed=0, threads=1)).rows
    assert [row.status for row in rows if row.wave == "one"] == ["a single observation"]
    assert len([row for row in rows if row.wave == "many"]) > 1
