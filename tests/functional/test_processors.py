"""The same bits on another processor: child processes with other routines of OpenBLAS and numpy."""

import os
import subprocess
import sys
from functools import cache

import pytest

pytestmark = pytest.mark.same_bits

PROGRAM = """
import hashlib, sys
import numpy as np, polars as pl, engine

rng = np.random.default_rng(7)
n = 900
frame = pl.DataFrame({
    "age": rng.normal(45, 13, n).round(1), "group": rng.choice(["a", "b", "c"], n),
    "sex": rng.choice(["f", "m"], n), "psu": rng.integers(0, 40, n), "w": rng.uniform(0.2, 3.0, n),
})
eta = -0.5 + 0.02 * (frame["age"] - 45).to_numpy() + 0.4 * (frame["sex"] == "m").to_numpy()
frame = frame.with_columns(y=pl.Series(rng.random(n) < 1 / (1 + np.exp(-eta))), stratum=pl.col("psu") % 4)
frame = frame.sample(fraction=1.0, shuffle=True, seed=int(sys.argv[1]))
terms = ["age", "group", "sex", ("group", "sex")]
for covariance in ("model", "robust", "cluster", "design"):
    rows = engine.logit(
        frame, "y", terms, weight="w", cluster="psu", stratum="stratum", covariance=covariance, crude=True
    ).rows
    print(covariance, hashlib.sha256(repr(rows).encode()).hexdigest())
frame = frame.with_columns(visits=(pl.col("age") * 7 % 5).floor(), cost=pl.col("age") ** 2 + pl.col("psu"))
for model, outcome in (("linear", "cost"), ("poisson", "visits")):
    for covariance in ("robust", "design"):
        asked = {"weight": "w", "cluster": "psu", "stratum": "stratum", "covariance": covariance}
        rows = engine.regression(frame, outcome, terms, model, **asked).rows
        print(model, covariance, hashlib.sha256(repr(rows).encode()).hexdigest())
if sys.argv[1] == "0":  # in another order of rows the last bits of a RIF regression may move
    frame = frame.with_columns(z=pl.Series(rng.uniform(1.0, 9.0, n)))
    for index, parameter in (("standard", None), ("extended", 3.0)):
        rows = engine.rif(frame, "z", "age", ["age", "group"], "w", index=index, parameter=parameter).rows
        print(index, hashlib.sha256(repr(rows).encode()).hexdigest())
"""
MULTILEVEL = """
import hashlib, sys
import numpy as np, polars as pl, engine

place = np.repeat(np.arange(24), 12)
family = np.repeat(np.arange(len(place)), 2)
n = len(family)
for spread in (0.8, 4.0):  # families so alike that secant steps take over from Newton's
    rng = np.random.default_rng(11)
    boy = rng.integers(0, 2, n)
    effect = 1.5 * rng.normal(size=24)[place[family]] + spread * rng.normal(size=len(place))[family]
    frame = pl.DataFrame({
        "y": rng.random(n) < 1.0 / (1.0 + np.exp(-(0.3 + 0.7 * boy + effect))), "boy": boy,
        "age": rng.normal(30, 9, n).round(1), "family": family, "place": place[family],
        "w": rng.integers(1, 9, n) / 8,
    })
    frame = frame.sample(fraction=1.0, shuffle=True, seed=int(sys.argv[1]))
    for levels, points in ((["place"], "auto"), (["family", "place"], "auto"), (["family", "place"], 5)):
        rows = engine.mixed_logit(frame, "y", ["boy", "age"], levels, points, modes=True).rows
        print(spread, levels, points, hashlib.sha256(repr(rows).encode()).hexdigest())
    if sys.argv[1] == "0":  # in another order of rows the last bits of scaled weights may move
        rows = engine.mixed_logit(frame, "y", ["boy", "age"], ["place"], weight="w").rows
        print(spread, "weights", hashlib.sha256(repr(rows).encode()).hexdigest())
"""
PROCESSORS = {
    "Prescott": {"OPENBLAS_CORETYPE": "Prescott"},
    "Haswell": {"OPENBLAS_CORETYPE": "Haswell"},
    "numpy without AVX2": {"NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX AVX2 FMA3"},
    "glibc without FMA": {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-FMA,-AVX2,-AVX512F"},
}


@cache
def bits(settings="", seed=0):
    """Return what a process prints on a processor: of logits and RIF regressions, and of multilevel logits.

    One process runs both: it takes a second to start. Features it has not got are ignored with a warning.
    """
    command = [sys.executable, "-c", f"{PROGRAM}\nprint('and')\n{MULTILEVEL}", str(seed)]
    return printed(command, PROCESSORS.get(settings, {})).split("and\n")


def printed(command, settings):
    environment = {**os.environ, **settings, "PYTHONWARNINGS": "ignore"}
    process = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    assert process.returncode == 0, process.stderr
    return process.stdout


@pytest.mark.parametrize("settings", PROCESSORS)
def test_models__have_the_same_bits_on_any_processor(settings):
    assert bits(settings) == bits()


@pytest.mark.parametrize("seed", [1, 2])
def test_models__have_the_same_bits_in_any_order_of_rows(seed):
    (usual, multilevel), (logits, other) = bits(), bits(seed=seed)
    assert usual.startswith(logits)
    assert other.splitlines() == [line for line in multilevel.splitlines() if "weights" not in line]


@pytest.mark.slow
def test_multilevel_logits__have_the_same_bits_from_kernels_for_any_processor(tmp_path):
    generic = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "", "NUMBA_CACHE_DIR": str(tmp_path)}
    assert printed([sys.executable, "-c", MULTILEVEL, "0"], generic) == bits()[1]
