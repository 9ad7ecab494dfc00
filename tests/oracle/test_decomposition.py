"""Decompositions against R: contributions, effects, fits, horizontal inequity and their standard errors."""

import numpy as np
import polars as pl
import pytest

import engine

TERMS = ["sex", "tenure", "place", "age"]
MODELS = {"LPM": "linear", "logit": "logit", "probit": "probit"}
EFFECTS = {"ame_cont": "average", "ame_disc": "discrete", "mem_cont": "at-means"}
INDICES = {"GC": "generalized", "CI": "standard", "E": "erreygers", "W": "wagstaff"}
NEED = ["age", "female", "age2"]
NON_NEED = ["log_income", "own", "urban"]


@pytest.fixture(scope="module")
def prepared(reference):
    return reference.frame.with_columns(
        age2=pl.col("age") ** 2 / 100,
        log_income=pl.col("income").log(),
        own=(pl.col("tenure").is_in(["own_house", "own_apartment"])).cast(int),
    )


@pytest.mark.parametrize("index", INDICES)
def test_contributions__equal_r(reference, index):
    cases = reference.numbers("contributions")
    assert len(cases) == 14
    for case in cases:
        name, *rest = case["model"].split()
        result = engine.decompose(
            reference.frame,
            "high",
            "income",
            TERMS,
            weight=case["weights"],
            model=MODELS[name],
            effect=EFFECTS.get(rest[0], "average"),
            index=INDICES[index],
            bounds=(0, 1),
        )
        found = result.contributions
        # R stops its own probit at a deviance that no longer changes by 1e-8.
        near = 1e-8 if name == "probit" else 1e-11
        for column, key in {
            "contribution": f"contribution_{index}",
            "effect": "beta",
            "mean": "mean",
            "elasticity": "elasticity",
            "concentration_index": "CI_k",
        }.items():
            assert found[column].to_numpy() == pytest.approx(np.array(case[key]), rel=near, abs=near)
        assert result.index == pytest.approx(case[f"index_{index}"], rel=1e-12)
        assert result.residual == pytest.approx(case[f"residual_{index}"], rel=near)
        assert found["contribution"].sum() + result.residual == pytest.approx(result.index, rel=1e-14)


def test_identity_link__finds_the_maximum_where_glm_finds_no_valid_coefficients(reference):
    cases = reference.numbers("binomial_identity")
    assert any(case["R_glm_default_start"].startswith("no valid set of coefficients") for case in cases)
    for case in cases:
        terms = [term.strip() for term in case["formula"].split("~")[1].split("+")]
        result = engine.decompose(
            reference.frame, "high", "income", terms, weight=case["weights"], model="binomial-identity"
        )
        expected = dict(zip(case["terms"][1:], case["coef"][1:], strict=True))
        for term, level, effect in result.contributions.select("term", "level", "effect").iter_rows():
            assert effect == pytest.approx(expected[term + (level or "")], abs=1e-12)
        assert result.status == "ok"


def test_identity_link__tells_a_maximum_on_the_boundary():
    # Nobody of group b has the event: its probability is 0.
    frame = pl.DataFrame(
        {"y": [1, 0, 1, 0, 0, 0, 1, 1], "x": range(8), "g": [*"aaaabbaa"], "z": [*"uvuvuvuv"]}
    )
    result = engine.decompose(frame, "y", "x", ["g", "z"], model="binomial-identity")
    assert result.status == "fitted probabilities on the boundary"
    assert result.contributions["contribution"].is_not_nan().all()


def test_horizontal_inequity__equals_r(reference, prepared):
    for case in reference.numbers("inequity_and_change")["HI"]:
        for model in ("ols", "logit", "probit"):
            for terms, key in ((NEED, "need_only"), (NEED + NON_NEED, "with_nonneed")):
                expected = case[f"{model}_{key}"]
                for index, name in (("CI", "standard"), ("E", "erreygers")):
                    result = engine.decompose(
                        prepared,
                        "high",
                        "income",
                        terms,
                        need=NEED,
                        weight=case["weights"],
                        model="linear" if model == "ols" else model,
                        index=name,
                        bounds=(0, 1),
                    )
                    found = result.standardised_inequity
                    if model == "ols":
                        found = result.horizontal_inequity
                        assert result.standardised_inequity is None
                    assert found == pytest.approx(expected[f"{index}_standardised"], abs=1e-9)
        result = engine.decompose(
            prepared, "high", "income", NEED + NON_NEED, need=NEED, weight=case["weights"]
        )
        assert result.horizontal_inequity == pytest.approx(case["HI_decomposition_CI"], abs=1e-11)


def test_jackknife__errors_of_contributions_and_inequity_equal_the_survey_packages(reference, prepared):
    contributions, inequity = reference.numbers("jackknife_contributions_inequity")
    design = {"weight": "w", "stratum": "strata", "cluster": "psu", "method": "jackknife"}
    for prefix, index in (("CI", "standard"), ("E", "erreygers")):
        result = engine.decompose(prepared, "high", "income", TERMS, index=index, bounds=(0, 1), **design)
        expected = {
            name.split(":")[1]: (estimate, error)
            for name, estimate, error in zip(
                *(contributions[key] for key in ("names", "estimate", "se")), strict=True
            )
            if name.startswith(f"{prefix}:")
        }
        rows = {row.term + (row.level or ""): row for row in result.rows if row.measure == "contribution"}
        rows |= {
            "residual": next(row for row in result.rows if row.measure == "residual"),
            "total": result.rows[0],
        }
        for name, (estimate, error) in expected.items():
            assert rows[name].estimate == pytest.approx(estimate, abs=1e-11)
            assert rows[name].std_error == pytest.approx(error, rel=1e-9)
    result = engine.decompose(prepared, "high", "income", NEED + NON_NEED, need=NEED, **design)
    row = next(row for row in result.rows if row.measure == "horizontal_inequity")
    assert (row.estimate, row.std_error) == pytest.approx(
        (inequity["estimate"][2], inequity["se"][2]), rel=1e-8
    )


def test_logit__equals_statsmodels_on_rows(prepared):
    import statsmodels.api as sm

    columns = prepared.select("age", "female", "urban", "log_income").to_numpy()
    design = sm.add_constant(columns)
    fit = sm.GLM(prepared["high"].to_numpy(), design, family=sm.families.Binomial()).fit(tol=1e-14)
    slope = (fit.mu * (1 - fit.mu)).mean()
    result = engine.decompose(
        prepared, "high", "income", ["age", "female", "urban", "log_income"], model="logit"
    )
    assert result.contributions["effect"].to_numpy() == pytest.approx(fit.params[1:] * slope, rel=1e-9)


@pytest.mark.parametrize("size", [1e6, 3e9, 1e15])
def test_outcomes_of_any_size__have_the_same_shares(simulated, size):
    """Incomes in the millions were refused: the steps of their fit never fell below a fixed size."""
    call = {"rank_by": "income", "terms": ["age"], "model": "linear", "bootstrap": 40, "seed": 1}
    small = engine.decompose(simulated.with_columns(cost=pl.col("age") + pl.col("income")), "cost", **call)
    large = engine.decompose(
        simulated.with_columns(cost=size * (pl.col("age") + pl.col("income"))), "cost", **call
    )
    assert large.status == "ok"
    assert large.index == pytest.approx(small.index, rel=1e-11)
    for name in ("elasticity", "contribution", "share", "std_error"):
        assert large.contributions[name].to_list() == pytest.approx(
            small.contributions[name].to_list(), rel=1e-8
        )
    assert large.contributions["effect"][0] == pytest.approx(
        size * small.contributions["effect"][0], rel=1e-11
    )
