"""Shares of a total that is 0, near 0 or negative say so in every kind, and no others do."""

import numpy as np
import polars as pl
import pytest

import engine
from engine.estimators.sample.group_sample import TOTAL_NEAR_ZERO, is_near_zero
from engine.report.words.notices import notice

CHANCE = np.random.default_rng(21)
N = 300
SCORE = CHANCE.normal(0.0, 1.0, N)
SCORE -= SCORE.mean()
PEOPLE = pl.DataFrame(
    {
        "zero": SCORE,
        "near": SCORE + 3.0 / np.sqrt(N),
        "far": SCORE + 1.0,
        "below": SCORE - 1.0,
        "paid": CHANCE.gamma(2.0, 0.1, N),
        "rank": CHANCE.permutation(N).astype(float),
        "area": CHANCE.choice(["a", "b", "c"], N),
        "age": CHANCE.normal(40.0, 9.0, N),
        "wave": np.arange(N) % 2,
    }
)
SHARES = ["rci", "cov", "idisu", "idisw", "paf"]


@pytest.mark.parametrize("measure", ["gini", *SHARES])
@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        ("zero", "mean is zero"),
        ("near", TOTAL_NEAR_ZERO),
        ("far", "negative values"),
        ("below", "mean not positive"),
        ("paid", "ok"),
    ],
)
def test_share_of_the_mean__says_what_the_mean_is(measure, outcome, status):
    group = None if measure == "gini" else "area"
    found = engine.inequality(PEOPLE, outcome, measure, group=group)
    assert found.status == status
    assert np.isnan(found.estimate) == (outcome == "zero")


@pytest.mark.parametrize("measure", ["difference", "bgv", "aci", "sii"])
def test_absolute_measure__needs_no_mean(measure):
    assert engine.inequality(PEOPLE, "zero", measure, group="area").status == "ok"


def test_ratio_of_negative_means__is_told():
    assert engine.inequality(PEOPLE, "below", "ratio", group="area").status == "mean not positive"
    assert engine.inequality(PEOPLE, "far", "ratio", group="area").status == "ok"


def test_difference_of_shares__is_as_doubtful_as_they_are():
    found = engine.inequality(PEOPLE, "near", "rci", group="area", by="wave", compare=True)
    assert [row.status for row in found.rows if row.measure == "difference"] == [TOTAL_NEAR_ZERO]
    found = engine.inequality(PEOPLE, "paid", "rci", group="area", by="wave", compare=True)
    assert {row.status for row in found.rows} == {"ok"}


@pytest.mark.parametrize(
    ("method", "interval", "status"),
    [
        ("iid", "percentile", "ok"),
        ("iid", "normal", "ok"),
        ("iid", "basic", TOTAL_NEAR_ZERO),
        ("jackknife", "normal", TOTAL_NEAR_ZERO),
    ],
)
def test_draws__know_the_skew_of_a_share_and_deletions_do_not(method, interval, status):
    options = {"bootstrap": 200, "method": method, "interval": interval}
    assert engine.inequality(PEOPLE, "near", "rci", group="area", **options).rows[-1].status == status
    parts = engine.decompose(PEOPLE, "paid", "rank", ["age"], **options).rows
    assert {row.status for row in parts if row.measure == "share"} == {status}
    assert {row.status for row in parts if row.measure != "share"} == {"ok"}


def test_payments__resources_near_0_are_told_where_they_are_the_total():
    measures = ["gini", "concentration", "kakwani", "payment_share", "lorenz", "poverty_gap"]
    options = {"measure": measures, "percentiles": [50.0], "poverty_line": 1.0}
    status = {row.measure: row.status for row in engine.financing(PEOPLE, "paid", "near", **options).rows}
    near = dict.fromkeys(["gini", "kakwani", "payment_share", "lorenz"], TOTAL_NEAR_ZERO)
    assert status == {"concentration": "ok", "poverty_gap": "ok", **near}


@pytest.mark.parametrize(("outcome", "status"), [("paid", TOTAL_NEAR_ZERO), ("rank", "ok")])
def test_decomposition__shares_of_an_index_near_0_are_told(outcome, status):
    parts = engine.decompose(PEOPLE, outcome, "rank", ["age", "area"]).rows
    shares = {row.status for row in parts if row.measure == "share"}
    assert shares == {status}
    assert {row.status for row in parts if row.measure == "contribution"} == {"ok"}


def test_warning__is_chinese_too():
    told = notice("zh", f"analysis a: 3 results with status '{TOTAL_NEAR_ZERO}'")
    assert told == "分析 a：3 个结果的状态为“接近 0 的总量的份额：区间不可靠”"


@pytest.mark.parametrize(("distance", "coverage"), [(5.0, 0.933), (2.0, 0.887)])
def test_limits_of_a_ratio__hold_as_often_as_the_rule_says(distance, coverage):
    above, below = 30.0 + CHANCE.normal(size=400_000), distance + CHANCE.normal(size=400_000)
    ratio = above / below
    half = 1.959964 * np.sqrt(1.0 + ratio**2) / abs(below)
    held = float(np.mean(abs(ratio - 30.0 / distance) <= half))
    assert held == pytest.approx(coverage, abs=0.004)
    assert is_near_zero(distance, 1.0) == (distance < 5.0)
