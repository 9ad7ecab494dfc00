"""Multilevel logits against published fits, brute-force integration, and what must not matter."""

import numpy as np
import polars as pl
import pytest
from scipy.optimize import minimize

import engine

GUATEMALA = ["kid2p", "mom25p", "ord", "ethn", "momEd", "husEd", "momWork", "rural", "pcInd81"]


@pytest.fixture(scope="module")
def contraception(shared):
    frame = pl.read_parquet(shared / "data" / "contraception.parquet")
    return frame.with_columns(
        y=pl.col("use") == "Y", age2=pl.col("age") ** 2, place=pl.concat_str("district", "urban")
    )


@pytest.fixture(scope="module")
def guatemala(shared):
    return pl.read_parquet(shared / "data" / "guimmun.parquet").with_columns(y=pl.col("immun") == "Y")


def coefficients(result):
    return result.coefficients.select("term", "level", "estimate", "std_error").rows()


def test_contraception__equals_the_exact_fit(contraception):
    """lme4 with 15 and 25 points agree (README of the data)."""
    result = engine.mixed_logit(contraception, "y", ["urban", "age", "livch"], ["district"], points=15)
    assert result.log_likelihood == pytest.approx(-1206.674234, abs=1e-6)
    assert result.variances["district"] == pytest.approx(0.215498, abs=1e-6)
    variance = next(row for row in result.rows if row.measure == "variance")
    assert variance.std_error == pytest.approx(0.073292, abs=1e-6)
    found = coefficients(result)
    expected = (-1.690152, 0.732413, -0.026600, 1.109329, 1.376528, 1.345601)
    assert [own[2] for own in found] == pytest.approx(expected, abs=1e-6)
    assert [own[3] for own in found] == pytest.approx(
        (0.147726, 0.119482, 0.007887, 0.158012, 0.174799, 0.179603), abs=1e-6
    )
    single = next(row for row in result.rows if row.measure == "lr_chi2")
    assert single.estimate == pytest.approx(2 * (1228.3646 - 1206.674234), abs=1e-4)
    assert result.aic == pytest.approx(2 * 7 + 2 * 1206.674234, abs=1e-5)


def test_laplace__equals_lme4(contraception):
    result = engine.mixed_logit(contraception, "y", ["urban", "age", "livch"], ["district"], points=1)
    assert result.log_likelihood == pytest.approx(-1206.807845, abs=1e-6)
    assert result.variances["district"] == pytest.approx(0.212388, abs=1e-6)


@pytest.mark.parametrize(("points", "deviance"), [(1, 2361.545769), (7, 2360.876088)])
def test_second_model__has_the_deviances_of_lme4(contraception, points, deviance):
    result = engine.mixed_logit(
        contraception, "y", ["age", "age2", "urban", "livch"], ["place"], points=points
    )
    assert -2 * result.log_likelihood == pytest.approx(deviance, abs=1e-4)


def test_second_model__equals_a_trapezoid_of_401_points(contraception):
    """No quadrature at all: the maximum of the likelihood summed on a grid, by differences."""
    result = engine.mixed_logit(contraception, "y", ["age", "age2", "urban", "livch"], ["place"], points=25)
    X = np.column_stack(
        [
            np.ones(len(contraception)),
            contraception["age"],
            contraception["age2"],
            contraception["urban"] == "Y",
            *(contraception["livch"] == level for level in ("1", "2", "3+")),
        ]
    ).astype(float)
    y = contraception["y"].to_numpy().astype(float)
    place = np.unique(contraception["place"].to_numpy().astype(str), return_inverse=True)[1]
    z = np.linspace(-8, 8, 401)
    w = np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi) * (z[1] - z[0])

    def deviance(theta):
        eta = (X @ theta[:-1])[:, None] + theta[-1] * z
        sums = np.zeros((place.max() + 1, len(z)))
        np.add.at(sums, place, y[:, None] * eta - np.logaddexp(0, eta))
        top = sums.max(axis=1)
        return -2 * (top + np.log(np.exp(sums - top[:, None]) @ w)).sum()

    found = [own[2] for own in coefficients(result)]
    at = np.array([*found, np.sqrt(result.variances["place"])])
    assert deviance(at) == pytest.approx(-2 * result.log_likelihood, abs=1e-7)
    around = minimize(deviance, at, method="Nelder-Mead", options={"maxiter": 60})
    assert around.fun > -2 * result.log_likelihood - 1e-6


def test_three_levels__equal_the_exact_maximum(guatemala):
    """Child in mother in community: 21, 31 and 51 points and a trapezoid agree (README of the data)."""
    result = engine.mixed_logit(guatemala, "y", GUATEMALA, ["mom", "comm"], points=21)
    assert result.log_likelihood == pytest.approx(-1323.95243, abs=2e-4)
    assert np.sqrt(result.variances["mom"]) == pytest.approx(2.31715, abs=1e-4)
    assert np.sqrt(result.variances["comm"]) == pytest.approx(1.02493, abs=1e-4)
    found = {term: estimate for term, _, estimate, _ in coefficients(result)}
    assert found["(constant)"] == pytest.approx(-1.23623, abs=1e-5)
    assert found["kid2p"] == pytest.approx(1.71741, abs=1e-5)
    assert found["rural"] == pytest.approx(-0.88619, abs=1e-5)
    errors = {row.term: row.std_error for row in result.rows if row.measure == "variance"}
    assert errors == pytest.approx({"mom": 1.2149, "comm": 0.3279}, abs=1e-4)
    assert abs(result.points_check) < 1e-3
    s2, s3 = result.variances["mom"], result.variances["comm"]
    assert result.icc["mom"] == pytest.approx((s2 + s3) / (s2 + s3 + np.pi**2 / 3))
    assert result.icc["comm"] == pytest.approx(s3 / (s2 + s3 + np.pi**2 / 3))


def test_few_points__are_told(guatemala):
    result = engine.mixed_logit(guatemala, "y", GUATEMALA, ["mom", "comm"], points=7)
    assert result.log_likelihood == pytest.approx(-1324.239, abs=5e-3)
    check = next(row for row in result.rows if row.measure == "points_check")
    assert check.estimate > 0.2
    assert check.status == "7 points are not enough: ask for 15 or more, or for auto"
    assert result.variance_check["mom"] > 0.03
    laplace = engine.mixed_logit(guatemala, "y", GUATEMALA, ["mom", "comm"], points=1)
    assert laplace.log_likelihood == pytest.approx(-1355.70, abs=5e-3)
    assert np.sqrt([*laplace.variances.values()]) == pytest.approx((1.135, 0.721), abs=1e-3)
