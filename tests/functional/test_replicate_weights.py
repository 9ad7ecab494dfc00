"""A study with replicate weights: what it refuses, what stays undefined, and that shares change nothing."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.study_texts import analysis, event, factor, study_text

RANKED = {"outcome": "ill", "rank_by": "income"}
ALL_KINDS = (
    analysis("rates", outcome="ill", rows="sex"),
    analysis("describe", variables=["income", "sex"]),
    analysis("concentration", by="sex", compare=True, **RANKED),
    analysis("curve", points=4, **RANKED),
    analysis("decomposition", terms=["sex"], **RANKED),
    analysis("rif", terms=["sex"], **RANKED),
    analysis("logit", outcome="ill", terms=["sex"]),
    analysis("disparity", outcome="ill", measure=["difference", "ratio"], group="sex", reference="male"),
    analysis("financing", outcome="ill", resources="income", measure="concentration"),
)


@pytest.fixture
def study(tmp_path, monkeypatch, survey):
    """Write the survey with twelve jackknife weights, and a study of some analyses; returns its path."""
    monkeypatch.chdir(tmp_path)
    group = np.arange(600) % 12
    survey.with_columns(
        pl.Series(f"rw_{k}", np.where(group == k, 0.0, survey["weight"].to_numpy() * 12 / 11))
        for k in range(12)
    ).write_parquet("survey.parquet")

    def write(*analyses, **design):
        weights = {"columns": "rw_*", "method": "jk1"}
        text = study_text(
            design={"weight": "weight", "replicate_weights": weights, **design},
            variables={
                "ill": event("ill", well=[0], ill=[1]),
                "income": {},
                "sex": factor(male=[1], female=[2]),
            },
            analyses=analyses,
        )
        (tmp_path / "study.toml").write_text(text)
        return "study.toml"

    return write


@pytest.mark.parametrize(
    ("refused", "words"),
    [
        (analysis("multilevel", outcome="ill", terms=["sex"], levels=["psu"]), "cannot use"),
        (analysis("rates", outcome="ill", weighted=False), "analysis 'rates', weighted"),
        (analysis("logit", outcome="ill", terms=["sex"], weighted=False), "covariance = 'model'"),
        (
            analysis("concentration", bootstrap={"method": "jackknife"}, **RANKED),
            "beside design.replicate_weights",
        ),
        (analysis("concentration", bootstrap={"interval": "bca"}, **RANKED), "do not name the units"),
        (analysis("concentration", bootstrap={"interval": "studentized"}, **RANKED), "do not name the units"),
    ],
)
def test_what_would_leave_them_out__is_refused(cli, study, refused, words):
    path = study(refused, levels={"psu": "psu"})
    for arguments in (("check", path), ("run", path, "--out", "run")):
        code, out, err = cli(*arguments)
        assert code == 10
        assert words in " ".join((out + err).split())


def test_independent_waves__are_refused_because_replicates_are_drawn_in_all_waves_together(cli, study):
    code, out, err = cli("check", study(analysis("describe"), independent_waves=True))
    assert code == 10
    assert "design.independent_waves" in out + err


def test_a_model_based_logit__says_so(cli, study):
    path = study(analysis("logit", outcome="ill", terms=["sex"], weighted=False, covariance="model"))
    assert cli("run", path, "--out", "run")[0] == 0
    methods = pl.read_parquet("run/results.parquet").filter(pl.col("measure") == "coefficient")["method"]
    assert set(methods) == {"model-based"}


def test_strata_and_clusters__count_clusters_only(cli, study, survey):
    found = []
    # One stratum has a single PSU: an error of other designs, which these errors do not come from.
    pl.read_parquet("survey.parquet").with_columns(
        stratum=pl.when(pl.col("psu") == 0).then(99).otherwise("stratum")
    ).write_parquet("survey.parquet")
    for design in ({}, {"stratum": "stratum", "cluster": "psu"}):
        assert cli("run", study(*ALL_KINDS, **design), "--out", "run")[0] == 0
        found.append(pl.read_parquet("run/results.parquet"))
    plain, clustered = found
    assert clustered.filter(pl.col("analysis") == "rates")["n_clusters"][0] == survey["psu"].n_unique()
    assert plain["n_clusters"].is_null().all()
    for name in ("estimate", "std_error", "conf_low", "p_value"):
        assert clustered[name].to_numpy() == pytest.approx(plain[name].to_numpy(), rel=1e-12, nan_ok=True)


def test_shares__have_the_rows_of_one_run(cli, study):
    path = study(*ALL_KINDS, analysis("concentration", name="table", bootstrap={"replicates": 100}, **RANKED))
    assert cli("run", path, "--out", "run")[0] == 0
    for k in (1, 2):
        assert cli("run", path, "--shard", f"{k}/2", "--out", f"shard-{k}")[0] == 0
    assert cli("merge", "shard-1", "shard-2", "--out", "merged")[0] == 0
    whole, merged = (pl.read_parquet(f"{folder}/results.parquet") for folder in ("run", "merged"))
    assert merged.equals(whole)


def test_undefined_replicates__leave_no_interval(cli, study):
    """Women live in the first group only, so that one of twelve replicates has none of them."""
    pl.read_parquet("survey.parquet").with_columns(
        sex=pl.when(pl.int_range(600) % 12 == 0).then(2).otherwise(1)
    ).write_parquet("survey.parquet")
    code, _, err = cli("run", study(*ALL_KINDS), "--out", "run")
    assert code == 0, err
    rows = pl.read_parquet("run/results.parquet")
    rate = rows.filter(pl.col("analysis") == "rates", pl.col("level") == "female").row(0, named=True)
    assert rate["estimate"] is not None
    assert rate["conf_low"] is None
    assert rate["status"] == "1 of 12 replicates undefined: no interval"
    logit = rows.filter(pl.col("measure") == "coefficient", pl.col("level") == "female").row(0, named=True)
    assert logit["estimate"] is not None
    assert (logit["std_error"], logit["n_failed"]) == (None, 1)
    assert "undefined" in logit["status"]
    joint = rows.filter(pl.col("measure") == "wald_f", pl.col("analysis") == "concentration")
    assert joint["status"].to_list() == ["too many undefined replicates"]


def test_no_weight__is_a_warning(cli, study):
    path = Path(study(ALL_KINDS[0]))
    path.write_text(path.read_text().replace('weight = "weight"\n', "", 1))
    assert cli("run", "study.toml", "--out", "run")[0] == 0
    warnings = json.loads(Path("run/manifest.json").read_text())["warnings"]
    assert any("estimates are unweighted" in warning for warning in warnings)
