"""Simulated coverage finds errors of a program: five planted ones, each in a design that shows it."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.coverage.columns import ranked
from benchmarks.coverage.designs import DESIGNS, Survey
from benchmarks.coverage.indices import BOUNDS, concentration_spec
from benchmarks.coverage.replicated import bootstrap
from benchmarks.coverage.simulate import random_of
from engine.arrays import DesignColumns
from engine.estimators.index.concentration import estimate_concentration
from engine.estimators.replicates.settings import ReplicateSettings
from engine.study.bootstrap import BootstrapSpec

SAMPLES = 2_000
Z = 1.959964
ROOM = 3.0  # Monte-Carlo errors


def estimated(survey, outcome, made=None, seed=0):
    spec = concentration_spec(outcome, ("standard",), bootstrap=made)
    settings = ReplicateSettings(seed=seed, threads=1)
    return estimate_concentration(ranked(survey, outcome), spec, BOUNDS, settings)


def index(survey, outcome, made=None, seed=0):
    """Return the row of a standard index; that of income is Gini's."""
    rows = estimated(survey, outcome, made, seed).rows
    return next(row for row in rows if (row.n_replicates is None) == (made is None))


def limits(row):
    return row.conf_low, row.conf_high


def without(name, survey):
    """Return a survey without a column of its design."""
    return replace(survey, columns=replace(survey.columns, **{name: None}))


def ill_people_more_often(people, random):
    """Draw 500 people, ill ones with the threefold chance."""
    chance = 1.0 + 2.0 * people.values["ill"]
    chance /= chance.sum()
    rows = random.choice(people.n, 500, p=chance)
    values = {name: column[rows] for name, column in people.values.items()}
    return Survey(values=values, columns=DesignColumns(weight=1.0 / chance[rows]))


def clusters_ignored(survey, seed):
    return limits(index(survey, "income")), limits(index(without("cluster", survey), "income"))


def weights_dropped(survey, seed):
    return limits(index(survey, "ill")), limits(index(without("weight", survey), "ill"))


def not_rescaled(survey, seed):
    """Draw as many PSUs of a stratum as there are, and not one less: of two PSUs, half of the variance."""
    wrong = BootstrapSpec(replicates=199, interval=("normal",), method="cluster")
    return tuple(limits(index(survey, "visits", made, seed)) for made in (bootstrap("normal"), wrong))


def ranks_kept(survey, seed):
    """Keep each person's rank in all replicates."""
    row = index(survey, "income", bootstrap("normal"), seed)
    y = np.sort(survey.values["income"])
    n = len(y)
    w = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=200)
    rank = (np.arange(n) + 0.5) / n
    kept = (2.0 * (w * y) @ rank - (w * y).sum(axis=1)) / (w * y).sum(axis=1)
    half = Z * kept.std(ddof=1)
    return limits(row), (row.estimate - half, row.estimate + half)


def off_by_one(survey, seed):
    """Take of 39 sorted replicates the second and the last but one, not the first and the last."""
    made = BootstrapSpec(replicates=39, interval=("percentile",))
    found = estimated(survey, "visits", made, seed)
    (replicates,) = found.replicates.values()
    _, low, *_, high, _ = np.sort(replicates)
    return limits(found.rows[-1]), (low, high)


DEFECTS = {
    clusters_ignored: ("income", DESIGNS["psus60"]),
    weights_dropped: ("ill", replace(DESIGNS["simple"], draw=ill_people_more_often)),
    not_rescaled: ("visits", DESIGNS["pairs"]),
    ranks_kept: ("income", DESIGNS["simple"]),
    off_by_one: ("visits", DESIGNS["simple"]),
}


@pytest.mark.slow
@pytest.mark.parametrize("defect", DEFECTS, ids=lambda one: one.__name__)
def test_planted_defect__shows_in_the_coverage(defect):
    outcome, design = DEFECTS[defect]
    truth = index(design.truth(), outcome).estimate
    holds = np.empty((SAMPLES, 2))
    for k in range(SAMPLES):
        survey = design.sample(random_of(defect.__name__, k))
        holds[k] = [low <= truth <= high for low, high in defect(survey, k)]
    right, wrong = holds.mean(axis=0)
    error = np.sqrt(right * (1.0 - right) / SAMPLES)
    print(f"{defect.__name__}: {100 * right:.1f} % (error {100 * error:.1f}), with it {100 * wrong:.1f} %")
    assert 0.93 - ROOM * error < right < 0.965 + ROOM * error
    assert not 0.93 - ROOM * error < wrong < 0.965 + ROOM * error
    assert abs(wrong - right) > ROOM * error
