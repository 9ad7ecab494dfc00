"""Decompositions of 40 people in plain numpy: numbers, linearised errors, the jackknife, changes."""

import numpy as np
import polars as pl
import pytest
from scipy.stats import norm, t

import engine

TERMS, NEED = ["sex", "tenure", "age"], ["sex", "age"]
COLUMNS = [("sex", "m"), ("tenure", "own"), ("tenure", "rent"), ("age", None)]
MODELS = [
    ("cost", "linear", "average", "standard"),
    ("ill", "linear", "average", "wagstaff"),
    ("ill", "logit", "average", "erreygers"),
    ("ill", "logit", "at-means", "standard"),
    ("ill", "logit", "discrete", "generalized"),
    ("ill", "probit", "average", "standard"),
    ("ill", "probit", "at-means", "standard"),
    ("ill", "probit", "discrete", "modified"),
]


def people():
    random = np.random.default_rng(20)
    n = 40
    psu = np.repeat(np.arange(8), 5)
    age, tenure = random.integers(20, 60, n).astype(float), random.choice(["own", "rent", "other"], n)
    p = 0.45 + 0.006 * (age - 40) - 0.1 * (tenure == "rent") + 0.05 * (psu % 3 - 1)
    ill = (random.random(n) < p).astype(int)
    return pl.DataFrame(
        {
            "ill": ill,
            "cost": (ill + 0.05 * age + random.normal(0, 1, n) + 3).round(1),
            "income": random.integers(1, 20, n) + 4 * (tenure == "own"),
            "age": age,
            "tenure": tenure,
            "sex": random.choice(["f", "m"], n),
            "w": random.choice([0.5, 1.0, 1.5, 2.0], n),
            "psu": psu,
            "h": psu // 3,
            "wave": np.where((np.arange(n) + psu) % 2, "a", "b"),
        }
    )


FRAME = people()
X = np.column_stack(
    [
        np.ones(40),
        (FRAME["sex"] == "m").to_numpy(),
        (FRAME["tenure"] == "own").to_numpy(),
        (FRAME["tenure"] == "rent").to_numpy(),
        FRAME["age"].to_numpy() / 10,
    ]
).astype(float)
SPREAD = np.array([1, 1, 1, 1, 10.0])
W, PSU, STRATUM = (FRAME[name].to_numpy() for name in ("w", "psu", "h"))
IS_A = (FRAME["wave"] == "a").to_numpy()


def curve(model, eta):
    """Mean and its derivative."""
    if model == "logit":
        mu = 1 / (1 + np.exp(-eta))
        return mu, mu * (1 - mu)
    return (norm.cdf(eta), norm.pdf(eta)) if model == "probit" else (eta, np.ones_like(eta))


def coefficients(model, x, y, w):
    """By Fisher's scoring, from least squares."""
    beta = np.linalg.solve(x.T @ (w[:, None] * x), x.T @ (w * y))
    if model in ("logit", "probit"):
        beta = np.zeros(5)
    for _ in range(60 if model != "linear" else 0):
        mu, slope = curve(model, x @ beta)
        v = w / (mu * (1 - mu))
        step = np.linalg.solve(x.T @ ((v * slope**2)[:, None] * x), x.T @ (v * slope * (y - mu)))
        beta = beta + step
        if np.abs(step).max() < 1e-13:
            break
    return beta


def generalized(values, rank, p):
    """Twice the covariance of values with fractional ranks, by sums over pairs."""
    below = (rank[None, :] < rank[:, None]) + 0.5 * (rank[None, :] == rank[:, None])
    return 2 * (p * values) @ (below @ p - 0.5)


def numbers(call, w, rows=slice(None)):
    """Each quantity of the decomposition with weights w: (measure, term, level) -> value."""
    outcome, model, effect, index = call
    x, w, rank = X[rows], w[rows], FRAME["income"].to_numpy()[rows]
    y = FRAME[outcome].to_numpy().astype(float)[rows]
    p, beta = w / w.sum(), coefficients(model, x, y, w)
    mu, GC = p @ y, generalized(y, rank, p)
    scale = {
        "standard": 1 / mu,
        "generalized": 1.0,
        "erreygers": 4.0,
        "wagstaff": 1 / (mu * (1 - mu)),
        "modified": 1 / mu,
    }[index]
    eta, means = x @ beta, p @ x
    effects = beta * (curve(model, means @ beta)[1] if effect == "at-means" else p @ curve(model, eta)[1])
    if effect == "discrete":
        for k in (1, 2, 3):
            without = eta - x[:, k] * beta[k]
            effects[k] = p @ (curve(model, without + beta[k])[0] - curve(model, without)[0])
    ranked = np.array([generalized(column, rank, p) for column in x.T])
    found, parts, whole = {(index, None, None): scale * GC}, scale * effects * ranked, scale * GC
    for k, (term, level) in enumerate(COLUMNS, start=1):
        own = {
            "mean": means[k] * SPREAD[k],
            "effect": effects[k] / SPREAD[k],
            "elasticity": effects[k] * means[k] / mu,
            "concentration_index": ranked[k] / means[k],
            "contribution": parts[k],
            "share": 100 * parts[k] / whole,
        }
        found |= {(measure, term, level): value for measure, value in own.items()}
    for name, columns in (("tenure", [2, 3]), ("need", [1, 4]), ("non-need", [2, 3])):
        found["contribution", name, "all"] = parts[columns].sum()
        found["share", name, "all"] = 100 * parts[columns].sum() / whole
    residual = whole - parts[1:].sum()
    found["residual", None, None], found["share", "residual", None] = residual, 100 * residual / whole
    found["horizontal_inequity", None, "difference"] = whole - parts[[1, 4]].sum()
    if model != "linear":
        at = np.where(np.isin(range(5), [1, 4]), x, means) @ beta
        predicted = generalized(curve(model, at)[0], rank, p)
        found["horizontal_inequity", None, "standardised"] = scale * (GC - predicted)
    found["factor", None, None] = scale * mu
    return found


def call_of(outcome, model, effect, index, **more):
    bounds = {"bounds": (0, 1)} if outcome == "ill" else {}
    design = {"weight": "w", "stratum": "h", "cluster": "psu"}
    asked = {"outcome": outcome, "rank_by": "income", "terms": TERMS, "need": NEED, **design}
    references = {"tenure": "other", "sex": "f"}
    return {
        **asked,
        "model": model,
        "effect": effect,
        "index": index,
        "references": references,
        **bounds,
        **more,
    }


def decomposed(call, **more):
    return engine.decompose(FRAME, **call_of(*call, **more)).rows


def errors_by_differences(function, h=1e-5):
    """Standard errors of each value of a function of the weights, by its derivatives by those of each PSU."""
    moved = []
    for psu in np.unique(PSU):
        up, down = (function(W * (1 + step * (psu == PSU))) for step in (h, -h))
        moved.append({key: (up[key] - down[key]) / (2 * h) for key in up})
    strata = STRATUM[::5]
    variances = {}
    for key in moved[0]:
        totals = np.array([one[key] for one in moved])
        own = [totals[strata == stratum] for stratum in np.unique(strata)]
        variances[key] = sum(len(one) / (len(one) - 1) * ((one - one.mean()) ** 2).sum() for one in own)
    return {key: np.sqrt(value) for key, value in variances.items()}


@pytest.mark.parametrize("call", MODELS)
def test_numbers_and_errors__are_those_of_plain_arithmetic(call):
    rows = decomposed(call)
    expected, errors = numbers(call, W), errors_by_differences(lambda w: numbers(call, w))
    assert {(row.measure, row.term, row.level) for row in rows} == {*expected} - {("factor", None, None)}
    for row in rows:
        key = row.measure, row.term, row.level
        assert row.estimate == pytest.approx(expected[key], rel=1e-8, abs=1e-10), key
        assert row.std_error == pytest.approx(errors[key], rel=2e-5, abs=1e-8), key
        half = t(5).ppf(0.975) * row.std_error
        assert (row.conf_low, row.conf_high) == pytest.approx((row.estimate - half, row.estimate + half))
        assert row.df2 == 5


@pytest.mark.parametrize("call", [MODELS[0], MODELS[3], MODELS[7]])
def test_replicates__are_decompositions_without_each_psu(call):
    rows = decomposed(call, method="jackknife")
    whole, variances = numbers(call, W), {}
    for psu in np.unique(PSU):
        own = psu // 3 == STRATUM
        size = len(np.unique(PSU[own]))
        left = numbers(call, np.where(psu == PSU, 0.0, np.where(own, W * size / (size - 1), W)))
        for key, value in left.items():
            variances.setdefault(key, []).append(((size - 1) / size, value))
    for row in rows:
        key = row.measure, row.term, row.level
        assert row.estimate == pytest.approx(whole[key], rel=1e-8, abs=1e-10), key
        factors, values = np.array(variances[key]).T
        expected = np.sqrt(factors @ (values - values.mean()) ** 2)
        assert row.std_error == pytest.approx(expected, rel=1e-6, abs=1e-9), key


def changes(call, w):
    """What moved from wave a to wave b: Oaxaca's decomposition of each contribution."""
    one, two = (numbers(call, w, rows) for rows in (IS_A, ~IS_A))
    found, index = {}, call[-1]
    for term, level in COLUMNS:
        e, C = (
            np.array([side[measure, term, level] for side in (one, two)])
            for measure in ("elasticity", "concentration_index")
        )
        e = e * [side["factor", None, None] for side in (one, two)]
        for weighting, (i, j) in (("second e", (1, 0)), ("first e", (0, 1))):
            parts = {"inequality_effect": e[i] * (C[1] - C[0]), "elasticity_effect": C[j] * (e[1] - e[0])}
            for measure, value in parts.items():
                found[measure, term, level, weighting] = value
                key = measure, "all terms", None, weighting
                found[key] = found.get(key, 0.0) + value
        contributions = [side["contribution", term, level] for side in (one, two)]
        found["contribution_change", term, level, ""] = contributions[1] - contributions[0]
    found["residual_change", None, None, ""] = two["residual", None, None] - one["residual", None, None]
    found["difference", index, None, ""] = two[index, None, None] - one[index, None, None]
    return found


@pytest.mark.parametrize("call", [MODELS[0], MODELS[1], MODELS[3]])
def test_changes_and_their_errors__are_those_of_plain_arithmetic(call):
    rows = [row for row in decomposed(call, by="wave", change=True) if " - " in str(row.subgroup)]
    expected, errors = changes(call, W), errors_by_differences(lambda w: changes(call, w))
    assert len(rows) == len(expected)
    for row in rows:
        weighting = next((one for one in ("second e", "first e") if one in row.method), "")
        key = row.measure, row.term, row.level, weighting
        assert row.estimate == pytest.approx(expected[key], rel=1e-8, abs=1e-10), key
        assert row.std_error == pytest.approx(errors[key], rel=2e-5, abs=1e-8), key
        assert (row.subgroup, row.n_obs, row.df2) == ("b - a", 40, 5)


@pytest.mark.parametrize("method", [None, "jackknife"])
def test_large_outcomes__are_those_of_another_unit(method):
    """Outcomes above 1,024 are divided by a power of 2 for the fit."""
    more = {} if method is None else {"method": method}
    rows = engine.decompose(FRAME.with_columns(pl.col("cost") * 2**20), **call_of(*MODELS[0], **more)).rows
    for row, one in zip(rows, decomposed(MODELS[0], **more), strict=True):
        scale = 2**20 if row.measure == "effect" else 1
        assert (row.estimate, row.std_error) == pytest.approx((one.estimate * scale, one.std_error * scale))


def test_number_of_0_and_1__is_a_dummy():
    call = call_of(*MODELS[4])
    call |= {"terms": ["male", "tenure", "age"], "need": ["male", "age"], "references": {"tenure": "other"}}
    male = FRAME.with_columns(male=(pl.col("sex") == "m").cast(float))
    for row, one in zip(engine.decompose(male, **call).rows, decomposed(MODELS[4]), strict=True):
        assert row.term == ("male" if one.term == "sex" else one.term)
        assert (row.estimate, row.std_error) == pytest.approx((one.estimate, one.std_error))


def test_unit_of_a_covariate__changes_its_mean_and_effect_alone():
    rows = engine.decompose(FRAME.with_columns(pl.col("age") / 1e4), **call_of(*MODELS[2])).rows
    for row, one in zip(rows, decomposed(MODELS[2]), strict=True):
        scale = {"mean": 1e-4, "effect": 1e4}.get(row.measure, 1.0) if row.term == "age" else 1.0
        assert (row.estimate, row.std_error) == pytest.approx((one.estimate * scale, one.std_error * scale))
