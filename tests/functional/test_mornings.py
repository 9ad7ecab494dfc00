"""What somebody needs in the morning: files that nobody asked for, what changed and why, the way back."""

import hashlib
import json
import os
import pwd
import shutil
import subprocess
import sys
import time

import duckdb
import polars as pl

from tests.conftest import KERNEL_CACHE, ROOT
from tests.functional.nights import STUDY, newest, put, sha, tree, wave

ASK = ("--inbox", "inbox", "--store", "store")


def test_misnamed_file__is_told_with_a_guess(cli, night):
    put(night, 1)
    put(night, 2, name="WAVE2.PARQUET")
    (night.inbox / "notes.txt").write_text("ask the office")
    (night.inbox / ".hidden").write_text("")
    digest = hashlib.sha256((night.inbox / "wave_1.parquet").read_bytes()).hexdigest()
    (night.inbox / "wave_1.parquet.sha256").write_text(digest)
    code, report, _ = night()
    assert code == 0
    told = [
        "WAVE2.PARQUET: no path of the study names it; is it meant as 'wave_*.parquet'?",
        "notes.txt: no path of the study names it; the study names 'wave_*.parquet'",
    ]
    assert report["notes"] == told
    code, out, _ = cli("status", "--store", "store")
    assert code == 0
    assert all(line in out for line in told)
    assert cli("status", "--store", "store", "--strict")[0] == 14
    code, report, _ = night("--strict")
    assert (code, report["exit_code"]) == (11, 11)
    assert report["published"] is False
    (night.inbox / "WAVE2.PARQUET").unlink()
    (night.inbox / "notes.txt").unlink()
    assert night("--strict")[0] == 0
    assert cli("status", "--store", "store", "--strict")[0] == 0


def test_store_inside_the_inbox__holds_no_strays(cli, night):
    put(night, 1)
    command = ("refresh", "study.toml", "--inbox", "inbox", "--store", "inbox/store", "--json")
    for _ in range(2):
        code, out, err = cli(*command)
        assert code == 0, err
    assert json.loads(out)["notes"] == []


def test_check__fails_when_stale_and_does_nothing(cli, night):
    put(night, 1)
    assert cli("refresh", "study.toml", *ASK, "--check")[0] == 14
    assert not night.store.exists()
    night()
    before = tree(night.store)
    assert cli("refresh", "study.toml", *ASK, "--check")[0] == 0
    put(night, 2)
    code, out, _ = cli("refresh", "study.toml", *ASK, "--check")
    assert code == 14
    assert "read      file wave_2.parquet: new" in out
    assert tree(night.store) == before


def test_changes__say_what_changed_in_the_study(cli, night):
    put(night, 1)
    night()
    text = STUDY.replace("seed = 3", "seed = 4").replace("1000]", "900]")
    start = text.index('[[analysis]]\nname = "yearly"')
    end = text.index('[[analysis]]\nname = "trend"')
    (night.root / "study.toml").write_text(text[:start] + text[end:])
    assert night()[0] == 0
    changes = (newest(night.store) / "changes.md").read_text()
    for line in (
        "- study.seed: 3 -> 4",
        "- variables.income.range: 0.0, 1000.0 -> 0.0, 900.0",
        "- analysis.yearly: removed",
        "| Gone: analysis | of | measure | value |",
    ):
        assert line in changes, changes
    assert "| yearly | 1, ill | standard, linearised |" in changes
    code, out, _ = cli("diff", "store/runs/000001", "store")
    assert code == 13
    assert "  study.seed: 3 -> 4\n" in out
    assert (
        "analysis.yearly: removed"
        in json.loads(cli("diff", "store/runs/000001", "store", "--json")[1])["study"]
    )


def test_changes__name_the_library_and_not_the_method(night, monkeypatch):
    from engine.batch import manifest
    from engine.nights import task_keys

    put(night, 1)
    night()
    version = manifest.version
    monkeypatch.setattr(manifest, "version", lambda name: "9.9" if name == "scipy" else version(name))
    for module in (manifest, task_keys):
        monkeypatch.setattr(module, "method_version", lambda: "another")
    assert night()[0] == 0
    changes = (newest(night.store) / "changes.md").read_text()
    scipy = f"scipy {version('scipy')} -> 9.9"
    assert f"- versions: {scipy}" in changes
    assert f"- rates [1]: computed ({scipy})" in changes
    assert "(method)" not in changes


def test_new_rows__have_their_values_in_the_report(cli, night):
    put(night, 1)
    night()
    put(night, 2)
    night()
    changes = (newest(night.store) / "changes.md").read_text()
    assert "| New: analysis | of | measure | value |" in changes
    results = pl.read_parquet(newest(night.store) / "results.parquet")
    new = results.filter(
        pl.col("analysis") == "trend", pl.col("wave") == "2", pl.col("measure") == "standard"
    )
    assert f"| {new['estimate'][0]:.6g} |" in cli("diff", "store/runs/000001", "store")[1]


def test_rollback__publishes_an_earlier_run_again(cli, night):
    put(night, 1)
    night()
    first = sha(newest(night.store))
    assert cli("rollback", "--store", "store")[0] == 2
    put(night, 1, wave(1).with_columns(ill=1 - pl.col("ill")))
    night()
    second = sha(newest(night.store))
    before = tree(night.store / "runs")
    code, out, err = cli("rollback", "--store", "store")
    assert (code, out) == (0, "The current run is store/runs/000003.\n"), err
    assert sha(newest(night.store)) == first
    assert {name: one for name, one in tree(night.store / "runs").items() if name in before} == before
    assert "Rolled back from run 000002 to run 000001." in (newest(night.store) / "changes.md").read_text()
    assert cli("verify", "--store", "store", "--json")[0] in (0, 13)
    assert night()[0] == 0  # what the inbox asks for
    assert sha(newest(night.store)) == second
    assert cli("rollback", "--store", "store", "--to", "000009")[0] == 2


def test_catalog__has_views_of_the_latest_run_and_of_changes(night):
    put(night, 1)
    night()
    put(night, 1, wave(1).with_columns(ill=1 - pl.col("ill")))
    put(night, 2)
    night()
    results = pl.read_parquet(newest(night.store) / "results.parquet")
    with duckdb.connect(str(night.store / "catalog.duckdb"), read_only=True) as connection:
        assert connection.sql("SELECT DISTINCT run FROM latest").fetchall() == [("000002",)]
        assert connection.sql("SELECT count(*) FROM latest").fetchall() == [(results.height,)]
        moved = connection.sql(
            "SELECT run, run_before, before, after, change, in_std_errors FROM changes "
            "WHERE analysis = 'trend' AND measure = 'standard' AND method = 'linearised' AND wave = '1'"
        ).fetchall()
    ((run, run_before, before, after, change, in_std_errors),) = moved
    assert (run, run_before) == ("000002", "000001")
    assert change == after - before
    assert abs(in_std_errors) > 0


def test_cron_line__works_as_the_user_that_runs_it(night):
    put(night, 1)
    folder = night.root / "machine"
    program = folder / "opt" / "equirank" / "bin" / "equirank"
    program.parent.mkdir(parents=True)
    program.write_text(
        f"#!/bin/sh\nexec '{sys.executable}' -c 'from engine.cli import main; main()' \"$@\"\n"
    )
    program.chmod(0o755)
    (folder / "etc" / "equirank").mkdir(parents=True)
    shutil.copyfile(night.root / "study.toml", folder / "etc" / "equirank" / "study.toml")
    (folder / "data").mkdir()
    night.inbox.rename(folder / "data" / "inbox")
    time.sleep(2.1)  # until the file has settled

    def here(text):
        for top in ("opt", "etc", "data", "var"):
            text = text.replace(f" /{top}/", f" {folder}/{top}/").replace(f"=/{top}/", f"={folder}/{top}/")
            text = text.replace(f">/{top}/", f">{folder}/{top}/")
        return text

    user = pwd.getpwuid(os.getuid()).pw_name
    lines = (ROOT / "docs" / "nightly.md").read_text(encoding="utf-8").splitlines()
    (prepare,) = (here(line) for line in lines if line.startswith("install -d"))
    prepare = prepare.replace("-o equirank", f"-o {user}")
    (line,) = (line for line in lines if line.startswith("30 2 * * *"))
    *_, owner, command = line.split(maxsplit=6)
    assert owner == "equirank"
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "NUMBA_CACHE_DIR": KERNEL_CACHE}
    for text in (prepare, here(command)):
        done = subprocess.run(["/bin/sh", "-c", text], env=environment, capture_output=True, check=False)  # noqa: S603
        assert done.returncode == 0, done.stderr
    log = (folder / "var" / "log" / "equirank" / "refresh.jsonl").read_text()
    assert json.loads(log.splitlines()[-1])["event"] == "finished"
    assert (folder / "data" / "store" / "runs" / "000001" / "results.parquet").is_file()


def test_late_wave__is_told_until_it_is_there(cli, night):
    text = STUDY.replace(
        "[source]\n", "[source]\nexpect = { 1 = 2001-01-01, 2 = 2002-02-02, 3 = 2999-01-01 }\n"
    )
    (night.root / "study.toml").write_text(text)
    put(night, 1)
    told = "wave 2: no accepted file holds it; it was expected by 2002-02-02"
    code, report, _ = night()
    assert (code, report["notes"]) == (0, [told])
    code, out, _ = cli("status", "--store", "store")
    assert code == 0
    assert told in out
    assert cli("status", "--store", "store", "--strict")[0] == 14
    assert night("--strict")[0] == 11
    put(night, 2)
    code, report, _ = night("--strict")
    assert (code, report["notes"]) == (0, [])
