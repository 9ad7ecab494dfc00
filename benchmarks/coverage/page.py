"""docs/coverage.md and its picture, from the stored figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.coverage.designs import DESIGNS
from benchmarks.coverage.in_words import WARNINGS, in_words
from benchmarks.coverage.picture import picture
from benchmarks.coverage.replicated import REPLICATES
from benchmarks.coverage.simulate import SAMPLES
from benchmarks.coverage.stored import Stored

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "coverage.md"
PICTURE = ROOT / "docs" / "pictures" / "coverage.svg"
LOW, HIGH = 0.93, 0.97
"""Coverage of 95 % intervals that is good enough."""
CLEAR = 2.0
"""Monte-Carlo errors that a coverage must lie outside to be marked."""
FEW = 0.05
"""Share of samples without an interval above which a cell tells it."""


def write(lines: Sequence[Stored]) -> None:
    """Write page and picture."""
    PAGE.write_text(page(lines), encoding="utf-8")
    PICTURE.write_text(picture(lines), encoding="utf-8")


def is_outside(line: Stored) -> bool:
    """Whether a coverage lies outside 93 to 97 % by more than chance."""
    margin = CLEAR * line.mc_error
    return line.coverage < LOW - margin or line.coverage > HIGH + margin


def page(lines: Sequence[Stored]) -> str:
    """Return the page."""
    known = [line for line in lines if line.defined > 1]
    outside = [line for line in known if is_outside(line)]
    below = sum(line.coverage < LOW for line in outside)
    return "\n".join(
        [
            _HEAD.format(replicates=REPLICATES),
            _table(("design", "what is drawn"), [(one.title, one.told) for one in DESIGNS.values()]),
            "",
            "## In short",
            "",
            f"The tables have {len(known):,} figures. But for chance, {len(known) - len(outside):,} lie",
            f"within 93 to 97 %. {below:,} lie below, {len(outside) - below:,} above.",
            "",
            "![The coverage of each statistic by design](pictures/coverage.svg)",
            "",
            *in_words(known),
            "",
            WARNINGS,
            "",
            *(text for family in SAMPLES for text in _family(family, known)),
        ]
    )


def _family(family: str, lines: Sequence[Stored]) -> Iterator[str]:
    """Yield the table of a family: a row for each statistic and interval, a column for each design."""
    own = [line for line in lines if line.family == family]
    if not own:
        return
    cells = {(line.statistic, line.interval, line.design): line for line in own}
    rows = dict.fromkeys((line.statistic, line.interval) for line in own)
    designs = [name for name in DESIGNS if any(line.design == name for line in own)]
    yield f"## {family[0].upper()}{family[1:]}"
    yield ""
    yield f"{SAMPLES[family]:,} samples of each design."
    yield ""
    table = [(*row, *(_cell(cells.get((*row, design))) for design in designs)) for row in rows]
    yield _table(("statistic", "interval", *(DESIGNS[name].title for name in designs)), table)
    yield ""


def _cell(line: Stored | None) -> str:
    if line is None:
        return ""
    text = f"{100 * line.coverage:.1f} ({100 * line.mc_error:.1f})"
    if line.undefined > FEW * line.samples:
        text += f" in {100 * line.defined / line.samples:.0f} %"
    return f"**{text}**" if is_outside(line) else text


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_plain(cell) for cell in line)} |" for line in lines)


def _plain(text: str) -> str:
    return text.replace("|", "to").replace("_", " ") if "](" not in text else text


_HEAD = """# Coverage of intervals

A 95 % interval should hold the true value in 95 % of samples. This page tells in how many it does. It draws
samples from populations of 60,000 people with known values, again and again, and counts.

- A population has 25 strata, 1,000 PSUs and 60 people in each PSU. A tenth of the variance of wealth lies
  between strata, a fifth between PSUs. Income is lognormal; its logarithm has the standard deviation 0.5.
  Of all people, 20 % are ill. `visits` is a count with many zeros, and `payment` a skewed share of income.
- The true value is the same statistic of all people of the population. So the true coefficients of a model
  are those of the population; no model needs to be right.
- The number in brackets is the Monte-Carlo error in percentage points. A **bold** figure lies below 93 % or
  above 97 % by more than two of these errors.
- "in 80 %" says that only so many samples have an interval. The others have a status instead.
- `bootstrap` has {replicates} replicates in each sample: those of Rao and Wu if there are strata or
  clusters, else of people. The bootstraps refuse a finite population correction.

`python -m benchmarks.coverage` makes this page again, with the same figures, in 107 minutes of one core
(28 November 2026). `--designs` and `--families` simulate some of it, `--page` writes the page alone. The
figures stand in `benchmarks/coverage/coverage.csv`; `error_ratio` there is the standard error over the
spread of the estimates.

## Designs
"""
