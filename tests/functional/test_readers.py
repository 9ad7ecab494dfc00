"""Processes that read foreign files: one that dies is replaced, and its file is refused by name."""

import signal

import polars as pl
import pytest

from engine.data import readers
from engine.data.panel import build_panel
from engine.data.readers import Reader
from engine.data.source_file import SourceFile
from engine.study import parse_study
from tests.functional.nights import STUDY, put, wave


class Dying(Reader):
    """A process that a signal ends when it is asked for a file."""

    number = signal.SIGSEGV

    def ask(self, request):
        self._process.send_signal(self.number)


class Aborting(Dying):
    number = signal.SIGABRT


class Stuck(Reader):
    """A process that never answers."""

    def ask(self, request):
        pass


def starting(monkeypatch, *first):
    """Start these processes first, then whole ones; returns how many were started."""
    start, started = readers.start_reader, []

    def next_reader():
        started.append(None)
        return first[len(started) - 1]() if len(started) <= len(first) else start()

    monkeypatch.setattr(readers, "start_reader", next_reader)
    return started


@pytest.mark.parametrize("dying", [Dying, Aborting])
def test_run__refuses_a_file_that_kills_its_reader(cli, project, monkeypatch, dying):
    starting(monkeypatch, dying, dying)
    code, out, err = cli("run", "study.toml", "--out", "run")
    assert (code, out) == (11, "")
    died = f"the reading process died of signal {int(dying.number)}"
    expected = "expected a file that can be read. Look at the file: is it damaged?"
    assert err == f"equirank: survey.parquet: {died}; {expected}\n"
    assert not (project / "run").exists()


def test_reader__that_an_earlier_file_has_damaged_is_replaced(cli, project, monkeypatch):
    started = starting(monkeypatch, Dying)
    assert cli("run", "study.toml", "--out", "run")[0] == 0
    assert len(started) == 2


def test_night__goes_on_without_a_file_that_takes_too_long(night, monkeypatch):
    put(night, 1)
    put(night, 2)
    starting(monkeypatch, Stuck)
    code, report, _ = night("--timeout", "10")
    assert code == 11
    assert [file["state"] for file in report["files"]] == ["quarantined", "accepted"], report["files"]
    assert "took longer than 10 seconds" in report["files"][0]["reason"]
    assert night()[0] == 0  # it is tried again


def test_one_process__reads_many_files(night, monkeypatch):
    for number in range(1, 8):
        put(night, number)
    started = starting(monkeypatch)
    assert night()[0] == 0
    assert len(started) == 1


def test_file_of_this_program__needs_no_process(tmp_path, monkeypatch):
    started = starting(monkeypatch)
    wave(1).write_parquet(tmp_path / "wave_1.parquet")
    file = SourceFile(path=tmp_path / "wave_1.parquet", is_own=True)
    assert build_panel(parse_study(STUDY), [file]).parts
    assert not started


def test_records_without_any_wave__are_refused(cli, night):
    put(night, 1, wave(1).with_columns(wave=pl.lit(None, pl.Int64)))
    (night.root / "study.toml").write_text(STUDY.replace('waves = ["1", "3"]', 'waves = "all"'))
    code, _, err = cli("run", "study.toml", "--data", "inbox", "--out", "single")
    assert code == 11
    assert "no record of the sample has a wave" in err
    code, report, _ = night()
    assert code == 11
    assert "column 'wave' (source.wave) is blank in every row" in report["files"][0]["reason"]
