"""The comparison with DuckDB: the same sums as SQL, in whole numbers of 128 bits that never round."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import polars as pl

from engine.data.queries import database, query_text
from engine.validate.answers import INDICES, answers
from engine.validate.digits import Accuracy, right_digits
from engine.validate.exact import exact_root, index_of, slopes_of
from engine.validate.samples import HardSample

ORACLE = "DuckDB, 128-bit whole numbers"
PROMISED = 11.0  # the offset of a third of the samples is 2^20


def database_answers(sample: HardSample) -> dict[str, Fraction]:
    """Return statistic -> its exact value from the sums that DuckDB makes of a sample of whole numbers."""
    columns = {"rank": sample.rank, "outcome": sample.outcome, "weight": sample.weight}
    people = pl.DataFrame(columns).cast(pl.Int64).with_row_index("id")
    with database(threads=1) as connection:
        connection.register("people", people.to_arrow())
        (row,) = connection.sql(query_text("exact_index_sums")).fetchall()
    n, W, T, area, of_index, of_mean, index_squares, mean_squares, products = (int(one) for one in row)
    mean, numerator = Fraction(T, W), Fraction(area - T * W, W**2)

    def variance(squares: int, one: int, other: int, scale: int) -> Fraction:
        """Return n / (n - 1) (sum of products - product of sums / n)."""
        return Fraction(n, n - 1) * (squares - Fraction(one * other, n)) / scale

    of_numerator = variance(index_squares, of_index, of_index, W**6)
    covariance = variance(products, of_index, of_mean, W**5)
    spread = variance(mean_squares, of_mean, of_mean, W**4)
    found = {"mean": mean, "mean, standard error": exact_root(spread)}
    for name in INDICES:
        found[f"{name} index"] = index_of(name, numerator, mean, sample.bounds)
        a, b = slopes_of(name, numerator, mean, sample.bounds)
        total = a * a * of_numerator + 2 * a * b * covariance + b * b * spread
        found[f"{name} index, standard error"] = exact_root(total)
    return found


def compare_with_duckdb(samples: Iterator[HardSample]) -> Iterator[Accuracy]:
    """Yield the digits of every statistic over samples of whole numbers."""
    digits: dict[str, list[float]] = {}
    for sample in samples:
        truth = database_answers(sample)
        for statistic, value in answers(sample):
            if statistic in truth:
                digits.setdefault(statistic, []).append(right_digits(value, truth[statistic]))
    for statistic, found in digits.items():
        yield Accuracy(statistic=statistic, oracle=ORACLE, hardness="", digits=found, promised=PROMISED)
