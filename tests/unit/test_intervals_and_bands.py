"""What few replicates, few sampling units and rare events must not do: look precise."""

import numpy as np
import polars as pl
import pytest

import engine
from engine.estimators.index.bands import simultaneous_critical, studentized_maximum_modulus
from engine.estimators.replicates.intervals import IntervalSpec, VarianceRule, replicate_variance, summarise
from engine.estimators.replicates.pending_rows import PendingRow, finished_row
from engine.results import TidyRow


def rare(events=2, n=200):
    rng = np.random.default_rng(3)
    y = np.zeros(n)
    y[rng.choice(n, events, replace=False)] = 1
    return pl.DataFrame({"y": y, "x": rng.integers(0, 20, n), "w": rng.uniform(0.5, 2, n)})


@pytest.mark.parametrize(("index", "parameter"), [("standard", None), ("wagstaff", None), ("extended", 3.0)])
@pytest.mark.parametrize("weight", [None, "w"])
def test_replicate_without_events__is_undefined_and_counted(index, parameter, weight):
    """Two events among 200: a resample misses both with probability (1 - 1/100)^200, 13.4 %."""
    result = engine.concentration_index(
        rare(), "y", "x", weight, index=index, parameter=parameter, bounds=(0, 1), bootstrap=4000, seed=1
    )
    failed = int(np.isnan(result.replicates).sum())
    assert failed == pytest.approx(4000 * 0.99**200, abs=4 * np.sqrt(4000 * 0.134 * 0.866))
    assert abs(result.replicates[~np.isnan(result.replicates)]).max() <= 2
    assert "no interval" in result.rows[-1].status
    assert np.isnan([result.conf_low, result.p_value]).all()


def test_replicate_of_one_rank__is_undefined_like_the_sample_would_be():
    frame = pl.DataFrame({"y": [float(i % 5) for i in range(40)], "x": [0] * 39 + [1]})
    result = engine.concentration_index(frame, "y", "x", index="generalized", bootstrap=4000, seed=2)
    # The one person of the other rank is missed with probability (1 - 1/40)^40.
    assert np.isnan(result.replicates).mean() == pytest.approx((1 - 1 / 40) ** 40, abs=0.04)


def test_group_of_one_cluster__has_no_standard_error_anywhere(tmp_path):
    rng = np.random.default_rng(5)
    frame = pl.DataFrame(
        {"y": rng.normal(5, 1, 120), "x": rng.integers(0, 9, 120), "c": np.arange(120) // 10}
    )
    frame = frame.with_columns(g=pl.when(pl.col("c") == 3).then(1).otherwise(2))
    frame.write_parquet(tmp_path / "x.parquet")
    (tmp_path / "s.toml").write_text("""
[study]
name = "x"
[source]
path = "x.parquet"
[design]
cluster = "c"
[variables.y]
from = "y"
[variables.x]
from = "x"
[variables.g]
from = "g"
levels = { a = [1], b = [2] }
[[analysis]]
name = "i"
kind = "concentration"
outcome = "y"
rank_by = "x"
by = "g"
compare = true
bootstrap = { replicates = 100 }
[[analysis]]
name = "c"
kind = "curve"
outcome = "y"
rank_by = "x"
by = "g"
""")
    rows = engine.run(tmp_path / "s.toml", out=tmp_path / "run").to_frame()
    touched = rows.filter((pl.col("subgroup") == "g=a") | pl.col("level").is_in(["g=b - g=a", "all equal"]))
    assert touched["status"].unique().to_list() == ["no degrees of freedom"]
    assert touched["std_error"].is_null().all()
    assert touched["p_value"].is_null().all()


@pytest.mark.parametrize("degrees", [2, 5, 30])
def test_simultaneous_band__is_wider_than_the_pointwise_interval(degrees):
    from scipy.stats import t

    correlation = np.array([[1, 0.5], [0.5, 1]])
    critical = simultaneous_critical(correlation, degrees, 0.95, 1)
    assert t.ppf(0.975, degrees) < critical < t.ppf(1 - 0.025 / 2, degrees) * 1.03


def test_maximum_modulus__equals_the_published_table():
    # Stoline and Ury (1979), 5 % points: k = 3 and 10 means, and the normal limit.
    assert studentized_maximum_modulus(3, 10, 0.95) == pytest.approx(2.83, abs=0.006)
    assert studentized_maximum_modulus(10, 10, 0.95) == pytest.approx(3.45, abs=0.03)
    assert studentized_maximum_modulus(3, 10**7, 0.95) == pytest.approx(2.388, abs=0.003)


@pytest.mark.slow
def test_dominance__keeps_its_level_with_few_clusters():
    """Under equality the multiple comparison rule rejects 5 % at the most; 400 samples of 8 clusters."""
    rng, rejected = np.random.default_rng(1), 0
    for _ in range(400):
        frame = pl.DataFrame(
            {"y": rng.uniform(1, 2, 400), "x": rng.permutation(400), "c": np.arange(400) % 8}
        )
        rows = engine.concentration_curve(frame, "y", "x", cluster="c", points=4).rows
        rejected += next(row.estimate for row in rows if row.measure == "dominance") != 0
    assert rejected / 400 < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)


def test_curve_errors__equal_the_bootstraps(meps):
    from engine.kernels.draws import draws
    from engine.kernels.draws.streams import stream_key
    from engine.kernels.index.curve import curve_ordinates
    from engine.kernels.index.ranks import tie_ends

    frame = meps.select("drugexp", "income").sort("income")
    curve = engine.concentration_curve(frame, "drugexp", "income", points=5)
    y, ends = (
        frame["drugexp"].cast(float).to_numpy(),
        tie_ends(frame["income"].rank("dense").to_numpy().astype(np.int64)),
    )
    counts = draws.exact_rows(stream_key(1, "iid"), len(y)).multipliers(len(y), 0, 15).astype(float)
    values = []
    for block in counts:
        for w in block.T:
            w = np.ascontiguousarray(w)
            W = w.sum()
            values.append(curve_ordinates(w, y, ends, W, curve.share_of_people) / ((w * y).sum() / W))
    # 480 replicates: an SD is known to 3.2 %; 4 of these.
    assert curve.std_error[1:-1] == pytest.approx(np.std(values, axis=0, ddof=1)[1:-1], rel=0.13)


def test_variance__is_the_one_formula():
    values, factors = np.array([1.0, 2.0, 4.0, np.nan]), np.full(4, 0.5)
    assert replicate_variance(values[:3], factors[:3], 2.0) == pytest.approx(0.5 * (1 + 0 + 4))
    assert replicate_variance(values, factors, 2.0) == pytest.approx(0.5 * (1 + 0 + 4) * 4 / 3)
    assert np.isnan(replicate_variance(values[3:], factors[3:], 2.0))


def test_intervals__basic_mirrors_percentile_about_the_estimate():
    values = np.random.default_rng(1).gamma(2, 1, 999)
    rule = VarianceRule(name="bootstrap", factors=np.full(999, 1 / 998), centre="mean", is_drawn=True)
    basic, percentile, bca = (
        summarise(2.0, values, IntervalSpec(interval=name, conf_level=0.9, degrees=50), rule)
        for name in ("basic", "percentile", "bca")
    )
    assert (basic.conf_low, basic.conf_high) == pytest.approx(
        (4 - percentile.conf_high, 4 - percentile.conf_low)
    )
    # (b + 1) p = 50 of 999: the 50th and the 950th value.
    assert (percentile.conf_low, percentile.conf_high) == pytest.approx(
        (np.sort(values)[49], np.sort(values)[949])
    )
    assert bca.conf_low != percentile.conf_low


def test_studentized__with_strata_of_two_is_refused():
    rng = np.random.default_rng(1)
    frame = pl.DataFrame(
        {"y": rng.normal(5, 1, 200), "x": rng.integers(0, 9, 200), "c": np.arange(200) // 10}
    )
    frame = frame.with_columns(s=pl.col("c") // 2)
    with pytest.raises(engine.EstimationError, match="strata of two sampling units"):
        engine.concentration_index(
            frame, "y", "x", stratum="s", cluster="c", bootstrap=100, interval="studentized", method="rao-wu"
        )


def test_poisson__agrees_with_the_linearised_error_in_strata(survey):
    result = engine.concentration_index(
        survey, "ill", "income", stratum="stratum", cluster="psu", bootstrap=3000, method="poisson"
    )
    # An approximation: counts scaled to strata of six units. Without the scaling it would be far too large.
    assert result.std_error == pytest.approx(result.linearised_std_error, rel=0.1)


@pytest.mark.parametrize("interval", ["percentile", "basic", "bca", "studentized"])
def test_p__is_the_level_at_which_the_interval_touches_0(interval):
    """The p of a t beside such an interval could contradict it."""
    rng = np.random.default_rng(4)
    for _ in range(60):
        estimate, kept = float(rng.normal(0.4, 0.4)), rng.gamma(2.0, 0.15, 399)
        kept += estimate - 0.4
        spec = {
            "interval": interval,
            "degrees": 30,
            "acceleration": float(rng.normal(0, 0.1)),
            "errors": rng.uniform(0.1, 0.4, 399),
            "std_error": 0.2,
        }
        rule = VarianceRule(name="iid bootstrap", factors=np.full(399, 1 / 398), centre="mean", is_drawn=True)
        p = summarise(estimate, kept, IntervalSpec(conf_level=0.95, **spec), rule).p_value
        for level in (0.6, 0.8, 0.9, 0.95, 0.98):
            found = summarise(estimate, kept, IntervalSpec(conf_level=level, **spec), rule)
            is_outside = not found.conf_low <= 0.0 <= found.conf_high
            assert is_outside == (p <= 1 - level + 1e-12), (interval, level, p)
        if 2 / 400 < p < 0.45:
            touching = summarise(estimate, kept, IntervalSpec(conf_level=1 - p, **spec), rule)
            assert min(abs(touching.conf_low), abs(touching.conf_high)) < 1e-9


def test_p_beyond_all_replicates__is_the_least_they_can_show():
    kept = np.linspace(1.0, 2.0, 99)
    rule = VarianceRule(name="iid bootstrap", factors=np.full(99, 1 / 98), centre="mean", is_drawn=True)
    found = summarise(1.5, kept, IntervalSpec(interval="percentile", conf_level=0.95, degrees=9), rule)
    assert found.p_value == 2 / 100


def test_p__contradicts_no_interval_of_a_small_sample():
    """A t gave p = 0.06 beside a percentile interval above 0 in one of these samples."""
    contradictions = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        frame = pl.DataFrame({"y": rng.gamma(0.4, 2.0, 25), "x": rng.normal(size=25)})
        for interval in ("percentile", "bca"):
            found = engine.concentration_index(frame, "y", "x", bootstrap=199, interval=interval, seed=seed)
            outside = not found.conf_low <= 0 <= found.conf_high
            contradictions += outside != (found.p_value <= 0.05)
    assert contradictions == 0


@pytest.mark.parametrize("interval", ["normal", "percentile"])
def test_monte_carlo_error__is_how_far_other_seeds_move_the_worse_bound(interval):
    rng = np.random.default_rng(8)
    rule = VarianceRule(name="bootstrap", factors=np.full(999, 1 / 998), centre="mean", is_drawn=True)
    row = TidyRow(measure="standard", estimate=0.0, conf_level=0.95)
    rows = [
        finished_row(PendingRow(row=row, values=values, interval=interval, degrees=10**6), rule)
        for values in rng.exponential(2.0, (400, 999)) - 2.0
    ]
    moved = max(np.std([[one.conf_low, one.conf_high] for one in rows], axis=0))
    told = np.mean([one.mc_error for one in rows])
    assert 0.9 * moved < told < 1.3 * moved  # whole order statistics lie a little wide


def test_monte_carlo_error__is_of_draws_only():
    rule = VarianceRule(name="jackknife", factors=np.full(99, 98 / 99), centre="mean", is_drawn=False)
    row = TidyRow(measure="standard", estimate=0.0, conf_level=0.95)
    values = np.random.default_rng(8).normal(size=99)
    done = finished_row(PendingRow(row=row, values=values, interval="normal", degrees=98), rule)
    assert done.conf_low is not None
    assert done.mc_error is None
