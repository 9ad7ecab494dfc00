"""The stored result: one line of a CSV for each cell and design."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.coverage.simulate import Cell, Counts

RESULT = Path(__file__).with_name("coverage.csv")
NAMES = ("design", "family", "statistic", "interval", "samples", "undefined", "below", "above", "error_ratio")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A cell of a design.

    Attributes
    ----------
    design, family, statistic, interval
        What was simulated.
    samples, undefined
        How many samples, and in how many of them there is no interval.
    below, above
        In how many the true value lies below, and above the interval.
    error_ratio
        The standard error over the spread of the estimates; NaN where unknown.
    """

    design: str
    family: str
    statistic: str
    interval: str
    samples: int
    undefined: int
    below: int
    above: int
    error_ratio: float

    @property
    def defined(self) -> int:
        """How many samples have an interval."""
        return self.samples - self.undefined

    @property
    def coverage(self) -> float:
        """The share of intervals that hold the true value; NaN without any."""
        return 1.0 - (self.below + self.above) / self.defined if self.defined else math.nan

    @property
    def mc_error(self) -> float:
        """The Monte-Carlo standard error of the coverage; one sample at least counts on either side."""
        share = min(max(self.coverage, 1.0 / self.defined), 1.0 - 1.0 / self.defined) if self.defined else 0.0
        return math.sqrt(share * (1.0 - share) / self.defined) if self.defined > 1 else math.nan


def stored(design: str, counts: Mapping[Cell, Counts]) -> list[Stored]:
    """Return the lines of a simulated design."""
    return [
        Stored(
            design=design,
            family=cell.family,
            statistic=cell.statistic,
            interval=cell.interval,
            samples=count.samples,
            undefined=count.undefined,
            below=int(count.below),
            above=int(count.above),
            error_ratio=count.error_ratio,
        )
        for cell, count in counts.items()
    ]


def write(lines: Iterable[Stored], path: Path = RESULT) -> None:
    """Write the result."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(NAMES)
        for line in lines:
            ratio = "" if math.isnan(line.error_ratio) else f"{line.error_ratio:.3f}"
            writer.writerow([*(getattr(line, name) for name in NAMES[:-1]), ratio])


def read(path: Path = RESULT) -> list[Stored]:
    """Return the result."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Stored(
                **{name: line[name] for name in NAMES[:4]},
                samples=int(line["samples"]),
                undefined=int(line["undefined"]),
                below=int(line["below"]),
                above=int(line["above"]),
                error_ratio=float(line["error_ratio"] or "nan"),
            )
            for line in csv.DictReader(file)
        ]
