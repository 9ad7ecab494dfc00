"""Runs warn of intervals that hold the true value too seldom by the atlas of coverage, and of no others."""

import numpy as np
import polars as pl
import pytest

from engine.batch.coverage_warnings import (
    FEW_CLUSTERS,
    FEW_PAYERS,
    FEW_UNITS,
    JACKKNIFE,
    LARGE_AMOUNTS,
    NOISE,
    PERCENTILES,
    RERANKING,
    coverage_warnings,
    doubt_of_limits,
    weight_warnings,
)
from engine.batch.run import run
from engine.data.weight_spread import WeightSpread
from engine.report.words.notices import notice
from engine.results import TidyRow

LIMITS = {"conf_low": 0.0, "conf_high": 1.0}
OF_GROUPS = {"kind": "disparity", "rank_by": "fifth", **LIMITS}
OF_AMOUNTS = {"kind": "disparity", "df2": 99, "estimate": 0.3, "std_error": 0.01, **LIMITS}
DRAWN = {"kind": "concentration", "measure": "standard", "estimate": 0.1, "std_error": 0.01, **LIMITS}
OF_PAYMENTS = {"kind": "financing", "estimate": 0.1, **LIMITS}
STUDY = """
[study]
name = "few"
title = "Few people"
[source]
path = "few.parquet"
[design]
weight = "w"
[variables.income]
from = "income"
[variables.ill]
from = "ill"
levels = { well = [0], ill = [1] }
event = "ill"
[variables.fifth]
from = "income"
quantiles = ["1", "2", "3", "4", "5"]
[[analysis]]
name = "gaps"
kind = "disparity"
outcome = "ill"
group = "fifth"
measure = ["bgsd", "sii"]
[[analysis]]
name = "income"
kind = "disparity"
outcome = "income"
measure = "theil"
"""


@pytest.mark.parametrize(
    ("doubt", "row"),
    [
        (NOISE, {"measure": "bgsd", "estimate": 0.04, "std_error": 0.011, **OF_GROUPS}),
        (None, {"measure": "bgsd", "estimate": 0.04, "std_error": 0.009, **OF_GROUPS}),
        (None, {"measure": "sii", "estimate": 0.04, "std_error": 0.03, **OF_GROUPS}),
        (
            PERCENTILES,
            {"measure": "mdmw", "estimate": 0.4, "std_error": 0.01, "method": "rao-wu bootstrap, percentile"}
            | OF_GROUPS,
        ),
        (FEW_CLUSTERS, {**DRAWN, "method": "rao-wu bootstrap, bca", "n_clusters": 15}),
        (None, {**DRAWN, "method": "rao-wu bootstrap, bca", "n_clusters": 16}),
        (None, {**DRAWN, "method": "rao-wu bootstrap, studentized", "n_clusters": 15}),
        (None, {**DRAWN, "method": "iid bootstrap, percentile"}),
        (FEW_UNITS, {"measure": "theil", **OF_AMOUNTS}),
        (None, {"measure": "theil", **OF_AMOUNTS, "df2": 100}),
        (LARGE_AMOUNTS, {"measure": "ge", **OF_AMOUNTS, "parameter": 2.0, "df2": 999}),
        (None, {"measure": "ge", **OF_AMOUNTS, "parameter": 1.5, "df2": 999}),
        (FEW_PAYERS, {"measure": "overshoot", "std_error": 0.03, **OF_PAYMENTS}),
        (None, {"measure": "headcount", "std_error": 0.03, **OF_PAYMENTS}),
        (FEW_PAYERS, {"measure": "overshoot_concentration", "std_error": 0.11, **OF_PAYMENTS}),
        (RERANKING, {"measure": "reranking", "std_error": 0.02, **OF_PAYMENTS}),
        (None, {"measure": "reranking", "std_error": 0.01, **OF_PAYMENTS}),
        (
            JACKKNIFE,
            {"measure": "percentile_ratio", "std_error": 0.01, "method": "delete-one jackknife, normal"}
            | OF_PAYMENTS,
        ),
        (None, {"measure": "percentile_ratio", "std_error": 0.01, "method": "linearised", **OF_PAYMENTS}),
    ],
)
def test_rule(doubt, row):
    assert doubt_of_limits(TidyRow(**row)) == doubt


def test_row_without_limits__has_no_doubt():
    row = TidyRow(kind="disparity", rank_by="fifth", measure="bgsd", estimate=0.1, std_error=0.1)
    assert doubt_of_limits(row) is None


def test_warning__counts_the_intervals_of_each_analysis():
    row = TidyRow(analysis="a", measure="theil", **OF_AMOUNTS)
    assert [*coverage_warnings([row])] == [
        f"analysis a: 1 interval may hold the true value too seldom: {FEW_UNITS}"
    ]
    assert [*coverage_warnings([row, row])] == [
        f"analysis a: 2 intervals may hold the true value too seldom: {FEW_UNITS}"
    ]


@pytest.mark.parametrize(
    ("variation", "effective", "told"),
    [
        (0.9, 999.0, "weights vary by 90% and count as fewer than 1,000 equal ones"),
        (0.89, 999.0, None),
        (2.0, 1000.0, None),
    ],
)
def test_unequal_weights__are_told(variation, effective, told):
    spread = WeightSpread(has_heavy_record=False, variation=variation, effective=effective)
    found = [*weight_warnings(spread)]
    assert len(found) == (told is not None)
    assert all(one.startswith(told) and notice("zh", one).startswith("权重的变异") for one in found)


def test_run__warns(tmp_path):
    random = np.random.default_rng(5)
    income = np.exp(random.normal(9.0, 0.5, 80))
    ill = (random.random(80) < 0.3).astype(int)
    weight = np.where(np.arange(80) < 8, 12.0, 1.0)
    pl.DataFrame({"income": income, "ill": ill, "w": weight}).write_parquet(tmp_path / "few.parquet")
    (tmp_path / "study.toml").write_text(STUDY)
    warnings = run(tmp_path / "study.toml", out=tmp_path / "run", report=False).manifest["warnings"]
    assert f"analysis gaps: 1 interval may hold the true value too seldom: {NOISE}" in warnings
    assert f"analysis income: 1 interval may hold the true value too seldom: {FEW_UNITS}" in warnings
    assert any(one.startswith("weights vary by 157% and count as fewer than 1,000") for one in warnings)
