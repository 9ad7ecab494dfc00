"""A simulated sample of the China Labor-force Dynamics Survey 2016: rural migrant workers in communities in cities.

Margins are those of Li et al. 2022, Table 1, with its shifted rows put right; odds ratios those of Table 4; random
effects those of Table 3. Cells of Table 4 that cannot be odds ratios (smoking, alcohol and exercise of inpatients, per
capita income and institutions of the community) are 1, or what the prose says. Where 157 cities and 402 communities
lie and how answers hang together is made up. Nobody in it is real.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from engine.simulate.margins import scaled_counts

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Columns = dict[str, NDArray[np.float64] | NDArray[np.int64]]

ROWS, SEED = 3_322, 3_322
RESPONDENTS = 21_086
EVENTS = {"outpatient": 210, "inpatient": 196}
VARIANCES = {
    "outpatient": {"city": 0.243, "community": 0.036},
    "inpatient": {"city": 0.0, "community": 0.067},
}
# Log odds ratios of a standard deviation: Table 4's ratios of a unit, where they can be told from 1.
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
CITIES, COMMUNITIES, BEYOND = 157, 402, (0.157, 0.587)  # numbers at 3,322 people, and how they grow
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
SCREENED = (("hukou", 0.40), ("work", 0.42), ("away", 0.10), ("ncms", 0.05), ("complete", 0.03))


@dataclass(frozen=True, slots=True, kw_only=True)
class CldsLevel:
    """One level: its people in Table 1 and its odds ratios in Table 4."""

    code: int
    name: str
    label_zh: str
    n: int
    odds_ratio: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedClds:
    """The sample: column -> (n,) values; and outcome -> name of each coefficient -> its true value."""

    columns: Columns
    truth: dict[str, dict[str, float]]


def clds_levels() -> dict[str, list[CldsLevel]]:
    """Return the levels of each variable, in the order of the published table, the reference first."""
    text = (resources.files("engine") / "simulate" / "clds_tables.csv").read_text(encoding="utf-8")
    found: dict[str, list[CldsLevel]] = {}
    for row in csv.DictReader(text.splitlines()):
        found.setdefault(row["variable"], []).append(
            CldsLevel(
                code=int(row["code"]),
                name=row["level"],
                label_zh=row["label_zh"],
                n=int(row["n"]),
                odds_ratio={name: float(row[name]) for name in EVENTS},
            )
        )
    return found


def simulate_clds(
    rows: int = ROWS, seed: int = SEED, *, balanced: bool = True, respondents: int = 0
) -> SimulatedClds:
    """Simulate workers, and others whom the screening leaves out.

    Parameters
    ----------
    rows
        Workers; the margins keep their proportions.
    seed
        Of the simulation.
    balanced
        Whether the numbers with the events are the expected ones, as published, or everybody is drawn alone.
    respondents
        Rows in all, those whom the screening leaves out among them; none of these without.
    """
    generator = np.random.Generator(np.random.Philox(key=[seed, 2016]))
    levels = clds_levels()
    columns: Columns = {}
    region, city_level, city, community = _places(rows, levels, generator)
    factors = generator.standard_normal((rows, 2))
    for name, own in levels.items():
        if name in ("region", "city_level"):
            continue
        a, b = LOADINGS.get(name, (0.0, 0.0))
        noise = np.sqrt(1.0 - a * a - b * b) * generator.standard_normal(rows)
        latent: FloatArray = a * factors[:, 0] + b * factors[:, 1] + noise
        columns[name] = _cut(latent, scaled_counts([level.n for level in own], rows))
    columns |= {"region": region, "city_level": city_level}
    context = _context(city, community, generator)
    truth: dict[str, dict[str, float]] = {}
    for outcome, events in EVENTS.items():
        share = events / ROWS
        columns[outcome], truth[outcome] = _outcome(
            outcome, share, columns, levels, context, city, community, generator, balanced=balanced
        )
    panel: Columns = {
        "person": 2016_000_000_000 + np.arange(rows),
        "community": community,
        "city": city,
        "weight": np.exp(0.4 * generator.standard_normal(rows)),
        **columns,
        "income": _income(columns["income_fifth"], generator),
        **context,
        **{name: np.ones(rows, np.int64) for name, _ in SCREENED},
    }
    del panel["income_fifth"]
    if respondents > rows:
        panel = _with_screened(panel, respondents - rows, generator)
    panel["simulated"] = np.ones(len(panel["person"]), np.int64)
    return SimulatedClds(columns=panel, truth=truth)


def _cut(latent: FloatArray, counts: list[int]) -> IntArray:
    """Give the lowest to the first level, and so on: exact counts."""
    codes = np.empty(len(latent), np.int64)
    codes[np.argsort(latent, kind="stable")] = np.repeat(np.arange(1, len(counts) + 1), counts)
    return codes


def _places(
    rows: int, levels: Mapping[str, list[CldsLevel]], generator: np.random.Generator
) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Return region, level of the city, city and community of each person: places of unequal size."""
    region = np.repeat([1, 2, 3], scaled_counts([level.n for level in levels["region"]], rows))
    large = scaled_counts([level.n for level in levels["city_level"]], rows)[0]
    city_level = np.full(rows, 2)
    city_level[:large] = 1  # large cities lie in the East
    kind = region * 2 + city_level
    n_cities = round(CITIES * (rows / ROWS) ** BEYOND[0])
    n_communities = round(COMMUNITIES * (rows / ROWS) ** BEYOND[1])
    city, community = np.empty(rows, np.int64), np.empty(rows, np.int64)
    first_city, first_community = 1, 1
    for own in np.unique(kind):
        people = np.flatnonzero(kind == own)
        cities = max(2, round(n_cities * len(people) / rows))
        communities = max(cities, round(n_communities * len(people) / rows))
        place = np.sort(
            generator.choice(communities, len(people), p=generator.dirichlet(np.full(communities, 4.0)))
        )
        community[people] = first_community + place
        city[people] = first_city + place * cities // communities
        first_city, first_community = first_city + cities, first_community + communities
    return region, city_level, city, community


def _context(city: IntArray, community: IntArray, generator: np.random.Generator) -> dict[str, FloatArray]:
    """Return what is known of communities and cities; means and spreads over people as published."""
    found: dict[str, FloatArray] = {}
    for name, (mean, spread, level) in CONTEXT.items():
        place = city if level == "city" else community
        values = generator.standard_normal(int(place.max()) + 1)
        if name in SKEWED:
            values = np.exp(1.2 * values)
        own = values[place]
        found[name] = mean + spread * (own - own.mean()) / own.std()
        if name in SKEWED:
            found[name] = np.maximum(found[name], 0.0)
    return found


def _outcome(
    outcome: str,
    share: float,
    columns: Columns,
    levels: Mapping[str, list[CldsLevel]],
    context: Mapping[str, FloatArray],
    city: IntArray,
    community: IntArray,
    generator: np.random.Generator,
    *,
    balanced: bool,
) -> tuple[IntArray, dict[str, float]]:
    """Draw an outcome from the published odds ratios; the constant makes the expected number of events right."""
    rows, eta = len(city), np.zeros(len(city))
    truth: dict[str, float] = {}
    for name, own in levels.items():
        effects = np.array([np.log(level.odds_ratio[outcome]) for level in own])
        eta += effects[columns[name].astype(np.int64) - 1]
        truth |= {f"{name}={level.name}": float(b) for level, b in zip(own[1:], effects[1:], strict=True)}
    for name, by_outcome in CONTEXT_EFFECTS.items():
        spread = CONTEXT[name][1]
        eta += by_outcome[outcome] / spread * context[name]
        truth[name] = by_outcome[outcome] / spread
    for level, place in (("city", city), ("community", community)):
        variance = VARIANCES[outcome][level]
        eta += np.sqrt(variance) * generator.standard_normal(int(place.max()) + 1)[place]
        truth[f"variance of {level}"] = variance
    constant = float(brentq(lambda a: (1.0 / (1.0 + np.exp(-(a + eta)))).mean() - share, -20.0, 20.0))
    truth["(constant)"] = constant
    p = 1.0 / (1.0 + np.exp(-(constant + eta)))
    if not balanced:
        return (generator.random(rows) < p).astype(np.int64), truth
    order = generator.permutation(rows)  # systematic: everybody with probability p, and the total as expected
    ends = np.floor(np.cumsum(p[order]) + generator.random())
    ends[-1] = max(round(share * rows), ends[-2])
    drawn = np.zeros(rows, np.int64)
    drawn[order] = np.minimum(np.diff(np.minimum(ends, round(share * rows)), prepend=0.0), 1.0)
    return drawn, truth


def _income(fifth: NDArray[np.float64] | NDArray[np.int64], generator: np.random.Generator) -> FloatArray:
    """Return yuan a year, in the order of the fifths and without ties at their borders."""
    within = generator.permutation(len(fifth))
    order = np.lexsort((within, fifth))
    draws = np.sort(np.round(np.exp(10.2 + 0.8 * generator.standard_normal(len(fifth)))))
    income = np.empty(len(fifth))
    income[order] = draws + np.arange(len(fifth)) * 1e-6
    return income


def _with_screened(own: Columns, others: int, generator: np.random.Generator) -> Columns:
    """Add people whom the rules leave out, one rule after the other; the shares of the rules are assumed."""
    example = generator.integers(0, len(own["person"]), others)
    rule = np.repeat(
        np.arange(len(SCREENED)), scaled_counts([round(1000 * share) for _, share in SCREENED], others)
    )
    found: Columns = {}
    for name, values in own.items():
        more = values[example]
        for k, (key, _) in enumerate(SCREENED):
            if name == key:
                more = np.where(rule == k, 0, more)
        if name == "person":
            more = values.max() + 1 + np.arange(others)
        found[name] = np.concatenate([values, more])
    order = generator.permutation(len(found["person"]))
    return {name: values[order] for name, values in found.items()}
