"""RIF regression: influence by differences of the index, coefficients by numpy, and what must add up."""

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
terms = ["sex", "age"]
index = "{index}"
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


def fitted(frame, index, folder):
    frame.write_csv(folder / "people.csv")
    (folder / "small.toml").write_text(STUDY.format(index=index))
    return run(folder / "small.toml", out=folder / "run").rows


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
    X = np.column_stack([np.ones(len(w)), frame["sex"] == "m", frame["age"]])
    bread = np.linalg.inv(X.T @ (w[:, None] * X))
    beta = bread @ (X.T @ (w * rif))
    found = [row for row in rows if row.measure == "rif_coefficient"]
    assert [row.estimate for row in found] == pytest.approx(beta, abs=1e-6)
    # Linearised by clusters: n / (n - 1) times the squares of the clusters' scores.
    scores = X * (w * (rif - X @ beta))[:, None]
    clusters = np.stack([scores[frame["psu"].to_numpy() == c].sum(axis=0) for c in range(30)])
    variance = bread @ (clusters.T @ clusters) @ bread * 30 / 29
    assert [row.std_error for row in found] == pytest.approx(np.sqrt(np.diag(variance)), rel=1e-5)
    assert found[0].n_clusters == 30


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
    (tmp_path / "small.toml").write_text(STUDY.format(index="standard"))
    code, _, err = cli("run", str(tmp_path / "small.toml"), "--out", str(tmp_path / "run"))
    assert code == 12
    assert "term 'age' is constant" in err
