"""The Python functions: every kind of frame, and every bad argument told by name."""

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest

import engine
from tests.conftest import TINY


@pytest.mark.parametrize(
    "make", [pl.DataFrame.clone, pl.DataFrame.lazy, pl.DataFrame.to_arrow, pl.DataFrame.to_pandas]
)
def test_frames__of_every_library_give_one_answer(make):
    assert engine.concentration_index(make(TINY), "y", "x", "w").estimate == pytest.approx(17 / 90, rel=1e-15)


def test_duckdb_relation():
    with duckdb.connect() as connection:
        connection.register("tiny", TINY.to_arrow())
        result = engine.concentration_index(connection.sql("FROM tiny"), "y", "x", "w")
    assert result.estimate == pytest.approx(17 / 90, rel=1e-15)


def test_pandas__nullable_booleans_and_text_ids():
    frame = pd.DataFrame({"y": pd.array([True, False, None, True, False], "boolean"), "x": [1, 2, 3, 4, 5]})
    frame["c"] = ["a", "b", None, "d", "e"]
    result = engine.concentration_index(frame, "y", "x", index="erreygers")
    assert result.n_obs == 4
    with pytest.raises(engine.DataError, match="cluster column 'c': 1 of 5 rows have none"):
        engine.concentration_index(frame, "y", "x", cluster="c")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"index": "wagstaf"}, "index: found 'wagstaf'"),
        ({"index": ["standard", "generalized"]}, "index: found"),
        ({"index": "wagstaff"}, "bounds: found none"),
        ({"index": "erreygers", "bounds": (1, 0)}, "low < high"),
        ({"index": "erreygers", "bounds": (0, float("nan"))}, "bounds: found"),
        ({"index": "erreygers", "bounds": (0, float("inf"))}, "bounds: found"),
        ({"index": "extended"}, "parameter: found none"),
        ({"index": "extended", "parameter": 1.0}, "parameter: found 1.0"),
        ({"index": "extended", "parameter": float("inf")}, "parameter: found inf"),
        ({"bootstrap": 5}, "at least 39"),
        ({"bootstrap": "500"}, "bootstrap: found '500'"),
        ({"bootstrap": True}, "bootstrap: found True"),
        ({"bootstrap": 100, "method": "magic"}, "method: found 'magic'"),
        ({"bootstrap": 100, "interval": "wide"}, "interval: found 'wide'"),
        ({"seed": -1}, "seed: found -1"),
        ({"seed": None}, "seed: found None"),
        ({"threads": 0}, "threads: found 0"),
        ({"threads": 1.5}, "threads: found 1.5"),
        ({"conf_level": 95}, "conf_level: found 95"),
        ({"nested": "yes"}, "nested: found 'yes'"),
        ({"single_psu": "drop"}, "single_psu: found 'drop'"),
        ({"outcome": ["y"]}, "outcome: found"),
        ({"outcome": "why"}, "no column 'why'"),
        ({"rank_by": "xx"}, "no column 'xx'"),
        ({"weight": "v"}, "no column 'v'"),
    ],
)
def test_bad_argument__is_named(arguments, words):
    with pytest.raises(engine.EngineError) as caught:
        engine.concentration_index(TINY, **{"outcome": "y", "rank_by": "x", **arguments})
    assert words in str(caught.value)


@pytest.mark.parametrize("frame", [None, 3, {"x": [1]}, pd.Series([1.0]), np.ones(3)])
def test_bad_frame__is_named(frame):
    with pytest.raises(engine.UsageError, match="frame: found"):
        engine.concentration_index(frame, "y", "x")


def test_duckdb_connection__is_no_frame():
    with duckdb.connect() as connection, pytest.raises(engine.UsageError, match="frame: found"):
        engine.concentration_index(connection, "y", "x")


def test_bounds__are_never_read_off_the_data():
    with pytest.raises(engine.UsageError, match="such as \\(0, 1\\) for an event"):
        engine.concentration_index(TINY, "b", "x", index="erreygers")
    boolean = TINY.with_columns(pl.col("b") == 1)
    with_bounds = engine.concentration_index(TINY, "b", "x", index="erreygers", bounds=(0, 1))
    assert engine.concentration_index(boolean, "b", "x", index="erreygers").estimate == with_bounds.estimate


def test_results__are_frozen_and_tidy():
    result = engine.concentration_index(TINY, "y", "x", "w", bootstrap=100)
    with pytest.raises(AttributeError):
        result.estimate = 0.0
    assert result.to_frame()["method"].to_list() == ["linearised", "iid bootstrap, percentile"]
    assert result.to_frame()["n_replicates"].to_list() == [None, 100]


def test_dir__lists_the_public_names():
    assert {"concentration_index", "concentration_curve", "run", "load_study"} <= set(dir(engine))


def test_warm__compiles_everything_that_a_run_uses():
    from engine.batch.compiling import compile_all
    from engine.kernels.index.exact_sweep import sweep_few_cells
    from engine.kernels.index.midrank_sweep import sweep_midranks

    assert compile_all() > 0
    seen = [len(kernel.signatures) for kernel in (sweep_midranks, sweep_few_cells)]
    assert compile_all() > 0
    assert [len(kernel.signatures) for kernel in (sweep_midranks, sweep_few_cells)] == seen
