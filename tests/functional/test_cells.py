"""Every statistic that reads cells gives what it gives from rows."""

import time

import numpy as np
import polars as pl
import pytest

import engine
from engine.data import cells, records
from engine.data.sample_reader import CellReader
from tests.study_texts import analysis, event, factor, study_text

N = 6_000
CLUSTERS = ("", "")
NO_CLUSTERS = ('cluster = "psu"\n', "")
WEIGHTS_ONLY = ('stratum = "stratum"\ncluster = "psu"\nindependent_waves = true\n', "")
STUDY = study_text(
    seed=3,
    source={"path": "survey.parquet", "wave": "wave"},
    design={"weight": "weight", "stratum": "stratum", "cluster": "psu", "independent_waves": True},
    variables={
        "ill": event("ill", well=[0], ill=[1]),
        "visits": {"bounds": [0, 9]},
        "income": {},
        "sex": factor(male=[1], female=[2]),
    },
    sample={"Income known": "income IS NOT NULL"},
    analyses=[
        analysis("describe", name="people", by="wave"),
        analysis("rates", outcome=["ill", "visits"], rows="sex", by="wave"),
        analysis(
            "rates",
            name="standardised",
            outcome="ill",
            by="wave",
            standardise={"by": ["sex"], "population": [["male", 0.4], ["female", 0.6]]},
        ),
        analysis("rates", name="unweighted", outcome="ill", rows="sex", weighted=False),
        analysis(
            "concentration",
            name="inequality",
            outcome=["ill", "visits"],
            rank_by="income",
            by=["wave", "sex"],
            index=["standard", "erreygers", "extended"],
            parameter=3,
            compare=True,
            bootstrap={"replicates": 64, "method": "auto", "interval": ["percentile", "bca"]},
        ),
        analysis(
            "concentration",
            name="deleted",
            outcome="ill",
            rank_by="income",
            bootstrap={"method": "jackknife"},
        ),
        analysis(
            "concentration",
            name="people drawn",
            outcome="ill",
            rank_by="income",
            bootstrap={"replicates": 64, "method": "iid"},
        ),
        analysis("curve", outcome="ill", rank_by="income", by="wave"),
        analysis("logit", name="model", outcome="ill", terms=["sex", "income", "wave"], covariance="design"),
        analysis("logit", name="robust", outcome="ill", terms=["sex"], by="wave", covariance="robust"),
        analysis(
            "regression",
            name="count",
            model="poisson",
            outcome="visits",
            terms=["sex", "income"],
            weighted=False,
            covariance="robust",
        ),
    ],
)


def people():
    rng = np.random.default_rng(17)
    psu = rng.integers(0, 40, N)
    income = rng.integers(1, 6, N).astype(float)
    ill = rng.integers(0, 2, N).astype(float)
    ill[rng.random(N) < 0.03] = np.nan
    income[rng.random(N) < 0.02] = np.nan
    weight = rng.uniform(0.5, 3.0, N)
    weight[:7] = 0.0
    return pl.DataFrame(
        {
            "wave": np.where(rng.random(N) < 0.4, 1, 2),
            "ill": ill,
            "visits": rng.integers(0, 4, N),
            "income": income,
            "sex": rng.integers(1, 3, N),
            "weight": weight,
            "stratum": psu // 8,
            "psu": psu,
        }
    ).fill_nan(None)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the study, changed in some words, on cells or on rows; returns the run and its numbers of cells."""
    monkeypatch.chdir(tmp_path)
    people().write_parquet("survey.parquet")
    monkeypatch.setattr(cells, "MOST_CELLS", 1.0)
    begin = CellReader.__init__

    def running(*, as_cells, change=CLUSTERS, frame=None):
        if frame is not None:
            frame.write_parquet("survey.parquet")
        (tmp_path / "study.toml").write_text(STUDY.replace(*change))
        made = []

        def counted(self, spec, sample, panel, frame, only=None):
            made.append(frame.height)
            begin(self, spec, sample, panel, frame, only)

        monkeypatch.setattr(records, "FEWEST_ROWS", 1 if as_cells else 10**9)
        monkeypatch.setattr(CellReader, "__init__", counted)
        return engine.run(tmp_path / "study.toml", out=tmp_path / f"run-{time.monotonic_ns()}"), made

    return running


NUMBERS = ("estimate", "std_error", "conf_low", "conf_high", "p_value", "sum_weights")


def same(one, other):
    """All alike; the limits of a band are quantiles of draws by a nearly singular covariance."""
    is_band = (one["kind"] == "curve").to_numpy()
    names = [name for name in one.columns if name not in NUMBERS and one[name].dtype != pl.Float64]
    assert one.select(names).equals(other.select(names))
    for name in NUMBERS:
        for rows, tolerance in ((~is_band, 1e-12), (is_band, 1e-8)):
            np.testing.assert_allclose(
                one[name].to_numpy()[rows],
                other[name].to_numpy()[rows],
                rtol=tolerance,
                atol=1e-14,
                err_msg=name,
            )


@pytest.mark.parametrize(
    "change", [CLUSTERS, NO_CLUSTERS, WEIGHTS_ONLY], ids=["clusters", "no clusters", "weights only"]
)
def test_cells__give_the_numbers_of_rows(run, change):
    assert change[0] in STUDY
    of_cells, made = run(as_cells=True, change=change)
    of_rows, none = run(as_cells=False, change=change)
    assert none == []
    assert len(made) >= 8
    assert max(made) < N
    assert of_cells.failures == of_rows.failures == {}
    same(of_cells.to_frame(), of_rows.to_frame())
    assert set(of_rows.manifest["read_as"].values()) == {"rows"}
    assert of_cells.manifest["read_as"]["robust"] == "cells"
    assert of_cells.manifest["read_as"]["people drawn"] == "rows"


def test_cells__have_the_same_bits_in_any_order_of_the_records(run):
    one, _ = run(as_cells=True)
    other, _ = run(as_cells=True, frame=people().sample(fraction=1.0, shuffle=True, seed=5))
    assert one.to_frame().equals(other.to_frame())


@pytest.mark.parametrize("weight", [-1.0, None, float("inf")])
def test_unusable_weights__are_told_as_rows(run, weight):
    is_bad = pl.int_range(N) < 3
    failed, _ = run(
        as_cells=True,
        frame=people().with_columns(weight=pl.when(is_bad).then(weight).otherwise(pl.col("weight"))),
    )
    told = [reason for name, reason in failed.failures.items() if name != "unweighted"]
    assert len(told) == 9
    for reason in told:
        assert "found 3 " in reason
        assert "weights, the first in row 1 of the sample" in reason


def test_extreme_weights__are_read_as_rows(run):
    whole, made = run(as_cells=True, frame=people().with_columns(weight=pl.col("weight") * 1e-200))
    assert whole.failures == {}
    assert len(made) == 3  # of what is unweighted
