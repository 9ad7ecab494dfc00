"""The comparison with rational arithmetic on the hard samples."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from engine.validate import exact
from engine.validate.answers import INDICES, answers, mid_ranks
from engine.validate.digits import Accuracy, right_digits
from engine.validate.samples import SPREAD_WEIGHTS, HardSample

ORACLE = "rational arithmetic"
# Digits that every sample must have, of at most 15.
PROMISED = {"mid-rank": 14.0, "mean": 14.5, "rate": 14.5}
PROMISED_ELSE = 11.0
# A double holds an offset of 2^30 to 1e-7 and one of 2^40 to 1e-4: what is made from the mean itself loses
# that. Where one person has nearly all of the weight, what the others add is lost in the same way.
OF_THE_OFFSET = ("wagstaff", "modified", "slope")
PROMISED_OFFSET = {"offset of 2^30": 7.0, "offset of 2^40": 4.0}
PROMISED_HARD = {
    ("mean, standard error", "offset of 2^30"): 7.0,
    ("mean, standard error", "offset of 2^40"): 4.0,
    ("Gini index", "offset of 2^30"): 6.0,
    ("Gini index", "offset of 2^40"): 3.0,
    ("standard deviation", "offset of 2^40"): 9.0,
    ("Gini index", SPREAD_WEIGHTS): 3.0,
    ("extended index", SPREAD_WEIGHTS): 3.0,
}
PROMISED_SPREAD_ERRORS = 3.0


def exact_answers(sample: HardSample) -> dict[str, Fraction]:
    """Return statistic -> its exact value, by the names of `answers`."""
    sums = exact.exact_sums(sample)
    found = {
        "mean": sums.mean,
        "mean, standard error": exact.design_error(sums.by_mean, sample),
        "standard deviation": exact.exact_sd(sample),
        "extended index": exact.exact_extended(sample),
        "Gini index": exact.exact_gini(sample),
        "slope index": exact.exact_line(sample),
    }
    if set(sample.outcome) <= {0.0, 1.0}:
        found["rate"], found["rate, standard error"] = found["mean"], found["mean, standard error"]
    for name in INDICES:
        found[f"{name} index"] = exact.index_of(name, sums.numerator, sums.mean, sample.bounds)
        found[f"{name} index, standard error"] = exact.design_error(exact_totals(name, sums, sample), sample)
    return found


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
        for statistic, value in answers(sample):
            key = (statistic, sample.hardness)
            digits.setdefault(key, []).append(right_digits(value, truth[statistic]))
        digits.setdefault(("mid-rank", sample.hardness), []).append(_digits_of_ranks(sample))
    for (statistic, hardness), found in digits.items():
        yield Accuracy(
            statistic=statistic,
            oracle=ORACLE,
            hardness=hardness,
            digits=found,
            promised=promised_digits(statistic, hardness),
        )


def promised_digits(statistic: str, hardness: str) -> float:
    """Return the digits that every sample of a hardness must have."""
    if (statistic, hardness) in PROMISED_HARD:
        return PROMISED_HARD[statistic, hardness]
    if hardness == SPREAD_WEIGHTS and statistic.endswith("standard error"):
        return PROMISED_SPREAD_ERRORS
    if statistic.startswith(OF_THE_OFFSET):
        return PROMISED_OFFSET.get(hardness, PROMISED_ELSE)
    return PROMISED.get(statistic, PROMISED_ELSE)


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
