"""RIF regressions of 30 people in every index: influences by complex steps, errors by differences."""

import numpy as np
import polars as pl
import pytest
from scipy.stats import t

import engine

RANDOM = np.random.default_rng(12)
FRAME = pl.DataFrame(
    {
        "cost": RANDOM.uniform(1.2, 4.5, 30).round(2),
        "income": RANDOM.integers(1, 9, 30),
        "sex": RANDOM.choice(["f", "m"], 30),
        "age": RANDOM.integers(20, 60, 30).astype(float),
        "w": RANDOM.uniform(0.5, 2, 30).round(2),
        "psu": np.arange(30) // 3,
    }
)
INDICES = [
    ("standard", None),
    ("generalized", None),
    ("erreygers", None),
    ("wagstaff", None),
    ("modified", None),
    ("extended", 2.5),
    ("generalized_extended", 1.4),
    ("symmetric", 2.4),
    ("generalized_symmetric", 3.0),
]
LOW, HIGH = 1.0, 5.0
Y, RANK, W, PSU = (FRAME[name].to_numpy() for name in ("cost", "income", "w", "psu"))
X = np.column_stack([np.ones(30), (FRAME["sex"] == "m").to_numpy(), FRAME["age"].to_numpy(), RANK]).astype(
    float
)


def index_of(name, parameter, w):
    """The index with weights (n,), which may be complex."""
    ranks = np.unique(RANK)
    inside = RANK[None, :] == ranks[:, None]
    f = inside @ w / w.sum()
    mu, means = w @ Y / w.sum(), inside @ (w * Y) / (inside @ w)
    p = np.array([0, *np.cumsum(f)])
    p[-1] = 1.0
    if "extended" in name:
        phi = (1 - p) ** parameter
        N = ((means - mu) * (f + np.diff(phi))).sum()
    elif "symmetric" in name:
        phi = 2 ** (parameter - 2) * (np.where(p.real >= 0.5, 1, -1) * (p - 0.5)) ** parameter
        N = ((means - mu) * np.diff(phi)).sum()
    else:
        N = 2 * (f * (means - mu) * (p[:-1] + f / 2 - 0.5)).sum()
    largest = parameter ** (parameter / (parameter - 1)) / (parameter - 1) if "extended" in name else 0.0
    return N * {
        "generalized": 1.0,
        "erreygers": 4 / (HIGH - LOW),
        "wagstaff": (HIGH - LOW) / ((mu - LOW) * (HIGH - mu)),
        "modified": 1 / (mu - LOW),
        "generalized_extended": largest,
        "generalized_symmetric": 4.0,
    }.get(name, 1 / mu)


def regression(name, parameter, w):
    """Coefficients of the recentered influences, and the index."""
    steps = 1e-30j * np.eye(30)
    influence = np.array([index_of(name, parameter, w + step).imag for step in steps]) / 1e-30
    rif = index_of(name, parameter, w).real + w.sum() * influence
    return np.linalg.solve(X.T @ (w[:, None] * X), X.T @ (w * rif))


def call_of(name, parameter, **more):
    bounds = {"bounds": (LOW, HIGH)} if name in ("erreygers", "wagstaff", "modified") else {}
    asked = {"weight": "w", "cluster": "psu", "index": name, "parameter": parameter, **bounds}
    return engine.rif(FRAME, "cost", "income", ["sex", "age", "income"], **asked, **more).rows


@pytest.mark.parametrize(("name", "parameter"), INDICES)
def test_coefficients_and_errors__are_those_of_differences(name, parameter):
    whole, *rows = call_of(name, parameter)
    expected = regression(name, parameter, W)
    assert whole.estimate == pytest.approx(index_of(name, parameter, W))
    assert (whole.measure, whole.parameter) == (name, parameter)
    h = 1e-5
    moved = np.array(
        [
            regression(name, parameter, W * (1 + h * (psu == PSU)))
            - regression(name, parameter, W * (1 - h * (psu == PSU)))
            for psu in range(10)
        ]
    ) / (2 * h)
    errors = np.sqrt(10 / 9 * ((moved - moved.mean(axis=0)) ** 2).sum(axis=0))
    assert [row.estimate for row in rows] == pytest.approx(expected, rel=1e-8)
    assert [row.std_error for row in rows] == pytest.approx(errors, rel=1e-6)
    for row in rows:
        half = t(9).ppf(0.975) * row.std_error
        assert (row.conf_low, row.conf_high) == pytest.approx((row.estimate - half, row.estimate + half))
        assert row.p_value == pytest.approx(2 * t(9).sf(abs(row.estimate) / row.std_error))
        assert (row.df2, row.n_obs, row.n_clusters, row.sum_weights) == (9, 30, 10, pytest.approx(W.sum()))


@pytest.mark.parametrize(("name", "parameter"), [INDICES[3], INDICES[5]])
def test_replicates__are_regressions_with_their_weights(name, parameter):
    random = np.random.default_rng(1)
    weights = {f"r{r}": W * random.integers(0, 3, 10)[PSU] for r in range(6)}
    frame = FRAME.with_columns(**weights)
    bounds = {"bounds": (LOW, HIGH)} if name == "wagstaff" else {}
    rows = engine.rif(
        frame,
        "cost",
        "income",
        ["sex", "age"],
        "w",
        index=name,
        parameter=parameter,
        replicate_weights={"columns": [*weights], "method": "bootstrap"},
        **bounds,
    ).rows
    again = []
    for own in weights.values():
        used = own > 0
        asked = {"weight": "own", "index": name, "parameter": parameter, **bounds}
        again.append(
            [
                row.estimate
                for row in engine.rif(
                    frame.with_columns(own=own).filter(used), "cost", "income", ["sex", "age"], **asked
                ).rows
            ]
        )
    estimates = np.array([row.estimate for row in rows])
    expected = np.sqrt(((np.array(again) - estimates) ** 2).sum(axis=0) / 5)
    assert [row.std_error for row in rows] == pytest.approx(expected, rel=1e-9)
    assert {row.n_replicates for row in rows} == {6}
