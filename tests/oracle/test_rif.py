"""RIF regression: influence by differences of the index, coefficients by numpy, and what must add up.

Errors: against differences of the whole regression by the weight of each cluster, and against the regression
without each cluster in turn, both on influence values by plain sums over pairs of people.
"""

import numpy as np
import polars as pl
import pytest

import engine
from engine.batch.run import run

STUDY = """
[study]
name = "small"
[source]
path = "people.csv"
[design]
weight = "w"
cluster = "psu"
[variables.ill]
from = "ill"
levels = {{ no = [0], yes = [1] }}
event = "yes"
[variables.income]
from = "income"
[variables.sex]
from = "sex"
levels = {{ f = ["f"], m = ["m"] }}
[variables.age]
from = "age"
[[analysis]]
name = "a"
kind = "rif"
outcome = "ill"
rank_by = "income"
terms = {terms}
index = "{index}"
{more}
"""


def people(n=120, seed=4):
    generator = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "ill": generator.integers(0, 2, n),
            "income": generator.integers(1, 30, n),
            "w": generator.uniform(0.5, 2, n),
            "sex": generator.choice(["f", "m"], n),
            "age": generator.normal(40, 9, n),
            "psu": np.arange(n) // 4,
        }
    )


def fitted(frame, index, folder, terms='["sex", "age"]', more=""):
    frame.write_csv(folder / "people.csv")
    (folder / "small.toml").write_text(STUDY.format(index=index, terms=terms, more=more))
    return run(folder / "small.toml", out=folder / "run").rows


def columns_of(frame, *, with_rank):
    rank = [frame["income"]] if with_rank else []
    return np.column_stack([np.ones(len(frame)), frame["sex"] == "m", frame["age"], *rank])


def regression(frame, index, w, *, with_rank=False):
    """Coefficients of the regression of an index's influence values, from sums over all pairs."""
    y, x = frame["ill"].to_numpy().astype(float), frame["income"].to_numpy()
    p = w / w.sum()
    mu = p @ y
    pairs = (y[:, None] - y[None, :]) * np.sign(x[:, None] - x[None, :]) / 2
    of_row = pairs @ p
    N = p @ of_row
    value, by_N, by_mu = {
        "standard": (N / mu, 1 / mu, -N / mu**2),
        "erreygers": (4 * N, 4.0, 0.0),
        "wagstaff": (N / (mu * (1 - mu)), 1 / (mu * (1 - mu)), -N * (1 - 2 * mu) / (mu * (1 - mu)) ** 2),
    }[index]
    rif = value + by_N * 2 * (of_row - N) + by_mu * (y - mu)
    X = columns_of(frame, with_rank=with_rank)
    return np.linalg.solve(X.T @ (w[:, None] * X), X.T @ (w * rif))


def errors_by_differences(frame, index, **terms):
    """Standard errors from the derivatives of the coefficients by the weight of each cluster."""
    w, psu, h = frame["w"].to_numpy(), frame["psu"].to_numpy(), 1e-5
    moved = np.array(
        [
            regression(frame, index, w * (1 + h * (psu == c)), **terms)
            - regression(frame, index, w * (1 - h * (psu == c)), **terms)
            for c in np.unique(psu)
        ]
    ) / (2 * h)
    return np.sqrt(len(moved) / (len(moved) - 1) * ((moved - moved.mean(axis=0)) ** 2).sum(axis=0))


def errors_without_each(frame, index, **terms):
    """Standard errors from the coefficients without each cluster in turn."""
    w, psu = frame["w"].to_numpy(), frame["psu"].to_numpy()
    without = np.array([regression(frame, index, w * (psu != c), **terms) for c in np.unique(psu)])
    return np.sqrt((len(without) - 1) / len(without) * ((without - without.mean(axis=0)) ** 2).sum(axis=0))


def index_of(frame, index):
    bounds = None if index == "standard" else (0.0, 1.0)
    return engine.concentration_index(frame, "ill", "income", "w", index=index, bounds=bounds).estimate


@pytest.mark.parametrize("index", ["standard", "erreygers", "wagstaff"])
def test_coefficients__equal_a_regression_of_numerical_influences(index, tmp_path):
    """The influence of a row is the derivative of the index by its weight, times the sum of the weights."""
    frame = people()
    rows = fitted(frame, index, tmp_path)
    value, w, h = index_of(frame, index), frame["w"].to_numpy(), 1e-5
    rif = np.empty(len(w))
    for i in range(len(w)):
        sides = []
        for step in (h, -h):
            moved = w.copy()
            moved[i] += step
            sides.append(index_of(frame.with_columns(w=pl.Series(moved)), index))
        rif[i] = value + w.sum() * (sides[0] - sides[1]) / (2 * h)
    X = columns_of(frame, with_rank=False)
    beta = np.linalg.solve(X.T @ (w[:, None] * X), X.T @ (w * rif))
    assert regression(frame, index, w) == pytest.approx(beta, abs=1e-6)
    found = [row for row in rows if row.measure == "rif_coefficient"]
    assert [row.estimate for row in found] == pytest.approx(beta, abs=1e-6)
    assert [row.std_error for row in found] == pytest.approx(errors_by_differences(frame, index), rel=1e-6)
    assert found[0].n_clusters == 30


@pytest.mark.parametrize("index", ["standard", "erreygers", "wagstaff"])
def test_errors__count_that_ranks_are_estimated(index, tmp_path):
    """With the rank among the terms it matters most that the influence values are estimates."""
    frame = people(n=600, seed=5).with_columns(
        ill=(pl.col("income") + pl.int_range(600) * 7 % 23 > 24).cast(int)
    )
    rows = fitted(frame, index, tmp_path, '["sex", "age", "income"]')
    found = [row.std_error for row in rows if row.measure == "rif_coefficient"]
    assert found == pytest.approx(errors_by_differences(frame, index, with_rank=True), rel=1e-6)
    assert found == pytest.approx(errors_without_each(frame, index, with_rank=True), rel=0.03)


def test_jackknife__leaves_out_each_cluster_in_turn(tmp_path):
    frame = people(seed=6)
    more = 'bootstrap = { method = "jackknife" }'
    rows = fitted(frame, "erreygers", tmp_path, '["sex", "age", "income"]', more)
    found = [row for row in rows if row.measure == "rif_coefficient"]
    expected = errors_without_each(frame, "erreygers", with_rank=True)
    assert [row.std_error for row in found] == pytest.approx(expected, rel=1e-9)
    assert {row.method for row in rows} == {"delete-PSU jackknife, normal"}
    assert rows[0].std_error is not None


def test_bootstrap__agrees_with_the_linearised_errors(tmp_path):
    frame = people(n=600, seed=5)
    linearised = fitted(frame, "standard", tmp_path, '["sex", "income"]')
    drawn = fitted(frame, "standard", tmp_path, '["sex", "income"]', "bootstrap = { replicates = 800 }")
    ratio = [
        a.std_error / b.std_error
        for a, b in zip(drawn, linearised, strict=True)
        if a.measure == "rif_coefficient"
    ]
    assert ratio == pytest.approx([1, 1, 1], abs=4 * np.sqrt(1 / 1600))  # four Monte-Carlo errors
    assert {row.n_replicates for row in drawn} == {800}


def test_coefficients_times_means__add_up_to_the_index(tmp_path):
    frame = people(seed=9)
    rows = fitted(frame, "standard", tmp_path)
    found = {row.term: row.estimate for row in rows if row.measure == "rif_coefficient"}
    w = frame["w"] / frame["w"].sum()
    total = (
        found["(constant)"]
        + found["sex"] * (w * (frame["sex"] == "m")).sum()
        + found["age"] * (w * frame["age"]).sum()
    )
    assert total == pytest.approx(index_of(frame, "standard"), abs=1e-12)
    assert next(row.estimate for row in rows if row.measure == "standard") == pytest.approx(total, abs=1e-12)


def test_combinations__are_refused(tmp_path, cli):
    frame = people().with_columns(age=pl.lit(3.0))
    frame.write_csv(tmp_path / "people.csv")
    (tmp_path / "small.toml").write_text(STUDY.format(index="standard", terms='["sex", "age"]', more=""))
    code, _, err = cli("run", str(tmp_path / "small.toml"), "--out", str(tmp_path / "run"))
    assert code == 12
    assert "term 'age' is constant" in err
