"""Same seed, same bits: any threads, any batch, any machine that adds and multiplies as IEEE 754 says."""

import hashlib

import numpy as np
import polars as pl
import pytest

import engine
from engine.estimators.replicates import batches

pytestmark = pytest.mark.same_bits

METHODS = ["iid", "cluster", "rao-wu", "poisson", "jackknife"]


def replicates(frame, method, threads=None, **options):
    interval = "normal" if method == "jackknife" else "percentile"
    return engine.concentration_index(
        frame,
        "ill",
        "income",
        weight="weight",
        stratum="stratum",
        cluster="psu",
        bounds=(0, 1),
        bootstrap=150,
        method=method,
        interval=interval,
        threads=threads,
        seed=4,
        **options,
    ).replicates


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("index", ["erreygers", "extended"])
def test_threads_and_batches__leave_every_bit_alone(survey, method, index, monkeypatch):
    options = {"index": index, "parameter": 2.5 if index == "extended" else None}
    base = replicates(survey, method, threads=1, **options)
    for threads in (2, 3, 7):
        assert np.array_equal(replicates(survey, method, threads=threads, **options), base)
    monkeypatch.setattr(batches, "BATCH_BYTES", 1)
    assert np.array_equal(replicates(survey, method, threads=2, **options), base)


def test_studentized__interval_has_the_same_bits_on_any_threads(survey):
    ends = {
        engine.concentration_index(
            survey, "ill", "income", cluster="psu", bootstrap=100, interval="studentized", threads=threads
        ).conf_low
        for threads in (1, 2, 5)
    }
    assert len(ends) == 1


def test_longer_run__continues_the_shorter_one(survey):
    call = {"outcome": "ill", "rank_by": "income", "cluster": "psu", "seed": 8}
    short = engine.concentration_index(survey, **call, bootstrap=100).replicates
    long = engine.concentration_index(survey, **call, bootstrap=333).replicates
    assert np.array_equal(long[:100], short)


def test_iid_replicates__have_the_bits_they_always_had():
    """A golden hash: it may change only with the method, and then the change log says so."""
    frame = pl.DataFrame({"x": [i % 7 for i in range(50)], "y": [(i * i) % 11 for i in range(50)]})
    values = engine.concentration_index(frame, "y", "x", bootstrap=64, method="iid", seed=1).replicates
    assert hashlib.sha256(values.tobytes()).hexdigest()[:16] == "8b83a8332ef9b661"


def test_cells__have_the_bits_they_always_had():
    frame = pl.DataFrame({"x": [i % 7 for i in range(5000)], "y": [i % 3 for i in range(5000)]})
    result = engine.concentration_index(frame, "y", "x", bootstrap=64, method="iid", seed=1, threads=1)
    assert "by cells" in result.method
    again = engine.concentration_index(frame, "y", "x", bootstrap=64, method="iid", seed=1, threads=3)
    assert np.array_equal(result.replicates, again.replicates)
    assert hashlib.sha256(result.replicates.tobytes()).hexdigest()[:16] == "1732ca5e546cac7e"
