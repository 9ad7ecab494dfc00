"""What is changed, the tests that look at it, and the passes in which they do."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
KERNELS = "engine/kernels"  # compiled code is kept, and a change would not be seen


class Part(NamedTuple):
    """What is changed, by pattern; the tests that look at it, and those that look at its kernels."""

    code: tuple[str, ...]
    tests: tuple[str, ...]
    tests_of_kernels: tuple[str, ...] = ()


class Pass(NamedTuple):
    """Tests of each mutant up to so many seconds, of kernels without the compiler or of all else with it.

    Tests that take longer than the slowest are left out. What no quick test finds is tried with all.
    """

    name: str
    of_kernels: bool
    slowest: float
    seconds: float


def _files(folder: str, *names: str) -> tuple[str, ...]:
    return tuple(f"tests/{folder}/test_{name}.py" for name in names)


_ESTIMATES = (
    "tests/kernels",
    "tests/mutation/test_exact_digits.py",
    "tests/oracle",
    "tests/properties",
    "tests/unit",
    "engine/estimators",  # examples in docstrings
    "engine/kernels",
)
_KERNELS = (
    "tests/kernels",
    "tests/mutation/test_exact_digits.py",
    "engine/estimators",
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
        (
            *_KERNELS,
            *_files("oracle", "disparity", "financing", "independence", "indices", "pooling"),
            *_files("oracle", "replicate_weights"),
            *_files("properties", "degrees_and_parameters", "disparity", "financing", "invariants"),
            *_files("properties", "offsets", "standardised"),
            *_files("unit", "formulas_by_hand", "formulas_of_models", "formulas_of_samples", "functions"),
            *_files("unit", "intervals_and_bands", "joint_test_of_indices", "limits_of_curves"),
            *_files("unit", "tables_by_group"),
        ),
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
        (
            *_KERNELS,
            *_files("oracle", "decomposition", "joint_tests", "linear_multilevel", "logit", "multilevel"),
            *_files("oracle", "regression", "rif"),
            *_files("properties", "decomposition", "linearised_decomposition", "logit", "multilevel"),
            *_files("properties", "regression"),
            *_files("unit", "formulas_of_models", "formulas_of_replicates", "rows_of_multilevel"),
            *_files("unit", "small_decompositions", "small_maxima", "small_regressions", "small_rif"),
        ),
    ),
    "store": Part(
        ("engine/store/*.py", "engine/nights/*.py", "engine/durable.py"),
        (
            *_files("functional", "refresh", "damaged_store", "signatures", "older_runs", "mornings"),
            *_files("functional", "night_commands", "private_files", "kept_answers", "shared_keys"),
            *_files("functional", "bad_waves", "clocks", "commands", "disclosure", "imputations", "run"),
            *_files("functional", "several_intervals", "site"),
            *_files("unit", "damage_of_a_store", "durable", "ends_of_a_night", "files_of_a_night"),
            *_files("unit", "fingerprints", "folders_of_a_store", "ledger", "look_into_an_inbox"),
            *_files("unit", "moved_estimates", "notices", "run_folders", "study_changes"),
            *_files("unit", "tasks_of_a_night", "verdicts_on_files", "words_of_a_night"),
            "engine/nights",
            "engine/store",
        ),
    ),
}
QUICK, ALL = "quick", "all"
PASSES = (
    Pass(QUICK, of_kernels=False, slowest=15.0, seconds=3.0),
    Pass(QUICK, of_kernels=True, slowest=3.0, seconds=3.0),
    Pass(ALL, of_kernels=False, slowest=15.0, seconds=60.0),
    Pass(ALL, of_kernels=True, slowest=3.0, seconds=20.0),
)
