"""The process that reads a file can do nothing else: what the kernel forbids, and what it still must do."""

import json
import os
import signal
import socket
import subprocess
import sys

import polars as pl
import pytest

from engine.data import readers
from engine.data.confinement import SWITCH, can_confine
from engine.data.file_calls import call_with_files
from engine.data.source_file import SourceFile
from engine.errors import DataError
from tests.conftest import ROOT
from tests.functional.confined_attempts import attempts, hostile_value, killed
from tests.functional.conftest import write_survey
from tests.functional.nights import put

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
    monkeypatch.setattr(readers, "start_reader", start)
    monkeypatch.setattr(readers, "release_reader", lambda reader: reader.end())
    return made


@pytest.fixture
def file(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "another.csv").write_text("a\n2\n")
    path = tmp_path / "data" / "people.csv"
    path.write_text("a\n1\n")
    path.chmod(0o600)
    return SourceFile(path=path)


@pytest.fixture
def ask(tmp_path, file, monkeypatch):
    """What a reader may do."""
    (tmp_path / "elsewhere" / "tmp").mkdir(parents=True)
    secret = tmp_path / "elsewhere" / "secret.txt"
    secret.write_text("987654")
    monkeypatch.chdir(tmp_path)  # the path of a socket may have 107 bytes

    def asked():
        name = f"equirank-{os.getpid()}"
        with (
            socket.create_server(("127.0.0.1", 0)) as server,
            socket.socket(socket.AF_UNIX) as with_path,
            socket.socket(socket.AF_UNIX) as without_path,
        ):
            with_path.bind("socket")
            with_path.listen()
            without_path.bind(f"\0{name}")
            without_path.listen()
            names, port = ("socket", name), server.getsockname()[1]
            (found,) = call_with_files(attempts, [file], str(secret), port, names, os.getpid())
        return found

    return asked


@pytest.mark.usefixtures("started")
def test_reader__can_read_its_file_and_do_nothing_else(file, ask):
    when = file.path.stat().st_mtime
    found = ask()
    assert found.pop("read its file") == "done"
    assert found.pop("link its file") == "OSError"  # as across file systems
    if landlockpy.abi_version() < 6:
        del found["signal its parent"]
    assert set(found.values()) == {"PermissionError"}, found
    assert file.path.read_text() == "a\n1\n"
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert file.path.stat().st_mtime == when


@pytest.mark.usefixtures("started")
def test_switch__leaves_the_reader_free(ask, monkeypatch):
    """The attempts are real ones: without confinement they succeed, as far as the order of them allows."""
    monkeypatch.setenv(SWITCH, "off")
    found = ask()
    refused = {name for name, one in found.items() if one != "done"}
    assert refused <= {"trace its parent"}, found


@pytest.mark.usefixtures("started")
def test_answer__cannot_run_code_in_the_process_that_asked(tmp_path, file):
    with pytest.raises(DataError, match="an answer that cannot be read"):
        call_with_files(hostile_value, [file], str(tmp_path / "marker"))
    assert not (tmp_path / "marker").exists()


def test_file_that_kills_its_reader__leaves_the_process_for_the_next(file, started):
    with readers.kept_readers():
        for number in (signal.SIGSEGV, signal.SIGABRT):
            with pytest.raises(DataError, match=f"died of signal {int(number)}"):
                call_with_files(killed, [file], int(number))
    assert len(started) == 1


def test_reader_of_a_part__cannot_touch_other_parts(tmp_path, file):
    home = tmp_path / "parts"
    (home / "other").mkdir(parents=True)
    (home / "other" / "part.json").write_text("{}")
    request = {"path": str(file.path), "places": [], "work": str(tmp_path), "home": str(home), "key": "k"}
    request |= {"salt": None}
    code = """
import json, os, sys
from engine.data.forked_reader import answer_apart
from tests.functional.confined_attempts import hostile_part
request = json.loads(sys.argv[1])
reading, writing = os.pipe()
request["pipe"] = writing
for says in ({"part": "../other"}, {"value": "x"}, {"kind": "DataError"}):
    print(json.dumps(answer_apart({**request, "says": says}, hostile_part, writing)))
"""
    asked = json.dumps({**request, "others": str(home / "other")})
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code, asked], capture_output=True, text=True, check=True, cwd=ROOT
    )
    *forged, honest = (json.loads(line) for line in done.stdout.splitlines())
    assert forged == [{"death": 0}] * 2
    found = honest["found"]
    assert found.pop("read its own part") == found.pop("write its own part") == "done"
    assert found.pop("answer for the process") == "OSError"  # no such pipe
    assert set(found.values()) == {"PermissionError"}, found
    assert [*home.iterdir()] == [home / "other"]


def test_missing_library__is_no_error(monkeypatch):
    monkeypatch.setitem(sys.modules, "landlockpy", None)
    assert not can_confine()
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not can_confine()


def test_every_format__is_read_as_before(cli, changed, project, survey, started):
    with readers.kept_readers():
        for suffix in ("parquet", "csv", "dta", "sav"):
            (project / "data" / suffix).mkdir(parents=True)
            write_survey(survey, project / "data" / suffix / f"survey.{suffix}")
            changed(source=f"survey.{suffix}")
            given = ("--data", project / "data" / suffix, "--no-report", "--only", "rates")
            code, _, err = cli("run", "study.toml", "--out", suffix, *given)
            assert code == 0, err
    found = [pl.read_parquet(project / name / "results.parquet") for name in ("parquet", "csv", "dta", "sav")]
    assert all(one.equals(found[0]) for one in found)
    assert len(started) == 1


def test_command_that_keeps_nothing__needs_no_cache(cli, project, monkeypatch):
    (project / "file").write_text("x")
    monkeypatch.setenv("EQUIRANK_CACHE", str(project / "file"))
    code, _, err = cli("codebook", "survey.parquet")
    assert code == 0, err


def test_night__has_one_process(night, started):
    for number in (1, 2, 3):
        put(night, number)
    assert night()[0] == 0
    assert len(started) == 1
    assert not [*night.root.rglob(".building-*"), *night.root.rglob("reader-*")]
