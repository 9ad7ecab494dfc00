"""`equirank weights`: another program that uses the file gets the errors of the run."""

import json

import numpy as np
import polars as pl
import pytest

import engine
from engine.batch.weights_export import export_weights
from engine.errors import UsageError
from tests.study_texts import analysis, event, factor, study_text

RANKED = {"outcome": "ill", "rank_by": "income"}


@pytest.fixture
def study(tmp_path, monkeypatch, survey):
    """Write the survey; returns a function that writes a study with a bootstrap."""
    monkeypatch.chdir(tmp_path)
    survey.write_parquet("survey.parquet")

    def write(method="auto", **design):
        text = study_text(
            design={"weight": "weight", "stratum": "stratum", "cluster": "psu", **design},
            variables={
                "ill": event("ill", well=[0], ill=[1]),
                "income": {},
                "sex": factor(male=[1], female=[2]),
            },
            analyses=[
                analysis(
                    "concentration",
                    bootstrap={"replicates": 64, "method": method, "interval": "normal"},
                    **RANKED,
                )
            ],
            seed=5,
        )
        (tmp_path / "study.toml").write_text(text)
        return "study.toml"

    return write


def std_error(frame, facts, weight="weight"):
    """What a program makes of the file: the same index with each replicate's weights."""
    known = frame.with_columns(ill=(pl.col("ill") == "ill").cast(pl.Float64)).drop_nulls(["ill", "income"])
    columns = [name for name in frame.columns if name.startswith("rw_")]
    theta = [engine.concentration_index(known, "ill", "income", weight=name).estimate for name in columns]
    estimate = engine.concentration_index(known, "ill", "income", weight=weight).estimate
    centre = estimate if facts["mse"] else np.mean(theta)
    squares = np.array(facts["rscales"]) * (np.array(theta) - centre) ** 2
    return float(np.sqrt(facts["scale"] * squares.sum()))


@pytest.mark.parametrize("method", ["rao-wu", "cluster", "poisson", "jackknife"])
def test_file__gives_the_errors_of_the_run(study, tmp_path, method):
    path = study(method)
    written = export_weights(path, tmp_path / "w.parquet", replicates=64, method=method)
    frame = pl.read_parquet(written.path)
    facts = json.loads(written.side.read_text())
    rows = engine.run(path, out=tmp_path / "run", report=False).rows
    (replicated,) = (row for row in rows if row.n_replicates)
    assert len(facts["rscales"]) == replicated.n_replicates
    assert std_error(frame, facts) == pytest.approx(replicated.std_error, rel=1e-9)
    assert f"degf = {facts['df']}" in facts["r"]
    assert f"dof({facts['df']})" in facts["stata"]


def test_formats__hold_the_same(study, tmp_path):
    path = study()
    for suffix in ("csv", "parquet", "dta"):
        export_weights(path, tmp_path / f"{suffix}.{suffix}", replicates=40)
    text = pl.read_csv(tmp_path / "csv.csv")
    frame = pl.read_parquet(tmp_path / "parquet.parquet")
    assert text.columns == frame.columns
    assert frame.columns[:4] == ["ill", "income", "sex", "weight"]
    assert text["rw_40"].to_list() == pytest.approx(frame["rw_40"].to_list())
    import pyreadstat

    stata, _ = pyreadstat.read_dta(tmp_path / "dta.dta")
    assert stata["rw_40"].tolist() == frame["rw_40"].to_list()


def test_seed__decides_the_weights_and_the_file_is_private(study, tmp_path):
    path = study()
    first = export_weights(path, tmp_path / "a.parquet", replicates=40)
    again = export_weights(path, tmp_path / "b.parquet", replicates=40)
    other = export_weights(path, tmp_path / "c.parquet", replicates=40, seed=6)
    assert first.path.read_bytes() == again.path.read_bytes() != other.path.read_bytes()
    assert first.path.stat().st_mode & 0o077 == 0


def test_refused__suffixes_taken_names_and_given_weights(study, tmp_path):
    with pytest.raises(UsageError, match="suffix"):
        export_weights(study(), tmp_path / "w.xlsx")
    path = study()
    text = (tmp_path / path).read_text()
    (tmp_path / path).write_text(
        text.replace("[variables.income]", "[variables.weight]").replace('"income"', '"weight"')
    )
    with pytest.raises(UsageError, match=r"variables\.weight"):
        export_weights(path, tmp_path / "w.csv")


def test_command__prints_what_r_and_stata_need(study, tmp_path, cli):
    path = study()
    code, out, _ = cli("weights", path, "--out", "w.csv", "--replicates", "40")
    assert code == 0
    assert "svrepdesign(data = d, weights = ~weight" in out
    assert "bsrweight(rw_*)" in out
    code, out, _ = cli("weights", path, "--out", "w.csv", "--method", "jackknife", "--json")
    assert (code, json.loads(out)["type"]) == (0, "JKn")
    code, _, err = cli("weights", path, "--out", "w.csv", "--method", "jacknife")
    assert code == 2
    assert "jackknife" in err
