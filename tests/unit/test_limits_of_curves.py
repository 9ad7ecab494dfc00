"""Limits of a concentration curve by hand; rows of weight 0 count for nothing."""

import numpy as np
import polars as pl
import pytest
from scipy.special import expit, logit
from scipy.stats import t

import engine
from engine.estimators.index.bands import MANY_DEGREES, _scales, simultaneous_critical

N = 60
FRAME = pl.DataFrame(
    {
        "y": [(7 * i) % 13 for i in range(N)],
        "x": [(5 * i) % 30 for i in range(N)],
        "w": [i % 4 for i in range(N)],
        "cluster": [i % 10 for i in range(N)],
    }
)


def without_weights(rows):
    return [(row.measure, row.level, row.n_obs, row.estimate, row.std_error, row.conf_low) for row in rows]


def test_limits_of_an_ordinate__are_those_of_its_logit():
    rows = engine.concentration_curve(FRAME, "y", "x", cluster="cluster", points=4).rows
    pointwise = [row for row in rows if row.method and row.method.endswith("pointwise")]
    assert [row.level for row in pointwise] == ["0", "0.25", "0.5", "0.75", "1"]
    for row in pointwise[1:-1]:
        p, step = row.estimate, t.ppf(0.975, 9) * row.std_error
        limits = expit(logit(p) + np.array([-1, 1]) * step / (p * (1 - p)))
        assert 0.0 < row.conf_low < p < row.conf_high < 1.0
        assert (row.conf_low, row.conf_high) == pytest.approx(limits, rel=1e-10)
    for row, end in ((pointwise[0], 0.0), (pointwise[-1], 1.0)):
        assert (row.estimate, row.conf_low, row.conf_high) == pytest.approx((end, end, end), abs=1e-12)


def test_rows_of_weight_0__are_no_people_of_the_sample():
    found = [
        engine.concentration_curve(frame, "y", "x", weight="w", cluster="cluster", points=4).rows
        for frame in (FRAME, FRAME.filter(pl.col("w") > 0))
    ]
    assert found[0][0].n_obs == 45
    assert without_weights(found[0]) == without_weights(found[1])


@pytest.mark.parametrize(("degrees", "columns"), [(MANY_DEGREES, 3), (MANY_DEGREES + 1, 1), (5000, 1)])
def test_errors__vary_alike_in_all_points_with_many_sampling_units(degrees, columns):
    scales = _scales(np.eye(3), degrees, 400, np.random.default_rng(1))
    assert scales.shape == (400, columns)
    assert (scales**2).mean() == pytest.approx(1.0, abs=4 * np.sqrt(2 / degrees / 400))


def test_groups_without_a_curve__are_told_and_those_behind_them_have_theirs():
    """Group a has a negative mean, group b nobody with a value; c and d have curves and are compared."""
    groups = pl.Series("g", ["abcd"[i // 15] for i in range(N)])
    value = pl.when(groups == "a").then(-1 - pl.col("y")).when(groups == "b").then(None).otherwise("y")
    frame = FRAME.with_columns(groups, y=value.cast(pl.Float64))
    rows = engine.concentration_curve(frame, "y", "x", by="g", points=4).rows
    without = {row.subgroup: row.status for row in rows if row.estimate is None}
    assert without == {"g=a": "mean not positive", "g=b": "no observations"}
    assert [row.subgroup for row in rows if row.level == "0.5" and "pointwise" in str(row.method)] == [
        "g=c",
        "g=d",
    ]
    alone = engine.concentration_curve(frame.filter(groups == "d"), "y", "x", points=4).rows
    ordinate = [[row.estimate for row in found if row.level == "0.5"] for found in (alone, rows)]
    assert ordinate[0] == ordinate[1][2:]


def test_band__has_its_critical_value_from_one_degree_of_freedom_on():
    critical = [simultaneous_critical(np.eye(2), degrees, 0.95, 1) for degrees in (0, 1, 2)]
    assert np.isnan(critical[0])
    assert critical[1] > critical[2] > t.ppf(0.975, 2)
