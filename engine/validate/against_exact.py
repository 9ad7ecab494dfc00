"""The comparison with rational arithmetic on the hard samples."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import chain

from engine.validate import exact
from engine.validate.answers import INDICES, answers, answers_of_amounts, mid_ranks
from engine.validate.digits import Accuracy, right_digits
from engine.validate.samples import HardSample

ORACLE = "rational arithmetic"
# Digits that every sample must have, of at most 15.
PROMISED = {"mid-rank": 14.0, "mean": 14.5, "rate": 14.5}
PROMISED_ELSE = 12.0
# Digits that half of the samples must have.
PROMISED_MEDIAN = 14.0


def exact_answers(sample: HardSample) -> dict[str, Fraction]:
    """Return statistic -> its exact value, by the names of `answers`."""
    sums = exact.exact_sums(sample)
    found = {
        "mean": sums.mean,
        "mean, standard error": exact.design_error(sums.by_mean, sample),
        "standard deviation": exact.exact_sd(sample),
        "extended index": exact.exact_extended(sample),
        "Gini index": exact.exact_gini(sample)[0],
        "slope index": exact.exact_line(sample),
    }
    if set(sample.outcome) <= {0.0, 1.0}:
        found["rate"], found["rate, standard error"] = found["mean"], found["mean, standard error"]
    for name in INDICES:
        found[f"{name} index"] = exact.index_of(name, sums.numerator, sums.mean, sample.bounds)
        found[f"{name} index, standard error"] = exact.design_error(exact_totals(name, sums, sample), sample)
    return found


def exact_amounts(sample: HardSample) -> dict[str, Fraction]:
    """Return measures of inequality between people -> exact value, by the names of `answers_of_amounts`."""
    found = {"Gini index, standard error": exact.design_error(exact.exact_gini(sample)[1], sample)}
    return found | exact.exact_entropies(sample) if min(sample.outcome) > 0 else found


def exact_totals(name: str, sums: exact.ExactSums, sample: HardSample) -> list[Fraction]:
    """Return what each person adds to an index to first order."""
    by_N, by_mu = exact.slopes_of(name, sums.numerator, sums.mean, sample.bounds)
    pairs = zip(sums.by_numerator, sums.by_mean, strict=True)
    return [by_N * numerator + by_mu * mean for numerator, mean in pairs]


def compare_with_exact(samples: Iterator[HardSample]) -> Iterator[Accuracy]:
    """Yield the digits of every statistic over the samples."""
    digits: dict[tuple[str, str], list[float]] = {}
    for sample in samples:
        truth = exact_answers(sample)
        truth |= exact_amounts(sample)
        for statistic, value in chain(answers(sample), answers_of_amounts(sample)):
            key = (statistic, sample.hardness)
            digits.setdefault(key, []).append(right_digits(value, truth[statistic]))
        digits.setdefault(("mid-rank", sample.hardness), []).append(_digits_of_ranks(sample))
    for (statistic, hardness), found in digits.items():
        yield Accuracy(
            statistic=statistic,
            oracle=ORACLE,
            hardness=hardness,
            digits=found,
            promised=PROMISED.get(statistic, PROMISED_ELSE),
        )


def _digits_of_ranks(sample: HardSample) -> float:
    """Return the fewest right digits of any person's mid-rank."""
    order, ranks = mid_ranks(sample)
    weight, _ = exact.whole_numbers(sample.weight)
    total, fewest = sum(weight), 15.0
    for position, i in enumerate(order):
        below = sum(w for w, x in zip(weight, sample.rank, strict=True) if x < sample.rank[i])
        tied = sum(w for w, x in zip(weight, sample.rank, strict=True) if x == sample.rank[i])
        fewest = min(fewest, right_digits(ranks[position], Fraction(2 * below + tied, 2 * total)))
    return fewest
