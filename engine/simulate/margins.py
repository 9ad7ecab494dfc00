"""The published margins a simulated panel must have (Wang et al. 2021, Tables 1 and 2, with corrections).

Two slips of the printed tables are corrected: the 506 migrants of 2017 without an age are its top age group
(2,719 aged 65 and more), and the established counts of East and West are swapped in print (the rates used
here are right).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib import resources

WAVES = ("2014", "2016", "2017")
ROWS = {"2014": 200_937, "2016": 169_000, "2017": 169_989}
ROWS_IN_ALL = sum(ROWS.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One level of a variable: its counts and the outcome's rate (per cent, None if unknown) by wave."""

    variable: str
    code: int
    name: str
    label_zh: str
    n: dict[str, int]
    rate: dict[str, float | None]


def published_levels() -> dict[str, list[Level]]:
    """Return the levels of each variable, in the order of the published tables.

    Examples
    --------
    >>> published_levels()["sex"][1].n["2016"]
    80912
    """
    text = (resources.files("engine") / "simulate" / "cmds_tables.csv").read_text(encoding="utf-8")
    variables: dict[str, list[Level]] = {}
    for row in csv.DictReader(text.splitlines()):
        level = Level(
            variable=row["variable"],
            code=int(row["code"]),
            name=row["level"],
            label_zh=row["label_zh"],
            n={wave: int(row[f"n_{wave}"]) for wave in WAVES},
            rate={wave: float(row[f"rate_{wave}"]) if row[f"rate_{wave}"] else None for wave in WAVES},
        )
        variables.setdefault(level.variable, []).append(level)
    return variables


def scaled_counts(counts: list[int], n: int) -> list[int]:
    """Scale counts to add up to at most n, by largest remainders; unchanged when n is their full total.

    Examples
    --------
    >>> scaled_counts([50, 30, 20], 10)
    [5, 3, 2]
    """
    total = sum(counts)
    shares = [count * n / total for count in counts]
    whole = [int(share) for share in shares]
    order = sorted(range(len(counts)), key=lambda i: whole[i] - shares[i])
    for i in order[: n - sum(whole)]:
        whole[i] += 1
    return whole
