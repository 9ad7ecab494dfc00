"""What replicates make of an estimate, and how they are planned, against formulas by hand."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import norm, t

from engine.arrays import DesignColumns, Group, ReplicateWeights
from engine.errors import Enough, EstimationError
from engine.estimators.replicates import batches as loops
from engine.estimators.replicates.enough import CHECKS, Precision
from engine.estimators.replicates.intervals import IntervalSpec, VarianceRule, replicate_variance, summarise
from engine.estimators.replicates.pending_rows import Estimates, PendingRow, join_shares
from engine.estimators.replicates.replicate_weights import (
    failed_status,
    replicate_covariance,
    replicate_variances,
)
from engine.estimators.replicates.resampling_methods import make_plan, requested_plan
from engine.estimators.replicates.resampling_plan import shortened
from engine.estimators.replicates.settings import ReplicateSettings, Share
from engine.estimators.sample.sorting import sort_sample
from engine.results import TidyRow
from engine.study import BootstrapSpec

VALUES = np.random.default_rng(3).gamma(2.0, 0.5, 39)
ERRORS = np.random.default_rng(4).uniform(0.1, 0.4, 39)
RULE = VarianceRule(name="iid bootstrap", factors=np.full(39, 1 / 38), centre="mean", is_drawn=True)


def quantile(values, p):
    """The (b + 1) p-th value, with a line between two of them."""
    ordered, place = np.sort(values), (len(values) + 1) * p
    below = int(place)
    return ordered[below - 1] + (place - below) * (ordered[below] - ordered[below - 1])


def limits(interval, estimate, conf_level, acceleration=0.1):
    low, high = (1 - conf_level) / 2, (1 + conf_level) / 2
    if interval == "percentile":
        return quantile(VALUES, low), quantile(VALUES, high)
    if interval == "basic":
        return 2 * estimate - quantile(VALUES, high), 2 * estimate - quantile(VALUES, low)
    if interval == "studentized":
        away = (VALUES - estimate) / ERRORS
        return estimate - 0.2 * quantile(away, high), estimate - 0.2 * quantile(away, low)
    z0 = norm.ppf((estimate > VALUES).mean() + (estimate == VALUES).mean() / 2)
    ends = [z0 + (z0 + norm.ppf(p)) / (1 - acceleration * (z0 + norm.ppf(p))) for p in (low, high)]
    return tuple(quantile(VALUES, norm.cdf(end)) for end in ends)


def spec_of(interval, conf_level, null=0.9):
    return IntervalSpec(
        interval=interval,
        conf_level=conf_level,
        degrees=12,
        acceleration=0.1,
        errors=ERRORS,
        std_error=0.2,
        null=null,
    )


@pytest.mark.parametrize("estimate", [0.95, float(np.sort(VALUES)[20])])
@pytest.mark.parametrize("interval", ["percentile", "basic", "studentized", "bca"])
def test_limits__are_quantiles_and_p_is_where_they_touch(interval, estimate):
    for level in (0.6, 0.8):
        found = summarise(estimate, VALUES, spec_of(interval, level), RULE)
        assert (found.conf_low, found.conf_high) == pytest.approx(limits(interval, estimate, level))
        assert found.std_error == pytest.approx(VALUES.std(ddof=1))
        assert (found.n_failed, found.status) == (0, "ok")
        # A null value at a limit has the p-value of that level.
        for null in (found.conf_low, found.conf_high):
            p = summarise(estimate, VALUES, spec_of(interval, level, null), RULE).p_value
            assert p == pytest.approx(1 - level, rel=1e-9)
    far = -50.0 if interval == "percentile" else 50.0
    assert summarise(estimate, VALUES, spec_of(interval, 0.8, far), RULE).p_value == 2 / 40
    inside = summarise(estimate, VALUES, spec_of(interval, 0.8, null=estimate), RULE)
    assert inside.p_value > 0.5


def test_normal_limits__are_those_of_student():
    found = summarise(0.95, VALUES, spec_of("normal", 0.9, null=0.5), RULE)
    error = VALUES.std(ddof=1)
    half = t(12).ppf(0.95) * error
    assert (found.conf_low, found.conf_high) == pytest.approx((0.95 - half, 0.95 + half))
    assert found.p_value == pytest.approx(2 * t(12).sf(0.45 / error))
    about = VarianceRule(name="x", factors=np.full(39, 0.5), centre="estimate", is_drawn=False)
    assert summarise(0.95, VALUES, spec_of("normal", 0.9), about).std_error == pytest.approx(
        np.sqrt(0.5 * ((VALUES - 0.95) ** 2).sum())
    )


@pytest.mark.parametrize(("n_failed", "is_told"), [(0, False), (2, False), (3, True), (40, True)])
def test_undefined_replicates__take_the_interval_if_they_are_many(n_failed, is_told):
    values = np.linspace(0, 1, 40)
    values[:n_failed] = np.nan
    rule = VarianceRule(name="x", factors=np.full(40, 1 / 39), centre="mean", is_drawn=True)
    found = summarise(0.5, values, IntervalSpec(interval="percentile", conf_level=0.9, degrees=3), rule)
    assert found.n_failed == n_failed
    assert np.isnan(found.conf_low) == np.isnan(found.p_value) == is_told
    text = f"{n_failed} of 40 replicates undefined: no interval"
    assert found.status == failed_status(n_failed, 40) == (text if is_told else "ok")
    if n_failed < 40:
        kept = values[n_failed:]
        assert found.std_error == pytest.approx(np.sqrt(((kept - kept.mean()) ** 2).mean() * 40 / 39))


def test_variance__leaves_out_what_does_not_count():
    values, factors = np.array([1.0, 2.0, 6.0, np.nan]), np.array([0.5, 0.0, 1.5, 2.0])
    # The replicate with factor 0 is not in the mean; the others weigh for the undefined one.
    assert replicate_variance(values, factors, None) == pytest.approx(4 / 2 * (0.5 * 2.5**2 + 1.5 * 2.5**2))
    assert replicate_variance(values[:3], 0 * factors[:3], None) == 0.0
    assert np.isnan(replicate_variance(values[2:], factors[2:], None))


@pytest.mark.parametrize("centre", ["mean", "estimate"])
def test_covariance__is_of_replicates_that_are_whole(centre):
    values = np.random.default_rng(1).normal(size=(2, 60))
    values[0, 3], values[1, 8] = np.nan, np.inf
    factors = np.random.default_rng(2).uniform(0, 1, 60)
    factors[5] = 0.0
    given = ReplicateWeights(values=np.ones((60, 1)), factors=factors, centre=centre, is_bootstrap=True)
    V, n_failed = replicate_covariance(values, np.array([0.1, -0.2]), given)
    whole = np.isfinite(values).all(axis=0)
    counted = whole & (factors > 0)
    middle = values[:, counted].mean(axis=1) if centre == "mean" else np.array([0.1, -0.2])
    away = (values - middle[:, None])[:, whole]
    assert n_failed == 2
    assert pytest.approx((away * factors[whole]) @ away.T * factors.sum() / factors[whole].sum()) == V
    variances, failed = replicate_variances(values[:1], given)
    own = np.isfinite(values[0])
    about = values[0, own & (factors > 0)].mean() if centre == "mean" else 0.0
    expected = factors[own] @ (values[0, own] - about) ** 2 * factors.sum() / factors[own].sum()
    assert (variances[0], failed[0]) == (pytest.approx(expected), 1)
    values[:, 10:13] = np.nan
    assert np.isnan(replicate_covariance(values, np.zeros(2), given)[0]).all()


def arrays_of(sizes=(3, 1, 5), single_psu="certainty", strata=True, clusters=True):
    """Two rows of each PSU, and PSUs in strata of these sizes."""
    psu = np.repeat(np.arange(sum(sizes)), 2)
    return sort_sample(
        outcomes={"y": np.arange(len(psu)) / 3.0},
        rank=(7.0 * psu) % 5,
        rank_name="x",
        columns=DesignColumns(
            weight=1 + psu % 3 / 2,
            stratum=np.repeat(np.arange(len(sizes)), 2 * np.array(sizes)) if strata else None,
            cluster=psu if clusters else None,
            single_psu=single_psu,
        ),
        group=np.zeros(len(psu), np.int64),
        groups=(Group(),),
    )


def multipliers_of(plan, arrays):
    """What multiplies each row's weight, (replicates, rows)."""
    drawn = plan.draws.multipliers(arrays.n, 0, 2).transpose(0, 2, 1).reshape(-1, arrays.n)
    return drawn * plan.weight(np.ones(arrays.n), plan.unit)


@pytest.mark.parametrize("method", ["cluster", "rao-wu", "poisson", "jackknife", "auto"])
@pytest.mark.parametrize("single_psu", ["certainty", "adjust"])
def test_plans_of_strata__keep_the_weight_of_each(method, single_psu):
    arrays = arrays_of(single_psu=single_psu)
    plan = make_plan(BootstrapSpec(method=method, replicates=64), arrays, 5)
    times, stratum = multipliers_of(plan, arrays), arrays.design.stratum_of_unit[arrays.unit]
    assert plan.stratum_end.tolist() == (
        [3, 9] if single_psu == "adjust" and method != "jackknife" else [3, 4, 9]
    )
    if method == "jackknife":
        size = np.array([3.0, 1.0, 5.0])
        expected = (size - 1) / size
        if single_psu == "adjust":
            expected[1] = 2 / 3
        assert plan.factors == pytest.approx(expected[arrays.design.stratum_of_unit])
        assert plan.n_replicates == 9
        assert not plan.is_bootstrap
        return
    merged = np.where((stratum == 1) & (single_psu == "adjust"), 2, stratum)
    for h in np.unique(merged):
        assert times[:, merged == h].sum(axis=1) == pytest.approx((merged == h).sum())
    if method in ("rao-wu", "auto"):  # n - 1 draws, each worth n / (n - 1)
        assert plan.unit_scale[:3] == pytest.approx([1.5] * 3)
        assert plan.unit_scale[-1] == pytest.approx(6 / 5 if single_psu == "adjust" else 5 / 4)
    assert plan.factors == pytest.approx([1 / 63] * 64)
    assert plan.is_drawn


@pytest.mark.parametrize("method", ["iid", "poisson", "auto"])
def test_plans_without_strata__draw_rows_or_clusters(method):
    rows = make_plan(BootstrapSpec(method=method, replicates=64), arrays_of(strata=False, clusters=False), 5)
    assert rows.name == ("poisson bootstrap" if method == "poisson" else "iid bootstrap")
    assert rows.draws_rows
    assert rows.unit.tolist() == [*range(18)]
    if method == "poisson":
        clusters = make_plan(BootstrapSpec(method=method, replicates=64), arrays_of(strata=False), 5)
        assert not clusters.draws_rows
        times = multipliers_of(clusters, arrays_of(strata=False))
        assert len(np.unique(times, axis=1)) == 64
        assert len({*map(bytes, times.T.copy())}) == 9  # both rows of a PSU have one multiplier


def test_jackknife__has_a_limit_and_counts_the_population(monkeypatch):
    arrays = arrays_of()
    monkeypatch.setattr("engine.estimators.replicates.resampling_methods.MOST_DELETIONS", 8)
    with pytest.raises(EstimationError, match="would delete 9 units"):
        make_plan(BootstrapSpec(method="jackknife"), arrays, 5)
    spec = BootstrapSpec(method="rao-wu", replicates=64, interval=("studentized",))
    with pytest.raises(EstimationError, match="strata of two sampling units"):
        make_plan(spec, arrays_of((3, 2, 4)), 5)


def test_requested_plan__stops_where_it_is_precise():
    arrays = arrays_of()
    assert requested_plan(None, 0.95, arrays, 5) is None
    fixed = requested_plan(BootstrapSpec(replicates=64), 0.95, arrays, 5)
    assert fixed.precision is None
    auto = requested_plan(BootstrapSpec(replicates="auto", interval=("percentile",)), 0.9, arrays, 5)
    assert auto.precision == Precision(intervals=("percentile",), conf_level=0.9)
    fewer = shortened(fixed, 33)
    assert (fewer.n_replicates, fewer.factors.tolist()) == (33, [1 / 32] * 33)
    assert shortened(fixed, 64) is fixed


def planned(n_replicates, *, is_drawn=True, precision=None):
    return SimpleNamespace(n_replicates=n_replicates, is_drawn=is_drawn, precision=precision)


def told(plan, *, share=Share(), stop_after=None, n_bytes=2**20, n_rows=10, done=None, n_threads=2):  # noqa: B008
    """The batches, with progress that asks to stop after so many replicates."""
    seen = []

    def progress(more):
        seen.append(more)
        if stop_after is not None and sum(seen) >= stop_after:
            raise Enough

    settings = ReplicateSettings(seed=1, share=share, progress=progress)
    cost = loops.BlockCost(n_rows=n_rows, n_bytes=n_bytes)
    found = [*loops.batches(plan, settings, cost, n_threads, done)]
    assert [one.n_replicates for one in found] == seen
    return [(one.first_block, one.n_blocks, one.n_replicates) for one in found]


def test_batches__fit_memory_and_end_with_the_plan():
    assert told(planned(100)) == [(0, 4, 100)]
    # 96 MiB hold 9 blocks of 10 MiB: 8 for two threads.
    assert told(planned(600), n_bytes=10 * 2**20) == [(0, 8, 256), (8, 8, 256), (16, 3, 88)]
    # A billion rows x replicates: four blocks of eight million rows, two of ten million.
    assert told(planned(250), n_rows=7_000_000) == [(0, 4, 128), (4, 4, 122)]
    assert told(planned(100), n_bytes=2**40) == [(0, 2, 64), (2, 2, 36)]
    assert told(planned(200), share=Share(number=2, of=3)) == [(2, 2, 64)]
    assert told(planned(200), share=Share(number=3, of=3)) == [(4, 3, 72)]
    assert len(told(planned(32 * 200), n_bytes=1)) == 2  # at most 64 blocks for each thread
    assert Share(number=3, of=3).n_replicates(200) == 72
    assert Share(number=2, of=3).n_replicates(200) == 64


def test_batches__end_early_where_that_is_asked_for():
    assert told(planned(600), n_bytes=30 * 2**20, stop_after=128) == [(0, 2, 64), (2, 2, 64)]
    for plan, after in ((planned(600), 64), (planned(600, is_drawn=False), 300)):
        with pytest.raises(KeyboardInterrupt):
            told(plan, n_bytes=30 * 2**20, stop_after=after)


def test_batches__stop_at_the_first_check_that_is_precise():
    looks = []

    class Asked:
        def is_reached(self, values):
            looks.append(values)
            return len(looks) == 2

    found = told(planned(40_960, precision=Asked()), done=lambda: len(looks))
    assert sum(n for *_, n in found) == CHECKS[1] == 4096
    assert looks == [0, 1]


def pending(values, measure="standard", errors=None):
    row = TidyRow(measure=measure, estimate=0.5)
    return PendingRow(row=row, values=np.array(values), interval="normal", degrees=3, errors=errors)


def test_shares__are_joined_in_their_order():
    rule = VarianceRule(name="x", factors=np.full(4, 1 / 3), centre="mean", is_drawn=True)
    fixed = TidyRow(measure="n", estimate=3.0)
    shares = [
        Estimates(entries=(fixed, pending(own, errors=np.array(errors))), variance_rule=rule)
        for own, errors in (([0.1, 0.4], [1.0, 2.0]), ([0.2, 0.9], [3.0, 4.0]))
    ]
    joined = join_shares(shares)
    assert joined.entries[0] is fixed
    assert joined.entries[1].values.tolist() == [0.1, 0.4, 0.2, 0.9]
    assert joined.entries[1].errors.tolist() == [1.0, 2.0, 3.0, 4.0]
    row = joined.rows[1]
    assert row.std_error == pytest.approx(np.std([0.1, 0.4, 0.2, 0.9], ddof=1))
    assert (row.n_replicates, row.n_failed, row.df2, row.method) == (4, 0, 3, "None, normal")
    several = join_shares([Estimates(completed=(one, one)) for one in shares])
    assert several.completed[1].entries[1].values.tolist() == [0.1, 0.4, 0.2, 0.9]
    for other in (fixed, pending([0.1], measure="other")):
        with pytest.raises(ValueError, match="standard"):
            join_shares([Estimates(entries=(pending([0.1]),)), Estimates(entries=(other,))])
    with pytest.raises(ValueError, match="n"):
        join_shares([Estimates(entries=(fixed,)), Estimates(entries=(TidyRow(measure="n", estimate=4.0),))])
