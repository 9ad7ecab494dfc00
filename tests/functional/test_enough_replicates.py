"""`replicates = "auto"` stops where the bounds stand still, always after the same replicates."""

import numpy as np
import polars as pl
import pytest

import engine
from engine.estimators.replicates import batches, enough
from engine.estimators.replicates.enough import CHECKS, bound_error
from engine.study.bootstrap import MOST_AUTO
from tests.study_texts import analysis, event, factor, study_text

STUDY = study_text(
    seed=8,
    source={"path": "survey.parquet"},
    design={"weight": "weight", "stratum": "stratum", "cluster": "psu"},
    variables={"ill": event("ill", well=[0], ill=[1]), "income": {}, "sex": factor(male=[1], female=[2])},
    analyses=[
        analysis(
            "concentration",
            name="percentile",
            outcome="ill",
            rank_by="income",
            by="sex",
            bootstrap={"replicates": "auto"},
        ),
        analysis(
            "concentration",
            name="normal",
            outcome="ill",
            rank_by="income",
            bootstrap={"replicates": "auto", "interval": "normal"},
        ),
        analysis(
            "decomposition",
            outcome="ill",
            rank_by="income",
            terms=["sex"],
            index="standard",
            bootstrap={"replicates": "auto", "interval": "normal"},
        ),
    ],
)


@pytest.fixture
def study(tmp_path, monkeypatch):
    rng = np.random.default_rng(4)
    n, psu = 400, rng.integers(0, 40, 400)
    pl.DataFrame(
        {
            "ill": rng.integers(0, 2, n),
            "income": rng.integers(1, 30, n),
            "sex": rng.integers(1, 3, n),
            "weight": rng.uniform(1, 2, n),
            "stratum": psu // 10,
            "psu": psu,
        }
    ).write_parquet(tmp_path / "survey.parquet")
    (tmp_path / "study.toml").write_text(STUDY)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "study.toml"


def made(rows, name):
    (number,) = {row.n_replicates for row in rows if row.analysis == name and row.n_replicates}
    return number


def test_replicates__stop_at_a_check_and_do_not_depend_on_threads_and_batches(study, monkeypatch):
    one = engine.run(study, out="one", threads=1)
    monkeypatch.setattr(batches, "BATCH_WORK", 1e6)
    two = engine.run(study, out="two", threads=2)
    assert one.to_frame().equals(two.to_frame())
    assert made(one.rows, "percentile") in (*CHECKS, MOST_AUTO)
    assert 4_096 <= made(one.rows, "normal") <= 8_192 < made(one.rows, "percentile")
    assert made(one.rows, "decomposition") in (*CHECKS, MOST_AUTO)


def test_first_replicates__are_those_of_a_fixed_number(study):
    auto = engine.run(study, out="auto")
    n = made(auto.rows, "normal")
    fixed = engine.run(study, out="fixed", replicates=n, only="normal")
    rows = auto.to_frame().filter(pl.col("analysis") == "normal")
    assert rows.equals(fixed.to_frame())


def test_shares__join_to_the_same_bytes(cli, study):
    whole = engine.run(study, out="whole")
    for k in (1, 2):
        assert cli("run", "study.toml", "--shard", f"{k}/2", "--out", f"shard-{k}")[0] == 0
    assert cli("merge", "shard-1", "shard-2", "--out", "joined")[0] == 0
    assert engine.read_run("joined").to_frame().equals(whole.to_frame())


def test_plan__says_how_many_at_most(cli, study):
    assert "40,960 replicates at most, until they are enough" in " ".join(
        cli("plan", "study.toml")[1].split()
    )


@pytest.mark.parametrize("share", [0.025, 0.05])
@pytest.mark.parametrize("draw", ["normal", "gumbel", "exponential"])
def test_error_of_a_bound__is_that_of_many_bootstraps(draw, share):
    """Closed by simulation: 400 times 4,096 replicates, the spread of the bounds they give."""
    rng = np.random.default_rng(11)
    values = getattr(rng, draw)(size=(400, 4_096))
    spread = values.std()
    bounds = np.quantile(values, [share, 1 - share], axis=1, method="weibull")
    truth = bounds.std(axis=1).max() / spread
    found = np.median([bound_error(row, "percentile", 1 - 2 * share) for row in values])
    assert 0.92 * truth < found < 1.25 * truth  # the worse of two noisy bounds: careful rather than bold


def test_error_of_a_normal_bound__is_that_of_its_standard_error():
    rng = np.random.default_rng(12)
    values = rng.normal(size=(2_000, 2_048))
    truth = 1.959964 * values.std(axis=1).std()
    assert np.median([bound_error(row, "normal", 0.95) for row in values]) == pytest.approx(truth, rel=0.06)


def test_replicates__that_do_not_vary_or_exist_ask_for_no_more():
    precision = enough.Precision(intervals=("percentile",), conf_level=0.95)
    assert precision.is_reached(np.array([np.full(3_000, 0.25), np.full(3_000, np.nan)]))
    assert not precision.is_reached(np.random.default_rng(1).normal(size=(1, 3_000)))
