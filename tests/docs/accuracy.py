"""The page of digits: what `equirank validate` finds on the machine that makes it.

Run `python -m tests.docs.accuracy` to write it anew.
"""

from __future__ import annotations

from tests.docs.reference import ROOT, table

PAGE = ROOT / "docs" / "accuracy.md"
HEAD = """# Accuracy

`equirank validate` compares the numbers of your installation with certified or exact numbers. For each
statistic it prints how many decimal digits are right, at most 15. It ends with exit code 70 if a
statistic has fewer digits than promised. `--quick` uses a fifth of the samples, and `--json` prints the
result as JSON.

`python -m tests.docs.accuracy` makes this page.

## What is compared

- **NIST**: the Statistical Reference Datasets. NIST certifies their results to 15 digits. All nine
  univariate sets are used, and ten of the eleven linear ones. PiDigits has a misprint: a 3 where pi has its
  957th digit, an 8. With it, mean, standard deviation and autocorrelation are those that NIST certifies.
  The data of NumAcc3 and NumAcc4 are stored as the nearest doubles, which allow at most 9.5 and 8.3 digits.
  Filippelli's polynomial of degree 10 is refused, as in Stata: its powers nearly depend on each other. The
  tests compare F with that of the eleven sets of analysis of variance.
- **Rational arithmetic**: every statistic from its definition, computed with Python's `fractions` from
  the stored doubles. Standard errors come from the derivative by each weight. The samples have ties,
  strata, clusters, yes-or-no outcomes, and weights from 1e-298 to 1e298.
- **DuckDB**: the same sums as SQL (`queries/exact_index_sums.sql`) in whole numbers of 128 bits.
- **Closed form**: a logit with one yes-or-no covariate.

Two kinds of samples cost most programs digits. An offset of 2^30 makes all values large and nearly equal:
a rounded mean then has few digits of the differences between values, and equirank measures these from close
by. Weights of 1e-12 to 1e12 give nearly all of the weight to one person.
Standard errors of a logit lose digits by necessity: if a probability is within 1e-7 of 1, a double holds only
9 digits of its distance from 1. The errors are computed from that distance and have no more right digits.

The engine shares no code with the program in rational arithmetic or with the SQL. These two share the
last step, from the generalized index and the mean to the other indices.
"""


def page():
    """Return the page."""
    from engine.validate.suite import validate
    from engine.version import VERSION

    rows = [
        (
            line.statistic,
            f"{line.oracle}, {line.hardness}" if line.hardness else line.oracle,
            len(line.digits),
            f"{line.lowest:.1f}",
            f"{line.middle:.1f}",
            f"{line.promised:.1f}",
        )
        for line in validate().lines
    ]
    heads = ("statistic", "compared with", "samples", "fewest digits", "median", "promised")
    return f"{HEAD}\n## Digits of version {VERSION}\n\n{table(heads, rows)}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
