"""Off a terminal a step that takes long says so, and what numba does not understand is refused."""

import contextlib
import signal
import time

import numba
import pytest

from engine.batch.kernel_events import refuse_missing_threads, telling_of_compiling
from engine.batch.reporter import Reporter
from engine.cli import progress
from engine.cli.environment import refuse_environment
from engine.cli.progress import progress_reporter
from engine.errors import Interrupted, UsageError


class Listening(Reporter):
    def __init__(self):
        self.heard = 0

    def compiling(self):
        self.heard += 1


def test_steps__are_told_once_if_they_take_long(monkeypatch, capsys):
    monkeypatch.setattr(progress, "MOMENT", 0.05)
    said = []
    with progress_reporter(say=said.append) as reporter:
        reporter.start_step("simulating")
        time.sleep(0.2)
        reporter.start_reading(3)
        reporter.start_analysis("quick")
        reporter.start_analysis("slow")
        for _ in range(5):
            reporter.compiling()
        time.sleep(0.2)
        reporter.start_analysis("last")
    time.sleep(0.2)
    assert said == ["simulating", progress.COMPILING]
    assert capsys.readouterr().err == ""


def test_step__is_a_plain_line_on_stderr(monkeypatch, capsys):
    monkeypatch.setattr(progress, "MOMENT", 0.05)
    with progress_reporter() as reporter:
        reporter.start_reading(2)
        time.sleep(0.2)
    assert capsys.readouterr().err == "equirank: reading 2 files ...\n"


def test_compiling__is_heard_and_the_cache_is_not():
    reporter = Listening()
    function = numba.njit(lambda x: x + 1)
    with telling_of_compiling(reporter):
        function(1)
        heard = reporter.heard
        function(1)
    function(1.0)
    assert heard > 0
    assert reporter.heard == heard


@pytest.mark.parametrize("consequence", [RuntimeError, SystemError, KeyError])
def test_error_that_an_interrupt_left_behind__is_the_interrupt(consequence):
    def work(*, interrupted):
        with progress_reporter():
            if interrupted:
                with contextlib.suppress(KeyboardInterrupt):  # lost, as in a callback of the compiler
                    signal.raise_signal(signal.SIGINT)
            raise consequence("no compiled object yet")

    with pytest.raises(Interrupted, match="nothing was written"):
        work(interrupted=True)
    with pytest.raises(consequence):
        work(interrupted=False)


@pytest.mark.parametrize("value", ["x", "", "0", "-1", "1.5", "²"])
def test_number_of_threads_that_is_none(cli, monkeypatch, value):
    monkeypatch.setenv("NUMBA_NUM_THREADS", value)
    code, out, err = cli("studies")
    assert (code, out) == (2, "")
    assert f"NUMBA_NUM_THREADS: found '{value}'; expected a whole number from 1 on" in err
    assert "Traceback" not in err


def test_layer_that_is_none(monkeypatch):
    monkeypatch.setenv("NUMBA_THREADING_LAYER", "threads")
    with pytest.raises(UsageError, match="expected one of default, forksafe"):
        refuse_environment()
    monkeypatch.setenv("NUMBA_THREADING_LAYER", "tbb")
    refuse_environment()


def test_layer_that_is_not_installed(monkeypatch):
    def missing():
        raise ValueError("No threading layer could be loaded.")

    monkeypatch.setattr(numba, "get_num_threads", missing)
    with pytest.raises(UsageError, match="NUMBA_THREADING_LAYER") as refused:
        refuse_missing_threads()
    assert refused.value.exit_code == 2
