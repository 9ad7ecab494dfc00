"""A simulated sample of the China Labor-force Dynamics Survey 2016: rural migrant workers.

Workers live in communities in cities. Margins and effects are the published ones of
`engine.simulate.clds_margins`; how places are laid out and how answers correlate is assumed. Nobody in the
sample is real.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from engine.simulate.clds_margins import (
    CITIES,
    CITY_GROWTH,
    COMMUNITIES,
    COMMUNITY_GROWTH,
    CONTEXT,
    CONTEXT_EFFECTS,
    EVENTS,
    LOADINGS,
    ROWS,
    SCREENED,
    SEED,
    SKEWED,
    VARIANCES,
    CldsLevel,
    clds_levels,
)
from engine.simulate.columns import Columns, FloatArray, IntArray
from engine.simulate.margins import scaled_counts


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedClds:
    """The sample: column -> (n,) values; and outcome -> name of each coefficient -> its true value."""

    columns: Columns
    truth: dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Places:
    """Where people live, (n,) each; the codes of cities and communities start at 1."""

    region: IntArray
    city_level: IntArray
    city: IntArray
    community: IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class _Workers:
    """The workers before their outcomes.

    Attributes
    ----------
    levels
        Variable -> its published levels.
    codes
        Variable -> (n,) code of each worker's level.
    context
        Variable of communities or cities -> (n,) values.
    places
        Where they live.
    """

    levels: Mapping[str, list[CldsLevel]]
    codes: Mapping[str, IntArray]
    context: Mapping[str, FloatArray]
    places: _Places


def simulate_clds(
    rows: int = ROWS, seed: int = SEED, *, balanced: bool = True, respondents: int = 0
) -> SimulatedClds:
    """Simulate workers, and other people whom the screening leaves out.

    Parameters
    ----------
    rows
        Workers; the margins keep their proportions.
    seed
        Of the simulation.
    balanced
        Whether the numbers of events are the expected ones, as published; otherwise each person is drawn
        alone.
    respondents
        Rows in all, with the people whom the screening leaves out; fewer than `rows` for none of these.
    """
    generator = np.random.Generator(np.random.Philox(key=[seed, 2016]))
    workers = _workers(rows, generator)
    outcomes: dict[str, IntArray] = {}
    truth: dict[str, dict[str, float]] = {}
    for outcome in EVENTS:
        outcomes[outcome], truth[outcome] = _outcome(outcome, workers, generator, balanced=balanced)
    panel: Columns = {
        "person": 2016_000_000_000 + np.arange(rows),
        "community": workers.places.community,
        "city": workers.places.city,
        "weight": np.exp(0.4 * generator.standard_normal(rows)),
        **workers.codes,
        **outcomes,
        "income": _income(workers.codes["income_fifth"], generator),
        **workers.context,
        **{name: np.ones(rows, np.int64) for name in SCREENED},
    }
    del panel["income_fifth"]
    if respondents > rows:
        panel = _with_screened(panel, respondents - rows, generator)
    panel["simulated"] = np.ones(len(panel["person"]), np.int64)
    return SimulatedClds(columns=panel, truth=truth)


def _workers(rows: int, generator: np.random.Generator) -> _Workers:
    """Draw where workers live and their answers: exact margins, correlated through two factors."""
    levels = clds_levels()
    places = _places(rows, levels, generator)
    factors = generator.standard_normal((rows, 2))
    codes: dict[str, IntArray] = {}
    for name, levels_of in levels.items():
        if name in ("region", "city_level"):
            continue
        a, b = LOADINGS.get(name, (0.0, 0.0))
        noise = np.sqrt(1.0 - a * a - b * b) * generator.standard_normal(rows)
        latent: FloatArray = a * factors[:, 0] + b * factors[:, 1] + noise
        codes[name] = _cut(latent, scaled_counts([level.n for level in levels_of], rows))
    codes |= {"region": places.region, "city_level": places.city_level}
    return _Workers(levels=levels, codes=codes, context=_context(places, generator), places=places)


def _cut(latent: FloatArray, counts: list[int]) -> IntArray:
    """Give the lowest values the first level, and so on: exact counts."""
    codes = np.empty(len(latent), np.int64)
    codes[np.argsort(latent, kind="stable")] = np.repeat(np.arange(1, len(counts) + 1), counts)
    return codes


def _places(rows: int, levels: Mapping[str, list[CldsLevel]], generator: np.random.Generator) -> _Places:
    """Draw region, level of the city, city and community of each person: places of unequal size."""
    region = np.repeat([1, 2, 3], scaled_counts([level.n for level in levels["region"]], rows))
    large = scaled_counts([level.n for level in levels["city_level"]], rows)[0]
    city_level = np.full(rows, 2)
    city_level[:large] = 1  # large cities lie in the East
    kind = region * 2 + city_level
    n_cities = round(CITIES * (rows / ROWS) ** CITY_GROWTH)
    n_communities = round(COMMUNITIES * (rows / ROWS) ** COMMUNITY_GROWTH)
    city, community = np.empty(rows, np.int64), np.empty(rows, np.int64)
    first_city, first_community = 1, 1
    for one in np.unique(kind):
        people = np.flatnonzero(kind == one)
        cities = max(2, round(n_cities * len(people) / rows))
        communities = max(cities, round(n_communities * len(people) / rows))
        sizes = generator.dirichlet(np.full(communities, 4.0))
        place = np.sort(generator.choice(communities, len(people), p=sizes))
        community[people] = first_community + place
        city[people] = first_city + place * cities // communities
        first_city, first_community = first_city + cities, first_community + communities
    return _Places(region=region, city_level=city_level, city=city, community=community)


def _context(places: _Places, generator: np.random.Generator) -> dict[str, FloatArray]:
    """Draw variables of communities and cities, with the published means and spreads over people."""
    context: dict[str, FloatArray] = {}
    for name, (mean, spread, level) in CONTEXT.items():
        place = places.city if level == "city" else places.community
        by_place = generator.standard_normal(int(place.max()) + 1)
        if name in SKEWED:
            by_place = np.exp(1.2 * by_place)
        values = by_place[place]
        context[name] = mean + spread * (values - values.mean()) / values.std()
        if name in SKEWED:
            context[name] = np.maximum(context[name], 0.0)
    return context


def _outcome(
    outcome: str, workers: _Workers, generator: np.random.Generator, *, balanced: bool
) -> tuple[IntArray, dict[str, float]]:
    """Draw an outcome from the published odds ratios, and return it with its true coefficients.

    The constant makes the expected number of events the published one.
    """
    share = EVENTS[outcome] / ROWS
    eta, truth = _fixed_part(outcome, workers)
    for level, place in (("city", workers.places.city), ("community", workers.places.community)):
        variance = VARIANCES[outcome][level]
        eta += np.sqrt(variance) * generator.standard_normal(int(place.max()) + 1)[place]
        truth[f"variance of {level}"] = variance
    constant = float(brentq(lambda a: (1.0 / (1.0 + np.exp(-(a + eta)))).mean() - share, -20.0, 20.0))
    truth["(constant)"] = constant
    p: FloatArray = 1.0 / (1.0 + np.exp(-(constant + eta)))
    if not balanced:
        return (generator.random(len(p)) < p).astype(np.int64), truth
    return _systematic(p, round(share * len(p)), generator), truth


def _fixed_part(outcome: str, workers: _Workers) -> tuple[FloatArray, dict[str, float]]:
    """Return the linear predictor (n,) without constant and random effects, and its coefficients."""
    eta = np.zeros(len(workers.places.city))
    truth: dict[str, float] = {}
    for name, levels in workers.levels.items():
        effects = np.array([np.log(level.odds_ratio[outcome]) for level in levels])
        eta += effects[workers.codes[name] - 1]
        truth |= {f"{name}={level.name}": float(b) for level, b in zip(levels[1:], effects[1:], strict=True)}
    for name, by_outcome in CONTEXT_EFFECTS.items():
        spread = CONTEXT[name][1]
        eta += by_outcome[outcome] / spread * workers.context[name]
        truth[name] = by_outcome[outcome] / spread
    return eta, truth


def _systematic(p: FloatArray, events: int, generator: np.random.Generator) -> IntArray:
    """Draw each person with probability p (n,), so that the total is the expected one."""
    order = generator.permutation(len(p))
    ends = np.floor(np.cumsum(p[order]) + generator.random())
    ends[-1] = max(events, ends[-2])
    drawn = np.zeros(len(p), np.int64)
    drawn[order] = np.minimum(np.diff(np.minimum(ends, events), prepend=0.0), 1.0)
    return drawn


def _income(fifth: IntArray, generator: np.random.Generator) -> FloatArray:
    """Return yuan a year, in the order of the fifths and without ties at their borders."""
    within = generator.permutation(len(fifth))
    order = np.lexsort((within, fifth))
    draws = np.sort(np.round(np.exp(10.2 + 0.8 * generator.standard_normal(len(fifth)))))
    income = np.empty(len(fifth))
    income[order] = draws + np.arange(len(fifth)) * 1e-6
    return income


def _with_screened(workers: Columns, others: int, generator: np.random.Generator) -> Columns:
    """Add people whom the screening rules leave out, each by one rule and otherwise like some worker."""
    like = generator.integers(0, len(workers["person"]), others)
    counts = scaled_counts([round(1000 * share) for share in SCREENED.values()], others)
    rule = np.repeat(np.arange(len(SCREENED)), counts)
    columns: Columns = {}
    for name, values in workers.items():
        added = values[like]
        if name in SCREENED:
            added = np.where(rule == [*SCREENED].index(name), 0, added)
        if name == "person":
            added = values.max() + 1 + np.arange(others)
        columns[name] = np.concatenate([values, added])
    order = generator.permutation(len(columns["person"]))
    return {name: values[order] for name, values in columns.items()}
