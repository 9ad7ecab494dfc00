"""Compiled kernels lie by the place of their code: a second installation uses those of the first."""

import os
import subprocess
import sys
from pathlib import Path

import numba
import pytest
from filelock import FileLock

from engine import kernel_cache
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


CODE = (
    "import numpy as np; from engine.kernels.draws.streams import stream_starts; "
    "print(stream_starts(np.uint64(7), 0, 4).sum()); print(sum(stream_starts.stats.cache_hits.values()))"
)


def start(folder):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder)}
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", CODE]
    return subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True)  # noqa: S603


def end(process):
    out, err = process.communicate()
    assert process.returncode == 0, err
    return out.split()


def test_processes__that_need_a_kernel_together_compile_it_once(tmp_path):
    told = [end(one) for one in [start(tmp_path) for _ in range(3)]]
    assert len({numbers for numbers, _ in told}) == 1
    assert sorted(hits for _, hits in told) == ["0", "1", "1"]


def test_process__does_not_wait_for_ever_for_one_that_stands_still(monkeypatch):
    monkeypatch.setattr(kernel_cache, "LONGEST_WAIT", 0.05)
    cache = streams.stream_starts._cache
    with FileLock(Path(cache.cache_path) / "stream_starts.lock"):
        cache._wait()
    assert not cache._compiling.is_locked


@pytest.mark.parametrize(("ending", "content"), [(".nbi", b""), (".nbc", b"\x80\x05rubbish")])
def test_damaged_file__is_compiled_again(tmp_path, ending, content):
    numbers, hits = end(start(tmp_path))
    assert hits == "0"
    for path in tmp_path.rglob(f"*{ending}"):
        path.write_bytes(content)
    assert end(start(tmp_path)) == [numbers, "0"]
    assert end(start(tmp_path)) == [numbers, "1"]
