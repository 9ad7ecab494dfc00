"""Multilevel logits: what must not matter, boundaries, and what cannot be fitted."""

import numpy as np
import polars as pl
import pytest

import engine
from engine.errors import DataError, EstimationError, UsageError


def people(n=1_200, *, s2=0.9, s3=0.0, seed=5):
    generator = np.random.default_rng(seed)
    village = generator.integers(0, 60, n)
    region = village // 6
    sex = generator.choice(["f", "m"], n)
    age = generator.normal(40, 12, n).round()
    effect = s2 * generator.normal(size=60)[village] + s3 * generator.normal(size=10)[region]
    p = 1 / (1 + np.exp(-(-1.0 + 0.5 * (sex == "m") + 0.02 * (age - 40) + effect)))
    return pl.DataFrame(
        {
            "ill": generator.random(n) < p,
            "sex": sex,
            "age": age,
            "village": village,
            "region": region,
            "w": generator.uniform(0.5, 2.0, n),
        }
    )


FRAME = people()


def fitted(frame, terms=("sex", "age"), levels=("village",), **options):
    return engine.mixed_logit(frame, "ill", [*terms], [*levels], **options)


def estimates(result):
    return [
        row.estimate for row in result.rows if row.measure in ("coefficient", "variance", "log_likelihood")
    ]


def test_row_order__does_not_matter():
    assert estimates(fitted(FRAME.sample(fraction=1, shuffle=True, seed=1))) == estimates(fitted(FRAME))


def test_threads__do_not_matter():
    assert estimates(fitted(FRAME, threads=1)) == estimates(fitted(FRAME, threads=3))


def test_units_of_a_covariate__do_not_matter():
    far = fitted(FRAME.with_columns(age=1e5 * pl.col("age") + 1e6))
    near = fitted(FRAME)
    assert far.log_likelihood == pytest.approx(near.log_likelihood, abs=1e-7)
    assert far.coefficients["estimate"][2] * 1e5 == pytest.approx(near.coefficients["estimate"][2], rel=1e-5)


def test_names_of_clusters__do_not_matter():
    renamed = FRAME.with_columns(village=pl.concat_str(pl.lit("v"), (97 * pl.col("village")) % 61))
    assert estimates(fitted(renamed)) == pytest.approx(estimates(fitted(FRAME)), rel=1e-6)


def test_constant_weights__change_nothing_but_the_errors():
    weighted = fitted(FRAME.with_columns(w=3.0), weight="w")
    assert estimates(weighted) == pytest.approx(estimates(fitted(FRAME)), rel=1e-6)
    assert all("robust" in str(row.method) for row in weighted.rows if row.measure == "coefficient")
    assert not any(row.measure in ("aic", "bic", "lr_chi2") for row in weighted.rows)


def test_scale_of_weights__does_not_matter():
    one, ten = fitted(FRAME, weight="w"), fitted(FRAME.with_columns(pl.col("w") * 10), weight="w")
    assert estimates(one) == pytest.approx(estimates(ten), rel=1e-7)
    assert estimates(one) != pytest.approx(estimates(fitted(FRAME)), rel=1e-3)


def test_repeated_ids__are_nested_and_told():
    repeated = FRAME.with_columns(village=pl.col("village") % 6)
    own = fitted(repeated, levels=("village", "region"))
    assert estimates(own) == pytest.approx(estimates(fitted(FRAME, levels=("village", "region"))), rel=1e-7)
    told = next(row for row in own.rows if row.measure == "n_clusters" and row.term == "village")
    assert told.estimate == 60
    assert told.status == "ok; 6 ids stand in several region: nested there"


def test_variance_that_is_not_there__is_0_at_the_boundary():
    alone = people(s2=0.0, seed=13)
    result = fitted(alone, levels=("village", "region"))
    single = engine.logit(alone, "ill", ["sex", "age"])
    assert 0.0 in result.variances.values()
    row = next(row for row in result.rows if row.measure == "variance" and row.estimate == 0.0)
    assert row.std_error is None
    assert row.status == "at the boundary: 0 is the maximum"
    assert result.log_likelihood >= single.log_likelihood - 1e-9
    parameters = next(row.estimate for row in result.rows if row.measure == "n_parameters")
    assert parameters == 3 + sum(own > 0 for own in result.variances.values())


def test_three_levels__contain_two():
    frame = people(s3=0.7, seed=2)
    three, two = fitted(frame, levels=("village", "region")), fitted(frame)
    assert three.log_likelihood > two.log_likelihood
    assert three.icc["village"] > three.icc["region"] > 0


def test_null_model__has_the_constant_only():
    result = fitted(FRAME, terms=())
    assert result.coefficients["term"].to_list() == ["(constant)"]
    assert result.odds_ratios.height == 0
    assert result.variances["village"] > 0.3


def test_separation_and_combinations__are_named():
    frame = FRAME.with_columns(
        never=pl.when(pl.col("ill"))
        .then(pl.lit("a"))
        .when(pl.col("age") > 60)
        .then(pl.lit("b"))
        .otherwise(pl.lit("a")),
        twice=2 * pl.col("age"),
    )
    result = fitted(frame, terms=("sex", "age", "never", "twice"))
    status = dict(result.coefficients.select("term", "status").iter_rows())
    assert status["never"] == "separated: the estimate is minus infinity"
    assert status["twice"] == "a combination of other columns"
    assert status["sex"] == status["age"] == "ok"


def test_modes__are_shrunken_and_told_without_ids():
    result = fitted(FRAME.with_columns(village=pl.concat_str(pl.lit("secret"), "village")), modes=True)
    found = result.modes
    assert found.height == 60
    assert found["level"].to_list() == [str(i) for i in range(1, 61)]
    assert found["estimate"].is_sorted()
    assert (found["std_error"] < np.sqrt(result.variances["village"])).all()
    assert found["estimate"].std() < np.sqrt(result.variances["village"])
    assert "secret" not in str(result.rows)


def test_weak_data__are_refused():
    with pytest.raises(
        DataError, match="levels 'village': 3 complete rows have no cluster; expected one each"
    ):
        fitted(
            FRAME.with_columns(village=pl.when(pl.int_range(pl.len()) < 3).then(None).otherwise("village"))
        )
    with pytest.raises(EstimationError, match="one person in every cluster"):
        fitted(FRAME.with_row_index("id"), levels=("id",))
    with pytest.raises(EstimationError, match="a single cluster"):
        fitted(FRAME.with_columns(village=1))
    with pytest.raises(EstimationError, match="predict the outcome perfectly"):
        fitted(FRAME.with_columns(copy=pl.col("ill").cast(pl.Int64)), terms=("copy",))
    with pytest.raises(UsageError, match=r"points: found 8; expected .*odd"):
        fitted(FRAME, points=8)
    with pytest.raises(UsageError, match="levels: found a name twice"):
        fitted(FRAME, levels=("village", "village"))
    with pytest.raises(DataError, match="no column 'vilage'"):
        fitted(FRAME, levels=("vilage",))
