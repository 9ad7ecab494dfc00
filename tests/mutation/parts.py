"""What is changed, the tests that look at it, and the passes in which they do."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
KERNELS = "engine/kernels"  # compiled code is kept, and a change would not be seen


class Part(NamedTuple):
    """What is changed, by pattern, and the tests that look at it."""

    code: tuple[str, ...]
    tests: tuple[str, ...]


class Pass(NamedTuple):
    """Tests of each mutant up to so many seconds, of kernels without the compiler or of all else with it.

    Tests that take longer than the slowest are left out. What no quick test finds is tried with all.
    """

    name: str
    of_kernels: bool
    slowest: float
    seconds: float


_ESTIMATES = (
    "tests/kernels",
    "tests/mutation/test_exact_digits.py",
    "tests/oracle",
    "tests/properties",
    "tests/unit",
    "engine/estimators",  # examples in docstrings
    "engine/kernels",
)
PARTS = {
    "arithmetic": Part(
        (
            "engine/kernels/index/numerators.py",
            "engine/kernels/index/indices.py",
            "engine/kernels/index/ranks.py",
            "engine/kernels/index/curve.py",
            "engine/kernels/survey/*.py",
            *(f"engine/estimators/{of}/*.py" for of in ("disparity", "financing", "index", "moments")),
            *(f"engine/estimators/{of}/*.py" for of in ("sample", "tables")),
            "engine/estimators/rubin.py",
        ),
        _ESTIMATES,
    ),
    "models": Part(
        (
            *(
                f"engine/estimators/{of}/*.py"
                for of in ("decomposition", "models", "regression", "replicates")
            ),
            *(f"engine/kernels/{of}/*.py" for of in ("decomposition", "draws", "regression")),
        ),
        _ESTIMATES,
    ),
    "store": Part(
        ("engine/store/*.py", "engine/nights/*.py", "engine/durable.py"),
        ("tests/functional", "tests/unit"),
    ),
}
QUICK, ALL = "quick", "all"
PASSES = (
    Pass(QUICK, of_kernels=False, slowest=15.0, seconds=8.0),
    Pass(QUICK, of_kernels=True, slowest=6.0, seconds=8.0),
    Pass(ALL, of_kernels=False, slowest=15.0, seconds=60.0),
    Pass(ALL, of_kernels=True, slowest=6.0, seconds=60.0),
)
