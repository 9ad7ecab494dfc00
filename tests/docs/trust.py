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
        "NIST reference data sets: means have 14 right digits, standard deviations as many as in Stata 17",
        REACHED,
        (
            "all 9 univariate sets have these digits, and 10 of 11 linear ones have 6 to 15 right digits in "
            "each coefficient; F of the 11 sets of analysis of variance has as many as doubles of the data "
            "allow (within 1.3). Filippelli's polynomial is refused, as in Stata: its powers nearly depend "
            "on each other"
        ),
        "tests/unit/test_validation.py tests/oracle/test_nist_anova.py",
    ),
    "G2": Goal(
        "inequality measures have 12 right digits in every sample (median 14), also with 1e9 added to values",
        REACHED,
        "12.6 to 15 digits, median 15; with 2^30 added as many, and with weights of 1e-12 to 1e12",
        "tests/unit/test_validation.py tests/properties/test_offsets.py",
    ),
    "G3": Goal(
        "numbers agree with R survey, convey, conindex, lme4 and healthequal",
        REACHED,
        "tests/oracle holds the numbers, with programs and versions",
        "tests/oracle",
    ),
    "G4": Goal(
        "no bit depends on threads, shards, order of files, cache, processor, locale or time zone",
        REACHED,
        (
            "all runs have one SHA-256; docs/methods.md names exceptions; "
            "the tests do not try 16 threads and 3 layouts of row groups each time"
        ),
        "-m 'same_bits and not slow' tests",
    ),
    "G5": Goal(
        (
            "random numbers are those of a published generator; none is used twice; "
            "a replicate is the same alone and among many"
        ),
        REACHED,
        "the published sequence of SplitMix64; tests of distribution and correlation",
        "tests/kernels/test_streams_and_draws.py",
    ),
    "G6": Goal(
        "95 % intervals cover the truth in 93 to 96.5 % of samples, in every design",
        PARTLY,
        (
            "docs/coverage.md has 15 designs, with 1,000 or 2,000 samples for each figure: rates, means, "
            "indices and slopes reach 92.3 to 98.9 %, but with very unequal weights; dispersion between "
            "groups, inequality of amounts and shares of totals near 0 less; runs warn. Five of five "
            "planted errors show in the coverage (2,000 samples each, 28 November 2026)"
        ),
        (
            "-m 'slow or not slow' tests/unit/test_coverage_atlas.py tests/unit/test_coverage_warnings.py "
            "tests/oracle/test_planted_defects.py"
        ),
    ),
    "G7": Goal(
        "bootstrap errors are right within 2 %; every simulated figure has its Monte-Carlo error",
        REACHED,
        (
            "docs/coverage.md gives Monte-Carlo errors. Bootstrap errors of indices, payments, contributions "
            "and RIF regressions are 0.99 to 1.01 of the spread of estimates (median of 14 designs). "
            "The true values of 1,000 multilevel logits and 1,000 linear models lie anywhere in the "
            "distributions that the fits tell (28 November 2026)"
        ),
        (
            "-m 'slow or not slow' tests/oracle/test_bootstrap.py tests/oracle/test_multilevel_intervals.py "
            "tests/unit/test_coverage_atlas.py"
        ),
    ),
    "G8": Goal(
        "a night loses nothing and needs no help, at whatever change of a file something kills it",
        REACHED,
        (
            "tested at every call, with a full disk and with a failing fsync. On 28 November 2026 the "
            "process that reads files, which moves them into the store, and its copies were killed at each "
            "of their 36 calls, each of 45 fsyncs failed, and 8 other points were tried; the other calls not "
            "again on this day"
        ),
        "-m slow tests/functional/test_crashes.py",
    ),
    "G9": Goal(
        "30 corrupted waves change no earlier result",
        REACHED,
        "30 of 30 waves",
        "tests/functional/test_bad_waves.py",
    ),
    "G10": Goal(
        "the program refuses 112 bad inputs; the message names the place and no value",
        REACHED,
        "112 of 112: tests/functional/bad_inputs.py names the tests of each",
        "tests/functional/test_bad_inputs.py tests/functional/test_more_bad_input.py",
    ),
    "G11": Goal(
        "damaged files never kill the program",
        REACHED,
        (
            "7,000 files in long tests started by hand, some in every run of the tests; 54 files of cells "
            "with changed counts, sums, types, hashes and metadata are each refused with one message"
        ),
        (
            "tests/functional/test_fuzzed_files.py tests/functional/test_file_calls.py "
            "tests/functional/test_foreign_cells.py"
        ),
    ),
    "G12": Goal(
        "sample rules cannot read files or run code",
        REACHED,
        "an allow-list and a locked DuckDB",
        "tests/unit/test_rules.py",
    ),
    "G13": Goal(
        "published tables hide numbers of few people, so that nobody can compute them from the other numbers",
        PARTLY,
        (
            "where a study or a site asks for it, linear programs check the sums of people and weights of a "
            "run, and earlier runs that are near. An attacker with code of his own, who adds up all that "
            "random small studies write, found nothing in 1,000 of 1,000 on 28 November 2026. Another, who "
            "subtracts nights, found nothing in 30 stores after the last mends. Two studies, or two "
            "`release` copies, of the same records are not compared: docs/disclosure.md"
        ),
        (
            "tests/unit/test_disclosure.py tests/functional/test_disclosure.py "
            "tests/functional/test_disclosure_attack.py tests/functional/test_disclosure_nights.py"
        ),
    ),
    "G14": Goal(
        "no output and no file that others can read holds a value of a person",
        REACHED,
        (
            "ids, incomes and weights that nobody else has are followed through messages, errors, "
            "results, reports, pages, documents, caches, temporary files and a store, after success, "
            "refusals and an internal error"
        ),
        "-m 'slow or not slow' tests/functional/test_marked_values.py tests/functional/test_private_files.py",
    ),
    "G15": Goal(
        "the process that reads a survey file has no right to do anything else",
        REACHED,
        (
            "on Linux (5.13 or later; Landlock, and seccomp on x86-64 and ARM64) a process for each file: it "
            "reads this file and the program, writes in two folders of its own, starts nothing, opens no "
            "connection, reaches no other process, and its answer cannot run code; 30 attempts of hostile "
            "code fail. macOS and Windows confine nothing: SECURITY.md"
        ),
        "tests/functional/test_confinement.py tests/functional/test_readers.py",
    ),
    "G16": Goal(
        "everything works without a network",
        REACHED,
        (
            "29 commands run in a network that leads nowhere, without a home folder, with 64 open files; "
            "`bench`, `validate`, `warm` and `rollback` do not. Workers (`--workers`) talk to each other "
            "on the machine itself"
        ),
        "-m 'slow or not slow' tests/functional/test_without_network.py",
    ),
    "G17": Goal(
        "memory stays within its limit",
        PARTLY,
        (
            "an index of 5.4 million people takes 1.25 GB, of 2.2 GB that are allowed; where memory ends, "
            "commands tell how much they held and need. They refuse limits of addresses and of control "
            "groups below what libraries load; above these, and below what a large study needs, a library "
            "can still end the process. An index and its replicates hold 40 to 43 bytes a row "
            "(64 are allowed), a decomposition by four covariates 103 to 115, one by ten in which nearly "
            "everybody is a pattern of covariates 480, and 1,360 with replicates"
        ),
        "-m 'slow or not slow' tests/functional/test_memory.py tests/unit/test_memory_limits.py "
        "tests/functional/test_many_groups.py",
    ),
    "G18": Goal(
        "1,000 runs in one process leak no memory",
        REACHED,
        (
            "after 1,000 runs on 28 November 2026 the process held 4.9 MiB more (20 are allowed), and no "
            "more threads, files or processes"
        ),
        "-m slow tests/functional/test_leaks.py",
    ),
    "G19": Goal(
        "25 rules on how results change with the inputs hold in 200 cases each",
        REACHED,
        "26 rules in 200 cases each on 28 November 2026, in 5 to 60 cases in every run of the tests",
        (
            "--cases 200 tests/properties/test_invariants.py tests/properties/test_disparity.py "
            "tests/properties/test_financing.py tests/properties/test_regression.py"
        ),
    ),
    "G20": Goal(
        "tests find 90 % of small changes to the arithmetic and the store (mutants)",
        REACHED,
        (
            "in fresh random samples of mutants, the tests find 337 of 379 in arithmetic (89 %), 136 of 149 "
            "in models and draws (91 %) and 167 of 188 in the store (89 %). Without 41 that give the same "
            "results as the original, they find 640 of 675, or 95 % (93 to 96 %). What was left had a "
            "gap, and has a test now, but for two. The tests run 97 to 99 % of the branches of store, nights "
            "and disclosure control: docs/testing.md"
        ),
        "",
    ),
    "G21": Goal(
        "of eight nights that start at once, one runs",
        REACHED,
        "the store has a lock",
        "tests/functional/test_refresh.py",
    ),
    "G22": Goal(
        "twenty killed workers change no bit of the results",
        REACHED,
        "20 of 20, in a long test started by hand",
        "-m slow tests/functional/test_shards.py",
    ),
    "G23": Goal(
        "threads and forked processes never crash the program",
        REACHED,
        (
            "80 calls from four threads at once, with both layers of threads of numba; calls from "
            "processes that were started anew; one that was forked after a first call refuses to compute"
        ),
        "-m 'slow or not slow' tests/functional/test_threads.py tests/unit/test_public_api.py",
    ),
    "G24": Goal(
        "no bit of a result changes without a note",
        REACHED,
        (
            "hashes of twelve small studies hold every bit in every run of the tests, those of shipped "
            "studies in a long one; a note in the change log goes with each change"
        ),
        "tests/properties/test_golden.py tests/properties/test_same_bits.py",
    ),
    "G25": Goal(
        "a user can trace each number to its files, study, code and seed, and compute it again",
        REACHED,
        "verify, signatures, RO-Crate",
        "tests/functional/test_signatures.py",
    ),
    "G26": Goal(
        "wrong clocks and time zones change nothing",
        REACHED,
        (
            "a thousand nights on 28 November 2026, three in every run of the tests: other years, leap days, "
            "summer time, clocks set back, files from the future"
        ),
        "tests/functional/test_clocks.py tests/functional/test_same_bits_of_runs.py",
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

A user must be able to rely on these goals. The table says which goals equirank has reached, and how to run
the proof again.
Goals: {counts}.

`python -m tests.docs.trust` makes this page. `python -m tests.docs.trust --run G1 G5` runs the proofs of two
goals first. If the last result is empty, nobody has yet run the proof with this command.

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
