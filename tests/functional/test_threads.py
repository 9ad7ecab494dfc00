"""Functions called from several threads at once, and from processes that were started anew."""

import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import polars as pl
import pytest

import engine

CALLS, SEEDS = 80, 4
FRAME = pl.DataFrame({"x": [i * 7 % 9 for i in range(400)], "y": [i * 5 % 11 for i in range(400)]})
IN_A_CHILD = "from tests.functional.test_threads import from_threads; print(from_threads())"


def std_error(number):
    return engine.concentration_index(FRAME, "y", "x", bootstrap=60, seed=number % SEEDS).std_error


def from_threads():
    """Whether calls from four threads give what calls one after the other give."""
    alone = [std_error(seed) for seed in range(SEEDS)]
    with ThreadPoolExecutor(4) as pool:
        return [*pool.map(std_error, range(CALLS))] == [alone[number % SEEDS] for number in range(CALLS)]


def test_four_threads__get_the_numbers_of_one():
    assert from_threads()


@pytest.mark.slow
@pytest.mark.parametrize("layer", ["omp", "workqueue"])
def test_every_layer_of_threads__takes_calls_from_four_threads(layer):
    environment = {**os.environ, "NUMBA_THREADING_LAYER": layer, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-W", "ignore", "-c", IN_A_CHILD],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "True"), done.stderr


@pytest.mark.slow
def test_processes_that_were_started_anew__get_the_same_numbers():
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        assert [*pool.map(std_error, range(6))] == [std_error(number) for number in range(6)]
