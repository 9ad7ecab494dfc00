"""The joint distribution of a simulated CMDS wave: published margins and rates, and Model 1 as the paper fitted it.

Of all distributions over the 6,912 covariate cells of each wave the one nearest (Kullback-Leibler) to a plausible seed
is taken for which every level holds its published number of people (Table 1), and the waves together, with common
odds ratios, the published number of records (Table 2). In each wave the odds ratios then move until every level has
its published rate. The common ones are chosen so that a logit on all waves without the wave, the paper's Model 1,
has the odds ratios printed in Table 3. Iterative proportional fitting solves such problems a margin at a time; here
all multipliers move together by Newton's method on the dual (Deville and Sarndal 1992): the same solution.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from engine.simulate.margins import ROWS, WAVES, Level, published_levels

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# Associations of the seed, between scores of -1 to 1: young people are unmarried, better schooled, newly arrived ...
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
    """What is true of the simulated people.

    Attributes
    ----------
    cells
        (c, 9) level codes of each cell, in the order of the published variables.
    names
        (d,) the columns of a model: the constant, then (variable, level).
    dummies
        (d, c) their values.
    waves
        Of each wave.
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
    cells = np.array([*product(*(range(1, len(own) + 1) for own in levels.values()))], np.int64)
    dummies = _dummies(levels, cells)
    names = (("(constant)", ""), *((name, level.name) for name, own in levels.items() for level in own[1:]))
    seeds = {
        wave: _nearest(_seed(levels, cells, wave), dummies, _targets(levels, "asked", wave)) for wave in WAVES
    }
    events = {wave: _targets(levels, "established", wave) for wave in WAVES}
    published = np.array([0.0, *(_log_ratio(level, own) for own in levels.values() for level in own[1:])])
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


def _log_ratio(level: Level, own: list[Level]) -> float:
    return float(np.log(level.odds_ratio / own[0].odds_ratio))


def _expit(x: FloatArray) -> FloatArray:
    return 1.0 / (1.0 + np.exp(-x))


def _dummies(levels: dict[str, list[Level]], cells: IntArray) -> FloatArray:
    """Return a constant and every level but each variable's first, (d, c)."""
    found = [np.ones(len(cells))]
    for k, own in enumerate(levels.values()):
        found += [(cells[:, k] == level.code).astype(np.float64) for level in own[1:]]
    return np.array(found)


def _targets(levels: dict[str, list[Level]], what: str, wave: str) -> FloatArray:
    """Return the published counts that belong to the dummies; people without a value are spread over the levels."""
    found: list[float] = []
    for own in levels.values():
        counts = np.array([getattr(level, what)[wave] for level in own], np.float64)
        whole = sum(getattr(level, what)[wave] for level in levels["sex"])
        counts *= whole / counts.sum()
        found += [*([counts.sum()] if not found else []), *counts[1:]]
    return np.array(found)


def _seed(levels: dict[str, list[Level]], cells: IntArray, wave: str) -> FloatArray:
    names = list(levels)
    scores = {}
    log_mass = np.zeros(len(cells))
    for k, (name, own) in enumerate(levels.items()):
        counts = np.array([level.n[wave] for level in own], np.float64)
        with np.errstate(divide="ignore"):
            log_mass += np.log(counts / counts.sum())[cells[:, k] - 1]
        scores[name] = 2.0 * (cells[:, k] - 1) / (len(own) - 1) - 1.0
    for (one, other), strength in ASSOCIATIONS.items():
        log_mass += strength * scores[one] * scores[other]
    east = cells[:, names.index("region")] == 1
    outside = cells[:, names.index("range")] == 2
    log_mass += EAST_FROM_OUTSIDE * (east & outside)
    return np.exp(log_mass) * ROWS[wave]


def _skipped(
    levels: dict[str, list[Level]], cells: IntArray, dummies: FloatArray, seed: FloatArray, wave: str
) -> FloatArray:
    """Return those who were not asked: in 2017 people here for up to five years (see the audit, A6)."""
    targets = _targets(levels, "n", wave) - _targets(levels, "asked", wave)
    if targets[0] == 0.0:
        return np.zeros(len(cells))
    recent = cells[:, [*levels].index("duration")] == 1
    possible = targets > 0.0
    return _nearest(np.where(recent, seed, 0.0), dummies[possible], targets[possible])


def _calibrated(
    levels: dict[str, list[Level]],
    dummies: FloatArray,
    seeds: dict[str, FloatArray],
    events: dict[str, FloatArray],
    common: FloatArray,
) -> dict[str, FloatArray]:
    """Move the seeds until people of every wave, and records of all waves together, are those published."""
    effect = common[1:] @ dummies[1:]
    p = {wave: _expit(_intercept(effect, seeds[wave], events[wave][0]) + effect) for wave in WAVES}
    empty = np.zeros_like(dummies)
    own = [
        np.concatenate([dummies if i == w else empty for i in range(len(WAVES))], 1)
        for w in range(len(WAVES))
    ]
    A = np.concatenate([*own, np.concatenate([dummies * p[wave] for wave in WAVES], 1)])
    targets = [*(_targets(levels, "asked", wave) for wave in WAVES), np.sum([*events.values()], axis=0)]
    found = _nearest(np.concatenate([*seeds.values()]), A, np.concatenate(targets))
    return dict(zip(WAVES, np.split(found, len(WAVES)), strict=True))


def _intercept(effect: FloatArray, mass: FloatArray, events: float) -> float:
    from scipy.optimize import brentq

    return float(brentq(lambda a: float(mass @ _expit(a + effect)) - events, -10.0, 10.0))


def _maximum(dummies: FloatArray, mass: FloatArray, events: FloatArray) -> FloatArray:
    """Return the logit (d,) whose expected records by level (d,) are those given; 0 for levels without people."""
    lived = dummies @ mass > 0.5
    X, beta = dummies[lived], np.zeros(int(lived.sum()))
    for _ in range(_STEPS):
        p = _expit(beta @ X)
        step = np.linalg.solve((X * (mass * p * (1.0 - p))) @ X.T, events[lived] - X @ (mass * p))
        beta += step
        if np.abs(step).max() < _NEAR:
            break
    found = np.zeros(len(dummies))
    found[lived] = beta
    return found


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
        length = 1.0
        while True:
            new_value, new_mass = dual(multiplier - length * step)
            if new_value <= value + 1e-14 or length < 1e-8:
                break
            length *= 0.5
        multiplier, value, mass = multiplier - length * step, new_value, new_mass
    raise AssertionError("the published tables contradict each other")
