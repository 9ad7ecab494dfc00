"""How many mutants the tests find, in a random sample: all mutants would take days.

`python -m tests.mutation arithmetic --sample 250` needs cosmic-ray. It first records which functions each
test calls. Then each mutant of a function runs the tests that call it, the fastest first, up to 8 s; and what
these do not find runs more of them (tests/mutation/parts.py). What is done is kept in the work folder, and a
second call goes on from there.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Sequence
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.mutation.parts import ALL, KERNELS, PARTS, PASSES, QUICK, ROOT, Pass

if TYPE_CHECKING:
    from tests.mutation.mutants import Mutant

NEW = "new"

Record = dict[str, dict[str, Any]]


class Work(NamedTuple):
    """What is asked for: a part, the size and the seed of the sample, the folder of all that is kept."""

    part: str
    sample: int
    seed: int
    folder: Path

    @property
    def results(self) -> Path:
        return self.folder / f"{self.part}-{self.seed}.jsonl"

    def done(self) -> dict[str, tuple[str, str]]:
        """Return the last verdict on each mutant, and the pass that gave it."""
        if not self.results.exists():
            return {}
        lines = (json.loads(line) for line in self.results.read_text().splitlines())
        return {key: (verdict, by) for key, verdict, by in lines}


def wilson(found: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share."""
    middle = (found + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * math.sqrt(found * (n - found) / n + z * z / 4)
    return middle - half, middle + half


def tests_of(record: Record, path: str, function: int, most_seconds: float) -> tuple[list[str], float]:
    """Return the recorded tests that call a function (0: any of the file), fastest first, and how long."""
    calling = [
        (one["seconds"] + one["fixtures"], name)
        for name, one in record.items()
        if path in one["called"] and (not function or function in one["called"][path])
    ]
    chosen, total, files = [], 0.0, set()
    for _, name in sorted(calling):
        file, one = name.split("::")[0], record[name]
        seconds = one["seconds"] + (0.0 if file in files else one["fixtures"])
        if total + seconds <= most_seconds:
            total += seconds
            chosen.append(name)
            files.add(file)
    return chosen, total


def main(arguments: Sequence[str]) -> None:
    """Run a part of the mutants and print how many were found."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation")
    parser.add_argument("part", choices=sorted(PARTS))
    parser.add_argument("--sample", type=int, required=True)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--work", type=Path, default=Path("mutation"))
    parser.add_argument(
        "--unchanged", action="store_true", help="run the tests of the sample without a change"
    )
    given = parser.parse_args(arguments)
    work = Work(given.part, given.sample, given.seed, given.work)
    work.folder.mkdir(exist_ok=True)
    sample, n_all = _sample(work)
    for one in PASSES:
        process = get_context("fork").Process(target=_try, args=(work, one, sample))
        process.start()  # numba is imported there, with or without its compiler
        process.join()
        if process.exitcode:
            raise SystemExit(process.exitcode)
    _print_score(work, [json.dumps(mutant) for mutant in sample], n_all)


def _try(work: Work, one: Pass, sample: Sequence[Mutant]) -> None:
    """Try the mutants of a sample that no pass before has found.

    The test that finds a mutant must pass without the change.
    """
    if one.of_kernels:
        os.environ["NUMBA_DISABLE_JIT"] = "1"
    from tests.mutation import forked

    done = work.done()
    to_try = NEW if one.name == QUICK else forked.SURVIVED
    mutants = [
        mutant
        for mutant in sample
        if mutant.path.startswith(KERNELS) == one.of_kernels
        and done.get(json.dumps(mutant), (NEW, ""))[0] == to_try
    ]
    if not mutants:
        return
    forked.import_libraries()
    record = _recorded(work, one)
    forked.import_engine(ROOT)
    passing: set[str] = set()
    for mutant in mutants:
        tests, seconds = tests_of(record, mutant.path, mutant.function, one.seconds)
        limit = 3.0 * seconds + (20.0 if one.of_kernels else 90.0)
        verdict, failed = _verdict(mutant.path, mutant.source(ROOT), tests, limit)
        test = failed or next(iter(tests), "")
        if verdict not in (forked.SURVIVED, forked.NO_CODE) and test not in passing:
            if _verdict(mutant.path, None, [test], limit)[0] != forked.SURVIVED:
                raise SystemExit(f"{test} fails without a change: nothing can be told of mutants")
            passing.add(test)
        with work.results.open("a") as file:
            file.write(json.dumps([json.dumps(mutant), verdict, one.name]) + "\n")
        print(verdict, *mutant, f"{len(tests)} tests, {seconds:.0f} s, {one.name}:", failed, flush=True)


def _print_score(work: Work, keys: Sequence[str], n_all: int) -> None:
    """Print how many mutants the quick tests find, and how many all tests."""
    from tests.mutation import forked

    done = work.done()
    known = [done[key] for key in keys if key in done and done[key][0] != forked.NO_CODE]
    found = [by for verdict, by in known if verdict != forked.SURVIVED]
    ended = sum(verdict == forked.ENDED for verdict, _ in known)
    for name, n in ((QUICK, found.count(QUICK)), (ALL, len(found))):
        low, high = wilson(n, len(known))
        print(f"{name} tests find {n} of {len(known)}: {n / len(known):.1%} ({low:.1%} to {high:.1%})")
    print(f"{ended} of them did not end, or ended the process. The sample is from {n_all:,}.")


def _verdict(path: str, source: str | None, tests: Sequence[str], seconds: float) -> tuple[str, str]:
    """Run tests with another source of a file; one that ends the process or takes too long is found."""
    from tests.mutation import forked

    found = forked.in_copy(lambda: forked.verdict(ROOT, path, source, tests), seconds) or (forked.ENDED, "")
    return found[0], found[1]


def _tests(work: Work, one: Pass) -> tuple[str, ...]:
    part = PARTS[work.part]
    return part.tests_of_kernels if one.of_kernels else part.tests


def _recorded(work: Work, one: Pass) -> Record:
    """Return what each test takes and calls, with or without the compiler; once for a work folder."""
    from tests.mutation import forked

    path = work.folder / f"{work.part}-{'kernels' if one.of_kernels else 'others'}.json"
    if not path.exists():
        found = forked.in_copy(lambda: forked.recorded(ROOT, _tests(work, one), one.slowest), 7_200.0)
        path.write_text(json.dumps(found))
    record: Record = json.loads(path.read_text())
    for found in record.values():
        called: dict[str, list[int]] = {}
        for place, line in found["called"]:
            called.setdefault(place, []).append(line)
        found["called"] = called
    return record


def _sample(work: Work) -> tuple[list[Mutant], int]:
    """Return the sample in the order drawn, and how many mutants it is from."""
    from tests.mutation import mutants

    paths = sorted(str(path.relative_to(ROOT)) for code in PARTS[work.part].code for path in ROOT.glob(code))
    every = [one for path in paths for one in mutants.mutants_of(ROOT, path)]
    return Random(work.seed).sample(every, min(work.sample, len(every))), len(every)  # noqa: S311 - no secret


if __name__ == "__main__":
    main(sys.argv[1:])
