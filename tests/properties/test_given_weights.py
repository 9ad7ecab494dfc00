"""Replicate weights that come with the data, behind a decomposition: the jackknife handed over as columns."""

import numpy as np
import polars as pl
import pytest

import engine

STUDY = """
[study]
name = "given"
[source]
path = "x.parquet"
[design]
weight = "w"
{design}
[variables.y]
from = "y"
[variables.x]
from = "x"
[variables.z]
from = "z"
[[analysis]]
name = "parts"
kind = "decomposition"
outcome = "y"
rank_by = "x"
terms = "z"
need = "z"
bootstrap = {{ method = "{method}", interval = "normal" }}
"""


def test_given_jackknife_weights__give_the_jackknifes_errors_of_contributions(tmp_path):
    rng = np.random.default_rng(4)
    n, psus = 300, 20
    psu = np.arange(n) % psus
    z = rng.normal(0, 1, n)
    frame = pl.DataFrame(
        {
            "y": 2 + z + rng.normal(0, 1, n),
            "x": rng.integers(0, 30, n) + 3 * z,
            "z": z,
            "w": rng.uniform(1, 2, n),
            "psu": psu,
        }
    )
    weights = {
        f"rw_{k:02}": np.where(psu == k, 0.0, frame["w"].to_numpy() * psus / (psus - 1)) for k in range(psus)
    }
    frame.with_columns(**{name: pl.Series(values) for name, values in weights.items()}).write_parquet(
        tmp_path / "x.parquet"
    )
    errors = []
    for name, design, method in (
        (
            "given",
            'replicate_weights = { columns = "rw_*", method = "jk1", centre = "mean" }',
            "replicate-weights",
        ),
        ("own", 'cluster = "psu"', "jackknife"),
    ):
        (tmp_path / f"{name}.toml").write_text(STUDY.format(design=design, method=method))
        rows = engine.run(tmp_path / f"{name}.toml", out=tmp_path / name).to_frame()
        errors.append(rows["std_error"].to_list())
    assert errors[0] == pytest.approx(errors[1], rel=1e-9)
