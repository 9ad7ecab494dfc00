"""Formulas of limits, degrees of freedom and verdicts by hand: cases that other tests seldom reach."""

import math
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from scipy.special import betaincinv
from scipy.stats import skew, t

import engine
from engine.errors import DataError
from engine.estimators.index import bands
from engine.estimators.index import rows as index_rows
from engine.estimators.index.bands import CHUNK, SIMULATIONS, _chunks, studentized_maximum_modulus
from engine.estimators.index.dominance import dominance_rows
from engine.estimators.moments.rows import quantity_interval
from engine.estimators.rubin import Pooled
from engine.estimators.sample.sampling_units import degrees_of
from engine.estimators.sample.sorting import checked_outcome
from engine.estimators.sample.standard import empty_status
from engine.estimators.tables.domain_means import Proportion, proportion_interval
from engine.kernels.index.curve import ordinate_influence
from engine.results import TidyRow


def test_pooled_limits__are_those_of_student():
    pooled = Pooled(estimate=0.3, std_error=0.2, degrees=7.5, missing_information=0.1)
    half = t.ppf(0.95, 7.5) * 0.2
    assert pooled.interval(0.9) == pytest.approx((0.3 - half, 0.3 + half), rel=1e-12)
    assert pooled.p_value() == pytest.approx(2 * t.sf(1.5, 7.5), rel=1e-12)


def test_limits_of_a_ratio__are_those_of_its_logarithm():
    ratio = SimpleNamespace(is_ratio=True, has_sign=False)
    low, high, p = quantity_interval(2.0, 0.5, 12, 0.95, ratio)
    step = t.ppf(0.975, 12) * 0.5 / 2.0
    assert (low, high) == pytest.approx((2.0 * math.exp(-step), 2.0 * math.exp(step)), rel=1e-12)
    assert p == pytest.approx(2 * t.sf(math.log(2.0) / 0.25, 12), rel=1e-12)


@pytest.mark.parametrize("errors", ["linearised", "jackknife", "replicate weights"])
def test_limits_of_a_proportion__name_how_they_were_made(errors):
    of = Proportion(p=0.25, std_error=0.05, n=40, degrees=9, errors=errors)
    prefix = "" if errors == "linearised" else f"{errors}, "
    assert proportion_interval(of, 0.95, "beta")[2] == f"{prefix}Korn-Graubard"
    assert proportion_interval(of, 0.95, "logit")[2] == f"{errors}, logit"
    low, high, method = proportion_interval(of, 0.95, "normal")
    half = t.ppf(0.975, 9) * 0.05
    assert (low, high, method) == (
        pytest.approx(0.25 - half),
        pytest.approx(0.25 + half),
        f"{errors}, normal",
    )


def test_limits_of_a_proportion__need_a_degree_of_freedom():
    for p, std_error in ((0.25, 0.05), (0.0, 0.0)):
        none = Proportion(p=p, std_error=std_error, n=40, degrees=0, errors="linearised")
        assert np.isnan(proportion_interval(none, 0.95, "beta")[:2]).all()
    one = Proportion(p=1.0, std_error=0.0, n=1, degrees=1, errors="linearised")
    low, high, _ = proportion_interval(one, 0.95, "logit")
    assert (low, high) == (pytest.approx(betaincinv(1.0, 1.0, 0.025)), 1.0)


@pytest.mark.parametrize("groups", [(0,), (0, 1)])
def test_acceleration__is_a_sixth_of_the_skewness(groups):
    totals = [np.array([0.1, 0.4, 0.2, 0.9, 0.0]), np.array([2.0, 0.1, 0.3, 0.2, 0.3])]
    drawn = SimpleNamespace(totals_of=lambda g: totals[g].copy())
    plan = SimpleNamespace(stratum_end=np.array([5], np.int64))
    used = totals[0] if len(groups) == 1 else totals[1] - totals[0]
    expected = skew(used) / (6 * np.sqrt(5))
    assert index_rows._acceleration(drawn, groups, plan, "bca") == pytest.approx(expected, rel=1e-12)
    assert index_rows._acceleration(drawn, groups, plan, "percentile") == 0.0


def test_degrees__are_units_less_their_strata():
    design = SimpleNamespace(stratum_of_unit=np.array([0, 0, 1, 1, 1, 2, 2, 3]))
    for units, degrees in (([0, 1, 2, 3, 4, 5, 6, 7], 4), ([0, 2, 5, 6], 1), ([3, 4], 1), ([], 0)):
        assert degrees_of(np.array(units, np.int64), design) == degrees


@pytest.mark.parametrize(
    ("t_values", "multiple", "term"),
    [
        ([5.0, 0.1], 1, "above"),
        ([-5.0, 0.1], -1, "below"),
        ([5.0, -5.0], 0, "crosses"),
        ([1.0, -1.0], 0, "not significant"),
    ],
)
def test_dominance__is_significant_above_or_below_alone(t_values, multiple, term):
    errors = np.array([0.5, 0.25])
    rows = [*dominance_rows(TidyRow(measure=""), np.array(t_values) * errors, errors, 20, 0.95)]
    assert 2.0 < studentized_maximum_modulus(2, 20, 0.95) < 5.0
    assert [(row.estimate, row.term) for row in rows] == [(multiple, term), (0, rows[1].term)]
    both = [*dominance_rows(TidyRow(measure=""), 3 * errors, errors, 20, 0.95)]
    assert [row.estimate for row in both] == [1, 1]


def test_values_outside_their_bounds__are_counted_on_both_sides():
    values = np.array([-1.0, 0.0, 0.5, 1.0, 2.0, 3.0, np.nan])
    with pytest.raises(DataError, match="3 values lie outside"):
        checked_outcome("y", values, (0.0, 1.0))
    with pytest.raises(DataError, match="12 values lie outside"):
        checked_outcome("y", values, (0.0, 1.0), np.array([3, 1, 1, 1, 4, 5, 1]))
    assert checked_outcome("y", values, (-1.0, 3.0)) is values


def test_simulations_of_a_band__fit_memory():
    assert [*_chunks(100)] == [CHUNK // 100**2] * (SIMULATIONS // 200)
    assert [*_chunks(3)] == [SIMULATIONS]


def by_definition(weight, outcome, ends, point, window):
    """Influence of an ordinate's amount: see `ordinate_influence`."""
    share = weight / weight.sum()
    starts = [0, *ends[:-1]]
    p = np.array([0.0, *(share[:end].sum() for end in ends)])
    Y = np.array([0.0, *((share * outcome)[:end].sum() for end in ends)])
    s = next((s for s in range(len(ends)) if p[s + 1] >= point), len(ends) - 1)
    theta = (point - p[s]) / (p[s + 1] - p[s])
    low, high = s, s + 1
    if p[s + 1] - p[s] < 2 * window:
        low = max((j for j in range(s + 1) if p[j] <= point - window), default=0)
        high = min((j for j in range(s + 1, len(ends) + 1) if p[j] >= point + window), default=len(ends))
    level = (Y[high] - Y[low]) / (p[high] - p[low])
    held = np.concatenate([np.ones(starts[s]), np.full(ends[s] - starts[s], theta)])
    held = np.concatenate([held, np.zeros(len(weight) - ends[s])])
    return held * (outcome - level) + level * point - (Y[s] + theta * (Y[s + 1] - Y[s]))


@pytest.mark.parametrize("point", [0.02, 0.25, 0.5, 0.97])
@pytest.mark.parametrize("window", [0.0, 0.05, 0.12])
def test_influence_of_an_ordinate__is_its_definition(point, window):
    chance = np.random.default_rng(8)
    weight, outcome = chance.uniform(0.5, 2.0, 30), chance.uniform(0.0, 9.0, 30)
    ends = np.array([1, 2, 5, 6, 7, 9, 16, 17, 18, 20, 24, 27, 29, 30])
    found = ordinate_influence(weight, outcome, ends, weight.sum(), point, window)
    assert found == pytest.approx(by_definition(weight, outcome, ends, point, window), rel=1e-10)


FRAME = pl.DataFrame(
    {
        "ill": [int(i % 3 == 0 or i % 7 == 1) for i in range(120)],
        "sex": ["f" if (i * i) % 5 < 2 else "m" for i in range(120)],
        "area": ["a" if i < 50 else "b" for i in range(120)],
        "y": [(i * 7) % 23 for i in range(120)],
        "x": [(i * 11) % 40 for i in range(120)],
        "cluster": [i // 5 for i in range(120)],
    }
)


def test_test_of_a_group__is_that_of_its_people():
    def tests(frame, **by):
        rows = engine.rates(frame, "ill", "sex", stratum="area", cluster="cluster", test=True, **by).rows
        return {row.subgroup: (row.estimate, row.p_value) for row in rows if row.measure == "rao_scott_f"}

    found = tests(FRAME, by="area")
    for area in "ab":
        (alone,) = tests(FRAME.filter(pl.col("area") == area)).values()
        assert found[f"area={area}"] == pytest.approx(alone, rel=1e-9)


def test_curves_of_groups__are_compared_by_their_difference():
    again = FRAME.with_columns(area=pl.lit("c"), cluster=pl.col("cluster") + 100)
    frame = pl.concat([FRAME.with_columns(area=pl.lit("b")), again])
    rows = engine.concentration_curve(frame, "y", "x", by="area", cluster="cluster", points=4).rows
    (pair,) = {row.level for row in rows if row.level and " - " in row.level}
    verdicts = [row.estimate for row in rows if row.level == pair]
    assert verdicts == [0, 0]  # the groups are alike


def test_factor_of_nobody__has_0_per_level():
    kinds = {"sex": pl.Enum(["f", "m"]), "area": pl.Enum(["a", "b", "none"])}
    rows = engine.describe(FRAME.cast(kinds), "sex", by="area").rows
    of_nobody = [(row.estimate, row.status) for row in rows if row.subgroup == "area=none"]
    assert set(of_nobody) == {(0.0, "no observations")}


def test_names_of_columns__change_no_number():
    asked = {"ratio": (80.0, 20.0), "percentiles": (20.0, 60.0)}
    measures = ["kakwani", "reynolds_smolensky", "lorenz", "poorest_share", "percentile_ratio"]
    found = []
    for income, paid in (("a", "z"), ("z", "a")):
        frame = FRAME.select(pl.col("x").add(1.0).alias(income), pl.col("y").alias(paid), "cluster")
        rows = engine.financing(frame, paid, income, measures, cluster="cluster", **asked).rows
        found.append([(row.measure, row.level, row.estimate, row.std_error) for row in rows])
    assert found[0] == found[1]
    levels = {measure: level for measure, level, *_ in found[0]}
    assert levels == {
        "kakwani": None,
        "lorenz": "60",
        "poorest_share": "60",
        "percentile_ratio": "80/20",
        "reynolds_smolensky": None,
    }


@pytest.mark.parametrize("parameter", [1.5, 2.0, 2.2, 2.5, 3.0, 4.0])
def test_extended_index__is_its_definition(parameter):
    """1 - sum of (level over mean) (q_t^v - q_(t+1)^v), with q the share of people from a tie group on."""
    groups = FRAME.group_by("x").agg(level=pl.col("y").mean(), n=pl.len()).sort("x")
    share = (groups["n"] / len(FRAME)).to_numpy()
    above = np.append(np.cumsum(share[::-1])[::-1], 0.0)
    level = groups["level"].to_numpy() / FRAME["y"].mean()
    expected = 1.0 - (level * -np.diff(above**parameter)).sum()
    found = engine.concentration_index(FRAME, "y", "x", index="extended", parameter=parameter).estimate
    assert found == pytest.approx(expected, rel=1e-12)


def test_band_of_independent_points__has_the_limits_of_their_maximum(monkeypatch):
    monkeypatch.setattr(bands, "SIMULATIONS", 8_000)
    scale = np.array([0.5, 2.0, 1.0])
    found = bands.simultaneous_critical(np.diag(scale**2), 1000, 0.95, 3)
    assert found == pytest.approx(studentized_maximum_modulus(3, 1000, 0.95), rel=0.03)


def test_names_of_empty_cells__are_told_up_to_a_limit():
    names = [f"age={k}" for k in range(30)]
    more = {n: int(empty_status(names[:n]).split(" and ")[1].split()[0]) for n in (29, 30)}
    assert more[30] == more[29] + 1
    shown = 30 - more[30]
    assert empty_status(names[:shown]) == f"undefined: nobody in {'; '.join(names[:shown])}"
    assert empty_status(names[: shown + 1]).endswith("and 1 more cells")


def test_ids_in_two_strata__are_counted():
    frame = FRAME.with_columns(stratum=pl.int_range(120) // 40, id=pl.int_range(120) // 5 % 10)
    with pytest.raises(DataError, match="14 ids stand in more than one stratum"):
        engine.describe(frame, "y", stratum="stratum", cluster="id")
    rows = engine.describe(frame, "y", stratum="stratum", cluster="id", nested=True).rows
    assert next(row.n_clusters for row in rows if row.measure == "mean") == 24


@pytest.mark.parametrize("v", [1.5, 2.0, 3.0])
def test_generalized_indices__are_scaled_to_their_largest_value(v):
    found = {
        index: engine.concentration_index(FRAME, "y", "x", index=index, parameter=v).estimate
        for index in ("extended", "generalized_extended")
    }
    mean = FRAME["y"].mean()
    scale = mean * v ** (v / (v - 1)) / (v - 1)
    assert found["generalized_extended"] == pytest.approx(scale * found["extended"], rel=1e-12)
    symmetric, generalized = (
        engine.concentration_index(FRAME, "y", "x", index=index, parameter=v).estimate
        for index in ("symmetric", "generalized_symmetric")
    )
    assert generalized == pytest.approx(4.0 * mean * symmetric, rel=1e-12)


@pytest.mark.parametrize(("clusters", "is_doubtful"), [(23, True), (24, False)])
def test_curve_of_few_clusters__is_doubtful(clusters, is_doubtful):
    frame = FRAME.with_columns(cluster=pl.int_range(120) % clusters)
    rows = engine.concentration_curve(frame, "y", "x", cluster="cluster", points=4).rows
    (middle,) = [row for row in rows if row.level == "0.5" and row.method.endswith("pointwise")]
    assert middle.status.startswith("few sampling units") == is_doubtful
