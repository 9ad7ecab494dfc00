"""Conformance cases: 500 statistics of small samples with their exact values, and the score of a program."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import chain, islice
from pathlib import Path
from typing import Any

from engine.errors import DataError, Fault
from engine.validate.against_exact import exact_answers
from engine.validate.digits import Accuracy, right_digits
from engine.validate.samples import HardSample, hard_samples, unweighted_samples

FORMAT = 1
N_CASES = 500
DIGITS = 30
GOOD = 12.0  # digits that an answer should have
_TOO_HARD = "offset of 2^40"  # no program in doubles can be right there
DEFINITIONS = {
    "mean": "sum w y / W",
    "standard deviation": "square root of n / (n - 1) sum w (y - mean)^2 / W",
    "generalized index": "N = 2 sum w y R / W - mean; R = (weight below + half the weight of the tie) / W",
    "standard index": "N / mean",
    "erreygers index": "4 N / (b - a), with bounds a and b",
    "wagstaff index": "(b - a) N / ((b - mean) (mean - a))",
    "modified index": "N / (mean - a)",
    "extended index": (
        "sum over levels of the rank of m (f + (1 - after)^3 - (1 - before)^3) / mean: m the mean outcome, f "
        "the share of weight, before and after the shares of weight below the level and up to it"
    ),
    "Gini index": "sum over pairs of w w' |y - y'| / (2 W^2 mean)",
    "slope index": "weighted least-squares slope of y on R",
    "..., standard error": (
        "u = w dT/dw by person; sums of u by cluster (by person without clusters); square root of the sum "
        "over strata of n / (n - 1) sum (u - mean u)^2"
    ),
}


def cases() -> dict[str, Any]:
    """Return samples, definitions and cases for JSON; the same at every call."""
    samples = {f"s{number}": sample for number, sample in enumerate(_samples(), start=1)}
    found = list(islice(_cases(samples), N_CASES))
    used = {sample for sample, _, _ in found}
    return {
        "format": FORMAT,
        "definitions": DEFINITIONS,
        "samples": {name: _as_dict(sample) for name, sample in samples.items() if name in used},
        "cases": {
            f"{number:03}": {"sample": sample, "statistic": statistic, "exact": _decimal(exact)}
            for number, (sample, statistic, exact) in enumerate(found, start=1)
        },
    }


def cases_text() -> str:
    """Return the cases as the text of a file."""
    return json.dumps(cases(), separators=(",", ":")) + "\n"


def score(answers: Mapping[str, float | None]) -> Iterator[Accuracy]:
    """Yield the digits of a program by statistic, given its answers by the names of cases.

    Raises
    ------
    DataError
        If an answer belongs to no case.
    """
    known = cases()["cases"]
    unknown = [name for name in answers if name not in known]
    if unknown:
        raise DataError(
            Fault(
                place=f"answers, '{unknown[0]}'",
                found=f"{len(unknown)} names that are no case",
                expected="names from 001 to 500",
                remedy="Write an object of names of cases and numbers.",
            )
        )
    digits: dict[str, list[float]] = {}
    for name, value in answers.items():
        case = known[name]
        digits.setdefault(case["statistic"], []).append(right_digits(value, Fraction(case["exact"])))
    for statistic, found in digits.items():
        yield Accuracy(
            statistic=statistic, oracle="conformance cases", hardness="", digits=found, promised=GOOD
        )


def read_answers(path: Path) -> dict[str, float | None]:
    """Read the answers of a program: one JSON object of names of cases and numbers or null.

    Raises
    ------
    DataError
        If the file holds something else.
    """
    fault = Fault(
        place=path.name,
        found="no object of names and numbers",
        expected='JSON such as {"001": 0.25, "002": null}',
        remedy="Write the answers of your program so.",
    )
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise DataError(fault) from None
    if not isinstance(given, dict):
        raise DataError(fault)
    if not all(value is None or type(value) in (int, float) for value in given.values()):
        raise DataError(fault)
    return given


def _samples() -> Iterator[HardSample]:
    hard = (sample for sample in hard_samples(1, seed=500) if sample.name != _TOO_HARD)
    return chain(unweighted_samples(), hard)


def _cases(samples: Mapping[str, HardSample]) -> Iterator[tuple[str, str, Fraction]]:
    for name, sample in samples.items():
        for statistic, exact in exact_answers(sample).items():
            if not statistic.startswith("rate"):  # the mean again
                yield name, statistic, exact


def _as_dict(sample: HardSample) -> dict[str, Any]:
    return {key: value for key, value in asdict(sample).items() if value is not None}


def _decimal(exact: Fraction) -> str:
    with localcontext() as context:
        context.prec = DIGITS
        return str(Decimal(exact.numerator) / Decimal(exact.denominator))
