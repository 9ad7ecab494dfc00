"""Properties of decompositions, and their replicates against computing every resample anew."""

import numpy as np
import polars as pl
import pytest

import engine
from engine.kernels.draws.draws import exact_rows
from engine.kernels.draws.streams import stream_key
from engine.kernels.regression import glm, links

TERMS = ["sex", "tenure", "age", "wealth"]
CALL = {"outcome": "ill", "rank_by": "income", "terms": TERMS, "need": ["sex", "age"], "bounds": (0, 1)}
MODELS = ["linear", "logit", "probit", "binomial-identity"]


@pytest.fixture(scope="module")
def people():
    rng = np.random.default_rng(12)
    n = 600
    age, wealth = rng.integers(20, 60, n), rng.normal(0, 1, n).round(3)
    tenure = rng.choice(["own", "rent", "other"], n)
    p = 0.3 + 0.004 * (age - 40) - 0.05 * (tenure == "rent") - 0.03 * wealth
    return pl.DataFrame(
        {
            "ill": (rng.random(n) < p).astype(int),
            "income": rng.integers(1, 40, n) + 3 * wealth.round(),
            "age": age,
            "wealth": wealth,
            "tenure": tenure,
            "sex": rng.choice(["f", "m"], n),
            "w": rng.uniform(0.5, 2, n),
            "psu": rng.integers(0, 40, n),
        }
    )


def numbers(result):
    return {(row.measure, row.term, row.level): row.estimate for row in result.rows}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("index", ["standard", "generalized", "erreygers", "wagstaff", "modified"])
def test_parts__add_up_exactly(people, model, index):
    result = engine.decompose(people, **CALL, weight="w", model=model, index=index)
    found = numbers(result)
    assert result.contributions["contribution"].sum() + result.residual == pytest.approx(
        result.index, rel=1e-13
    )
    groups = found["contribution", "need", "all"] + found["contribution", "non-need", "all"]
    assert groups + result.residual == pytest.approx(result.index, rel=1e-13)
    assert result.horizontal_inequity == pytest.approx(
        result.index - found["contribution", "need", "all"], rel=1e-13
    )
    assert result.contributions["share"].sum() + found["share", "residual", None] == pytest.approx(100)
    alone = engine.concentration_index(people, "ill", "income", "w", index=index, bounds=(0, 1))
    assert result.index == pytest.approx(alone.estimate, rel=1e-12)


@pytest.mark.parametrize("model", MODELS)
def test_invariants__hold(people, model):
    base = numbers(engine.decompose(people, **CALL, weight="w", model=model))
    scaled = numbers(
        engine.decompose(people.with_columns(pl.col("w") * 7.3), **CALL, weight="w", model=model)
    )
    shuffled = numbers(
        engine.decompose(people.sample(fraction=1, shuffle=True, seed=1), **CALL, weight="w", model=model)
    )
    doubled = numbers(engine.decompose(pl.concat([people, people]), **CALL, weight="w", model=model))
    for other in (scaled, shuffled, doubled):
        assert list(other.values()) == pytest.approx(list(base.values()), rel=1e-7, abs=1e-9)
    twice = people.with_columns(w=pl.lit(2.0))
    repeated = numbers(engine.decompose(pl.concat([people, people]), **CALL, model=model))
    weighted = numbers(engine.decompose(twice, **CALL, weight="w", model=model))
    assert list(repeated.values()) == pytest.approx(list(weighted.values()), rel=1e-7, abs=1e-9)
    turned = numbers(
        engine.decompose(people.with_columns(-pl.col("income")), **CALL, weight="w", model=model)
    )
    for key, value in base.items():
        if key[0] in ("contribution", "residual", "concentration_index", "standard"):
            assert turned[key] == pytest.approx(-value, rel=1e-7, abs=1e-12)


@pytest.mark.parametrize("model", MODELS)
def test_replicates__equal_the_decomposition_of_each_resample(people, model):
    """Rows repeated as often as a replicate drew them, decomposed from scratch."""
    from engine.api.arguments import RankedArguments
    from engine.api.frame_arrays import covariate, ranked_sample
    from engine.estimators.decomposition.covariates import covariates_of
    from engine.estimators.decomposition.estimate import estimate_decomposition
    from engine.estimators.replicates.settings import ReplicateSettings
    from engine.study import BootstrapSpec, DecompositionSpec

    variables = [covariate(people, name, None) for name in TERMS]
    arrays = ranked_sample(people, RankedArguments(outcome="ill", rank_by="income", weight="w"), (0.0, 1.0))
    spec = DecompositionSpec(
        name="d",
        kind="decomposition",
        outcome="ill",
        rank_by="income",
        terms=TERMS,
        need=("sex", "age"),
        model=model,
        bootstrap=BootstrapSpec(replicates=40, method="iid"),
    )
    estimates = estimate_decomposition(arrays, variables, spec, (0.0, 1.0), ReplicateSettings(seed=3))
    covariates = covariates_of(variables, arrays.order, spec.need)
    counts = (
        exact_rows(stream_key(3, "iid"), arrays.n)
        .multipliers(arrays.n, 0, 2)
        .transpose(0, 2, 1)
        .reshape(-1, arrays.n)
    )
    for b in (0, 17, 39):
        rows = arrays.order[np.repeat(np.arange(arrays.n), counts[b])]
        expected = numbers(engine.decompose(people[rows], **CALL, weight="w", model=model))
        columns = {(c.term, c.level): k for k, c in enumerate(covariates.columns, start=1)}
        for (term, level), k in columns.items():
            for measure in ("contribution", "effect", "mean", "elasticity", "concentration_index", "share"):
                found = estimates.replicates[0][measure, k][b]
                assert found == pytest.approx(expected[measure, term, level], rel=1e-6, abs=1e-8)
        if model != "linear":
            found = estimates.replicates[0]["horizontal_inequity", "standardised"][b]
            assert found == pytest.approx(expected["horizontal_inequity", None, "standardised"], rel=1e-6)


@pytest.mark.parametrize("method", ["iid", "cluster", "rao-wu", "poisson", "jackknife"])
def test_threads_and_batches__leave_every_bit_alone(people, method, monkeypatch):
    from engine.estimators.replicates import batches

    def rows(threads):
        return engine.decompose(
            people,
            **CALL,
            weight="w",
            cluster="psu",
            model="logit",
            bootstrap=100,
            method=method,
            seed=2,
            interval="normal",
            threads=threads,
        ).rows

    base = rows(1)
    assert rows(2) == base
    monkeypatch.setattr(batches, "BATCH_WORK", 1.0)
    assert rows(3) == base


def test_replicates_that_cannot_be_fitted__are_counted():
    rng = np.random.default_rng(1)
    n = 200
    rare = np.zeros(n, int)
    rare[:2] = 1  # missed by a resample with probability (1 - 1/100)^200, 13 %
    frame = pl.DataFrame(
        {"y": rng.normal(3, 1, n), "x": rng.integers(0, 50, n), "rare": rare, "z": rng.normal(0, 1, n)}
    )
    result = engine.decompose(frame, "y", "x", ["rare", "z"], bootstrap=1000, seed=1)
    row = next(row for row in result.rows if row.measure == "contribution")
    assert row.n_failed == pytest.approx(1000 * 0.99**200, abs=45)  # four binomial errors
    assert "no interval" in row.status
    assert result.rows[0].n_failed == 0  # the index itself needs no covariate


def test_many_values__take_the_dense_way_with_the_same_result(people, monkeypatch):
    from engine.estimators.decomposition import rank_tables

    call = {**CALL, "weight": "w", "model": "logit", "bootstrap": 50, "seed": 1}
    base = engine.decompose(people, **call).rows
    monkeypatch.setattr(rank_tables, "MOST_VALUES", 5)
    monkeypatch.setattr(rank_tables, "MOST_ROWS", 4)
    for row, other in zip(base, engine.decompose(people, **call).rows, strict=True):
        assert other.estimate == pytest.approx(row.estimate, rel=1e-10, abs=1e-14)
        assert other.std_error == pytest.approx(row.std_error, rel=1e-7)


def test_portable_functions__are_exact():
    from scipy.special import ndtr

    x = np.linspace(-30, 30, 4001)
    assert np.array([links.exponential.py_func(v) for v in x[::50]]) == pytest.approx(
        np.exp(x[::50]), rel=5e-16
    )
    found = np.array([links.normal_distribution(v) for v in x])
    assert found == pytest.approx(ndtr(x), rel=2e-13, abs=1e-300)


def test_separation__is_named():
    frame = pl.DataFrame({"y": [0, 0, 0, 1, 1, 1] * 5, "x": range(30), "z": [0, 1, 2, 3, 4, 5] * 5})
    with pytest.raises(engine.EstimationError, match="separate"):
        engine.decompose(frame, "y", "x", ["z"], model="logit")


@pytest.mark.parametrize("model", ["linear", "logit"])
def test_collinear_covariates__are_named(people, model):
    frame = people.with_columns(again=pl.col("age") * 2.0 + 1)
    with pytest.raises(engine.EstimationError, match="'again' is a combination"):
        engine.decompose(frame, "ill", "income", ["age", "sex", "again"], model=model)


def test_cholesky__solves():
    rng = np.random.default_rng(0)
    a = rng.normal(size=(7, 7))
    a = a @ a.T + np.eye(7)
    b, step = rng.normal(size=7), np.empty(7)
    assert glm.cholesky_solve(np.tril(a), b, step) == -1
    assert step == pytest.approx(np.linalg.solve(a, b), rel=1e-10)


@pytest.mark.parametrize("model", ["logit", "probit"])
@pytest.mark.parametrize("kind", [pl.Boolean, pl.Int8, pl.Float64])
def test_booleans_and_0_1_numbers__are_dummies(people, model, kind):
    """Under ``discrete`` they have the difference, as the same column as text has; not the derivative."""
    call = {**CALL, "weight": "w", "model": model, "effect": "discrete"}
    as_number = people.with_columns(sex=(pl.col("sex") == "m").cast(kind))
    of_number = numbers(engine.decompose(as_number, **call))
    of_text = numbers(engine.decompose(people, **call))
    average = numbers(engine.decompose(as_number, **{**call, "effect": "average"}))
    for measure in ("effect", "elasticity", "contribution", "concentration_index"):
        assert of_number[measure, "sex", None] == pytest.approx(of_text[measure, "sex", "m"], rel=1e-12)
    assert of_number["effect", "sex", None] != pytest.approx(average["effect", "sex", None], rel=1e-6)
