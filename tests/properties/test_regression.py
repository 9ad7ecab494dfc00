"""What must hold for any regression of numbers, counts and categories: order, weights, units, statuses."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import engine
from engine.errors import DataError, EstimationError, UsageError
from tests.properties.cases import cases

OUTCOMES = {"linear": "cost", "poisson": "visits", "negative-binomial": "visits", "ordered-logit": "health"}
TERMS = ["a", "b", "z"]
each_model = pytest.mark.parametrize("model", OUTCOMES)


@pytest.fixture(scope="module")
def people():
    rng = np.random.default_rng(8)
    n = 500
    frame = pl.DataFrame(
        {
            "a": rng.choice(["x", "y", "z"], n),
            "b": rng.choice(["no", "yes"], n),
            "z": rng.normal(50.0, 9.0, n).round(),
            "w": rng.integers(1, 4, n).astype(float),
            "psu": rng.integers(0, 60, n),
        }
    )
    eta = -0.5 + 0.6 * (frame["a"] == "z").to_numpy() + 0.02 * (frame["z"] - 50).to_numpy()
    return frame.with_columns(
        visits=pl.Series(rng.poisson(np.exp(eta) * rng.gamma(1.0, 1.0, n))),
        health=pl.Series(np.digitize(eta + rng.logistic(size=n), [-0.5, 1.0])),
        cost=pl.Series(eta + rng.normal(size=n)),
    )


def fit(frame, model, **given):
    return engine.regression(frame, OUTCOMES[model], TERMS, model, **given)


def numbers(result, measure="coefficient", key="estimate"):
    return {(row.term, row.level): getattr(row, key) for row in result.rows if row.measure == measure}


def by_measure(result, measure):
    return [row for row in result.rows if row.measure == measure]


@each_model
@pytest.mark.parametrize("covariance", ["model", "robust", "cluster", "design"])
def test_order_of_rows__moves_no_bit(people, model, covariance):
    asked = {"weight": "w", "cluster": "psu", "covariance": covariance}
    first = fit(people, model, **asked)
    second = fit(people.sample(fraction=1.0, shuffle=True, seed=1), model, **asked)
    assert first.rows == second.rows


@each_model
def test_scale_of_weights__moves_neither_estimates_nor_design_errors(people, model):
    doubled = people.with_columns(pl.col("w") * 1024.0)
    for covariance in ("robust", "cluster", "design"):
        asked = {"weight": "w", "cluster": "psu", "covariance": covariance}
        first, second = (fit(frame, model, **asked) for frame in (people, doubled))
        for key in ("estimate", "std_error"):
            assert numbers(second, key=key) == pytest.approx(numbers(first, key=key), rel=1e-10)


@each_model
def test_frequencies__are_rows_repeated(people, model):
    repeated = people.with_columns(pl.col("w").cast(int)).select(pl.all().repeat_by("w").explode())
    for covariance in ("model", "robust", "cluster"):
        asked = {"cluster": "psu", "covariance": covariance}
        once, long = fit(people, model, frequency="w", **asked), fit(repeated, model, **asked)
        for key in ("estimate", "std_error", "p_value"):
            assert numbers(once, key=key) == pytest.approx(numbers(long, key=key), rel=1e-8)
        assert once.n_obs == long.n_obs == int(people["w"].sum())


@given(unit=st.floats(1e-6, 1e6), shift=st.floats(-100.0, 100.0))
@cases(15)
def test_unit_of_a_linear_outcome__scales_everything_but_the_tests(people, unit, shift):
    asked = {"weight": "w", "cluster": "psu", "covariance": "design"}
    first = fit(people, "linear", **asked)
    second = fit(people.with_columns(pl.col("cost") * unit + shift), "linear", **asked)
    for key in ("estimate", "std_error"):
        of_first, of_second = (numbers(result, key=key) for result in (first, second))
        for label in of_first:
            if label != ("(constant)", None):
                assert of_second[label] == pytest.approx(unit * of_first[label], rel=1e-6)
    tests = [numbers(result, "wald_f") for result in (first, second)]
    assert tests[1] == pytest.approx(tests[0], rel=1e-6)


@pytest.mark.parametrize("model", ["poisson", "negative-binomial"])
def test_equal_exposure__moves_the_constant_only(people, model):
    first = fit(people, model)
    second = fit(people.with_columns(t=pl.lit(365.0)), model, exposure="t")
    of_first, of_second = numbers(first), numbers(second)
    assert of_second.pop(("(constant)", None)) == pytest.approx(
        of_first.pop(("(constant)", None)) - np.log(365.0), rel=1e-9
    )
    assert of_second == pytest.approx(of_first, rel=1e-8, abs=1e-10)


def test_more_exposure_of_some__is_a_lower_rate_of_them(people):
    exposed = people.with_columns(t=pl.when(pl.col("b") == "yes").then(2.0).otherwise(1.0))
    first, second = fit(people, "poisson"), fit(exposed, "poisson", exposure="t")
    ratios = [numbers(result, "incidence_rate_ratio")["b", "yes"] for result in (first, second)]
    assert ratios[1] == pytest.approx(ratios[0] / 2, rel=1e-9)


@each_model
def test_another_reference__takes_the_differences_of_coefficients(people, model):
    first, second = numbers(fit(people, model)), numbers(fit(people, model, references={"a": "y"}))
    for level in ("x", "z"):
        base = first.get(("a", level), 0.0)
        assert second["a", level] == pytest.approx(base - first["a", "y"], rel=1e-8)


def test_categories_in_reverse__turn_the_signs(people):
    first = fit(people, "ordered-logit")
    second = fit(people.with_columns(health=2 - pl.col("health")), "ordered-logit")
    of_first, of_second = numbers(first), numbers(second)
    assert of_second == pytest.approx({label: -value for label, value in of_first.items()}, rel=1e-8)
    assert numbers(second, key="std_error") == pytest.approx(numbers(first, key="std_error"), rel=1e-8)
    thresholds = [[row.estimate for row in by_measure(result, "threshold")] for result in (first, second)]
    assert thresholds[1] == pytest.approx([-value for value in reversed(thresholds[0])], rel=1e-8)


@each_model
def test_combination_of_other_columns__is_a_status(people, model):
    doubled = people.with_columns(twice=2.0 * pl.col("z") + 1.0)
    result = engine.regression(doubled, OUTCOMES[model], [*TERMS, "twice"], model)
    rows = {row.term: row for row in by_measure(result, "coefficient")}
    assert rows["twice"].status == "a combination of other columns"
    assert rows["twice"].estimate is None
    without = numbers(fit(people, model))
    assert rows["z"].estimate == pytest.approx(without["z", None], rel=1e-9)
    assert {row.term: row.status for row in by_measure(result, "wald_f")}["twice"].startswith("separated or")


@pytest.mark.parametrize("model", ["poisson", "negative-binomial", "ordered-logit"])
def test_level_without_any__is_an_infinite_estimate_and_the_rest_stays(people, model):
    name = OUTCOMES[model]
    emptied = people.with_columns(pl.when(pl.col("a") == "y").then(0).otherwise(pl.col(name)).alias(name))
    result = fit(emptied, model)
    rows = {(row.term, row.level): row for row in by_measure(result, "coefficient")}
    assert rows["a", "y"].status == "separated: the estimate is minus infinity"
    without = fit(emptied.filter(pl.col("a") != "y"), model)
    for label, estimate in numbers(without).items():
        assert rows[label].estimate == pytest.approx(estimate, rel=1e-7)


def test_highest_category_of_a_level__is_an_infinite_estimate(people):
    raised = people.with_columns(health=pl.when(pl.col("a") == "y").then(2).otherwise(pl.col("health")))
    rows = {row.level: row for row in by_measure(fit(raised, "ordered-logit"), "odds_ratio")}
    assert rows["y"].status == "separated: the estimate is plus infinity"
    assert rows["x"].status == "reference"


def test_reference_without_any__makes_all_ratios_infinite(people):
    emptied = people.with_columns(visits=pl.when(pl.col("a") == "x").then(0).otherwise(pl.col("visits")))
    statuses = {row.level: row.status for row in by_measure(fit(emptied, "poisson"), "incidence_rate_ratio")}
    assert statuses["y"] == statuses["z"] == "separated: the estimate is plus infinity"
    assert statuses["yes"] == "ok"


def test_category_that_nobody_has__is_a_status(people):
    levels = ["low", "middle", "high", "highest"]
    names = people["health"].replace_strict({0: "low", 1: "middle", 2: "highest"})
    named = people.with_columns(health=names.cast(pl.Enum(levels)))
    result = fit(named, "ordered-logit")
    rows = {row.level: row for row in by_measure(result, "threshold")}
    assert [*rows] == ["low | middle", "middle | highest", "high"]
    assert rows["high"].status == "nobody has this category"
    assert numbers(result) == pytest.approx(numbers(fit(people, "ordered-logit")), rel=1e-10)


def test_counts_without_overdispersion__have_alpha_0_and_the_poisson_fit(people):
    even = people.with_columns(visits=pl.Series(np.arange(len(people)) % 2 + 1))
    poisson, ours = fit(even, "poisson"), fit(even, "negative-binomial")
    assert numbers(ours) == numbers(poisson)
    assert numbers(ours, key="std_error") == numbers(poisson, key="std_error")
    (alpha,) = by_measure(ours, "alpha")
    assert (alpha.estimate, alpha.status) == (0.0, "at the boundary: 0 is the maximum")


def test_little_overdispersion__comes_near_the_poisson_fit():
    rng = np.random.default_rng(4)
    frame = pl.DataFrame({"x": rng.normal(size=4000)}).with_columns(
        y=pl.Series(rng.poisson(np.exp(1.0 + 0.3 * rng.normal(size=4000) * 0.05)))
    )
    ours = engine.regression(frame, "y", ["x"], "negative-binomial")
    poisson = engine.regression(frame, "y", ["x"], "poisson")
    assert by_measure(ours, "alpha")[0].estimate < 0.02
    assert numbers(ours) == pytest.approx(numbers(poisson), abs=1e-3)


@pytest.mark.parametrize("model", ["poisson", "negative-binomial"])
@pytest.mark.parametrize(("value", "what"), [(-3.0, "negative"), (1.375, "whole numbers")])
def test_impossible_counts__are_refused_without_telling_them(people, model, value, what):
    bad = people.with_columns(
        visits=pl.when(pl.int_range(pl.len()) < 2).then(value).otherwise(pl.col("visits"))
    )
    with pytest.raises(DataError, match=f"2 values are (no )?{what}") as error:
        fit(bad, model)
    assert str(value) not in str(error.value)
    assert "model = 'linear'" in str(error.value)


@pytest.mark.parametrize(
    ("change", "asked", "error", "message"),
    [
        ({"health": pl.lit("good")}, {"model": "ordered-logit"}, DataError, "strings, which have no order"),
        (
            {"health": pl.col("z") * 0 + pl.int_range(pl.len())},
            {"model": "ordered-logit"},
            DataError,
            "at most 50",
        ),
        ({"visits": pl.lit(2)}, {"model": "poisson"}, EstimationError, "all have the same value"),
        ({}, {"model": "linear", "exposure": "z"}, UsageError, "expected a model of counts"),
        (
            {"z0": pl.col("z") * 0},
            {"model": "poisson", "exposure": "z0"},
            DataError,
            "500 values are 0, negative",
        ),
        ({}, {"model": "probit"}, UsageError, "'linear', 'poisson', 'negative-binomial' or 'ordered-logit'"),
        ({}, {"model": "poisson", "covariance": "cluster"}, UsageError, "without cluster"),
        ({"cost": pl.col("cost") / 0}, {"model": "linear"}, DataError, "infinite values"),
        ({}, {"model": "poisson", "constant": False}, UsageError, "expected model = 'linear'"),
        ({}, {"model": "linear", "constant": False}, UsageError, "with the factor 'a'; expected terms"),
    ],
)
def test_impossible_requests__say_what_to_do(people, change, asked, error, message):
    with pytest.raises(error, match=message):
        engine.regression(
            people.with_columns(**change), OUTCOMES.get(asked["model"], "visits"), ["a", "b"], **asked
        )


def test_more_coefficients_than_degrees__have_no_interval(people):
    few = people.with_columns(psu=pl.col("psu") % 3)
    rows = by_measure(fit(few, "linear", cluster="psu", covariance="design"), "coefficient")
    assert {row.status for row in rows} == {"no degrees of freedom"}
    assert all(row.estimate is not None and row.conf_low is None for row in rows)


def test_level_that_ends_where_all_others_begin__is_told_and_not_estimated(people):
    low = pl.when(pl.col("psu") < 30).then(-1).otherwise(0)
    apart = people.with_columns(health=pl.when(pl.col("a") == "y").then(low).otherwise(pl.col("health")))
    with pytest.raises(EstimationError, match="does not converge"):
        fit(apart, "ordered-logit")
