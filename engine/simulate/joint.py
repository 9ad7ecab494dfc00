"""The joint distribution of a simulated CMDS wave: published margins and rates, and the paper's Model 1.

Each wave has 6,912 covariate cells. Of all distributions over them with the published numbers, the nearest
(Kullback-Leibler) to a plausible seed is taken. The numbers are the people of every level in each wave (Table
1) and, with common odds ratios, the records of every level in all waves together (Table 2). In each wave the
odds ratios then move until every level has its published rate. The common ones are chosen so that a logit on
all waves without the wave, the paper's Model 1, has the odds ratios printed in Table 3.

Iterative proportional fitting solves such problems one margin at a time; here all multipliers move together
by Newton's method on the dual (Deville and Sarndal 1992), which gives the same solution.

Letters: c cells, d columns of a model.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Literal

import numpy as np

from engine.simulate.columns import FloatArray, IntArray
from engine.simulate.margins import ROWS, WAVES, Level, published_levels

Levels = dict[str, list[Level]]

# Associations in the seed, between scores of -1 to 1: young people are
# unmarried, better schooled and newly arrived.
ASSOCIATIONS = {
    ("age", "marital"): 1.6,
    ("age", "education"): -0.9,
    ("age", "duration"): 0.9,
    ("education", "hukou"): 1.2,
    ("education", "reason"): 0.3,
    ("sex", "reason"): -0.5,
    ("marital", "reason"): -0.3,
    ("education", "range"): -0.3,
}
EAST_FROM_OUTSIDE = 1.2  # log-odds: the East draws people from other provinces
_STEPS, _NEAR = 200, 1e-11


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveTruth:
    """One wave of the simulated people.

    Attributes
    ----------
    asked, skipped
        (c,) expected people of each cell, asked about their record or not.
    beta
        (d,) constant and log odds ratio of each level but the first of its variable.
    """

    asked: FloatArray
    skipped: FloatArray
    beta: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The true distribution and coefficients of the simulated people.

    Attributes
    ----------
    cells
        (c, 9) level codes of each cell, in the order of the published variables.
    names
        (d,) the columns of a model: the constant, then (variable, level).
    dummies
        (d, c) their values.
    waves
        Wave -> its part of the truth.
    model_1
        (d,) the maximum of the expected likelihood of all waves without the wave: Table 3's Model 1.
    """

    cells: IntArray
    names: tuple[tuple[str, str], ...]
    dummies: FloatArray
    waves: dict[str, WaveTruth]
    model_1: FloatArray


@lru_cache(maxsize=1)
def cmds_truth() -> Truth:
    """Solve for the joint distribution; the same on every call."""
    levels = published_levels()
    cells = np.array([*product(*(range(1, len(one) + 1) for one in levels.values()))], np.int64)
    dummies = _dummies(levels, cells)
    names = (("(constant)", ""), *((name, level.name) for name, one in levels.items() for level in one[1:]))
    seeds = {
        wave: _nearest(_seed(levels, cells, wave), dummies, _targets(levels, "asked", wave)) for wave in WAVES
    }
    mass, beta, model_1 = _solved(levels, dummies, seeds)
    # Rounded, so that the last bits of a machine's linear algebra move nobody to another cell.
    waves = {
        wave: WaveTruth(
            asked=mass[wave].round(5),
            skipped=_skipped(levels, cells, dummies, seeds[wave], wave).round(5),
            beta=beta[wave].round(8),
        )
        for wave in WAVES
    }
    return Truth(cells=cells, names=names, dummies=dummies, waves=waves, model_1=model_1)


def _solved(
    levels: Levels, dummies: FloatArray, seeds: dict[str, FloatArray]
) -> tuple[dict[str, FloatArray], dict[str, FloatArray], FloatArray]:
    """Move the common odds ratios until Model 1 has the printed ones.

    Returns
    -------
    mass
        Wave -> (c,) people of each cell.
    beta
        Wave -> (d,) coefficients that give the published rates.
    model_1
        (d,) coefficients of the logit on all waves.
    """
    events = {wave: _targets(levels, "established", wave) for wave in WAVES}
    published = np.array([0.0, *(_log_ratio(level, one) for one in levels.values() for level in one[1:])])
    common = published.copy()
    for _ in range(_STEPS):
        mass = _calibrated(levels, dummies, seeds, events, common)
        beta = {wave: _maximum(dummies, mass[wave], events[wave]) for wave in WAVES}
        records = [dummies @ (mass[wave] * _expit(beta[wave] @ dummies)) for wave in WAVES]
        model_1 = _maximum(dummies, np.sum([*mass.values()], axis=0), np.sum(records, axis=0))
        gap = published[1:] - model_1[1:]
        if np.abs(gap).max() < _NEAR:
            break
        common[1:] += gap
    return mass, beta, model_1


def _log_ratio(level: Level, levels: list[Level]) -> float:
    """Return the log odds ratio of a level against the first of its variable."""
    return float(np.log(level.odds_ratio / levels[0].odds_ratio))


def _expit(x: FloatArray) -> FloatArray:
    return 1.0 / (1.0 + np.exp(-x))


def _dummies(levels: Levels, cells: IntArray) -> FloatArray:
    """Return a constant and every level but each variable's first, (d, c)."""
    rows = [np.ones(len(cells))]
    for k, levels_of in enumerate(levels.values()):
        rows += [(cells[:, k] == level.code).astype(np.float64) for level in levels_of[1:]]
    return np.array(rows)


def _targets(levels: Levels, what: Literal["n", "asked", "established"], wave: str) -> FloatArray:
    """Return the published counts of the dummies (d,); people without a value are spread over levels."""
    whole = sum(getattr(level, what)[wave] for level in levels["sex"])
    targets: list[float] = []
    for levels_of in levels.values():
        counts = np.array([getattr(level, what)[wave] for level in levels_of], np.float64)
        counts *= whole / counts.sum()
        targets += [*([counts.sum()] if not targets else []), *counts[1:]]
    return np.array(targets)


def _seed(levels: Levels, cells: IntArray, wave: str) -> FloatArray:
    """Return plausible people of each cell (c,): published margins, with the associations above."""
    names = list(levels)
    scores = {}
    log_mass = np.zeros(len(cells))
    for k, (name, levels_of) in enumerate(levels.items()):
        counts = np.array([level.n[wave] for level in levels_of], np.float64)
        with np.errstate(divide="ignore"):
            log_mass += np.log(counts / counts.sum())[cells[:, k] - 1]
        scores[name] = 2.0 * (cells[:, k] - 1) / (len(levels_of) - 1) - 1.0
    for (one, other), strength in ASSOCIATIONS.items():
        log_mass += strength * scores[one] * scores[other]
    east = cells[:, names.index("region")] == 1
    outside = cells[:, names.index("range")] == 2
    log_mass += EAST_FROM_OUTSIDE * (east & outside)
    return np.exp(log_mass) * ROWS[wave]


def _skipped(levels: Levels, cells: IntArray, dummies: FloatArray, seed: FloatArray, wave: str) -> FloatArray:
    """Return those who were not asked (c,): in 2017 arrivals of the last five years (see the audit, A6)."""
    targets = _targets(levels, "n", wave) - _targets(levels, "asked", wave)
    if targets[0] == 0.0:
        return np.zeros(len(cells))
    recent = cells[:, [*levels].index("duration")] == 1
    possible = targets > 0.0
    return _nearest(np.where(recent, seed, 0.0), dummies[possible], targets[possible])


def _calibrated(
    levels: Levels,
    dummies: FloatArray,
    seeds: dict[str, FloatArray],
    events: dict[str, FloatArray],
    common: FloatArray,
) -> dict[str, FloatArray]:
    """Move the seeds until people of each wave and records of all waves together are as published."""
    effect = common[1:] @ dummies[1:]
    p = {wave: _expit(_intercept(effect, seeds[wave], events[wave][0]) + effect) for wave in WAVES}
    empty = np.zeros_like(dummies)
    people = [np.concatenate([dummies if one == wave else empty for one in WAVES], 1) for wave in WAVES]
    records = np.concatenate([dummies * p[wave] for wave in WAVES], 1)
    A = np.concatenate([*people, records])
    targets = [*(_targets(levels, "asked", wave) for wave in WAVES), np.sum([*events.values()], axis=0)]
    mass = _nearest(np.concatenate([*seeds.values()]), A, np.concatenate(targets))
    return dict(zip(WAVES, np.split(mass, len(WAVES)), strict=True))


def _intercept(effect: FloatArray, mass: FloatArray, events: float) -> float:
    """Return the constant that gives the expected number of events."""
    from scipy.optimize import brentq

    return float(brentq(lambda a: float(mass @ _expit(a + effect)) - events, -10.0, 10.0))


def _maximum(dummies: FloatArray, mass: FloatArray, events: FloatArray) -> FloatArray:
    """Return the logit (d,) whose expected records by level are `events` (d,); 0 for empty levels."""
    has_people = dummies @ mass > 0.5
    X, beta = dummies[has_people], np.zeros(int(has_people.sum()))
    for _ in range(_STEPS):
        p = _expit(beta @ X)
        step = np.linalg.solve((X * (mass * p * (1.0 - p))) @ X.T, events[has_people] - X @ (mass * p))
        beta += step
        if np.abs(step).max() < _NEAR:
            break
    whole = np.zeros(len(dummies))
    whole[has_people] = beta
    return whole


def _nearest(seed: FloatArray, A: FloatArray, targets: FloatArray) -> FloatArray:
    """Return the masses m nearest to the seed (c,) with A m = targets: m = seed exp(A' lambda).

    Constraints that follow from others get a multiplier of 0 through the pseudo-inverse.
    """
    total = float(seed.sum())
    multiplier = np.zeros(len(A))

    def dual(at: FloatArray) -> tuple[float, FloatArray]:
        mass = seed * np.exp(np.minimum(A.T @ at, 50.0))
        return float(mass.sum() - at @ targets) / total, mass

    value, mass = dual(multiplier)
    for _ in range(_STEPS):
        gradient = A @ mass - targets
        if np.abs(gradient).max() < 1e-9 * total:
            return mass
        step = np.linalg.lstsq((A * mass) @ A.T, gradient, rcond=1e-12)[0]
        length = 1.0  # halved until the dual falls
        while True:
            new_value, new_mass = dual(multiplier - length * step)
            if new_value <= value + 1e-14 or length < 1e-8:
                break
            length *= 0.5
        multiplier, value, mass = multiplier - length * step, new_value, new_mass
    raise AssertionError("the published tables contradict each other")
