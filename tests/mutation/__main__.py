"""How many mutants the tests find, in a random sample: all mutants would take days.

`python -m tests.mutation arithmetic --sample 170` and `python -m tests.mutation store --sample 80` need
cosmic-ray. They first record which functions each quick test calls; then each mutant of a called function
runs the tests that call it, the fastest first. What is done is kept in the work folder, and a second call
goes on from there.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
SECONDS = 8.0  # of tests for each mutant, by their time without it
SLOWEST = 2.0  # tests that take longer, while it is recorded what they call, are left out

Record = dict[str, dict[str, Any]]


class Part(NamedTuple):
    """What is changed, by pattern; the tests that look at it; whether kernels stay uncompiled."""

    code: tuple[str, ...]
    tests: tuple[str, ...]
    without_compiler: bool


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
        (
            "tests/kernels/test_numerators.py",
            "tests/kernels/test_fixed_arithmetic.py",
            "tests/kernels/test_design_variance.py",
            "tests/kernels/test_domains.py",
            "tests/kernels/test_replicates.py",
            "tests/mutation/test_exact_digits.py",
            *(
                f"tests/properties/test_{of}.py"
                for of in (
                    "degrees_and_parameters",
                    "disparity",
                    "financing",
                    "invariants",
                    "offsets",
                    "standardised",
                )
            ),
            *(
                f"tests/oracle/test_{of}.py"
                for of in (
                    "disparity",
                    "financing",
                    "independence",
                    "indices",
                    "pooling",
                    "replicate_weights",
                )
            ),
            *(
                f"tests/unit/test_{of}.py"
                for of in (
                    "formulas_by_hand",
                    "functions",
                    "intervals_and_bands",
                    "joint_test_of_indices",
                    "limits_of_curves",
                    "tables_by_group",
                )
            ),
            *(f"engine/estimators/{of}" for of in ("disparity", "index", "moments", "sample", "tables")),
            "engine/estimators/rubin.py",  # examples in docstrings
        ),
        True,
    ),
    "models": Part(
        (
            *(
                f"engine/estimators/{of}/*.py"
                for of in ("decomposition", "models", "regression", "replicates")
            ),
            *(f"engine/kernels/{of}/*.py" for of in ("decomposition", "draws", "regression")),
        ),
        (
            "tests/kernels/test_multilevel_likelihood.py",
            "tests/kernels/test_replicates.py",
            "tests/kernels/test_streams_and_draws.py",
            *(
                f"tests/properties/test_{of}.py"
                for of in ("decomposition", "linearised_decomposition", "logit", "multilevel", "regression")
            ),
            *(
                f"tests/oracle/test_{of}.py"
                for of in ("decomposition", "linear_multilevel", "logit", "multilevel", "regression", "rif")
            ),
            "tests/oracle/test_joint_tests.py",
            "tests/kernels/test_small_multilevel.py",
            *(
                f"tests/unit/test_{of}.py"
                for of in ("formulas_of_models", "rows_of_multilevel", "small_maxima", "small_regressions")
            ),
            *(f"engine/estimators/{of}" for of in ("decomposition", "regression", "replicates")),
            "engine/kernels/draws",
        ),
        True,
    ),
    "store": Part(
        ("engine/store/*.py", "engine/nights/*.py", "engine/durable.py"),
        (
            "tests/functional/test_refresh.py",
            "tests/functional/test_damaged_store.py",
            "tests/functional/test_signatures.py",
            "tests/functional/test_older_runs.py",
            "tests/unit/test_files_of_a_night.py",
            "tests/unit/test_fingerprints.py",
            "tests/unit/test_notices.py",
            "tests/unit/test_study_changes.py",
        ),
        False,
    ),
}


def wilson(found: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share."""
    middle = (found + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * math.sqrt(found * (n - found) / n + z * z / 4)
    return middle - half, middle + half


def tests_of(record: Record, path: str, function: int) -> list[str]:
    """Return the recorded tests that call a function (0: any of the file), fastest first, up to SECONDS."""
    calling = [
        (one["seconds"], name)
        for name, one in record.items()
        if any(place == path and function in (0, line) for place, line in one["called"])
    ]
    chosen, total = [], 0.0
    for seconds, name in sorted(calling):
        total += seconds
        if total <= SECONDS:
            chosen.append(name)
    return chosen


def main(arguments: Sequence[str]) -> None:
    """Run a part of the mutants and print how many were found."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation")
    parser.add_argument("part", choices=sorted(PARTS))
    parser.add_argument("--sample", type=int, required=True)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--work", type=Path, default=Path("mutation"))
    parser.add_argument(
        "--again", nargs="+", help="tests for the mutants that nothing found, with the compiler"
    )
    given = parser.parse_args(arguments)
    part = PARTS[given.part]
    if part.without_compiler and not given.again:
        os.environ["NUMBA_DISABLE_JIT"] = "1"
    from tests.mutation import forked

    given.work.mkdir(exist_ok=True)
    results = given.work / f"{given.part}.jsonl"
    sample, n_all = _sample(part, given)
    done = dict(map(json.loads, results.read_text().splitlines())) if results.exists() else {}
    record: Record = json.loads((given.work / f"{given.part}-tests.json").read_text())
    forked.import_tests(ROOT, given.again or part.tests)
    if given.again and not _pass(given.again):
        raise SystemExit("a test fails without any change: nothing can be told of mutants")
    for one in sample:
        key = json.dumps(one)
        if (given.again and done.get(key) != forked.SURVIVED) or (not given.again and key in done):
            continue
        if "NUMBA_DISABLE_JIT" not in os.environ and one.path.startswith("engine/kernels"):
            continue  # compiled code is kept, and a change would not be seen
        tests = given.again or tests_of(record, one.path, one.function)
        seconds = sum(record[name]["seconds"] for name in tests if name in record)
        done[key] = _verdict(one, tests, 300.0 if given.again else 3.0 * seconds + 20.0)
        with results.open("a") as file:
            file.write(json.dumps([key, done[key]]) + "\n")
        print(done[key], *one, f"{len(tests)} tests", flush=True)
    known = [done[json.dumps(one)] for one in sample if json.dumps(one) in done]
    known = [found for found in known if found != forked.NO_CODE]
    killed = known.count(forked.KILLED)
    low, high = wilson(killed, len(known))
    print(f"{killed} of {len(known)} found, of {n_all}: {killed / len(known):.1%} ({low:.1%} to {high:.1%})")


def _pass(tests: Sequence[str]) -> bool:
    """Whether tests pass without a change."""
    from tests.mutation import forked

    path = "engine/errors.py"
    same = (ROOT / path).read_text(encoding="utf-8")
    return bool(forked.in_copy(lambda: forked.verdict(ROOT, path, same, tests), 600.0) == forked.SURVIVED)


def _verdict(one: Any, tests: Sequence[str], seconds: float) -> str:
    """Run tests with a mutant; one that ends the process or takes too long is found."""
    from tests.mutation import forked

    source = one.source(ROOT)
    return forked.in_copy(lambda: forked.verdict(ROOT, one.path, source, tests), seconds) or forked.KILLED


def _sample(part: Part, given: argparse.Namespace) -> tuple[list[Any], int]:
    """Return the sample in the order drawn, and how many mutants it is from; records the tests first."""
    from tests.mutation import forked, mutants

    recorded = given.work / f"{given.part}-tests.json"
    forked.import_libraries()
    if not recorded.exists():
        found = forked.in_copy(lambda: forked.recorded(ROOT, part.tests, SLOWEST), 3_600.0)
        recorded.write_text(json.dumps(found))
    record: Record = json.loads(recorded.read_text())
    called = {(path, line) for one in record.values() for path, line in one["called"]}
    paths = sorted(str(path.relative_to(ROOT)) for code in part.code for path in ROOT.glob(code))
    every = [
        one
        for path in paths
        for one in mutants.mutants_of(ROOT, path)
        if not one.function or (path, one.function) in called
    ]
    return Random(given.seed).sample(every, min(given.sample, len(every))), len(every)  # noqa: S311 - no secret


if __name__ == "__main__":
    main(sys.argv[1:])
