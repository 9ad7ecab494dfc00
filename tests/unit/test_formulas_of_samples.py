"""Formulas that stand between the rows and a statistic: sums, codes, densities, rows without weight."""

from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from scipy.special import expit, logit, stdtrit
from scipy.stats import norm

import engine
from engine.arrays import DesignColumns, VariableArrays
from engine.estimators.disparity.compared import level_places
from engine.estimators.disparity.entropy import generalized_entropy
from engine.estimators.disparity.group_table import GroupTable
from engine.estimators.financing import columns as financing
from engine.estimators.moments.cell_sums import CellSums
from engine.estimators.moments.columns import Columns, places
from engine.estimators.moments.estimand import Estimand
from engine.estimators.moments.moments import RANK, SampleMoments
from engine.estimators.sample.group_sample import GroupSample
from engine.estimators.sample.sorting import table_arrays
from engine.estimators.sample.variables import distinct
from engine.kernels.index.curve import ordinate_influence
from engine.kernels.survey.order_free import add_term, grids

CHANCE = np.random.default_rng(31)
SURVEY = pl.DataFrame(
    {
        "y": CHANCE.lognormal(1.0, 0.8, 120),
        "x": CHANCE.integers(1, 60, 120).astype(float),
        "ill": CHANCE.integers(0, 2, 120),
        "sex": CHANCE.choice(["f", "m"], 120),
        "area": np.repeat(["a", "b", "c"], 40),
        "w": CHANCE.uniform(0.5, 3.0, 120),
        "stratum": np.repeat([1, 2], 60),
        "cluster": np.arange(120) // 5,
    }
).with_columns(ill=pl.when(pl.col("area") == "a").then(0).otherwise("ill"))
DESIGN = {"weight": "w", "stratum": "stratum", "cluster": "cluster"}


def moments_of(values, weight, name="x"):
    """Return the moments of one ranking column, sorted."""
    order = np.argsort(values)
    values, weight = values[order], weight[order]
    cell = places(values)
    rows = SimpleNamespace(
        weight=weight,
        W=weight.sum(),
        n_people=len(values),
        tie_end=np.flatnonzero(np.append(cell[1:] != cell[:-1], True)) + 1,
    )
    known = Columns(
        rows=rows, values={name: values, "a": values, "z": values}, ranking=name, orders={RANK: cell}
    )
    return SampleMoments(known), values, weight


@pytest.mark.parametrize("shift", [0.0, -3.0])
@pytest.mark.parametrize("point", [0.1, 0.5, 0.9])
def test_influence_of_a_quantile__has_the_density_of_a_normal_kernel(shift, point):
    y, w = SURVEY["y"].to_numpy() + shift, SURVEY["w"].to_numpy()
    moments, values, weight = moments_of(y, w)
    shares = np.cumsum(weight) / weight.sum()
    quantile = values[np.argmax(shares >= point - 1e-12)]
    of, at, used, jacobian = values, quantile, weight, 1.0
    if quantile > 0.0:  # on the scale of logarithms
        of, at, used, jacobian = (
            np.log(values[values > 0]),
            np.log(quantile),
            weight[values > 0],
            1 / quantile,
        )
    mean = np.average(of, weights=used)
    sd = np.sqrt(np.average((of - mean) ** 2, weights=used))
    low, high = (of[np.argmax(np.cumsum(used) / used.sum() >= p)] for p in (0.25, 0.75))
    width = 0.9 * min(sd, (high - low) / 1.34) * len(values) ** -0.2
    density = (used * norm.pdf((of - at) / width)).sum() / width / weight.sum() * jacobian
    below = values <= quantile
    found = moments.quantile(point)
    assert found.value == quantile
    expected = -(below - weight[below].sum() / weight.sum()) / density
    assert found.influence == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("name", ["x", "a", "z"])
def test_ordinate__has_a_window_unless_the_column_ranks(name):
    moments, values, weight = moments_of(SURVEY["y"].to_numpy(), SURVEY["w"].to_numpy())
    window = 0.0 if name == "x" else 0.25 * len(values) ** -0.2
    ends = np.arange(1, len(values) + 1)
    expected = ordinate_influence(weight, values, ends, weight.sum(), 0.3, window)
    assert moments.ordinate(name, 0.3).influence.tolist() == expected.tolist()


def test_share_of_all__may_exceed_1_by_rounding():
    sums = CellSums(totals=np.array([0.8, 0.5, 0.2, 0.8, 0.6, 0.4]), amounts=np.ones(6))
    assert np.cumsum(sums.share).max() > 1.0
    kept = sums.kept(1.5)
    assert kept.sum() == pytest.approx(1.0, rel=1e-15)
    assert (kept > 0).all()


@pytest.mark.parametrize("lower", [1.0, -0.5, 4.0])
def test_ratio_of_numbers__has_the_influence_of_a_quotient(lower):
    above, below = np.array([0.5, -0.2]), np.array([1.0, 0.25])
    found = Estimand(np.array(3.0), above) / Estimand(np.array(lower), below)
    assert found.value == 3.0 / lower
    assert found.influence == pytest.approx(above / lower - 3.0 * below / lower**2, rel=1e-14)
    assert np.isnan((Estimand(np.array(3.0), above) / Estimand(np.array(0.0), below)).value)


def test_squared_weights_of_cells__have_the_scale_of_the_weights():
    group, size = np.array([0, 0, 1, -1]), 2.0**400
    weight, squares = np.array([1.0, 0.0, 3.0, 2.0]), np.array([0.7, 0.0, 5.0, 3.0])
    plain = table_arrays(DesignColumns(weight=weight, weight_squares=squares), group, ())
    assert plain.weight_squares.tolist() == squares.tolist()
    assert plain.group.tolist() == [0, -1, 1, -1]
    large = DesignColumns(weight=weight * size, weight_squares=squares)
    found = table_arrays(large, group, ())
    assert found.weight_squares.tolist() == (squares / found.weight_scale**2).tolist()
    assert (found.weight * found.weight_scale).tolist() == (weight * size).tolist()


def test_place_of_a_level__is_that_of_its_score_and_minus_1_where_missing():
    factor = VariableArrays(
        name="sex",
        levels=("b", "c", "a"),
        codes=np.array([0, 1, 2, -1], np.int32),
        values=None,
        missing=np.array([0, 0, 0, 1], np.uint8),
        scores=(0, 2, -1),
    )
    assert level_places(factor).tolist() == [1, 2, 0, -1]


def test_payments__are_over_any_share_of_a_capacity_that_is_not_positive(monkeypatch):
    capacity, paid = np.array([-0.5, 0.0, 0.0, 2.0, 4.0]), np.array([1.0, 1.0, 0.0, 1.0, 0.4])
    rows = SimpleNamespace(place=np.arange(5), outcome=paid, tie_end=np.arange(1, 6))
    monkeypatch.setattr(financing, "group_sample", lambda *_: rows)
    sample = SimpleNamespace(arrays=None, resources=capacity + 1.0, capacity=capacity)
    spec = SimpleNamespace(unit_cost=None, threshold=(0.2,), poverty_line=1.5)
    values = financing.financing_columns(sample, spec, 0, 0).values
    assert values["catastrophic 0.2"].tolist() == [1.0, 1.0, 0.0, 1.0, 0.0]
    assert values["over 0.2"] == pytest.approx([np.nan, np.nan, 0.0, 0.3, 0.0], nan_ok=True)
    assert values["gap"].tolist() == np.maximum(1.5 - (capacity + 1.0), 0.0).tolist()
    assert values["poor net"].tolist() == (capacity + 1.0 - paid < 1.5).tolist()


def test_slices_of_a_sum__hold_its_terms_without_an_error():
    terms = CHANCE.normal(size=60) * 10.0 ** CHANCE.integers(-9, 4, 60)
    grid = grids(np.array([abs(terms).max()]), len(terms))[0]
    sums, again = np.zeros(3), np.zeros(3)
    for x in terms:
        add_term(sums, grid, x)
    for x in terms[::-1]:
        add_term(again, grid, x)
    assert sums.tolist() == again.tolist()
    exact, found = sum(map(Fraction, terms)), sum(map(Fraction, sums))
    assert abs(found - exact) <= 60 * Fraction(grid[2]) / 2**52
    for k in range(3):  # a slice is on the raster of its grid, and small beside it
        assert Fraction(sums[k]) % (Fraction(grid[k]) / Fraction(3, 2) / 2**52) == 0
        assert abs(sums[k]) <= grid[k] / 3.0 + 1e-300
    assert not grids(np.array([2.0**1010, 2.0**1020]), 8)[:, 0].any()  # plain sums


def test_combinations__are_numbered_in_their_order():
    wide = np.array([2**40, 3, 2**40, 0, 3, 2**40])
    narrow = np.array([1, 0, 1, 1, 0, 0])
    for codes in ([narrow], [narrow, narrow[::-1]], [wide, narrow], [wide, wide[::-1], narrow]):
        number, example = distinct(codes)
        rows = np.array(codes).T.astype(float)
        expected = np.unique(rows, axis=0, return_inverse=True)[1].ravel()
        assert number.tolist() == expected.tolist()
        assert number[example].tolist() == list(range(expected.max() + 1))
        assert example.tolist() == [expected.tolist().index(k) for k in range(len(example))]


@pytest.mark.parametrize(
    ("outcome", "n"), [([], None), ([1.0], 3), ([0.0], 0), ([1.0, 0.5], None), ([1.0, 1.0], 6)]
)
def test_events__are_counted_where_all_values_are_0_or_1(outcome, n):
    rows = SimpleNamespace(
        outcome=np.array(outcome), n_people=3 * len(outcome), count=np.full(len(outcome), 3)
    )
    assert GroupSample.n_events.fget(rows) == n
    one = SimpleNamespace(outcome=np.array([1.0]), n_people=1, count=np.array([1]))
    assert GroupSample.n_events.fget(one) == 1


def answers(frame):
    """Return the names and the numbers of some functions, by row."""
    asked = [
        engine.describe(frame, ["y", "sex", "ill"], by="area", **DESIGN),
        engine.rates(frame, "ill", "sex", by="area", test=True, **DESIGN),
        engine.concentration_index(frame, "y", "x", by="area", compare=True, **DESIGN),
        engine.concentration_curve(frame, "y", "x", points=4, **DESIGN),
        engine.inequality(frame, "y", "theil", **DESIGN),
        engine.inequality(frame, "y", "sii", group="sex", **DESIGN),
    ]
    rows = [row for result in asked for row in result.rows]
    numbers = [(row.estimate, row.std_error, row.conf_high, row.n_obs, row.df2) for row in rows]
    return [(row.measure, row.subgroup, row.term, row.level) for row in rows], np.array(numbers, float)


def test_rows_without_weight__change_nothing():
    more = SURVEY.reverse().with_columns(w=pl.lit(0.0), y=pl.col("y") * 2.0, ill=pl.lit(1, pl.Int64))
    names, expected = answers(SURVEY)
    for frame in (pl.concat([SURVEY, more]), pl.concat([more, SURVEY])):
        found_names, found = answers(frame)
        assert found_names == names
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-13, nan_ok=True)


def test_people_of_no_cell__are_as_absent_from_standardised_rates():
    frame = SURVEY.with_columns(sex=pl.when(pl.int_range(120) % 3 > 0).then("sex"))
    standard = {"by": "sex", "population": [["f", 2.0], ["m", 3.0]]}
    found, expected = (
        engine.rates(people, "ill", "area", by="stratum", standardise=standard, **DESIGN).rows
        for people in (frame, frame.drop_nulls("sex"))
    )
    assert any(row.n_events for row in found)
    numbers = [
        np.array([(row.n_events, row.estimate, row.std_error, row.sum_weights) for row in rows], float)
        for rows in (found, expected)
    ]
    assert numbers[0] == pytest.approx(numbers[1], rel=1e-12, nan_ok=True)


def test_cell_of_size_0__does_not_count_in_standardised_means():
    only_men = {"by": "sex", "population": [["f", 0.0], ["m", 2.0]]}
    found = engine.inequality(SURVEY, "y", "ratio", group="area", standardise=only_men, **DESIGN)
    men = engine.inequality(SURVEY.filter(pl.col("sex") == "m"), "y", "ratio", group="area", **DESIGN)
    assert found.estimate == pytest.approx(men.estimate, rel=1e-12)


def test_group_of_nobody__has_no_observations():
    frame = SURVEY.with_columns(y=pl.when(pl.col("area") != "a").then("y"))
    rows = engine.inequality(frame, "y", "theil", by="area", **DESIGN).rows
    assert {row.status for row in rows if row.subgroup == "area=a"} == {"no observations"}


def test_theil_index__does_not_move_with_the_mean_of_a_group_at_0():
    share = np.array([0.2, 0.3, 0.5])
    table = GroupTable(mean=np.array([0.0, 1.0, 3.0]), share=share, parameter=1.0)
    found = generalized_entropy(table)
    relative = np.array([1.0, 3.0]) / 1.8
    value = (share[1:] * relative * np.log(relative)).sum()
    assert found.value == pytest.approx(value, rel=1e-14)
    assert found.by_mean == pytest.approx([0.0, *(share[1:] * (np.log(relative) - value) / 1.8)], abs=1e-15)


@pytest.mark.parametrize("conf_level", [0.8, 0.95])
def test_limits_of_a_curve__are_those_of_student_on_the_logit_scale(conf_level):
    rows = engine.concentration_curve(SURVEY, "y", "x", points=4, conf_level=conf_level, **DESIGN).rows
    pointwise = [
        row for row in rows if (row.method or "").endswith("pointwise") and row.level in ("0.25", "0.5")
    ]
    assert len(pointwise) == 2
    for row in pointwise:
        share = row.estimate
        half = stdtrit(22, 0.5 + conf_level / 2) * row.std_error / (share * (1 - share))
        limits = expit(logit(share) - half), expit(logit(share) + half)
        assert (row.conf_low, row.conf_high) == pytest.approx(limits, rel=1e-12)
