"""The page of goals of trust: each goal, what is reached, and how to run its proof again.

`python -m tests.docs.trust` writes the page. `python -m tests.docs.trust --run G1 G5` runs the proofs of
these goals first (all without names) and keeps their last results beside this file.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from tests.docs.reference import ROOT, table

PAGE = ROOT / "docs" / "trust.md"
RESULTS = Path(__file__).with_name("trust_results.json")
REACHED, PARTLY, OPEN = "reached", "partly", "not reached"


class Goal(NamedTuple):
    """A goal; `proof` holds what pytest runs, empty if nothing proves it."""

    goal: str
    state: str
    found: str
    proof: str


GOALS = {
    "G1": Goal(
        "NIST reference data sets: means 14 digits, spreads as many as Stata 17",
        PARTLY,
        "8 of 9 univariate and 4 of 11 linear sets, none of analysis of variance; all have these digits",
        "tests/unit/test_validation.py",
    ),
    "G2": Goal(
        "inequality measures: 12 digits in every sample, median 14, also with offsets of 1e9",
        PARTLY,
        "11 to 15, median 15; in the worst sample with an offset of 2^30 Gini 6, slope and bounded indices 7",
        "tests/unit/test_validation.py",
    ),
    "G3": Goal(
        "numbers of R survey, convey, conindex, lme4, healthequal",
        REACHED,
        "in tests/oracle, with their programs and versions",
        "tests/oracle",
    ),
    "G4": Goal(
        "0 differing bits over threads, shards, order of files, cache, processor, locale, time zone",
        REACHED,
        "one SHA-256; 16 threads and 3 layouts of row groups are not run each time",
        "-m 'same_bits and not slow' tests",
    ),
    "G5": Goal(
        "known answers of the random streams, no counter used twice, replicate alone as in a run of many",
        REACHED,
        "SplitMix64 by its published sequence; tests of distribution and correlation",
        "tests/kernels/test_streams_and_draws.py",
    ),
    "G6": Goal(
        "95 % intervals cover 93 to 96.5 % in every design",
        PARTLY,
        "models, contributions, bands and joint tests; no atlas over all statistics and designs",
        "-m slow tests/unit/test_band_coverage.py",
    ),
    "G7": Goal(
        "bootstrap errors within 2 %, Monte-Carlo errors with every simulated figure",
        PARTLY,
        "errors of simulations stand in docs/testing.md; no rank-uniformity of multilevel intervals",
        "tests/oracle/test_bootstrap.py",
    ),
    "G8": Goal(
        "killed at every call that changes a file: nothing lost, no help needed",
        REACHED,
        "every call, full disk, failing fsync",
        "-m slow tests/functional/test_crashes.py",
    ),
    "G9": Goal(
        "30 corrupted waves leave all earlier results alone",
        REACHED,
        "30 of 30",
        "tests/functional/test_bad_waves.py",
    ),
    "G10": Goal(
        "112 bad inputs are refused with their place and without a value",
        PARTLY,
        "most; there is no list from input to test",
        "tests/functional/test_bad_input.py",
    ),
    "G11": Goal(
        "damaged files never kill the program",
        REACHED,
        "7,000 files by hand, some in every run of the tests",
        "tests/functional/test_fuzzed_files.py",
    ),
    "G12": Goal(
        "sample rules reach nothing outside",
        REACHED,
        "an allow-list and a locked DuckDB",
        "tests/unit/test_rules.py",
    ),
    "G13": Goal(
        "published tables hide small cells so that no linear program finds them",
        OPEN,
        "complementary suppression and rounding do not exist",
        "",
    ),
    "G14": Goal(
        "no value of a person in any output or file of others",
        PARTLY,
        "modes of files, messages; no canary through everything",
        "tests/functional/test_private_files.py",
    ),
    "G15": Goal(
        "the process that reads a file can do nothing else",
        PARTLY,
        "a process of its own, without a jail of the kernel; the unit in docs/nightly.md has one around all",
        "tests/functional/test_readers.py",
    ),
    "G16": Goal(
        "everything works without a network",
        PARTLY,
        "nothing fetches; the tests are not run without a network each time",
        "",
    ),
    "G17": Goal(
        "memory follows its limit",
        PARTLY,
        "thousands of groups in a bound",
        "tests/functional/test_many_groups.py",
    ),
    "G18": Goal("1,000 runs in one process leak nothing", OPEN, "not measured", ""),
    "G19": Goal(
        "25 metamorphic relations x 200 cases",
        PARTLY,
        "relations of every kind of statistic, fewer cases",
        "tests/properties/test_invariants.py",
    ),
    "G20": Goal(
        "90 % of mutants of the arithmetic are found", OPEN, "a sample only: docs/testing.md, mutants", ""
    ),
    "G21": Goal(
        "eight starts at once: one works", REACHED, "a lock of the store", "tests/functional/test_refresh.py"
    ),
    "G22": Goal(
        "twenty killed workers change no bit",
        REACHED,
        "20 of 20, by hand",
        "-m slow tests/functional/test_shards.py",
    ),
    "G23": Goal(
        "threads and forks never abort",
        PARTLY,
        "a fork after a first call is refused",
        "tests/unit/test_functions.py",
    ),
    "G24": Goal(
        "golden results: no bit moves without a word",
        PARTLY,
        "golden hashes of replicates, not of twelve studies",
        "tests/properties/test_same_bits.py",
    ),
    "G25": Goal(
        "each number leads to its files, study, code and seed, and is computed again",
        REACHED,
        "verify, signatures, RO-Crate",
        "tests/functional/test_signatures.py",
    ),
    "G26": Goal(
        "wrong clocks and time zones change nothing",
        PARTLY,
        "time zones; no thousand nights with wrong clocks",
        "tests/functional/test_mornings.py",
    ),
}


def run_proof(goal):
    """Run the proof of a goal; returns its last line, seconds and date."""
    started = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *split(GOALS[goal].proof)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)  # noqa: S603
    lines = done.stdout.strip().splitlines() or ["nothing"]
    return {
        "result": lines[-1].partition(" in ")[0],
        "seconds": round(time.monotonic() - started),
        "date": datetime.now(UTC).date().isoformat(),
    }


def split(proof):
    """Return a proof as arguments."""
    import shlex

    return shlex.split(proof)


def page():
    """Return the page."""
    last = json.loads(RESULTS.read_text(encoding="utf-8"))
    rows = []
    for name, goal in GOALS.items():
        result = last.get(name)
        told = f"{result['result']}, {result['seconds']} s, {result['date']}" if result else ""
        how = f"`python -m pytest {goal.proof}`" if goal.proof else ""
        rows.append((name, goal.goal, goal.state, goal.found, how, told))
    counts = ", ".join(
        f"{sum(goal.state == state for goal in GOALS.values())} {state}" for state in (REACHED, PARTLY, OPEN)
    )
    return f"""# Trust

What a user must be able to rely on, as goals with figures; what is reached; and how to run the proof again.
{counts}.

`python -m tests.docs.trust` makes this page, `python -m tests.docs.trust --run G1 G5` runs the proofs of
these goals first. An empty last result means that the proof was not run by this command yet.

See also [accuracy](accuracy.md), [conformance cases](conformance.md), [the same bits](determinism.md),
[signatures](signatures.md), [dependencies](dependencies.md) and the [security policy](../SECURITY.md).

{table(("", "goal", "state", "what is there", "run again", "last result"), rows)}"""


def main(arguments):
    """Run proofs if asked, and write the page."""
    if arguments[:1] == ["--run"]:
        last = json.loads(RESULTS.read_text(encoding="utf-8"))
        for goal in arguments[1:] or [name for name, goal in GOALS.items() if goal.proof]:
            last[goal] = run_proof(goal)
        RESULTS.write_text(json.dumps(last, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
