"""The process that reads files can do nothing else: what the kernel forbids it, and what it still must do."""

import os
import socket
import sys
from pathlib import Path

import polars as pl
import pytest

from engine.data import readers
from engine.data.confinement import SWITCH, Confinement, confine
from engine.data.file_calls import call_with_files
from engine.data.read_request import CallRequest
from engine.data.source_file import SourceFile
from tests.conftest import ROOT
from tests.functional.confined_attempts import attempts
from tests.functional.conftest import write_survey
from tests.functional.nights import put

MAY = readers.Reader.may  # before the tests share their processes
landlockpy = pytest.importorskip("landlockpy", reason="Linux only")
pytestmark = pytest.mark.skipif(not landlockpy.supported(), reason="the kernel has no Landlock")


@pytest.fixture
def started(monkeypatch, tmp_path):
    """Confined processes, as commands have them; temporary files lie in a folder of their own."""
    made = []

    def start():
        made.append(readers.Reader())
        return made[-1]

    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setattr(readers.Reader, "may", MAY)
    monkeypatch.setattr(readers, "start_reader", start)
    monkeypatch.setattr(readers, "release_reader", lambda reader: reader.end())
    return made


@pytest.fixture
def secret(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    path = tmp_path / "elsewhere" / "secret.txt"
    path.write_text("987654")
    return path


def ask(path, secret):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        (found,) = call_with_files(attempts, [SourceFile(path=path)], str(secret), port, os.getpid())
    return found


@pytest.mark.usefixtures("started")
def test_reader__can_read_its_files_and_do_nothing_else(tmp_path, secret):
    (tmp_path / "data").mkdir()
    path = tmp_path / "data" / "people.csv"
    path.write_text("a\n1\n")
    found = ask(path, secret)
    assert found.pop("read its file") == "done"
    abi = landlockpy.abi_version()
    if abi < 6:
        del found["signal its parent"]
    if abi < 4:
        del found["connect"]
    assert set(found.values()) == {"PermissionError"}, found
    assert path.read_text() == "a\n1\n"


@pytest.mark.usefixtures("started")
def test_switch__leaves_the_reader_free(tmp_path, secret, monkeypatch):
    """The attempts are real ones: without confinement they succeed."""
    monkeypatch.setenv(SWITCH, "off")
    (tmp_path / "data").mkdir()
    path = tmp_path / "data" / "people.csv"
    path.write_text("a\n1\n")
    assert set(ask(path, secret).values()) == {"done"}


def test_missing_library__is_no_error(monkeypatch):
    monkeypatch.setitem(sys.modules, "landlockpy", None)
    assert not confine({"reads": [], "writes": []})
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not confine({"reads": [], "writes": []})


def test_every_format__is_read_as_before(cli, changed, project, survey, started):
    for suffix in ("parquet", "csv", "dta", "sav"):
        (project / "data" / suffix).mkdir(parents=True)
        write_survey(survey, project / "data" / suffix / f"survey.{suffix}")
        changed(source=f"survey.{suffix}")
        given = ("--data", project / "data" / suffix, "--no-report", "--only", "rates")
        with readers.kept_readers():
            code, _, err = cli("run", "study.toml", "--out", suffix, *given)
        assert code == 0, err
    found = [pl.read_parquet(project / name / "results.parquet") for name in ("parquet", "csv", "dta", "sav")]
    assert all(one.equals(found[0]) for one in found)
    assert len(started) == 4  # one for each folder


def test_command_that_keeps_nothing__needs_no_cache(cli, project, monkeypatch):
    (project / "file").write_text("x")
    monkeypatch.setenv("EQUIRANK_CACHE", str(project / "file"))
    code, _, err = cli("codebook", "survey.parquet")
    assert code == 0, err


def test_night__has_one_confined_process(night, started):
    for number in (1, 2, 3):
        put(night, number)
    assert night()[0] == 0
    assert len(started) == 1


def test_process__is_used_again_where_it_may_do_what_is_asked(tmp_path):
    def needed(*folders):
        files = [SourceFile(path=Path(folder) / "a.csv") for folder in folders]
        return Confinement.of(
            CallRequest(function=len, source=file, arguments=(), work=tmp_path) for file in files
        )

    both = needed(tmp_path / "a", tmp_path / "b")
    assert both.covers(needed(tmp_path / "a"))
    assert not needed(tmp_path / "a").covers(both)
