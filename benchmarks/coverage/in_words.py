"""What the figures of docs/coverage.md say, in sentences whose numbers come from the figures."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from textwrap import fill

from benchmarks.coverage.stored import Stored

PLAIN = ("rates and means", "concentration indices", "differences between periods", "slopes along the rank")
AMOUNTS = ("gini", "theil", "mld", "ge", "atkinson", "gini_net", "net_concentration", "lorenz")
DISPERSION = ("bgsd", "cov", "mdbu", "mdbw", "mdmu", "mdmw", "idisu", "idisw")
PAYMENTS = (
    "overshoot",
    "mean_positive_overshoot",
    "weighted_overshoot",
    "overshoot_concentration",
    "reranking",
)
KINDS = ("normal", "basic", "percentile", "bca", "studentized")
ERRORS = ("linearised", "bootstrap", "jackknife")
WIDTH = 108
Chosen = Callable[[Stored], bool]


def in_words(lines: Sequence[Stored]) -> Iterator[str]:
    """Yield a list of what the figures say."""
    for text in _items(lines):
        yield fill(f"- {text}", WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def _items(lines: Sequence[Stored]) -> Iterator[str]:
    plain = [line for line in lines if line.family in PLAIN]
    even = _range(plain, lambda line: line.design != "weights")
    yield f"Rates, means, indices, differences and slopes: {even} in all designs but that of unequal weights."
    uneven = _range(plain, lambda line: line.design == "weights")
    why = (
        "The standard errors are right there, but a few large products of weight and amount decide estimates."
    )
    yield f"The same with weights that vary by 100 %: {uneven}. {why}"
    amounts = [line for line in lines if _is_of_amounts(line)]
    few = _range(amounts, lambda line: line.design == "psus8")
    skewed = _range(amounts, lambda line: line.design == "skewed")
    yield (
        f"Inequality of amounts (Gini, entropy, Atkinson, Lorenz curve): {_range(amounts)}. With 8 PSUs it "
        f"is {few}, with very skewed incomes {skewed}. The least are those of `ge` with the parameter 2."
    )
    groups = [line for line in lines if _measure(line) in DISPERSION]
    linearised = _range(groups, lambda line: line.interval == "linearised")
    percentile = _range(groups, lambda line: line.interval.endswith("percentile"))
    yield (
        f"Dispersion between five groups: {linearised}, because noise counts as dispersion. Percentile "
        f"intervals count it twice: {percentile}. `difference`, `aci` and `sii` do not have this fault."
    )
    paid = [line for line in lines if _measure(line) in PAYMENTS and line.interval == "linearised"]
    least = "the least in samples of 100 people, of whom some 9 pay so much"
    yield f"Catastrophic payments and reranking: {_range(paid)}, {least}."
    kinds = ", ".join(f"{kind} {_mean(lines, kind):.1f} %" for kind in KINDS)
    yield f"Bootstrap intervals of two indices, on average over the designs: {kinds}."
    medians = ", ".join(f"{_median(lines, kind):.2f} ({kind})" for kind in ERRORS)
    yield f"The median of standard errors, as a share of the spread of the estimates: {medians}."


def _measure(line: Stored) -> str:
    return line.statistic.split()[0]


def _drawn(line: Stored) -> bool:
    return line.interval.startswith("bootstrap")


def _is_of_amounts(line: Stored) -> bool:
    is_of_groups = line.family == "disparity between groups"
    return (
        _measure(line) in AMOUNTS and not is_of_groups and not _drawn(line) and line.interval != "jackknife"
    )


def _range(lines: Sequence[Stored], chosen: Chosen = lambda _: True) -> str:
    shares = [100.0 * line.coverage for line in lines if chosen(line)]
    return f"{min(shares):.1f} to {max(shares):.1f} %"


def _mean(lines: Sequence[Stored], kind: str) -> float:
    own = [line for line in lines if line.family == "indices, replicates" and line.interval.endswith(kind)]
    defined = sum(line.defined for line in own)
    return 100.0 * (1.0 - sum(line.below + line.above for line in own) / defined)


def _median(lines: Sequence[Stored], kind: str) -> float:
    """Return the median of standard errors as a share of the spread of the estimates."""
    own = [line for line in lines if line.interval.startswith(kind) and not math.isnan(line.error_ratio)]
    return median(line.error_ratio for line in own)


WARNINGS = """## When equirank warns

A run warns of

- dispersion between groups (`bgv`, `bgsd`, `cov`, `theil`, `mld`, `idis` and `mdb`, `mdm`, `mdr` with their
  endings) with a standard error above a quarter of it, and of all its percentile intervals;
- inequality of amounts with fewer than 100 degrees of freedom; `ge` with a parameter of 2 or more with fewer
  than 1,000;
- `overshoot`, `weighted_overshoot` and `mean_positive_overshoot` with a standard error above a quarter of
  them, `headcount_concentration` and `overshoot_concentration` with one above 0.1;
- `reranking` with a standard error above an eighth of it;
- shares of a total that lies less than 5 standard errors from 0, by their status: of an index in a
  decomposition, of the mean of an outcome, of payments or of resources
  ([methods](methods.md#measures-of-disparity));
- `percentile_ratio` by the jackknife;
- percentile, basic and BCa intervals of replicates that draw fewer than 16 clusters;
- weights that vary by 90 % or more and count as fewer than 1,000 equal ones, n / (1 + variation^2) (Kish): a
  few large products of weight and amount then decide estimates and their errors. 600 samples of this design
  with a variation of 75 %, or with 2,500 people, show no such fault in means and indices;
- curves with fewer than 23 degrees of freedom ([methods](methods.md#curves))."""
