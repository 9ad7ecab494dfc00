"""The published margins and effects of the simulated CLDS sample (Li et al. 2022), and its assumptions.

Margins are those of Table 1, with its shifted rows corrected; odds ratios those of Table 4; variances of
random effects those of Table 3. Cells of Table 4 that cannot be odds ratios (smoking, alcohol and exercise of
inpatients, income per capita and institutions of the community) are 1, or what the text says.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

ROWS, SEED = 3_322, 3_322
RESPONDENTS = 21_086
EVENTS = {"outpatient": 210, "inpatient": 196}
VARIANCES = {
    "outpatient": {"city": 0.243, "community": 0.036},
    "inpatient": {"city": 0.0, "community": 0.067},
}
# Log odds ratios of a standard deviation: Table 4's ratios of a unit, where they differ clearly from 1.
CONTEXT_EFFECTS = {
    "minorities": {"outpatient": 0.005 * 18.48, "inpatient": 0.006 * 18.48},
    "beds": {"outpatient": -0.009 * 44.33, "inpatient": -0.005 * 44.33},
    "doctors": {"outpatient": 0.0, "inpatient": -0.011 * 19.24},
    "health_index": {"outpatient": -0.114 * 0.64, "inpatient": -0.006 * 0.64},
    "service_index": {"outpatient": 0.085 * 0.24, "inpatient": 0.075 * 0.24},
}
CONTEXT = {  # mean, standard deviation, level
    "minorities": (5.60, 18.48, "community"),
    "community_income": (2601.65, 4597.18, "community"),
    "health_index": (-0.05, 0.64, "community"),
    "service_index": (0.07, 0.24, "community"),
    "doctors": (54.34, 19.24, "city"),
    "beds": (83.94, 44.33, "city"),
    "institutions": (0.70, 1.33, "city"),
}
SKEWED = ("minorities", "community_income", "institutions")

# Assumed: the paper does not publish what follows.
CITIES, COMMUNITIES = 157, 402  # at 3,322 people
CITY_GROWTH, COMMUNITY_GROWTH = 0.157, 0.587  # their numbers grow with this power of the people
# Loadings of answers on two factors: getting older, and doing well.
LOADINGS = {
    "age": (0.9, 0.0),
    "living": (-0.5, 0.0),
    "education": (-0.5, 0.5),
    "certificate": (0.2, -0.4),
    "industry": (0.2, -0.5),
    "employer": (0.2, -0.3),
    "income_fifth": (-0.3, 0.8),
    "health": (0.5, -0.3),
    "happiness": (-0.1, 0.4),
    "injury_insurance": (0.1, -0.4),
    "friends": (0.0, 0.3),
    "hours": (0.1, 0.1),
}
# Screening rule -> share of the people who are screened out that it removes.
SCREENED = {"hukou": 0.40, "work": 0.42, "away": 0.10, "ncms": 0.05, "complete": 0.03}


@dataclass(frozen=True, slots=True, kw_only=True)
class CldsLevel:
    """One level: its people in Table 1 and its odds ratios in Table 4, by outcome."""

    code: int
    name: str
    label_zh: str
    n: int
    odds_ratio: Mapping[str, float]


def clds_levels() -> dict[str, list[CldsLevel]]:
    """Return the levels of each variable, in the order of the published table, the reference first."""
    text = (resources.files("engine") / "simulate" / "clds_tables.csv").read_text(encoding="utf-8")
    variables: dict[str, list[CldsLevel]] = {}
    for row in csv.DictReader(text.splitlines()):
        level = CldsLevel(
            code=int(row["code"]),
            name=row["level"],
            label_zh=row["label_zh"],
            n=int(row["n"]),
            odds_ratio={name: float(row[name]) for name in EVENTS},
        )
        variables.setdefault(row["variable"], []).append(level)
    return variables
