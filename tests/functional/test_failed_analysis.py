"""A run survives an analysis that fails on the data, and `check --data` finds it before."""

import json

import polars as pl
import pytest

from engine.batch.run import run

FAILS = (("bootstrap = { replicates = 100 }", 'bootstrap = { replicates = 100, interval = "studentized" }'),)
WHY = "strata of two sampling units"


@pytest.fixture
def study(changed, survey):
    """Strata of two PSUs, for which the Rao-Wu bootstrap has no studentized interval."""
    return changed(*FAILS, frame=survey.with_columns(stratum=pl.col("psu") // 2))


def test_a_failed_analysis__does_not_lose_the_others(cli, study, project):
    code, out, err = cli("run", study, "--out", "run")
    assert code == 12
    assert "1 of 4 analyses failed; the results of the others are in 'run'." in err
    assert f"inequality: bootstrap.interval: found 'studentized' with {WHY}" in err
    assert "Note: analysis inequality failed, it has no rows: bootstrap.interval" in out
    manifest = json.loads((project / "run" / "manifest.json").read_text())
    states = {task["name"]: task["state"] for task in manifest["tasks"]}
    assert states == {"people": "computed", "rates": "computed", "inequality": "failed", "curve": "computed"}
    rows = pl.read_parquet(project / "run" / "results.parquet")
    for name in ("people", "rates", "curve"):
        assert cli("run", study, "--out", name, "--only", name)[0] == 0
        alone = pl.read_parquet(project / name / "results.parquet")
        assert rows.filter(pl.col("analysis") == name).equals(alone)
    assert rows["analysis"].unique().len() == 3


def test_a_run_whose_every_analysis_fails__writes_nothing(cli, study, project):
    code, _, err = cli("run", study, "--out", "run", "--only", "inequality")
    assert code == 12
    assert WHY in err
    assert not (project / "run").exists()


def test_python__says_what_failed(study, project):
    result = run(study, out=project / "run")
    assert [*result.failures] == ["inequality"]
    assert WHY in result.failures["inequality"]


def test_shards__have_the_bits_of_the_run(cli, study, project):
    assert cli("run", study, "--out", "whole")[0] == 12
    for share in ("1/2", "2/2"):
        code, _, err = cli("run", study, "--shard", share, "--out", share[0])
        assert code == 0, err
    code, _, err = cli("merge", "1", "2", "--out", "joined")
    assert code == 12
    assert WHY in err
    for name in ("whole", "joined"):
        assert (project / name / "results.parquet").exists()
    whole, joined = ((project / name / "results.parquet").read_bytes() for name in ("whole", "joined"))
    assert whole == joined


def test_check_of_the_data__finds_it_before(cli, study, project):
    assert cli("check", study)[0] == 0
    code, out, _ = cli("check", study, "--data", "survey.parquet")
    assert code == 10
    assert f"analysis 'inequality': found bootstrap.interval: found 'studentized' with {WHY}" in out
    assert "1 fault" in out


def test_check_of_the_data__finds_no_fault_where_there_is_none(cli, changed):
    code, out, _ = cli("check", changed(), "--data", "survey.parquet")
    assert (code, out.strip().endswith("no faults.")) == (0, True)


def test_verify__passes_a_run_with_a_failed_analysis(cli, study):
    cli("run", study, "--out", "run")
    code, out, err = cli("verify", "run", "--data", "survey.parquet")
    assert code == 0, out + err
