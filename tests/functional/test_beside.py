"""A process beside the run computes some analyses; nobody can tell from the results which."""

import json
from types import SimpleNamespace

import pytest

import engine
from engine.batch import beside, run
from engine.batch.beside import MOST_ROWS, Job, ProcessBeside, _claim, has_work, process_beside
from engine.study.load import load_study
from tests.functional.conftest import STUDY

# One more index with replicates, and an analysis that fails where everything else is well.
MORE = """
[[analysis]]
name = "replicated"
kind = "concentration"
outcome = "ill"
rank_by = "income"
bootstrap = { replicates = 60, method = "rao-wu" }

[[analysis]]
name = "impossible"
kind = "concentration"
outcome = "income"
rank_by = "income"
index = "erreygers"
bounds = [0, 1]
bootstrap = { replicates = 70, method = "rao-wu" }
"""


@pytest.fixture
def study(project):
    (project / "study.toml").write_text(STUDY + MORE)
    return project / "study.toml"


@pytest.fixture
def always(monkeypatch):
    """Start the process for any study, whatever the tests do by default."""
    monkeypatch.setattr(run, "process_beside", process_beside)
    monkeypatch.setattr(beside, "LEAST_REPLICATES", 1)
    monkeypatch.setattr(beside, "LEAST_WORK", 1)
    monkeypatch.setattr(beside, "_cores", lambda: 2)


def rows_and_failures(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    return (folder / "results.parquet").read_bytes(), manifest["tasks"], manifest["read_as"]


@pytest.mark.usefixtures("always")
def test_run__computes_the_same_with_a_process_beside_it(study, monkeypatch):
    alone = engine.run(study, out="alone", threads=1)
    found = {}

    class Watched(ProcessBeside):
        def claim(self, number):
            return number < 2 and super().claim(number)  # the others are left to the process

        def results(self):
            found.update(super().results())
            return found

    monkeypatch.setattr(beside, "ProcessBeside", Watched)
    both = engine.run(study, out="both", threads=2)
    assert {"replicated", "impossible"} <= {one.task.name for one in found.values()}
    assert rows_and_failures(both.path) == rows_and_failures(alone.path)
    assert both.failures == alone.failures
    assert "impossible" in both.failures


@pytest.mark.usefixtures("always")
def test_run__computes_itself_what_a_killed_process_has_claimed(study, monkeypatch):
    alone = engine.run(study, out="alone", threads=1)
    folders = []

    class Killed(ProcessBeside):
        def begin(self, job):
            folders.append(self._folder)
            assert _claim(self._folder, 0)
            (self._folder / "0.writing").write_bytes(b"half")
            self._process.kill()
            super().begin(job)

    monkeypatch.setattr(beside, "ProcessBeside", Killed)
    assert rows_and_failures(engine.run(study, out="both", threads=2).path) == rows_and_failures(alone.path)
    assert len(folders) == 1
    assert not folders[0].exists()


def test_claim__of_a_task_is_made_once(tmp_path):
    assert [_claim(tmp_path, 3), _claim(tmp_path, 3), _claim(tmp_path, 4)] == [True, False, True]


def test_process__ends_when_the_run_does(monkeypatch):
    monkeypatch.setattr(beside, "_cores", lambda: 2)
    with process_beside(load_study("cmds"), None) as process:
        assert process._process.poll() is None
        assert process._folder.is_dir()
    assert process._process.returncode != 0
    assert not process._folder.exists()


@pytest.mark.parametrize(
    ("threads", "cores", "change"),
    [(1, 2, {}), (None, 1, {}), (None, 2, {"analysis": 1}), (None, 2, {"few": 1})],
)
def test_process__is_not_started_where_it_cannot_help(threads, cores, change, monkeypatch):
    monkeypatch.setattr(beside, "_cores", lambda: cores)
    spec = load_study("cmds")
    if "analysis" in change:
        spec = spec.model_copy(update={"analysis": spec.analysis[-1:]})
    if "few" in change:
        monkeypatch.setattr(beside, "LEAST_REPLICATES", 10_000)
    with process_beside(spec, threads) as process:
        assert process is None


@pytest.mark.parametrize(("rows", "pays"), [(1_000, False), (10_000, True), (MOST_ROWS + 1, False)])
def test_process__has_work_if_it_saves_time_and_memory_has_room(rows, pays):
    tasks = [SimpleNamespace(analysis=analysis) for analysis in load_study("cmds").analysis]
    job = Job(spec=None, panel=None, sample=SimpleNamespace(n=rows), threads=None, tasks=tasks)
    assert has_work(job) == pays
