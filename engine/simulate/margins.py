"""The published margins of the simulated CMDS panel (Wang et al. 2021, Tables 1 to 3, with corrections).

Errors in the printed tables are corrected: the 506 migrants of 2017 without an age are its top age group
(2,719 aged 65 and more), the established counts of East and West are swapped in print, and the rates of 2017
are based on the 154,593 people who were asked, as recovered from the printed rates.
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
    """One level of a variable.

    Attributes
    ----------
    variable, code, name, label_zh
        The level and its Chinese label.
    n
        Wave -> people (Table 1).
    asked
        Wave -> those of them who were asked about their record; in 2017 recent arrivals were not.
    established
        Wave -> people with a record (Table 2).
    odds_ratio
        Of Model 1 (Table 3); 1 for the reference.
    """

    variable: str
    code: int
    name: str
    label_zh: str
    n: dict[str, int]
    asked: dict[str, int]
    established: dict[str, int]
    odds_ratio: float

    def rate(self, wave: str) -> float | None:
        """Return the percentage with a record among those asked, None where nobody was."""
        return 100.0 * self.established[wave] / self.asked[wave] if self.asked[wave] else None


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
        level = _level(row)
        variables.setdefault(level.variable, []).append(level)
    return variables


def _level(row: dict[str, str]) -> Level:
    return Level(
        variable=row["variable"],
        code=int(row["code"]),
        name=row["level"],
        label_zh=row["label_zh"],
        n={wave: int(row[f"n_{wave}"]) for wave in WAVES},
        asked={wave: int(row["asked_2017" if wave == "2017" else f"n_{wave}"]) for wave in WAVES},
        established={wave: int(row[f"established_{wave}"]) for wave in WAVES},
        odds_ratio=float(row["odds_ratio"]),
    )


def scaled_counts(counts: list[int], n: int) -> list[int]:
    """Scale counts to add up to at most n, by largest remainders; unchanged if n is their total.

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
