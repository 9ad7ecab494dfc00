"""Compiled kernels lie by the place of their code: a second installation uses those of the first."""

from pathlib import Path

import numba

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
