"""Errors of multilevel models are right at every level of confidence, not only at 95 %.

A thousand panels, each with true values of its own: the place of a true value in the normal distribution
that a fit tells is then uniform between 0 and 1 (Talts et al. 2018).
"""

import numpy as np
import polars as pl
import pytest
from scipy.special import ndtr
from scipy.stats import kstwo

import engine

FITS, VILLAGES, PEOPLE = 1_000, 60, 15
BAND = kstwo.ppf(0.99, FITS)
CHANCE = 0.015  # two Monte-Carlo errors of a coverage
MODELS = {"ill": engine.mixed_logit, "score": engine.mixed_linear}


def panel(random):
    """Return people of some villages, the true coefficients, and the true variance of villages."""
    beta = random.normal([-0.5, 0.5, -0.3], [0.5, 0.4, 0.4])
    sd = random.uniform(0.4, 1.2)
    village = np.repeat(np.arange(VILLAGES), PEOPLE)
    age, road = random.normal(size=len(village)), random.normal(size=VILLAGES)[village]
    eta = beta[0] + beta[1] * age + beta[2] * road + sd * random.normal(size=VILLAGES)[village]
    columns = {
        "ill": random.random(len(village)) < 1.0 / (1.0 + np.exp(-eta)),
        "score": eta + random.normal(size=len(village)),
    }
    return pl.DataFrame({**columns, "age": age, "road": road, "village": village}), beta, sd**2


@pytest.mark.slow
@pytest.mark.parametrize("outcome", MODELS)
def test_true_values__lie_anywhere_in_the_told_distributions(outcome):
    random = np.random.default_rng(5)
    places, holds = np.empty((FITS, 3)), np.zeros(FITS)
    for k in range(FITS):
        frame, beta, variance = panel(random)
        rows = MODELS[outcome](frame, outcome, ["age", "road"], ["village"]).rows
        coefficients = [row for row in rows if row.measure == "coefficient"]
        places[k] = [
            ndtr((b - row.estimate) / row.std_error) for row, b in zip(coefficients, beta, strict=True)
        ]
        of_villages = next(row for row in rows if row.measure == "variance")
        if of_villages.conf_low is not None:
            holds[k] = of_villages.conf_low <= variance <= of_villages.conf_high
    steps = (np.arange(FITS) + 0.5) / FITS
    distances = np.abs(np.sort(places, axis=0) - steps[:, None]).max(axis=0)
    inside = np.mean(np.abs(places - 0.5) < 0.475, axis=0)
    print(f"{outcome}: {distances.round(3)} of {BAND:.3f}, 95 % intervals hold {inside}, {holds.mean()}")
    assert (distances < BAND).all()
    assert ((inside > 0.93 - CHANCE) & (inside < 0.965 + CHANCE)).all()
    assert 0.93 - CHANCE < holds.mean() < 0.965 + CHANCE
