"""The joint test of indices in groups follows from the differences of its pairs."""

import numpy as np
import polars as pl
import pytest
from scipy.stats import f

import engine
from engine.estimators.index import differences


@pytest.mark.parametrize("groups", ["ab", "abc"])
def test_joint_f__is_that_of_the_differences(groups, monkeypatch):
    monkeypatch.setattr(differences, "MOST_COMPARED", len(groups))
    chance = np.random.default_rng(4)
    n, k = 72, len(groups) - 1
    frame = pl.DataFrame(
        {
            "y": chance.integers(1, 9, n),
            "x": chance.integers(0, 12, n),
            "g": [groups[i % len(groups)] for i in range(n)],
            "cluster": np.arange(n) // 6,
        }
    )
    rows = engine.concentration_index(frame, "y", "x", by="g", compare=True, cluster="cluster").rows
    pairs = {row.level: row for row in rows if row.measure == "difference"}
    (joint,) = [row for row in rows if row.measure == "wald_f"]
    first = [pairs[f"g={name} - g=a"] for name in groups[1:]]
    D, V = np.array([row.estimate for row in first]), np.diag([row.std_error**2 for row in first])
    if k == 2:
        V[0, 1] = V[1, 0] = (V[0, 0] + V[1, 1] - pairs["g=c - g=b"].std_error ** 2) / 2
    d = 11  # 12 clusters
    F = (d - k + 1) / (k * d) * D @ np.linalg.solve(V, D)
    assert joint.estimate == pytest.approx(F, rel=1e-9)
    assert joint.df2 == d - k + 1
    assert joint.p_value == pytest.approx(f.sf(F, k, d - k + 1), rel=1e-9)
    monkeypatch.setattr(differences, "MOST_COMPARED", k)
    rows = engine.concentration_index(frame, "y", "x", by="g", compare=True, cluster="cluster").rows
    (joint,) = [row for row in rows if row.measure == "wald_f"]
    assert (joint.estimate, joint.status) == (None, f"{k + 1} groups are not compared: at most {k} can be")
