"""Joint tests of a logit's terms with few sampling units, against plain matrices and by simulation."""

import numpy as np
import polars as pl
import pytest
from scipy.linalg import fractional_matrix_power
from scipy.stats import f as f_distribution

import engine

TERMS = ["group", "sex", "age"]


def survey(generator, *, units, strata=1, people=40, alike=0.5, of_sex=0.4):
    """People of sampling units that differ, in a factor of six levels that does nothing."""
    unit = np.repeat(np.arange(units), people)
    shares = generator.dirichlet(np.full(6, 3.0), units)
    group = (generator.random(len(unit))[:, None] > np.cumsum(shares, axis=1)[unit]).sum(axis=1)
    sex = generator.integers(0, 2, len(unit))
    age = generator.normal(size=len(unit)) + 0.5 * generator.normal(size=units)[unit]
    effect = alike * generator.normal(size=units)[unit]
    p = 1.0 / (1.0 + np.exp(0.7 - effect - of_sex * (sex + age)))
    spread = generator.normal(size=len(unit)) + generator.normal(size=units)[unit]
    return pl.DataFrame(
        {
            "y": generator.random(len(unit)) < p,
            "group": group.astype(str),
            "sex": sex,
            "age": age,
            "w": np.exp(0.3 * spread),
            "psu": unit,
            "stratum": unit % strata,
        }
    )


def fitted(frame, terms=TERMS, covariance="design"):
    return engine.logit(
        frame, "y", terms, weight="w", cluster="psu", stratum="stratum", covariance=covariance, crude=False
    )


def wald(result, term):
    return next(row for row in result.rows if row.measure == "wald_f" and row.term == term)


def matrices(frame):
    dummies = [(frame["group"] == level).to_numpy() for level in sorted(frame["group"].unique())[1:]]
    X = np.column_stack([np.ones(len(frame)), *dummies, frame["sex"], frame["age"]]).astype(float)
    return X, frame["y"].to_numpy().astype(float), frame["w"].to_numpy(), frame["psu"].to_numpy()


def raised(frame):
    """Linearised totals (20, q) by unit, residuals of each times (I - H)^(-1/2), by a matrix of people."""
    X, y, w, psu = matrices(frame)
    beta = fitted(frame).coefficients["estimate"].to_numpy()
    mu = 1.0 / (1.0 + np.exp(-X @ beta))
    root = np.sqrt(w * mu * (1.0 - mu))
    Z, residual = X * root[:, None], w * (y - mu) / root
    inverse = np.linalg.inv(Z.T @ Z)
    totals = np.zeros((20, X.shape[1]))
    for unit in range(20):
        inside = psu == unit
        rest = np.eye(inside.sum()) - Z[inside] @ inverse @ Z[inside].T
        totals[unit] = Z[inside].T @ fractional_matrix_power(rest, -0.5).real @ residual[inside]
    return beta, totals @ inverse


@pytest.mark.parametrize(("covariance", "d"), [("design", 18), ("cluster", 19)])
def test_few_units__have_the_adjusted_wald_test_of_cr2(covariance, d):
    """Bell and McCaffrey 2002; clusters leave strata out, and are not centred (R's clubSandwich)."""
    frame = survey(np.random.default_rng(4), units=20, strata=2, people=15)
    beta, totals = raised(frame)
    if covariance == "cluster":
        meat = totals.T @ totals
    else:
        meat = sum(10 * np.cov(totals[np.arange(20) % 2 == stratum].T) for stratum in range(2))
    tested, k = np.arange(1, 6), 5
    F = (d - k + 1) / (d * k) * beta[tested] @ np.linalg.solve(meat[np.ix_(tested, tested)], beta[tested])
    row = wald(fitted(frame, covariance=covariance), "group")
    assert (row.method, row.df1, row.df2) == ("adjusted Wald, CR2", 5, d - 4)
    assert row.estimate == pytest.approx(F, rel=1e-6)
    assert row.p_value == pytest.approx(f_distribution.sf(F, k, d - k + 1), rel=1e-6)


def test_many_clusters__have_the_adjusted_test_of_their_own_covariance():
    frame = survey(np.random.default_rng(4), units=80, people=15)
    row = wald(fitted(frame, covariance="cluster"), "group")
    assert (row.method, row.df1, row.df2) == ("adjusted Wald", 5, 75)


def test_fewer_units_than_coefficients__have_no_test_and_no_error():
    frame = survey(np.random.default_rng(4), units=6, people=60)
    result = fitted(frame)
    assert {row.status for row in result.rows if row.measure == "wald_f"} == {"no degrees of freedom"}
    ratios = [row for row in result.rows if row.measure in ("coefficient", "odds_ratio", "marginal_effect")]
    assert {row.status for row in ratios if row.status != "reference"} == {"no degrees of freedom"}
    assert all(row.estimate is not None for row in ratios)
    assert max(row.estimate for row in result.rows if row.measure == "vif") < 2.0


def test_vif__is_that_of_the_weighted_design_matrix_whatever_the_errors():
    frame = survey(np.random.default_rng(8), units=80, people=20)
    X, _, w, _ = matrices(frame)
    for covariance in ("design", "model", "robust", "cluster"):
        result = engine.logit(
            frame, "y", TERMS, weight="w", cluster="psu", covariance=covariance, crude=False
        )
        mu = 1.0 / (1.0 + np.exp(-X @ result.coefficients["estimate"].to_numpy()))
        v = w * mu * (1.0 - mu)
        centred = X[:, 1:] - np.average(X[:, 1:], axis=0, weights=v)
        moments = (centred * v[:, None]).T @ centred
        R = moments / np.sqrt(np.outer(np.diag(moments), np.diag(moments)))
        found = {row.term: row.estimate for row in result.rows if row.measure == "vif"}
        for term, inside in (("group", [0, 1, 2, 3, 4]), ("sex", [5]), ("age", [6])):
            others = [k for k in range(7) if k not in inside]
            blocks = (R[np.ix_(inside, inside)], R[np.ix_(others, others)], R)
            of_term, of_others, of_all = (np.linalg.det(block) for block in blocks)
            expected = (of_term * of_others / of_all) ** (1 / len(inside))
            assert found[term] == pytest.approx(expected, rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("covariance", "units", "strata"),
    [
        ("design", 20, 1),
        ("design", 24, 3),
        ("design", 30, 1),
        ("design", 30, 5),
        ("cluster", 20, 1),
        ("cluster", 30, 1),
    ],
)
@pytest.mark.parametrize("is_all", [False, True])
def test_size__is_five_per_cent_with_few_units(covariance, units, strata, is_all):
    """Of 2,000 true nulls of 5 contrasts, or of all 7, 3.5 to 6.5 % are rejected (Monte-Carlo error 0.5)."""
    generator = np.random.default_rng(2026)
    term, draws = ("(all terms)" if is_all else "group"), 2_000
    rejected = 0
    for _ in range(draws):
        frame = survey(generator, units=units, strata=strata, of_sex=0.0 if is_all else 0.4)
        rejected += wald(fitted(frame, covariance=covariance), term).p_value < 0.05
    share = rejected / draws
    error = np.sqrt(share * (1.0 - share) / draws)
    print(f"{covariance}, {units} units, {strata} strata, {term}: {100 * share:.1f} % ({100 * error:.1f})")
    assert 0.035 - 2.0 * error < share < 0.065 + 2.0 * error
