"""A run in parts is the run in one piece: shards, merge, and workers of dask that die."""

import hashlib
import os
import shutil
import signal
import threading
import time

import pytest

from tests.functional.conftest import STUDY

pytestmark = pytest.mark.same_bits

DECOMPOSED = """
[[analysis]]
name = "behind"
kind = "decomposition"
outcome = "ill"
rank_by = "income"
terms = ["sex"]
need = ["sex"]
model = "logit"
by = "wave"
change = true
bootstrap = { replicates = 100 }
[[analysis]]
name = "jackknifed"
kind = "concentration"
waves = "each"
outcome = "ill"
rank_by = "income"
bootstrap = { method = "jackknife" }
[[analysis]]
name = "odds"
kind = "logit"
outcome = "ill"
terms = ["sex"]
"""


def sha(run):
    return hashlib.sha256((run / "results.parquet").read_bytes()).hexdigest()


@pytest.fixture
def whole(cli, project):
    (project / "study.toml").write_text(STUDY + DECOMPOSED)
    code, _, err = cli("run", "study.toml", "--out", "whole")
    assert code == 0, err
    return project / "whole"


@pytest.mark.parametrize("of", [1, 2, 5, 16])
def test_parts__join_to_the_same_bytes(cli, project, whole, of):
    parts = [f"part-{k}" for k in range(1, of + 1)]
    for k, part in enumerate(parts, start=1):
        assert cli("run", "study.toml", "--shard", f"{k}/{of}", "--out", part)[0] == 0
    code, out, err = cli("merge", *reversed(parts), "--out", "joined")  # in any order
    assert code == 0, err
    assert "Run directory: joined" in out
    assert sha(project / "joined") == sha(whole)
    if of == 2:
        code, _, err = cli("merge", parts[0], "--out", "less")
        assert code == 2
        assert "found the shards 1; expected each of 1 to 2 once" in err
        assert cli("run", "study.toml", "--shard", "2/2", "--seed", "9", "--out", "other")[0] == 0
        code, _, err = cli("merge", parts[0], "other", "--out", "mixed")
        assert code == 2
        assert "shard 2 has another study, seed than shard 1" in err
        shutil.copytree(parts[0], "damaged")
        next((project / "damaged").glob("task-*.parquet")).write_bytes(b"x")
        code, _, err = cli("merge", "damaged", parts[1], "--out", "mixed")
        assert code == 2
        assert "is no shard of a run" in err
        assert not (project / "mixed").exists()


@pytest.mark.parametrize("text", ["0/2", "3/2", "2", "a/b", "1/0", "-1/2"])
def test_shard__that_cannot_be(cli, project, text):
    code, _, err = cli("run", "study.toml", "--shard", text)
    assert code == 2
    assert "expected k/K" in err


def test_options__that_exclude_each_other(cli, project):
    code, _, err = cli("run", "study.toml", "--shard", "1/2", "--workers", "2")
    assert code == 2
    assert "--shard and --workers: found together" in err


def test_shard__never_replaces_something_else(cli, project):
    (project / "mine").mkdir()
    (project / "mine" / "notes.txt").write_text("mine")
    assert cli("run", "study.toml", "--shard", "1/2", "--out", "mine")[0] == 2
    assert (project / "mine" / "notes.txt").read_text() == "mine"
    assert cli("run", "study.toml", "--shard", "1/2", "--out", "part")[0] == 0
    assert cli("run", "study.toml", "--shard", "2/2", "--out", "part")[0] == 2  # another part is not replaced
    assert cli("run", "study.toml", "--shard", "1/2", "--out", "part")[0] == 0


def killing(monkeypatch, count, every):
    """Kill a worker of the cluster that will be started, every so many seconds; returns the killed."""
    import distributed

    killed, made = [], []
    start = distributed.LocalCluster

    def remembered(*arguments, **options):
        made.append(start(*arguments, **options))
        return made[-1]

    def kill():
        deadline = time.time() + 300
        while len(killed) < count and time.time() < deadline:
            time.sleep(every)
            pids = [nanny.pid for nanny in made[-1].workers.values() if nanny.pid] if made else []
            fresh = [pid for pid in pids if pid not in killed]
            if fresh:
                os.kill(fresh[0], signal.SIGKILL)
                killed.append(fresh[0])

    monkeypatch.setattr(distributed, "LocalCluster", remembered)
    threading.Thread(target=kill, daemon=True).start()
    return killed


def test_workers__that_are_killed_change_no_bit(cli, project, whole, monkeypatch):
    """Two worker processes, one killed in the middle, then the next one."""
    killed = killing(monkeypatch, 2, 1.0)
    code, _, err = cli("run", "study.toml", "--workers", "2", "--out", "dask")
    assert code == 0, err
    assert killed
    assert sha(project / "dask") == sha(whole)


@pytest.mark.slow
def test_twenty_killed_workers__change_no_bit(cli, project, whole, monkeypatch):
    killed = []
    for number in range(20):
        with monkeypatch.context() as patched:
            killed.append(killing(patched, 1, 1.5 + 0.1 * number))
            code, _, err = cli("run", "study.toml", "--workers", "2", "--out", f"dask-{number}")
        assert code == 0, err
        assert sha(project / f"dask-{number}") == sha(whole)
    assert sum(len(own) for own in killed) >= 15


def test_failure_of_the_study__on_a_worker_has_its_exit_code(cli, changed):
    study = changed(
        ('event = "ill"', 'event = "ill"\nmissing = [0]'),
        ("levels = { well = [0], ill = [1] }", "levels = { ill = [1] }"),
    )
    here = cli("run", study, "--out", "here")
    there = cli("run", study, "--workers", "1", "--out", "there")
    assert here[0] == there[0] == 12
    assert here[2].splitlines()[-1] == there[2].splitlines()[-1]


def test_scheduler__that_is_not_there(cli, project, monkeypatch):
    from engine.shards import dask_workers as cluster

    monkeypatch.setattr(cluster, "PATIENCE", 0.5)
    code, _, err = cli("run", "study.toml", "--cluster", "tcp://127.0.0.1:9")
    assert code == 2
    assert "nobody answers" in err
