"""Damage of a store or a run is told with the name of the file, and never stops the nights for ever."""

import json
import shutil
import subprocess
import sys

import pytest

from tests.functional.nights import newest, put, sha

DAMAGED = {"empty": "", "table": "{}", "list": "[]", "cut": '{"format": "equirank-run-1", "stu'}


@pytest.mark.parametrize("damage", DAMAGED)
@pytest.mark.parametrize(
    "command", [("show", "run"), ("diff", "run", "run"), ("verify", "run", "--data", ".")]
)
def test_damaged_manifest_of_a_run(cli, project, damage, command):
    assert cli("run", "study.toml", "--out", "run")[0] == 0
    (project / "run" / "manifest.json").write_text(DAMAGED[damage])
    code, out, err = cli(*command)
    assert (code, out) == (11, "")
    assert err.startswith("equirank: run/manifest.json: ")
    assert "internal" not in err


def test_manifest__without_any_one_key(cli, project):
    assert cli("run", "study.toml", "--out", "run")[0] == 0
    path = project / "run" / "manifest.json"
    whole = json.loads(path.read_text())
    for key in whole:
        path.write_text(json.dumps({name: value for name, value in whole.items() if name != key}))
        for command in (("show", "run"), ("diff", "run", "run"), ("verify", "run", "--data", ".")):
            code, _, err = cli(*command)
            assert code in (0, 11, 13), (key, command, err)
            assert "internal" not in err, (key, command)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": "equirank-store-1"}', '{"salt": "00"}'])
def test_damaged_mark_of_a_store(cli, night, content):
    put(night, 1)
    assert night()[0] == 0
    (night.store / "store.json").write_text(content)
    for command in (("status", "--store", "store"), ("show", "store"), ("verify", "store")):
        code, _, err = cli(*command)
        assert code == 74, err
        assert "store/store.json: it is damaged" in err
    code, _, err = night()
    assert code == 74
    assert "store/store.json: it is damaged" in err
    assert "internal" not in err


def three_nights(night):
    for number in (1, 2, 3):
        put(night, number)
        assert night()[0] == 0


def test_damaged_results_of_an_old_run__do_not_stop_a_night_with_disclosure_control(night):
    study = night.root / "study.toml"
    study.write_text(study.read_text() + "[disclosure]\nthreshold = 10\n")
    for number in (1, 2):
        put(night, number)
        assert night()[0] == 0
    (night.store / "runs" / "000001" / "results.parquet").write_bytes(b"PAR1")
    put(night, 3)
    assert night()[0] == 0
    warnings = json.loads((newest(night.store) / "manifest.json").read_text())["warnings"]
    assert "run 000001 is damaged: what differs from its numbers by few people is not withheld" in warnings


@pytest.mark.parametrize("content", ["", "[]"])
def test_damaged_old_run__is_set_aside_and_the_nights_go_on(cli, night, content):
    three_nights(night)
    last = sha(newest(night.store))
    (night.store / "runs" / "000001" / "manifest.json").write_text(content)
    put(night, 4)
    code, report, err = night()
    assert code == 0, err
    assert "run 000001 is damaged" in report["notes"][0]
    assert "damaged" in err
    assert [run.name for run in sorted((night.store / "runs").iterdir())] == ["000002", "000003", "000004"]
    assert (night.store / "damaged" / "000001" / "results.parquet").is_file()
    assert sha(night.store / "runs" / "000003") == last
    assert night()[1]["notes"] == []
    assert cli("history", "trend", "standard", "--store", "store")[0] == 0


def test_damaged_current_run__is_set_aside_and_computed_again(cli, night):
    three_nights(night)
    last = sha(newest(night.store))
    (night.store / "runs" / "000003" / "manifest.json").write_text("{}")
    code, report, _ = night()
    assert code == 0
    assert "run 000003 is damaged" in report["notes"][0]
    assert newest(night.store).name == "000004"  # no number names two runs
    assert sha(newest(night.store)) == last


def test_verify_of_a_store__lists_all_damage_and_repair_rebuilds(cli, night):
    three_nights(night)
    assert cli("verify", "--store", "store") == (0, "store: every file is whole.\n", "")
    last = sha(newest(night.store))
    runs, parts = night.store / "runs", sorted((night.store / "parts").iterdir())
    (runs / "000001" / "manifest.json").write_text("[]")
    (runs / "000002" / "results.parquet").write_bytes(b"no rows")
    with (parts[0] / "part.parquet").open("r+b") as stream:
        stream.seek(100)
        stream.write(b"??")
    (parts[1] / "part.json").unlink()
    rows = min((night.store / "tasks").iterdir())
    rows.write_bytes(rows.read_bytes()[:-1])
    (night.store / "catalog.duckdb").unlink()
    code, out, _ = cli("verify", "--store", "store", "--json")
    assert code == 13
    damaged = {one["path"] for one in json.loads(out)["damage"]}
    paths = ("runs/000001", "runs/000002", f"parts/{parts[0].name}", f"parts/{parts[1].name}")
    assert damaged == {
        *(f"store/{path}" for path in paths),
        f"store/tasks/{rows.name}",
        "store/catalog.duckdb",
    }
    code, out, _ = cli("repair", "--store", "store")
    assert code == 0
    assert "store: 6 repaired." in out
    assert cli("repair", "--store", "store")[1].count("are lost") == 3  # until the next night
    assert night()[0] == 0
    assert sha(newest(night.store)) == last
    assert cli("verify", "--store", "store")[0] == 0
    assert cli("verify", "store")[0] == 0


def test_lost_mark_of_a_store__is_made_again_by_repair_alone(cli, night):
    put(night, 1)
    assert night()[0] == 0
    last = sha(newest(night.store))
    (night.store / "store.json").unlink()
    code, _, err = night()
    assert code == 74
    assert "store/store.json: it is lost" in err
    for command in ("status", "rollback"):
        code, _, told = cli(command, "--store", "store")
        assert code == 74, command
        assert told.splitlines()[-1] == err.splitlines()[-1], command
    assert cli("repair", "--store", "store")[0] == 0
    assert night()[0] == 0
    assert cli("verify", "store")[0] == 0
    assert sha(newest(night.store)) == last


def test_repair__of_what_is_no_store(cli, night):
    assert cli("repair", "--store", "inbox")[0] == 2
    assert cli("verify")[0] == 2


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize(
    "calls", ["fsync,fdatasync", "pwrite64,write"], ids=["failing fsync", "failing write"]
)
def test_catalog_on_a_failing_disk__ends_with_exit_74(night, calls):
    put(night, 1)
    assert night()[0] == 0
    before = sha(newest(night.store))
    (night.store / "catalog.json").unlink()
    target = str(night.store / "tmp" / "catalog.duckdb")
    inject = [f"trace={calls}", "-e", f"inject={calls}:error=EIO"]
    strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", target, "-P", f"{target}.wal", "-e", *inject]
    code = "import sys; from engine.cli import main; sys.argv[0] = 'equirank'; main()"
    ask = ["refresh", "study.toml", "--inbox", "inbox", "--store", "store"]
    command = [*strace, sys.executable, "-c", code, *ask]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)  # noqa: S603
    assert done.returncode == 74, done.stderr
    assert "Traceback" not in done.stderr
    assert "internal" not in done.stderr
    assert sha(newest(night.store)) == before
    assert night()[0] == 0
    assert (night.store / "catalog.json").is_file()


def test_store_of_another_user__has_its_own_remedy(cli, night, monkeypatch):
    put(night, 1)

    def refused(*_arguments, **_options):
        raise PermissionError(13, "Permission denied", "store/tmp")

    monkeypatch.setattr("engine.store.layout._prepared", refused)
    code, _, err = cli("refresh", "study.toml", "--inbox", "inbox", "--store", "store")
    assert code == 74
    assert "you may not write to it" in err
    assert "chown" in err
    assert "make room" not in err
