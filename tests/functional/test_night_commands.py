"""What the commands of the store print, and their exit codes."""

import json
import sys

import polars as pl
import pytest

from tests.functional.nights import STUDY, newest, put, sha, tree, wave


def test_report__is_read_in_the_morning(cli, night):
    put(night, 1)
    night()
    put(night, 2)
    put(night, 1, wave(1).with_columns(ill=pl.when(pl.int_range(300) < 30).then(1).otherwise("ill")))
    code, out, err = cli("refresh", "study.toml", "--inbox", "inbox", "--store", "store")
    assert code == 0
    for line in (
        "- wave_1.parquet: changed, 300 rows",
        "- wave_2.parquet: new, 300 rows",
        "- rates [1]: computed (data)",
        "- yearly [2]: computed (new)",
        "- pair [1, 3]: WAITING: wave 3 is not there yet",
        "Run: store/runs/000002",
    ):
        assert line in out
    assert "| trend | 1, ill | standard, linearised |" in out
    assert (newest(night.store) / "changes.md").read_text() in out
    assert "reading: file wave_1.parquet, why changed" in err
    out = cli("refresh", "study.toml", "--inbox", "inbox", "--store", "store")[1]
    assert out == "Nothing to do. The current run is store/runs/000002.\n"


def test_dry_run_and_status__tell_and_change_nothing(cli, night):
    ask = ("--inbox", "inbox", "--store", "store")
    put(night, 1)
    code, out, _ = cli("refresh", "study.toml", *ask, "--dry-run")
    assert code == 0
    assert "No run yet." in out
    assert "read      file wave_1.parquet: new" in out
    assert not night.store.exists()
    assert cli("status", "study.toml", *ask)[0] == 14
    assert cli("status", "--store", "store")[0] == 2
    night()
    before = tree(night.root)
    code, out, _ = cli("status", "--store", "store")
    assert code == 0
    assert out.startswith("Run 000001, 0.0 hours old, 4 analyses.")
    put(night, 2)
    (night.inbox / "wave_1.parquet").unlink()
    code, out, _ = cli("status", "--store", "store", "--json")
    assert code == 14
    told = [(item["action"], item["name"], item["why"]) for item in json.loads(out)["stale"]]
    assert told == [
        ("read", "wave_2.parquet", "new"),
        ("leave out", "wave_1.parquet", "withdrawn"),
        ("compute", "trend", "data"),
    ]
    put(night, 1)
    (night.inbox / "wave_2.parquet").unlink()
    assert cli("status", "--store", "store", "--max-age", "0")[0] == 14
    fresh = json.loads(cli("status", "--store", "store", "--max-age", "9", "--json")[1])
    assert [item for item in fresh["stale"] if item["what"] == "run"] == []
    assert {name: sha for name, sha in tree(night.root).items() if name.startswith("store")} == {
        name: sha for name, sha in before.items() if name.startswith("store")
    }


def test_diff__of_runs(cli, night):
    put(night, 1)
    night()
    put(night, 1, wave(1).with_columns(ill=pl.when(pl.int_range(300) < 30).then(1).otherwise("ill")))
    night()
    first = "store/runs/000001"
    code, out, _ = cli("diff", first, first)
    assert code == 0
    assert "Estimates that moved: 0; errors or counts alone: 0;" in out
    code, out, _ = cli("diff", first, "store", "--json")
    assert code == 13
    told = json.loads(out)
    assert told["moved"] > 0
    assert told["new"] == told["gone"] == 0
    row = next(row for row in told["rows"] if row["measure"] == "standard" and row["method"] == "linearised")
    assert row["in_std_errors"] == pytest.approx(
        (row["after"] - row["before"]) / error_of(night, row), rel=1e-12
    )
    put(night, 2)
    night()
    told = json.loads(cli("diff", "store/runs/000002", "store", "--json")[1])
    assert told["new"] > 0
    assert cli("diff", "store/runs/000003", "store/runs/000002")[0] == 13
    assert cli("diff", "nowhere", "store")[0] == 2


def error_of(night, row):
    results = pl.read_parquet(night.store / "runs" / "000001" / "results.parquet")
    own = results.filter(pl.col("analysis") == row["analysis"], pl.col("wave") == row["wave"])
    return own.filter(pl.col("measure") == "standard", pl.col("method") == "linearised")["std_error"].item()


def test_verify__computes_every_row_again(cli, night):
    put(night, 1)
    put(night, 2)
    night()
    rows = pl.read_parquet(newest(night.store) / "results.parquet").height
    code, out, _ = cli("verify", "store")
    assert code == 0
    assert out == f"store/runs/000001: {rows} rows computed again: the same to the last bit.\n"
    told = json.loads(cli("verify", "store/runs/000001", "--only", "trend", "--json", "--threads", "1")[1])
    assert told["faults"] == []
    assert 0 < told["rows"] < rows
    put(night, 2, wave(2).with_columns(sex=3 - pl.col("sex")))
    night()
    code, _, err = cli("verify", "store/runs/000001")
    assert code == 11
    assert "Only the current run can be computed again" in err


def test_verify__finds_a_changed_number(cli, night):
    put(night, 1)
    night()
    path = newest(night.store) / "results.parquet"
    results = pl.read_parquet(path)
    first = pl.int_range(pl.len()) == 0
    results.with_columns(
        estimate=pl.when(first).then(pl.col("estimate") * (1 + 2**-52)).otherwise("estimate")
    ).write_parquet(path)
    code, out, _ = cli("verify", "store")
    assert code == 13
    assert "results.parquet is not the file that was published" in out
    assert "rates, row 1" in out


def test_verify__of_a_run_outside_a_store(cli, night):
    put(night, 1)
    (night.root / "study.toml").write_text(STUDY.replace('waves = ["1", "3"]', 'waves = ["1"]'))
    assert cli("run", "study.toml", "--data", "inbox", "--out", "single")[0] == 0
    assert cli("verify", "single")[0] == 2
    assert cli("verify", "single", "--data", "inbox")[0] == 0
    put(night, 1, wave(1).head(200))
    code, _, err = cli("verify", "single", "--data", "inbox")
    assert code == 11
    assert "is not the file that the run has read" in err


def test_history__with_a_picture(cli, night):
    for number in (1, 2, 3):
        put(night, number)
        night()
    code, out, _ = cli(
        "history", "trend", "standard", "--store", "store", "--about", "1", "--plot", "trend.svg"
    )
    assert code == 0
    assert out.count("linearised") == 3
    assert "000003" in out
    assert (night.root / "trend.svg").read_text().startswith("<svg")
    rows = json.loads(cli("history", "yearly", "standard", "--store", "store", "--json")[1])
    assert [
        row["run"] for row in rows if row["about"].startswith("1,") and row["method"] == "linearised"
    ] == [
        "000001",
        "000002",
        "000003",
    ]
    code, _, err = cli("history", "trnd", "standard", "--store", "store")
    assert code == 2
    assert "Did you mean 'trend'?" in err


def test_catalog__answers_sql(cli, night):
    import duckdb

    put(night, 1)
    night()
    reader = duckdb.connect(str(night.store / "catalog.duckdb"), read_only=True)
    put(night, 2)
    assert night()[0] == 0  # an open reader blocks nobody
    reader.close()
    assert (night.store / "catalog.duckdb").stat().st_mode & 0o777 == 0o600
    with duckdb.connect(str(night.store / "catalog.duckdb"), read_only=True) as connection:
        found = connection.sql(
            "SELECT run, count(*) AS n FROM estimates GROUP BY run ORDER BY run"
        ).fetchall()
        files = connection.sql("SELECT run, file, state, rows FROM files ORDER BY run, file").fetchall()
    heights = [
        pl.read_parquet(run / "results.parquet").height for run in sorted((night.store / "runs").iterdir())
    ]
    assert found == [("000001", heights[0]), ("000002", heights[1])]
    assert files == [
        ("000001", "wave_1.parquet", "accepted", 300),
        ("000002", "wave_1.parquet", "accepted", 300),
        ("000002", "wave_2.parquet", "accepted", 300),
    ]


def test_logs__are_json_lines_and_hold_no_value(cli, night):
    put(night, 1)
    few = pl.int_range(300) < 9  # a word that ten people share may be shown
    secret = pl.when(few).then(pl.lit("SECRET")).otherwise(pl.lit("1"))
    put(night, 2, wave(2).with_columns(income=secret))
    code, out, err = cli("refresh", "study.toml", "--inbox", "inbox", "--store", "store", "--log-json")
    lines = [json.loads(line) for line in err.splitlines()]
    assert code == 11
    assert {line["event"] for line in lines} == {"reading", "quarantined", "computed", "finished"}
    assert {line["study"] for line in lines} == {"study.toml"}
    assert [line["level"] for line in lines if line["event"] == "quarantined"] == ["warning"]
    assert lines[-1]["exit_code"] == 11
    assert "SECRET" not in out + err
    everything = b"".join(path.read_bytes() for path in night.store.rglob("*") if path.is_file())
    assert b"SECRET" not in everything


def test_alert__gets_the_report_on_trouble_only(cli, night):
    hook = f"{sys.executable} -c \"import sys; open('alert.json', 'w').write(sys.stdin.read())\""
    call = ("refresh", "study.toml", "--inbox", "inbox", "--store", "store", "--alert")
    put(night, 1)
    assert cli(*call, hook)[0] == 0
    assert not (night.root / "alert.json").exists()
    (night.inbox / "wave_2.parquet").write_bytes(b"x")
    assert cli(*call, hook)[0] == 11
    told = json.loads((night.root / "alert.json").read_text())
    assert told["exit_code"] == 11
    assert [file["state"] for file in told["files"]] == ["accepted", "quarantined"]
    code, _, err = cli(*call, "no-such-command")
    assert code == 11
    assert "--alert: the command could not be run" in err
    for path in night.inbox.iterdir():
        path.unlink()
    assert cli(*call, hook)[0] == 11
    assert "Is it mounted?" in json.loads((night.root / "alert.json").read_text())["reason"]


def test_show__takes_a_run_of_the_store(cli, night):
    put(night, 1)
    night()
    for path in ("store/runs/000001", "store"):
        code, out, _ = cli("show", path)
        assert code == 0
        assert "Note: analysis pair [1, 3]: wave 3 is not there yet." in out


def test_results__are_those_of_run(cli, night):
    put(night, 1)
    put(night, 3)
    night()
    assert cli("run", "study.toml", "--data", "inbox", "--out", "single")[0] == 0
    assert sha(newest(night.store)) == sha(night.root / "single")


@pytest.mark.parametrize(
    "change",
    [
        lambda night: (night.root / "study.toml").write_text(
            STUDY.replace("seed = 3", 'seed = 3\ntitle = "Other"')
        ),
        lambda night: (night.root / "study.toml").write_text(
            STUDY.partition('[[analysis]]\nname = "pair"')[0]
        ),
        lambda night: put(night, 1, wave(1).with_columns(ill=1 - pl.col("ill"))),
        lambda night: (night.inbox / "copy").rename(night.inbox / "wave_9.parquet"),
    ],
    ids=["title", "analysis gone", "revision", "copy"],
)
def test_status__agrees_with_the_next_refresh(cli, night, change):
    import shutil

    put(night, 1)
    shutil.copy(night.inbox / "wave_1.parquet", night.inbox / "copy")
    night()
    assert cli("status", "--store", "store")[0] == 0
    change(night)
    code, out, _ = cli("status", "--store", "store", "--json")
    assert code == 14
    told = {item["name"] for item in json.loads(out)["stale"] if item["action"] == "compute"}
    report = night()[1]
    assert report["published"]
    assert {task["task"] for task in report["tasks"] if task["state"] == "computed"} <= told
    assert cli("status", "--store", "store")[0] == 0


def test_inbox__that_has_moved(cli, night):
    put(night, 1)
    night()
    (night.root / "inbox").rename(night.root / "other")
    assert cli("status", "--store", "store")[0] == 2
    assert cli("refresh", "study.toml", "--inbox", "other", "--store", "store")[0] == 0
    assert cli("status", "--store", "store")[0] == 0


def test_internal_error__shows_where_and_no_value(cli, night, monkeypatch):
    from engine.nights import refresh

    def broken(*_arguments, **_options):
        raise ValueError("SEC" + "RET")

    monkeypatch.setattr(refresh, "plan_tasks", broken)
    put(night, 1)
    hook = f"{sys.executable} -c \"import sys; open('alert.json', 'w').write(sys.stdin.read())\""
    code, out, err = cli("refresh", "study.toml", "--inbox", "inbox", "--store", "store", "--alert", hook)
    assert code == 1
    assert "internal error (ValueError)" in err
    assert "SECRET" not in out + err + (night.root / "alert.json").read_text()
