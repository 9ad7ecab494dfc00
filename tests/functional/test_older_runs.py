"""Runs and stores of an older version are read as those of today (tests/older)."""

import hashlib
import json
import re
import shutil

import duckdb
import polars as pl
import pytest

import engine
from engine.results import COLUMNS, TidyRow, to_frame
from engine.store.compare import compare
from engine.store.older_rows import current_rows
from engine.store.run_directory import current_files
from engine.store.run_directory import read_run as read_stored
from tests.conftest import ROOT

OLDER = ROOT / "tests" / "older"


@pytest.fixture
def older(tmp_path, monkeypatch):
    shutil.copytree(OLDER, tmp_path / "older")
    monkeypatch.chdir(tmp_path / "older")
    return tmp_path / "older"


def test_older_run__has_the_columns_of_today(older):
    written = pl.read_parquet("run/results.parquet")
    assert not {"df1", "df2", "parameter"} & set(written.columns)
    run = engine.read_run("run")
    frame = run.to_frame()
    assert frame.columns == list(COLUMNS)
    since = ("df1", "df2", "parameter", "mc_error", "n_imputations", "missing_information")
    assert frame.drop("method", *since).equals(written.drop("method"))
    tests = frame.filter(pl.col("df1").is_not_null())
    assert tests.height == written["method"].str.contains(r"F\(| df$").sum() == 8
    pairs = zip(
        tests.iter_rows(named=True), written.filter(frame["df1"].is_not_null())["method"], strict=True
    )
    for row, told in pairs:
        assert told == (
            f"{row['method']}, {row['df1']:g} df"
            if row["df2"] is None
            else f"{row['method']}, F({row['df1']:g}, {row['df2']:g})"
        )
    extended = (pl.col("measure") == "extended") | (pl.col("term") == "extended")
    assert frame.filter(extended)["parameter"].to_list() == [3.0] * frame.filter(extended).height
    assert frame.filter(~extended)["parameter"].null_count() == frame.filter(~extended).height


def test_rows_without_one_new_column__get_it_empty():
    rows = to_frame([TidyRow(measure="extended", estimate=0.1, parameter=3.0, mc_error=0.01)])
    found = current_rows(rows.drop("mc_error"), {})
    assert found.equals(rows.with_columns(mc_error=pl.lit(None, dtype=pl.Float64)))


def test_older_run__is_shown_and_documented(older, cli):
    code, out, err = cli("show", "run")
    assert code == 0, err
    assert "extended" in out
    assert cli("tables", "run", "--to", "md", "--out", "documents")[0] == 0
    assert cli("report", "run")[0] == 0


def test_older_run__is_verified_in_the_columns_it_has(older, cli):
    code, out, _ = cli("verify", "run", "--data", "inbox", "--json")
    told = json.loads(out)
    assert (told["rows"], told["same_method"]) == (70, False)
    # That version rounded otherwise, and its Wald tests of a logit were not adjusted.
    assert code == 13
    assert not any(
        re.search(r"\b(df1|df2|parameter)\b|study in the manifest", fault) for fault in told["faults"]
    )
    of_method = [fault for fault in told["faults"] if re.search(r"\bmethod\b", fault)]
    assert of_method
    assert all("(wald_f, Wald)" in fault for fault in of_method)


def test_run_of_today_in_the_older_format__verifies_to_the_bit(older, cli):
    assert cli("run", "study.toml", "--data", "inbox", "--out", "today")[0] == 0
    path, told = older / "today" / "results.parquet", older / "today" / "manifest.json"
    frame = pl.read_parquet(path)
    of_f = pl.format("{}, F({}, {})", "method", pl.col("df1").cast(pl.Int64), pl.col("df2").cast(pl.Int64))
    of_chi2 = pl.format("{}, {} df", "method", pl.col("df1").cast(pl.Int64))
    method = pl.when(measure="wald_f").then(of_f).when(measure="lr_chi2").then(of_chi2).otherwise("method")
    frame.with_columns(method=method).drop("df1", "df2", "parameter").write_parquet(path)
    manifest = json.loads(told.read_text(encoding="utf-8"))
    manifest |= {"format": "equirank-run-1", "results_sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    told.write_text(json.dumps(manifest), encoding="utf-8")
    code, out, err = cli("verify", "today", "--data", "inbox", "--json")
    assert code == 0, out + err
    assert json.loads(out)["faults"] == []


def test_diff__names_no_new_row_because_of_degrees_of_freedom(older, cli):
    assert cli("run", "study.toml", "--data", "inbox", "--out", "today")[0] == 0
    old, new = read_stored(older / "run").results, read_stored(older / "today").results
    counts = compare(old, new).counts
    assert new.filter(analysis="indices")["df2"].null_count() < new.height
    assert compare(old.filter(analysis="indices"), new.filter(analysis="indices")).counts["new"] == 0
    assert counts["new"] == counts["gone"] == old["method"].is_in(["Wald"]).sum()


def test_older_store__is_taken_up_by_the_next_night(older, cli):
    before = (older / "store/runs/000001/results.parquet").read_bytes()
    code, out, err = cli("refresh", "study.toml", "--inbox", "inbox", "--store", "store", "--json")
    assert code == 0, err
    assert json.loads(out)["published"] is True
    assert (older / "store/runs/000001/results.parquet").read_bytes() == before
    with duckdb.connect(str(older / "store/catalog.duckdb"), read_only=True) as catalog:
        found = catalog.sql(
            "SELECT run, method, df1, df2 FROM estimates WHERE measure = 'wald_f' AND analysis = 'indices' "
            "AND term = 'standard' ORDER BY run"
        ).fetchall()
    assert found == [("000001", "adjusted Wald", 1.0, 12.0), ("000002", "adjusted Wald", 1.0, 12.0)]
    code, out, _ = cli("history", "--store", "store", "indices", "wald_f", "--json")
    assert {row["method"] for row in json.loads(out)} == {"adjusted Wald"}


def test_current_files__copies_older_runs_only(older, cli, tmp_path):
    assert cli("run", "study.toml", "--data", "inbox", "--out", "today")[0] == 0
    files = current_files([older / "today", older / "run"], tmp_path / "scratch")
    assert files == [
        str(older / "today" / "results.parquet"),
        str(tmp_path / "scratch" / "run" / "results.parquet"),
    ]
    assert pl.read_parquet(files[1]).columns == list(COLUMNS)


def test_unknown_format__is_refused(older, cli):
    path = older / "run" / "manifest.json"
    path.write_text(path.read_text(encoding="utf-8").replace("equirank-run-1", "equirank-run-99"))
    code, _, err = cli("show", "run")
    assert code == 11
    assert "has another format than equirank-run-2 or an older one" in err
