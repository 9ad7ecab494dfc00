"""A process beside the run computes some analyses; nobody can tell from the results which."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

import engine
from engine.batch import beside, run
from engine.batch.beside import MOST_ROWS, Job, ProcessBeside, _claim, has_work, process_beside
from engine.batch.request import make_request
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
    monkeypatch.setattr(beside, "LEAST_BYTES", 1)
    monkeypatch.setattr(beside, "LEAST_WORK", 1)
    monkeypatch.setattr(beside, "usable_cores", lambda: 2)


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


def test_process_that_stands_still__is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(beside, "LONGEST_WAIT", 0.01)
    process = ProcessBeside(tmp_path)  # it waits for its job
    assert process.results() == {}
    assert process._process.poll() is not None


def test_claim__of_a_task_is_made_once(tmp_path):
    assert [_claim(tmp_path, 3), _claim(tmp_path, 3), _claim(tmp_path, 4)] == [True, False, True]


def request_of(tmp_path, **changes):
    """A request for the study `cmds` on a file of enough bytes."""
    (tmp_path / "data.csv").write_bytes(b"0" * beside.LEAST_BYTES)
    request = make_request("cmds", None)
    spec = request.spec.model_copy(
        update={
            "source": request.spec.source.model_copy(update={"builtin": None, "path": "data.csv"}),
            **changes,
        }
    )
    return replace(request, spec=spec, base=tmp_path)


def test_process__ends_when_the_run_does(tmp_path, monkeypatch):
    monkeypatch.setattr(beside, "usable_cores", lambda: 2)
    with process_beside(request_of(tmp_path), None) as process:
        assert process._process.poll() is None
        assert process._folder.is_dir()
    assert process._process.returncode != 0
    assert not process._folder.exists()


@pytest.mark.parametrize(
    ("threads", "cores", "change"),
    [
        (1, 2, ""),
        (None, 1, ""),
        (None, 2, "one analysis"),
        (None, 2, "few replicates"),
        (None, 2, "small files"),
    ],
)
def test_process__is_not_started_where_it_cannot_help(threads, cores, change, tmp_path, monkeypatch):
    monkeypatch.setattr(beside, "usable_cores", lambda: cores)
    request = request_of(tmp_path)
    if change == "one analysis":
        request = request_of(tmp_path, analysis=request.spec.analysis[-1:])
    if change == "few replicates":
        monkeypatch.setattr(beside, "LEAST_REPLICATES", 10_000)
    if change == "small files":
        (tmp_path / "data.csv").write_text("0")
    with process_beside(request, threads) as process:
        assert process is None


@pytest.mark.parametrize(("rows", "pays"), [(1_000, False), (10_000, True), (MOST_ROWS + 1, False)])
def test_process__has_work_if_it_saves_time_and_memory_has_room(rows, pays):
    tasks = [SimpleNamespace(analysis=analysis) for analysis in load_study("cmds").analysis]
    job = Job(spec=None, panel=None, sample=SimpleNamespace(n=rows), threads=None, tasks=tasks)
    assert has_work(job) == pays


@pytest.mark.parametrize(("threads", "beside_it"), [(None, None), (2, 1), (5, 2)])
def test_process__takes_half_of_the_threads_of_a_run(threads, beside_it):
    assert Job(spec=None, panel=None, sample=None, threads=threads, tasks=()).threads_beside == beside_it
