"""Scores of other programs on the conformance cases, and the page that shows them.

Run `python -m tests.docs.conformance` where the programs are installed to write the page anew.
"""

from __future__ import annotations

import hashlib
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from tests.docs.reference import ROOT, table

PAGE = ROOT / "docs" / "conformance.md"
CASES = ROOT / "docs" / "conformance-cases.json"
HEAD = """# Conformance cases

This page has 500 statistics of 32 small samples, with their exact answers to 30 digits. They are a test
for any program that computes rank-dependent indices, Gini indices, means or their standard errors under a
design:

```sh
equirank validate --cases cases.json        # samples, definitions, cases
equirank validate --answers answers.json    # {"001": 14.65, "002": null, ...} -> right digits by statistic
```

The [file of cases](conformance-cases.json) is the same on every machine. Its SHA-256 is
`HASH`.

The numbers of a sample are doubles. A program that reads them gets exactly these doubles, and the exact
answers belong to them. The file gives the bounds and the definitions: ties share their mid-rank, and
standard errors are linearised. The samples are those of [accuracy](accuracy.md), except those with an
offset of 2^40. Some samples have no weights.

## Scores

A good answer has at least 12 right digits. `python -m tests.docs.conformance` computes the scores of the
programs that are installed.
"""
FOOT = """
- *textbook* is what many scripts do with numpy: 2 sum(w y R) / (sum(w) mean) - 1 with weighted mid-ranks,
  and the mean of squares less the squared mean.
- statsmodels: `DescrStatsW`. Its standard errors take weights as counts of people, and ignore the design.
- svy: `Sample.estimation.mean` with strata and clusters.
- inequality (PySAL): `Gini`, which takes no weights.

conindex, rineq, convey and survey were not scored, because they need R. Stata's conindex was not scored
either. `tests/oracle` compares equirank with the numbers that conindex, convey and survey give for other
data.
"""


def known(name):
    """Return the version of a package; None if it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def arrays(sample):
    """Return rank, outcome and weight."""
    return (np.array(sample[key]) for key in ("rank", "outcome", "weight"))


def equirank_answers(sample):
    """Return what equirank says."""
    from engine.validate.answers import answers
    from engine.validate.samples import HardSample

    return dict(answers(HardSample(**sample)))


def textbook_answers(sample):
    """Return what the textbook formula says, in numpy."""
    x, y, w = arrays(sample)
    w = w / w.sum()
    rank = np.array([w[x < value].sum() + 0.5 * w[x == value].sum() for value in x])
    mean = (w * y).sum()
    standard = 2 * (w * y * rank).sum() / mean - 1
    a, b = sample["bounds"]
    own = np.array([w[y < value].sum() + 0.5 * w[y == value].sum() for value in y])
    n = len(y)
    return {
        "mean": mean,
        "standard deviation": np.sqrt(max((w * y * y).sum() - mean * mean, 0.0) * n / (n - 1)),
        "standard index": standard,
        "generalized index": mean * standard,
        "erreygers index": 4 * mean * standard / (b - a),
        "wagstaff index": (b - a) * mean * standard / ((b - mean) * (mean - a)),
        "modified index": mean * standard / (mean - a),
        "Gini index": 2 * (w * y * own).sum() / mean - 1,
        "slope index": ((w * rank * y).sum() - 0.5 * mean) / ((w * rank * rank).sum() - 0.25),
    }


def statsmodels_answers(sample):
    """Return what statsmodels says of means."""
    from statsmodels.stats.weightstats import DescrStatsW

    _, y, w = arrays(sample)
    found = DescrStatsW(y, weights=w)
    n = len(y)
    with np.errstate(all="ignore"):  # weights that sum to less than 1 count less than one person
        std_error = found.std_mean
    return {
        "mean": found.mean,
        "standard deviation": np.sqrt(found.sumsquares / found.sum_weights * n / (n - 1)),
        "mean, standard error": std_error,
    }


def svy_answers(sample):
    """Return what svy says of means."""
    import polars as pl
    import svy

    columns = {"y": sample["outcome"], "w": sample["weight"]}
    design = {"wgt": "w"}
    if "cluster" in sample:
        columns |= {"h": sample["stratum"], "u": sample["cluster"]}
        design |= {"stratum": "h", "psu": "u"}
    found = svy.Sample(pl.DataFrame(columns), svy.Design(**design)).estimation.mean("y").estimates[0]
    return {"mean": found.est, "mean, standard error": found.se}


def inequality_answers(sample):
    """Return what inequality says of a sample without weights."""
    from inequality.gini import Gini

    _, y, w = arrays(sample)
    return {"Gini index": float(Gini(y).g)} if (w == 1).all() else {}


PROGRAMS = {
    "equirank": equirank_answers,
    "textbook, numpy": textbook_answers,
    "statsmodels": statsmodels_answers,
    "svy": svy_answers,
    "inequality": inequality_answers,
}


def answers_of(program, content):
    """Return case -> answer of a program; samples that it refuses have none."""
    from engine.errors import EngineError

    by_sample = {}
    for name, sample in content["samples"].items():
        try:
            by_sample[name] = PROGRAMS[program](sample)
        except (EngineError, ArithmeticError, ValueError, RuntimeError):
            by_sample[name] = {}
    return {
        name: float(value) if value is not None else None
        for name, case in content["cases"].items()
        if case["statistic"] in by_sample[case["sample"]]
        for value in (by_sample[case["sample"]][case["statistic"]],)
    }


def scores():
    """Yield the lines of the table."""
    from engine.validate.conformance import GOOD, cases, score

    content = cases()
    for program in PROGRAMS:
        package = program.rpartition(", ")[2]
        if known(package) is None:
            continue
        for line in score(answers_of(program, content)):
            good = sum(digits >= GOOD for digits in line.digits)
            name = f"{program} {known(package)}"
            yield name, line.statistic, len(line.digits), good, f"{line.lowest:.1f}", f"{line.middle:.1f}"


def page():
    """Return the page."""
    from engine.validate.conformance import cases_text

    head = HEAD.replace("HASH", hashlib.sha256(cases_text().encode()).hexdigest())
    heads = ("program", "statistic", "answers", "good", "fewest digits", "median")
    return f"{head}\n{table(heads, scores())}{FOOT}"


if __name__ == "__main__":
    from engine.validate.conformance import cases_text

    CASES.write_text(cases_text(), encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")
