"""What must hold for any logit: order, duplication, references, separation, products."""

import numpy as np
import polars as pl
import pytest

import engine
from engine.errors import DataError, EstimationError, UsageError


@pytest.fixture(scope="module")
def people():
    rng = np.random.default_rng(3)
    n = 800
    frame = pl.DataFrame(
        {
            "a": rng.choice(["x", "y", "z"], n),
            "b": rng.choice(["no", "yes"], n),
            "z": rng.normal(50.0, 9.0, n).round(),
            "w": rng.integers(1, 4, n).astype(float),
            "psu": rng.integers(0, 40, n),
        }
    )
    eta = -0.5 + 0.6 * (frame["a"] == "z") - 0.4 * (frame["b"] == "yes") + 0.02 * (frame["z"] - 50)
    return frame.with_columns(y=pl.Series(rng.random(n) < 1 / (1 + np.exp(-eta.to_numpy()))).cast(int))


def numbers(result, measure="coefficient"):
    return {(row.term, row.level): row.estimate for row in result.rows if row.measure == measure}


def errors(result):
    return {(row.term, row.level): row.std_error for row in result.rows if row.measure == "coefficient"}


@pytest.mark.parametrize("covariance", ["model", "robust", "cluster", "design"])
def test_order_of_rows__does_not_matter(people, covariance):
    asked = {"weight": "w", "cluster": "psu", "covariance": covariance}
    first = engine.logit(people, "y", ["a", "b", "z"], **asked)
    second = engine.logit(people.sample(fraction=1.0, shuffle=True, seed=1), "y", ["a", "b", "z"], **asked)
    assert numbers(second) == pytest.approx(numbers(first), rel=1e-11)
    assert errors(second) == pytest.approx(errors(first), rel=1e-11)


def test_frequencies__are_rows_repeated(people):
    repeated = people.with_columns(pl.col("w").cast(int)).select(pl.all().repeat_by("w").explode())
    for covariance in ("model", "robust", "cluster"):
        asked = {"cluster": "psu", "covariance": covariance}
        once = engine.logit(people, "y", ["a", "b", "z"], frequency="w", **asked)
        long = engine.logit(repeated, "y", ["a", "b", "z"], **asked)
        assert numbers(once) == pytest.approx(numbers(long), rel=1e-10)
        assert errors(once) == pytest.approx(errors(long), rel=1e-9)
        assert once.n_obs == long.n_obs == int(people["w"].sum())


def test_scale_of_weights__moves_neither_estimates_nor_design_errors(people):
    doubled = people.with_columns(pl.col("w") * 1000.0)
    for covariance in ("robust", "cluster", "design"):
        asked = {"weight": "w", "cluster": "psu", "covariance": covariance}
        first, second = (engine.logit(frame, "y", ["a", "b"], **asked) for frame in (people, doubled))
        assert numbers(second) == pytest.approx(numbers(first), rel=1e-11)
        assert errors(second) == pytest.approx(errors(first), rel=1e-11)


def test_another_reference__divides_the_odds_ratios(people):
    first = numbers(engine.logit(people, "y", ["a", "b"]), "odds_ratio")
    second = numbers(engine.logit(people, "y", ["a", "b"], references={"a": "y"}), "odds_ratio")
    for level in ("x", "z"):
        assert second["a", level] == pytest.approx(first["a", level] / first["a", "y"], rel=1e-10)


def test_scores__are_places_from_the_reference(people):
    coded = people.with_columns(
        score=pl.col("a").replace_strict({"x": 0.0, "y": 1.0, "z": 2.0}),
        yes=(pl.col("b") == "yes").cast(float),
    )
    by_scores = numbers(engine.logit(people, "y", ["a", "b"], scores=[("a", "b")]))
    by_hand = engine.logit(
        coded.with_columns(product=pl.col("score") * pl.col("yes")), "y", ["a", "b", "product"]
    )
    assert by_scores["a x b (scores)", None] == pytest.approx(numbers(by_hand)["product", None], rel=1e-9)
    # Another reference shifts the scores: main effects move, the product does not.
    moved = numbers(engine.logit(people, "y", ["a", "b"], scores=[("a", "b")], references={"a": "z"}))
    assert moved["a x b (scores)", None] == pytest.approx(by_scores["a x b (scores)", None], rel=1e-8)


def test_crude_ratios__use_the_rows_of_their_own_variable(people):
    holed = people.with_columns(b=pl.when(pl.col("z") > 60).then(None).otherwise(pl.col("b")))
    result = engine.logit(holed, "y", ["a", "b"], crude=True)
    alone = engine.logit(holed, "y", ["a"])
    crude = {row.level: row for row in result.rows if row.measure == "crude_odds_ratio" and row.term == "a"}
    assert crude["z"].n_obs == len(people) > result.n_obs
    assert crude["z"].estimate == pytest.approx(numbers(alone, "odds_ratio")["a", "z"], rel=1e-12)


def separated_frame():
    rng = np.random.default_rng(5)
    frame = pl.DataFrame({"a": rng.choice(["p", "q", "r"], 300), "b": rng.choice(["u", "v"], 300)})
    y = rng.random(300) < 0.4
    return frame.with_columns(y=pl.Series(y & (frame["a"] != "q").to_numpy()).cast(int))


def test_separation__is_named_and_the_rest_is_estimated_without_it():
    frame = separated_frame()
    result = engine.logit(frame, "y", ["a", "b"])
    rows = {row.level: row for row in result.rows if row.measure == "odds_ratio"}
    assert rows["q"].estimate is None
    assert rows["q"].status == "separated: the estimate is minus infinity"
    without = engine.logit(frame.filter(pl.col("a") != "q"), "y", ["a", "b"])
    assert rows["v"].estimate == pytest.approx(numbers(without, "odds_ratio")["b", "v"], rel=1e-9)
    assert rows["r"].estimate == pytest.approx(numbers(without, "odds_ratio")["a", "r"], rel=1e-9)
    assert result.log_likelihood == pytest.approx(without.log_likelihood, rel=1e-10)


def test_separation__by_the_reference_leaves_the_other_variables():
    frame = separated_frame()
    result = engine.logit(frame, "y", ["a", "b"], references={"a": "q"})
    rows = {(row.term, row.level): row for row in result.rows if row.measure == "odds_ratio"}
    assert rows["a", "p"].status == rows["a", "r"].status == "separated: the estimate is plus infinity"
    without = engine.logit(frame.filter(pl.col("a") != "q"), "y", ["a", "b"])
    assert rows["b", "v"].estimate == pytest.approx(numbers(without, "odds_ratio")["b", "v"], rel=1e-9)


def test_separation__by_a_number_is_found():
    frame = pl.DataFrame({"x": [1.0, 2, 3, 4, 5, 6, 7, 8], "y": [0, 0, 0, 0, 1, 1, 1, 1]})
    with pytest.raises(EstimationError, match="predict the outcome perfectly"):
        engine.logit(frame, "y", ["x"])


def test_separation__does_not_depend_on_units():
    x = [1.0, 2, 3, 4, 5, 5, 5, 6, 7, 8]
    y = [1, 1, 1, 1, 1, 0, 1, 0, 0, 0]
    for unit in (1.0, 1e8, 1e-9):
        frame = pl.DataFrame({"x": [unit * value for value in x], "y": y})
        row = next(row for row in engine.logit(frame, "y", ["x"]).rows if row.term == "x")
        assert row.status == "separated: the estimate is minus infinity"


def test_numbers_far_from_0__are_estimated(people):
    moved = people.with_columns(z=pl.col("z") + 1.7e9)
    first, second = (engine.logit(frame, "y", ["a", "z"]) for frame in (people, moved))
    assert numbers(second)["z", None] == pytest.approx(numbers(first)["z", None], rel=1e-5)
    assert second.log_likelihood == pytest.approx(first.log_likelihood, rel=1e-9)


def test_tests_of_what_others_replace__and_of_infinite_estimates(people):
    # R's drop1 gives 0 on 0 df for a variable that another one repeats.
    twice = people.with_columns(z2=2.0 * pl.col("z"))
    row = next(row for row in engine.logit(twice, "y", ["z", "z2", "a"]).rows if row.measure == "lr_chi2")
    assert (row.term, row.estimate, row.status) == ("z", None, "a combination of other columns")
    frame = separated_frame()
    rows = {
        (row.measure, row.term): row.estimate
        for row in engine.logit(frame, "y", ["a", "b"]).rows
        if not row.level
    }
    assert rows["n_parameters", None] == 4
    alone = engine.logit(frame, "y", ["b"])
    here = engine.logit(frame, "y", ["a", "b"]).log_likelihood
    assert rows["lr_chi2", "a"] == pytest.approx(2 * (here - alone.log_likelihood), rel=1e-9)


def test_infinite_covariates__are_refused(people):
    holed = people.with_columns(z=pl.when(pl.col("psu") == 0).then(float("inf")).otherwise(pl.col("z")))
    with pytest.raises(DataError, match="infinite values"):
        engine.logit(holed, "y", ["z"])


def test_collinear_columns__are_named():
    frame = separated_frame().filter(pl.col("a") != "q").with_columns(c=pl.col("b"))
    rows = {
        row.term: row for row in engine.logit(frame, "y", ["a", "b", "c"]).rows if row.measure == "odds_ratio"
    }
    assert rows["b"].status == "ok"
    assert rows["c"].status == "a combination of other columns"


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"terms": ["a", "a"]}, "a name twice"),
        ({"terms": ["a", ("a", "b")]}, "names 'b', which is no term"),
        ({"terms": ["a", ("a", "a")]}, "two or more different variables"),
        ({"terms": ["a", "z"], "scores": [("a", "z")]}, "the number 'z'"),
        ({"terms": ["a"], "covariance": "cluster"}, "without cluster"),
        ({"terms": ["a"], "covariance": "hc3"}, "covariance: found 'hc3'"),
        ({"terms": ["a"], "frequency": "w", "covariance": "design"}, "rows of several people"),
        ({"terms": ["a"], "references": {"a": "q"}}, "expected one of its levels"),
    ],
)
def test_bad_arguments__are_told(people, asked, told):
    with pytest.raises(UsageError, match=told):
        engine.logit(people, "y", **asked)
