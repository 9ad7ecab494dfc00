"""The page of digits: what `equirank validate` finds on the machine that makes it.

Run `python -m tests.docs.accuracy` to write it anew.
"""

from __future__ import annotations

from tests.docs.reference import ROOT, table

PAGE = ROOT / "docs" / "accuracy.md"
HEAD = """# Accuracy

`equirank validate` compares the numbers of your installation with numbers that are certified or exact. It
prints how many decimal digits are right, at most 15. It ends with exit code 70 if a line has fewer digits
than promised. `--quick` takes a fifth of the samples, `--json` prints the same for programs.

`python -m tests.docs.accuracy` makes this page.

## What is compared

- **NIST**: the Statistical Reference Datasets, whose values NIST certifies to 15 digits. Of the nine
  univariate sets PiDigits is missing, because its values are not the first digits of pi and no rule makes
  them. The doubles nearest to the data of NumAcc3 and NumAcc4 allow no more than 9.5 and 8.3 digits. Of the
  linear sets those without a constant and Filippelli's polynomial of degree 10 are missing. There is no
  analysis of variance in equirank.
- **Rational arithmetic**: every statistic from its definition, with Python's `fractions` on the doubles as
  they are stored. Standard errors come from the derivative by each weight. Samples have ties, strata and
  clusters, yes-or-no outcomes, and weights from 1e-298 to 1e298.
- **DuckDB**: the same sums as SQL (`queries/exact_index_sums.sql`) in whole numbers of 128 bits.
- **Closed form**: a logit with one yes-or-no covariate.

Some samples must cost digits. An offset of 2^30 is as if ages were counted from the year -1,073,741,824: a
double holds it to 1e-7, and what is made from the mean loses that. Weights of 1e-12 to 1e12 give nearly all
of the weight to one person.

The engine shares no line with the program in rational arithmetic or with the SQL. These two share the last
step, from the generalized index and the mean to the other indices.
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
