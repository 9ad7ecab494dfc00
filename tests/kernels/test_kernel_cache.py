"""Compiled kernels lie by the place of their code: a second installation uses those of the first."""

import os
import subprocess
import sys
from pathlib import Path

import numba
import pytest

from engine.kernels import jit
from engine.kernels.draws import streams
from engine.kernels.index import indices


def test_compiled_kernels__do_not_lie_by_the_path_of_the_installation():
    home = jit.cache_directory()
    assert Path(indices.index_values.stats.cache_path) == home / "index"
    assert Path(streams.stream_starts.stats.cache_path) == home / "draws"


def test_numba__keeps_its_own_place_for_functions_of_others():
    @numba.njit(cache=True)
    def other(x):
        return x

    assert not Path(other.stats.cache_path).is_relative_to(jit.cache_directory())


@pytest.mark.parametrize(("ending", "content"), [(".nbi", b""), (".nbc", b"\x80\x05rubbish")])
def test_damaged_file__is_compiled_again(tmp_path, ending, content):
    code = (
        "import numpy as np; from engine.kernels.draws.streams import stream_starts; "
        "print(stream_starts(np.uint64(7), 0, 4).sum()); print(sum(stream_starts.stats.cache_hits.values()))"
    )

    def told():
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
        done = subprocess.run(  # noqa: S603 - this Python
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    numbers, hits = told()
    assert hits == "0"
    for path in tmp_path.rglob(f"*{ending}"):
        path.write_bytes(content)
    assert told() == [numbers, "0"]
    assert told() == [numbers, "1"]
