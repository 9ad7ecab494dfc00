"""Replicate weights that come with the data, behind a decomposition: the jackknife handed over as columns."""

import numpy as np
import polars as pl
import pytest

import engine
from tests.study_texts import analysis, study_text


def study_of(method, **design):
    """Return a decomposition whose errors come from replicates of a method."""
    return study_text(
        name="given",
        source="x.parquet",
        design={"weight": "w", **design},
        variables={"y": {}, "x": {}, "z": {}},
        analyses=[
            analysis(
                "decomposition",
                name="parts",
                outcome="y",
                rank_by="x",
                terms="z",
                need="z",
                bootstrap={"method": method, "interval": "normal"},
            )
        ],
    )


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
    given = {"columns": "rw_*", "method": "jk1", "centre": "mean"}
    for name, text in (
        ("given", study_of("replicate-weights", replicate_weights=given)),
        ("own", study_of("jackknife", cluster="psu")),
    ):
        (tmp_path / f"{name}.toml").write_text(text)
        rows = engine.run(tmp_path / f"{name}.toml", out=tmp_path / name).to_frame()
        errors.append(rows["std_error"].to_list())
    assert errors[0] == pytest.approx(errors[1], rel=1e-9)
