"""The simulated CMDS panel: published margins, rates and odds ratios, with a truth that can be recovered."""

import numpy as np
import polars as pl
import pytest

import engine
from engine.simulate.cmds import ESTABLISHED, SKIPPED, simulate_cmds
from engine.simulate.joint import cmds_truth
from engine.simulate.labelled_panel import panel_frame
from engine.simulate.margins import WAVES, published_levels

NAMES = ["sex", "age", "region", "marital", "education", "hukou", "duration", "reason", "range"]
REFERENCES = {"region": "3"}


@pytest.fixture(scope="module")
def panel():
    return with_outcome(panel_frame(simulate_cmds()))


def with_outcome(frame):
    asked = pl.col("health_record").is_not_null() & (pl.col("health_record") != SKIPPED)
    record = pl.when(asked).then((pl.col("health_record") == ESTABLISHED).cast(pl.Int64))
    return frame.with_columns(pl.col(NAMES).cast(pl.String), pl.col("wave").cast(pl.String), y=record)


def test_truth__has_the_published_numbers_of_every_wave_and_of_model_1():
    truth, levels = cmds_truth(), published_levels()
    for wave in WAVES:
        own = truth.waves[wave]
        p = 1.0 / (1.0 + np.exp(-(own.beta @ truth.dummies)))
        for k, variable in enumerate(levels):
            for level in levels[variable]:
                here = truth.cells[:, k] == level.code
                unknown = 163 if (variable, wave) == ("range", "2016") else 0
                assert own.asked[here].sum() + own.skipped[here].sum() == pytest.approx(
                    level.n[wave], abs=unknown + 0.1
                )
                assert (own.asked * p)[here].sum() == pytest.approx(
                    level.established[wave], abs=0.4 * unknown + 0.1
                )
    ratios = dict(zip(truth.names, np.exp(truth.model_1), strict=True))
    assert ratios["age", "65+"] == pytest.approx(1.48, rel=1e-9)
    assert ratios["region", "west"] / ratios["region", "middle"] == pytest.approx(1 / 1.28, rel=1e-9)


def test_full_panel__has_every_published_odds_ratio_of_model_1(panel):
    found = engine.logit(panel, "y", NAMES, references=REFERENCES, crude=True)
    levels = published_levels()
    for row in found.rows:
        if row.measure == "odds_ratio" and row.status == "ok":
            published = next(level for level in levels[row.term] if str(level.code) == row.level).odds_ratio
            assert row.estimate == pytest.approx(published, abs=0.011), (row.term, row.level)
    assert found.n_obs == 524_330


def test_independent_draws__differ_from_balanced_ones():
    drawn = with_outcome(panel_frame(simulate_cmds(20_000, seed=1, balanced=False)))
    balanced = with_outcome(panel_frame(simulate_cmds(20_000, seed=1)))
    assert drawn["sex"].equals(balanced["sex"])
    assert not drawn["y"].equals(balanced["y"])
    # People of one point are alike: the rates of points spread more than those of independent people.
    rates = drawn.filter(pl.col("wave") == "2016").group_by("point").agg(pl.col("y").mean(), n=pl.len())
    spread = rates.filter(pl.col("n") == 20)["y"].var()
    assert spread > 1.2 * 0.3844 * 0.6156 / 20


@pytest.mark.slow
def test_model_1__is_recovered_from_200_panels():
    """Clustered 95 % intervals of Model 1 cover the truth: 17 coefficients in 200 panels of 12,000 people."""
    truth = dict(zip(cmds_truth().names, cmds_truth().model_1, strict=True))
    covered, z = [], []
    for seed in range(200):
        frame = with_outcome(panel_frame(simulate_cmds(12_000, seed=seed, balanced=False)))
        result = engine.logit(frame, "y", NAMES, references=REFERENCES, cluster="point", covariance="cluster")
        levels = published_levels()
        for row in result.rows:
            if row.measure == "coefficient" and row.term != "(constant)":
                name = next(level.name for level in levels[row.term] if str(level.code) == row.level)
                base = truth.get((row.term, "west"), 0.0) if row.term == "region" else 0.0
                beta = truth.get((row.term, name), 0.0) - base
                covered.append(row.conf_low <= beta <= row.conf_high)
                z.append((row.estimate - beta) / row.std_error)
    share = np.mean(covered)
    print(f"coverage {share:.4f} of {len(covered)}, mean z {np.mean(z):.3f}, SD of z {np.std(z):.3f}")
    assert 0.93 <= share <= 0.97
