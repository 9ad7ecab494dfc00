"""NIST's Statistical Reference Datasets (StRD) with their certified values: means, spreads and linear models.

Data and values are those that NIST publishes. Sets that a rule makes (two alternating numbers, a polynomial
without error, digits of pi) are made here.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from importlib import resources

import polars as pl

from engine.api.decompose import decompose
from engine.api.describe import describe
from engine.api.regression import regression
from engine.validate.digits import Accuracy, right_digits

_PAIRS = 500
_DIGITS_OF_PI = 5000
_MISPRINT, _MISPRINTED = 956, 3
"""NIST's file has a 3 where pi has its 957th digit, an 8; what it certifies is of the file."""
_LAST_OF_WAMPLER = 20
_DEGREE_OF_WAMPLER = 5
_HALF_OF_ERRORS = (759, -2048, 2048, -2048, 2523, -2048, 2048, -2048, 1838, -2048)
_ERRORS_OF_WAMPLER = (*_HALF_OF_ERRORS, 2048, *_HALF_OF_ERRORS[::-1])
"""No polynomial of this degree explains any of them, so they leave its coefficients as they are."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A set with certified mean and standard deviation, and the digits that the latter must reach.

    The digits are those of Stata 17, whose makers publish them; the doubles nearest to the data of the last
    two sets allow no more.
    """

    values: tuple[float, ...]
    mean: str
    sd: str
    digits_of_sd: float


def _column(name: str) -> tuple[float, ...]:
    return tuple(row["value"] for row in _table(name))


def _table(name: str) -> list[dict[str, float]]:
    text = (resources.files("engine.validate") / "nist" / f"{name}.csv").read_text(encoding="utf-8")
    return [{key: float(cell) for key, cell in row.items()} for row in csv.DictReader(text.splitlines())]


def _alternating(middle: float, low: float, high: float) -> tuple[float, ...]:
    return (middle, *(low, high) * _PAIRS)


def _digits_of_pi() -> tuple[float, ...]:
    """Return NIST's digits of pi, by Machin's formula pi = 16 arctan(1/5) - 4 arctan(1/239)."""
    one = 10 ** (_DIGITS_OF_PI + 10)  # ten digits more than are told, for what each division drops
    pi = 4 * (4 * _arctan_of_inverse(5, one) - _arctan_of_inverse(239, one))
    digits = [float(digit) for digit in str(Decimal(pi))[:_DIGITS_OF_PI]]
    digits[_MISPRINT] = float(_MISPRINTED)
    return tuple(digits)


def _arctan_of_inverse(x: int, one: int) -> int:
    """Return arctan(1 / x) in units of 1 / one, by its series."""
    power, total, n = one // x, 0, 1
    while power:
        total += power // n if n % 4 == 1 else -(power // n)
        power, n = power // (x * x), n + 2
    return total


def spreads() -> Mapping[str, Spread]:
    """Return the sets with certified mean and standard deviation."""
    return {
        "Lew": Spread(_column("Lew"), "-177.435000000000", "277.332168044316", 14.0),
        "Lottery": Spread(_column("Lottery"), "518.958715596330", "291.699727470969", 14.0),
        "Mavro": Spread(_column("Mavro"), "2.00185600000000", "0.000429123454003053", 13.0),
        "Michelso": Spread(_column("Michelso"), "299.852400000000", "0.0790105478190518", 13.8),
        "PiDigits": Spread(_digits_of_pi(), "4.53480000000000", "2.86733906028871", 14.0),
        "NumAcc1": Spread((10000001.0, 10000003.0, 10000002.0), "10000002", "1", 15.0),
        "NumAcc2": Spread(_alternating(1.2, 1.1, 1.3), "1.2", "0.1", 15.0),
        "NumAcc3": Spread(_alternating(1000000.2, 1000000.1, 1000000.3), "1000000.2", "0.1", 9.4),
        "NumAcc4": Spread(_alternating(10000000.2, 10000000.1, 10000000.3), "10000000.2", "0.1", 8.2),
    }


@dataclass(frozen=True, slots=True)
class Line:
    """A linear model with certified coefficients of its covariates, that of the constant left out.

    `digits` is what its coefficients must reach: the covariates of Longley and Wampler nearly depend on each
    other.
    """

    columns: Mapping[str, tuple[float, ...]]
    coefficients: tuple[str, ...]
    digits: float
    has_constant: bool = True


def _wampler(scale: Fraction, error: int = 0) -> dict[str, tuple[float, ...]]:
    x = range(_LAST_OF_WAMPLER + 1)
    powers = range(1, _DEGREE_OF_WAMPLER + 1)
    fitted = [sum((one * scale) ** k for k in (0, *powers)) for one in x]
    errors = (error * one for one in _ERRORS_OF_WAMPLER)
    columns = {"y": tuple(float(sum(parts)) for parts in zip(fitted, errors, strict=True))}
    return columns | {f"x{k}": tuple(float(one**k) for one in x) for k in powers}


def _columns(name: str) -> dict[str, tuple[float, ...]]:
    rows = _table(name)
    return {key: tuple(row[key] for row in rows) for key in rows[0]}


def _through_origin(x: Iterable[int], y: Iterable[int]) -> dict[str, tuple[float, ...]]:
    return {"y": tuple(map(float, y)), "x": tuple(map(float, x))}


def lines() -> Mapping[str, Line]:
    """Return the linear models."""
    longley = (
        "15.0618722713733",
        "-0.0358191792925910",
        "-2.02022980381683",
        "-1.03322686717359",
        "-0.0511041056535807",
        "1829.15146461355",
    )
    return {
        "Norris": Line(_columns("Norris"), ("1.00211681802045",), 12.0),
        "Longley": Line(_columns("Longley"), longley, 8.0),
        "Wampler1": Line(_wampler(Fraction(1)), ("1",) * 5, 6.0),
        "Wampler2": Line(_wampler(Fraction(1, 10)), ("0.1", "0.01", "0.001", "0.0001", "0.00001"), 8.0),
        "Wampler3": Line(_wampler(Fraction(1), 1), ("1",) * 5, 9.0),
        "Wampler4": Line(_wampler(Fraction(1), 100), ("1",) * 5, 8.0),
        "Wampler5": Line(_wampler(Fraction(1), 10_000), ("1",) * 5, 6.0),
        "Pontius": Line(_columns("Pontius"), ("0.732059160401003e-06", "-0.316081871345029e-14"), 12.0),
        "NoInt1": Line(
            _through_origin(range(60, 71), range(130, 141)), ("2.07438016528926",), 14.0, has_constant=False
        ),
        "NoInt2": Line(
            _through_origin((4, 5, 6), (3, 4, 4)), ("0.727272727272727",), 14.0, has_constant=False
        ),
    }


def compare_with_nist() -> Iterator[Accuracy]:
    """Yield the digits of each set against the values that NIST certifies to 15 digits."""
    for name, spread in spreads().items():
        rows = {row.measure: row for row in describe(pl.DataFrame({"value": spread.values}), "value").rows}
        for statistic, value, certified, promised in (
            ("mean", rows["mean"].estimate, spread.mean, 14.0),
            ("standard deviation", rows["sd"].estimate, spread.sd, spread.digits_of_sd),
        ):
            digits = (right_digits(value, Fraction(certified)),)
            yield Accuracy(
                statistic=statistic, oracle=f"NIST {name}", hardness="", digits=digits, promised=promised
            )
    for name, line in lines().items():
        yield Accuracy(
            statistic="linear coefficients",
            oracle=f"NIST {name}",
            hardness="",
            digits=_digits_of_line(line),
            promised=line.digits,
        )


def _digits_of_line(line: Line) -> tuple[float, ...]:
    frame = pl.DataFrame(dict(line.columns)).with_row_index("place")
    terms = [name for name in line.columns if name != "y"]
    if line.has_constant:
        found = decompose(frame, "y", "place", terms, model="linear").contributions
        effects = dict(zip(found["term"], found["effect"], strict=True))
    else:
        of_model = regression(frame, "y", terms, "linear", constant=False).coefficients
        effects = dict(zip(of_model["term"], of_model["estimate"], strict=True))
    pairs = zip(terms, line.coefficients, strict=True)
    return tuple(right_digits(effects[term], Fraction(certified)) for term, certified in pairs)
