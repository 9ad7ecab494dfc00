"""The comparison of logits with their closed form: a logit on one yes-or-no covariate is a table of four."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, localcontext
from fractions import Fraction

import polars as pl

from engine.api.logit import logit
from engine.validate.digits import Accuracy, right_digits
from engine.validate.exact import exact_root

ORACLE = "closed form"
# Events and others among the unexposed, then among the exposed; with the digits that are promised. One minus
# a probability of 1e-7 has lost 7 digits of the probability.
TABLES = {
    "": ((7, 11, 13, 5), (1, 999, 17, 3), (400_000, 139_926, 1_234, 98_765), (3, 2, 2, 3)),
    "probabilities of 1e-7": ((1, 10**7, 10**7, 1), (10**7, 1, 3, 10**7)),
}
PROMISED = {"": 12.0, "probabilities of 1e-7": 8.0}
_PRECISION = 60


def compare_with_closed_form() -> Iterator[Accuracy]:
    """Yield the digits of the coefficient and its standard error over tables of four."""
    for hardness, tables in TABLES.items():
        digits = [_digits_of_table(counts) for counts in tables]
        for place, statistic in enumerate(("logit coefficient", "logit standard error")):
            yield Accuracy(
                statistic=statistic,
                oracle=ORACLE,
                hardness=hardness,
                digits=[of_table[place] for of_table in digits],
                promised=PROMISED[hardness],
            )


def _digits_of_table(counts: tuple[int, int, int, int]) -> tuple[float, float]:
    """Return the right digits of coefficient and standard error."""
    events, others, exposed_events, exposed_others = counts
    frame = pl.DataFrame({"ill": [1, 0, 1, 0], "exposed": [0, 0, 1, 1], "people": counts})
    rows = logit(frame, "ill", ["exposed"], frequency="people").rows
    row = next(row for row in rows if row.measure == "coefficient" and row.term == "exposed")
    with localcontext() as context:
        context.prec = _PRECISION
        odds = Decimal(exposed_events * others) / Decimal(exposed_others * events)
        coefficient = Fraction(odds.ln())
    variance = sum((Fraction(1, count) for count in counts), Fraction(0))
    return right_digits(row.estimate, coefficient), right_digits(row.std_error, exact_root(variance))
