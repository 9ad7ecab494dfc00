"""Corners that a sample of mutants showed: verdicts below, shares in errors, fits that do not settle."""

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

import engine
from engine.errors import DataError
from engine.estimators.disparity import dispersion, slopes
from engine.estimators.disparity.group_table import GroupTable
from engine.estimators.financing.columns import _received
from engine.estimators.index.dominance import dominance_rows
from engine.estimators.sample.balance_groups import effective_sizes
from engine.results import TidyRow


@pytest.mark.parametrize(
    ("difference", "multiple", "union"),
    [
        ([9.0, 9.0], ("above", 1.0), ("above", 1.0)),
        ([-9.0, -9.0], ("below", -1.0), ("below", -1.0)),
        ([9.0, 0.0], ("above", 1.0), ("not significant", 0.0)),
        ([0.0, -9.0], ("below", -1.0), ("not significant", 0.0)),
        ([9.0, -9.0], ("crosses", 0.0), ("crosses", 0.0)),
        ([0.1, -0.1], ("not significant", 0.0), ("not significant", 0.0)),
    ],
)
def test_verdicts_on_two_curves__are_above_below_crossing_or_none(difference, multiple, union):
    rows = [*dominance_rows(TidyRow(measure="x"), np.array(difference), np.ones(2), 50, 0.95)]
    assert [(row.method, row.term, row.estimate) for row in rows] == [
        ("multiple comparison", *multiple),
        ("intersection-union", *union),
    ]


@pytest.mark.parametrize(
    "measure", ["between_group_variance", "between_group_sd", "coefficient_of_variation"]
)
def test_dispersion__has_the_derivatives_of_its_formula(measure):
    """By differences in means and in shares, all people alike; shares sum to 1 where they are used."""
    compute, mean = getattr(dispersion, measure), np.array([2.0, 3.0, 7.0])
    counts, step = np.array([20.0, 50.0, 30.0]), 1e-6

    def value(mean, counts):
        return compute(GroupTable(mean=mean, share=counts / counts.sum())).value

    found = compute(GroupTable(mean=mean, share=counts / counts.sum()))
    for k in range(3):
        unit = np.eye(3)[k]
        slope = (value(mean + step * unit, counts) - value(mean - step * unit, counts)) / (2 * step)
        assert found.by_mean[k] == pytest.approx(slope, rel=1e-7, abs=1e-8)
        # One person more of group k: its share grows, those of others shrink.
        more = (value(mean, counts + step * unit) - value(mean, counts - step * unit)) / (2 * step)
        share = counts / counts.sum()
        assert (found.by_share[k] - found.by_share @ share) / counts.sum() == pytest.approx(
            more, rel=1e-6, abs=1e-8
        )


def test_slope__that_does_not_settle_is_undefined(monkeypatch):
    share, rank = np.full(4, 0.25), np.array([0.125, 0.375, 0.625, 0.875])
    away, overall = np.array([-0.2, -0.1, 0.1, 0.2]), np.array(0.4)
    settled = slopes.fit_slope(away, overall, share, rank, "logit")
    assert np.isfinite(settled.coefficients).all()
    monkeypatch.setattr(slopes, "_MOST_STEPS", 1)
    assert np.isnan(slopes.fit_slope(away, overall, share, rank, "logit").coefficients).all()


def test_payments_and_fees_below_0__are_refused_however_small():
    spec = SimpleNamespace(unit_cost=2.0)
    assert _received("visits", np.array([0.0, 0.5, 3.0]), np.array([0.25, 2.0, 0.0]), spec).tolist() == [
        0.0,
        0.0,
        6.0,
    ]
    for values, fee in (([-0.5, 1.0], [0.0, 0.0]), ([0.5, 1.0], [0.0, -0.25])):
        with pytest.raises(DataError, match="found 1 negative values"):
            _received("visits", np.array(values), np.array(fee), spec)


def test_effective_sizes__are_those_of_each_group_alone():
    groups = SimpleNamespace(group=np.array([0, 1, 1, 2, -1]), names=("a", "b", "c"))
    cells = SimpleNamespace(factor=np.array([1.0, 1.0, 3.0, 2.0, 9.0]))
    sums, squares = np.array([4.0, 2.0, 2.0, 5.0, 9.0]), np.array([4.0, 2.0, 2.0, 5.0, 9.0])
    assert [*effective_sizes(groups, cells, sums, squares)] == [
        {"group": "a", "before": 4.0, "after": 4.0},
        {"group": "b", "before": 4.0, "after": 64.0 / 20.0},
        {"group": "c", "before": 5.0, "after": 5.0},
    ]


@pytest.mark.parametrize("group", ["a", None])
def test_row_without_rank__is_nobody_with_a_group_or_without(group):
    people = pl.DataFrame(
        {"y": [0.0, 1.0, 1.0, 0.0, 5.0], "x": [1.0, 2.0, 3.0, 4.0, None], "g": ["a", "a", "a", "a", group]}
    )
    found = engine.concentration_index(people, "y", "x", by="g", index="generalized")
    expected = engine.concentration_index(people.head(4), "y", "x", index="generalized")
    estimates = [row.estimate for row in found.rows if row.measure == "generalized"]
    assert estimates == [expected.estimate]


def test_standardised_rate__counts_the_first_cell_of_the_standard():
    people = pl.DataFrame(
        {
            "ill": [1, 0, 0, 1, 1, 0, 1, 1],
            "sex": ["m"] * 4 + ["f"] * 4,
            "age": ["old", "old", "young", "young"] * 2,
        }
    )
    rows = engine.rates(
        people, "ill", "sex", standardise={"by": "age", "population": [["old", 1.0], ["young", 1.0]]}
    ).rows
    found = {
        row.level: (row.estimate, row.n_obs, row.n_events)
        for row in rows
        if row.measure == "standardised_rate"
    }
    assert found["m"] == (0.5, 4, 2)
    assert found["f"] == (0.75, 4, 3)


@pytest.mark.parametrize("standard", [None, {"by": "age", "population": [["o", 1.0], ["n", 1.0]]}])
def test_share_of_a_mean_of_0__says_so_with_a_standard_population_too(standard):
    people = pl.DataFrame({"y": [0.0] * 8, "g": ["a", "b"] * 4, "age": ["o", "o", "n", "n"] * 2})
    rows = engine.inequality(people, "y", "cov", group="g", ordered=False, standardise=standard).rows
    assert [(row.estimate, row.status) for row in rows] == [(None, "mean is zero")]
