"""Logits of a study file: groups, weights, products and waves as terms, and what a run prints of them."""

import polars as pl
import pytest

import engine

LOGITS = """
[[analysis]]
name = "model-1"
kind = "logit"
outcome = "ill"
terms = ["sex", "income"]
[[analysis]]
name = "model-2"
kind = "logit"
outcome = "ill"
terms = ["sex", "income", "wave", ["sex", "income"]]
scores = [["sex", "wave"]]
covariance = "model"
weighted = false
crude = false
[[analysis]]
name = "by-wave"
kind = "logit"
outcome = "ill"
terms = ["sex"]
by = "wave"
covariance = "cluster"
"""


@pytest.fixture
def study(project):
    path = project / "study.toml"
    text = path.read_text()
    path.write_text(text[: text.index("[[analysis]]")] + LOGITS)
    return path


def test_run__equals_the_python_function(cli, study, survey):
    code, _, err = cli("run", study, "--out", "run")
    assert code == 0, err
    out = cli("show", "run")[1]
    rows = pl.read_parquet("run/results.parquet")
    known = survey.filter(pl.col("income").is_not_null())
    sex = pl.when(pl.col("sex") == 2).then(pl.lit("female")).otherwise(pl.lit("male"))
    known = known.with_columns(sex=sex)
    ours = engine.logit(
        known.with_columns(pl.col("sex").cast(pl.Enum(["male", "female"]))),
        "ill",
        ["sex", "income"],
        weight="weight",
        stratum="stratum",
        cluster="psu",
        covariance="design",
    )
    stored = rows.filter((pl.col("analysis") == "model-1") & (pl.col("measure") == "coefficient"))
    assert stored["estimate"].to_numpy() == pytest.approx(ours.coefficients["estimate"].to_numpy(), rel=1e-10)
    assert stored["std_error"].to_numpy() == pytest.approx(
        ours.coefficients["std_error"].to_numpy(), rel=1e-8
    )
    assert set(rows.filter(pl.col("analysis") == "model-1")["method"].to_list()) >= {"design-based", "pseudo"}
    model_2 = rows.filter((pl.col("analysis") == "model-2") & (pl.col("measure") == "odds_ratio"))
    assert model_2["term"].unique(maintain_order=True).to_list() == [
        "sex",
        "income",
        "wave",
        "sex x income",
        "sex x wave (scores)",
    ]
    by_wave = rows.filter((pl.col("analysis") == "by-wave") & (pl.col("measure") == "odds_ratio"))
    assert by_wave["wave"].unique(maintain_order=True).to_list() == ["2015", "2016"]
    assert by_wave.group_by("wave").agg(pl.col("n_obs").first())["n_obs"].sum() == known.height
    assert "Odds ratios (95 % intervals) of ill" in out
    assert "model-1: design-based errors" in out
    assert "Prevalence ratios and average marginal effects on ill (model-1)" in out


def test_plan_and_check__know_products(cli, study):
    code, out, _ = cli("plan", study)
    assert code == 0
    assert "terms sex, income, wave, sex x income; scores sex x wave; covariance model" in out
    assert cli("check", study)[0] == 0


def test_group_without_events__is_a_status_and_the_others_are_reported(cli, study, project, survey):
    survey = survey.with_columns(ill=pl.when(pl.col("wave") == 2015).then(0).otherwise(pl.col("ill")))
    survey.write_parquet(project / "survey.parquet")
    code, _, err = cli("run", study, "--out", "run", "--only", "by-wave")
    assert code == 0, err
    rows = pl.read_parquet("run/results.parquet")
    assert (
        "nobody or everybody has the event in 2015" in rows.filter(pl.col("wave") == "2015")["status"].item()
    )
    assert (
        rows.filter((pl.col("wave") == "2016") & (pl.col("level") == "female"))["estimate"]
        .is_not_null()
        .any()
    )
