"""One SHA-256 of a whole run, whatever the process finds around it: `python -m pytest -m same_bits`."""

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.same_bits

AROUND = {
    "time zone": {"TZ": "Pacific/Kiritimati"},
    "locale": {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"},
    "hash seed": {"PYTHONHASHSEED": "12345"},
    "optimised Python": {"PYTHONOPTIMIZE": "1"},
    "OpenBLAS for another processor, in threads": {
        "OPENBLAS_CORETYPE": "Prescott",
        "OPENBLAS_NUM_THREADS": "2",
    },
    "numpy without vector instructions": {
        "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX AVX2 FMA3"
    },
    "threads of Polars": {"POLARS_MAX_THREADS": "1"},
    "C library without FMA and AVX2": {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-FMA,-AVX2,-AVX512F"},
}
KERNELS = {
    "kernels for any x86-64": {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""},
    "kernels for Haswell": {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": ""},
    "kernels that no vectoriser has seen": {"NUMBA_LOOP_VECTORIZE": "0", "NUMBA_SLP_VECTORIZE": "0"},
    "another threading layer": {"NUMBA_THREADING_LAYER": "workqueue"},
}


@pytest.fixture
def run_sha(project):
    """Run the study in a process of its own; returns the SHA-256 of its results."""

    def run(out, settings, *options):
        command = ["equirank", "run", "study.toml", "--no-report", "--out", out, *options]
        code = f"import sys; sys.argv = {command!r}"
        child = subprocess.run(  # noqa: S603
            [sys.executable, "-c", f"{code}\nfrom engine.cli import main\nmain()"],
            env={**os.environ, "PYTHONWARNINGS": "ignore", **settings},
            capture_output=True,
            text=True,
            check=False,
        )
        assert child.returncode == 0, child.stderr
        return json.loads((project / out / "manifest.json").read_text())["results_sha256"]

    return run


def test_everything_else_at_once__changes_no_bit(run_sha, project):
    """All settings together, other threads and an empty cache: if the bits are the same, none matters."""
    usual = run_sha("usual", {}, "--threads", "1")
    assert run_sha("again", {}, "--threads", "2") == usual  # from the cache of the first
    settings = {name: value for around in AROUND.values() for name, value in around.items()}
    cold = {"EQUIRANK_CACHE": str(project / "cold")}
    assert run_sha("else", {**settings, **cold}, "--threads", "3") == usual


@pytest.mark.slow
@pytest.mark.parametrize("around", [*AROUND, *KERNELS])
def test_each__changes_no_bit(run_sha, project, around):
    settings = {**AROUND, **KERNELS}[around]
    own = {"NUMBA_CACHE_DIR": str(project / "kernels")} if around in KERNELS else {}
    assert run_sha("one", {**settings, **own}, "--threads", "2") == run_sha("usual", {}, "--threads", "1")
