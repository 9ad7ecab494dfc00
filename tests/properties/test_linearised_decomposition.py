"""Exact properties of the linearised errors of decompositions."""

import numpy as np
import polars as pl
import pytest

import engine
from tests.oracle.test_linearised_decomposition import MODELS, by_quantity, call_of, people

FRAME = people(40, seed=9, size=12)


def errors_of(frame=FRAME, call=MODELS[0], **changed):
    rows = by_quantity(engine.decompose(frame, **{**call_of(*call), **changed}))
    return {key: row.std_error for key, row in rows.items()}


@pytest.mark.parametrize("call", MODELS)
def test_error_of_the_index__is_that_of_the_index_alone(call):
    outcome, *_, index = call
    bounds = {} if outcome == "cost" else {"bounds": (0, 1)}
    alone = engine.concentration_index(FRAME, outcome, "income", "w", "h", "psu", index=index, **bounds)
    whole = by_quantity(engine.decompose(FRAME, **call_of(*call)))[index, None, None]
    assert whole.std_error == pytest.approx(alone.std_error, rel=1e-12)
    assert (whole.conf_low, whole.conf_high) == pytest.approx((alone.conf_low, alone.conf_high), rel=1e-9)
    assert whole.df2 == 36


def test_one_covariate_that_explains_all__has_the_error_of_the_index():
    """With y = 2 + 3 x the residual is 0 in every sample, and so is its error."""
    frame = FRAME.with_columns(line=2.0 + 3.0 * pl.col("wealth"))
    rows = by_quantity(
        engine.decompose(frame, "line", "income", ["wealth"], weight="w", stratum="h", cluster="psu")
    )
    whole, part = rows["standard", None, None], rows["contribution", "wealth", None]
    assert part.std_error == pytest.approx(whole.std_error, rel=1e-10)
    assert rows["effect", "wealth", None].std_error == pytest.approx(0.0, abs=1e-12)
    assert rows["residual", None, None].std_error == pytest.approx(0.0, abs=1e-12)
    assert rows["share", "wealth", None].std_error == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("call", [MODELS[0], MODELS[4]])
def test_totals__of_parts_add_up_to_that_of_the_index(call):
    """Need, the rest and the residual: their covariances give the error of the index."""
    from engine.estimators.decomposition import linearised

    kept = {}

    class Kept(linearised.LinearisedDecomposition):
        def _linearised(self, *given):
            for quantity, found in super()._linearised(*given):
                kept[quantity] = found
                yield quantity, found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("engine.estimators.decomposition.group_fit.LinearisedDecomposition", Kept)
        rows = by_quantity(engine.decompose(FRAME, **call_of(*call)))
    parts = [("contribution", "need"), ("contribution", "non-need"), ("residual", "")]
    total = sum(kept[part].influence for part in parts)
    whole = kept[call[-1], ""]
    assert total == pytest.approx(whole.influence, rel=1e-9, abs=1e-15)
    assert sum(float(kept[part].value) for part in parts) == pytest.approx(float(whole.value), rel=1e-12)
    for (measure, about), found in kept.items():
        if isinstance(about, str) and about in ("need", "non-need"):
            assert float(found.value) == pytest.approx(rows[measure, about, "all"].estimate, rel=1e-9)
    assert float(whole.value) == pytest.approx(rows[call[-1], None, None].estimate, rel=1e-12)


@pytest.mark.parametrize("call", [MODELS[0], MODELS[3], MODELS[6]])
def test_errors__do_not_depend_on_units_of_weights_and_covariates_or_on_ranks_of_another_scale(call):
    expected = errors_of(call=call)
    changed = FRAME.with_columns(pl.col("w") * 7.3, pl.col("age") * 12.0, income=pl.col("income").exp())
    found = errors_of(changed, call)
    for key, error in expected.items():
        factor = {"mean": 12.0, "effect": 1 / 12.0}.get(key[0], 1.0) if key[1] == "age" else 1.0
        assert found[key] == pytest.approx(factor * error, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("design", [{}, {"weight": None, "stratum": None, "cluster": None}])
def test_order_of_rows_and_threads__leave_every_bit_alone(design):
    rng = np.random.default_rng(4)
    coarse = FRAME.with_columns(pl.col("income") // 20, w=pl.lit(1.5), age=pl.col("age") // 10)
    expected = errors_of(coarse, MODELS[2], **design)
    for threads in (1, 2):
        shuffled = coarse[rng.permutation(len(coarse))]
        assert errors_of(shuffled, MODELS[2], **design, threads=threads) == expected


def test_replicates__stand_alone_where_they_are_asked_for():
    call = {**call_of(*MODELS[0]), "bootstrap": 50, "interval": "normal"}
    assert {row.method for row in engine.decompose(FRAME, **call).rows} == {
        "linear, rao-wu bootstrap, normal"
    }


def test_a_maximum_on_the_boundary__has_an_error_of_the_index_alone():
    frame = pl.DataFrame(
        {"y": [1, 0, 1, 0, 0, 0, 1, 1], "x": range(8), "g": [*"aaaabbaa"], "z": [*"uvuvuvuv"]}
    )
    rows = engine.decompose(frame, "y", "x", ["g", "z"], model="binomial-identity").rows
    assert [row.measure for row in rows if row.std_error is not None] == ["standard"]
    assert {row.method for row in rows} == {"binomial-identity", "binomial-identity, linearised"}
    assert {row.status for row in rows} == {"fitted probabilities on the boundary"}


def test_a_single_cluster__has_no_errors():
    frame = FRAME.with_columns(psu=pl.lit(1), h=pl.lit(1))
    rows = engine.decompose(frame, **call_of(*MODELS[0]), single_psu="certainty").rows
    assert {row.status for row in rows} == {"no degrees of freedom", "negative values"}
    assert {row.std_error for row in rows} == {None}


def test_an_index_of_a_mean_of_0__has_errors_of_effects_alone():
    centred = FRAME.with_columns(cost=pl.Series([-1.0, 1.0] * (len(FRAME) // 2)), w=pl.lit(1.0))
    rows = by_quantity(engine.decompose(centred, **call_of("cost", "linear", "average", "generalized")))
    assert rows["generalized", None, None].std_error > 0
    with pytest.raises(engine.EstimationError, match="mean is zero"):
        engine.decompose(centred, **call_of(*MODELS[0]))
    missing = {key[0] for key, row in rows.items() if row.std_error is None}
    assert missing == {"elasticity"}


@pytest.mark.parametrize("single_psu", ["adjust", "certainty"])
def test_single_psus_and_groups__count_as_for_the_index_alone(single_psu):
    frame = FRAME.with_columns(h=pl.when(pl.col("psu") == 0).then(9).otherwise(pl.col("h")))
    design = {"single_psu": single_psu, "by": "wave"}
    parts = engine.decompose(frame, **call_of(*MODELS[0]), **design).rows
    alone = engine.concentration_index(frame, "cost", "income", "w", "h", "psu", **design).rows
    found = {row.wave: row for row in parts if row.measure == "standard"}
    expected = {row.wave: row for row in alone if row.measure == "standard"}
    assert found.keys() == expected.keys() == {"a", "b"}
    for wave, row in expected.items():
        assert found[wave].std_error == pytest.approx(row.std_error, rel=1e-12)
        assert found[wave].df2 == row.df2
