"""Measures of disparity: derivatives, invariance, and the same bits whatever the threads."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import engine
from engine.errors import UsageError
from engine.estimators.disparity.group_table import GroupTable
from engine.estimators.disparity.grouped import estimate_grouped
from engine.estimators.disparity.measures import BETWEEN_PEOPLE, OF_GROUPS
from tests.properties.cases import cases

MEASURES = [
    (f"{name}-{link}", derivatives)
    for measures in (OF_GROUPS, BETWEEN_PEOPLE)
    for name, kind in measures.items()
    for link, derivatives in kind.derivatives.items()
]
STEP = 1e-6  # central differences are then right to some 1e-9


@st.composite
def tables(draw):
    k = draw(st.integers(3, 6))
    numbers = st.floats(0.05, 0.95)
    mean = np.array(draw(st.lists(numbers, min_size=k, max_size=k, unique_by=lambda value: round(value, 2))))
    share = np.array(draw(st.lists(st.floats(0.1, 1.0), min_size=k, max_size=k)))
    return GroupTable(
        mean=mean,
        share=share / share.sum(),
        is_ordered=draw(st.booleans()),
        is_favourable=draw(st.booleans()),
        reference=draw(st.integers(0, k - 1)),
        parameter=draw(st.sampled_from([-1.0, 0.0, 0.5, 1.0, 2.0])),
    )


def moved(derivatives, table, along_mean, along_share):
    up = replace(table, mean=table.mean + STEP * along_mean, share=table.share + STEP * along_share)
    down = replace(table, mean=table.mean - STEP * along_mean, share=table.share - STEP * along_share)
    return (derivatives(up).value - derivatives(down).value) / (2 * STEP)


@given(table=tables(), seed=st.integers(0, 2**32 - 1))
@cases(60)
def test_derivatives__are_those_of_small_changes(table, seed):
    generator = np.random.default_rng(seed)
    along_mean = generator.normal(size=len(table.mean))
    along_share = generator.normal(size=len(table.mean))
    along_share -= along_share.mean()  # shares sum to 1
    away = abs(table.mean - table.overall)
    for name, derivatives in MEASURES:
        found = derivatives(table)
        if not np.isfinite(found.value) or away.min() < 1e-3:  # a kink of abs(e - mean) has no derivative
            continue
        if name.startswith("pa") and found.value == 0.0:  # cut off at 0, with the derivatives of the gain
            continue
        expected = moved(derivatives, table, along_mean, along_share)
        slope = found.by_mean @ along_mean + found.by_share @ along_share
        assert slope == pytest.approx(expected, rel=1e-4, abs=1e-4 * (1 + abs(found.value))), name


@given(table=tables())
@cases(60)
def test_scale__relative_measures_keep_their_value_and_absolute_ones_follow(table):
    scaled = replace(table, mean=0.5 * table.mean)
    for name in ("ratio", "cov", "idisu", "idisw", "paf", "rci", "theil", "mld", "rii"):
        measure = OF_GROUPS[name].derivatives["linear"]
        assert measure(scaled).value == pytest.approx(measure(table).value, rel=1e-9, nan_ok=True), name
    for name in ("difference", "bgsd", "mdbu", "mdbw", "mdmu", "mdmw", "mdru", "mdrw", "par", "aci", "sii"):
        measure = OF_GROUPS[name].derivatives["linear"]
        assert measure(scaled).value == pytest.approx(0.5 * measure(table).value, rel=1e-9, abs=1e-15), name
    variance = OF_GROUPS["bgv"].derivatives["linear"]
    assert variance(scaled).value == pytest.approx(0.25 * variance(table).value, rel=1e-9)


@given(table=tables())
@cases(60)
def test_translation__absolute_measures_keep_their_value(table):
    shifted = replace(table, mean=table.mean + 3.0)
    for name in ("difference", "bgv", "mdbu", "mdbw", "mdmu", "mdmw", "mdru", "mdrw", "par", "aci", "sii"):
        measure = OF_GROUPS[name].derivatives["linear"]
        assert measure(shifted).value == pytest.approx(measure(table).value, rel=1e-9, abs=1e-12), name


@given(table=tables())
@cases(40)
def test_equal_means__no_disparity(table):
    equal = replace(table, mean=np.full_like(table.mean, 0.4))
    for name, kind in OF_GROUPS.items():
        none = 1.0 if kind.is_ratio else 0.0
        for derivatives in kind.derivatives.values():
            assert derivatives(equal).value == pytest.approx(none, abs=1e-9), name


@given(table=tables(), where=st.integers(0, 2))
@cases(40)
def test_replication__a_group_split_in_two_changes_no_weighted_measure(table, where):
    split = replace(
        table,
        mean=np.insert(table.mean, where, table.mean[where]),
        share=np.insert(np.where(np.arange(len(table.mean)) == where, 0.5, 1.0) * table.share, where, 0.0),
        reference=None,
    )
    split.share[where] = split.share[where + 1]
    table = replace(table, reference=None)
    for name in ("bgv", "cov", "mdbw", "mdmw", "idisw", "theil", "mld"):
        measure = OF_GROUPS[name].derivatives["linear"]
        assert measure(split).value == pytest.approx(measure(table).value, rel=1e-9, abs=1e-12), name


def test_transfer__from_poor_to_rich_raises_inequality_between_people():
    before = pl.DataFrame({"income": [1.0, 2.0, 3.0, 10.0]})
    after = pl.DataFrame({"income": [0.5, 2.0, 3.0, 10.5]})
    for measure, parameter in [("gini", None), ("theil", None), ("mld", None), ("ge", 2), ("atkinson", 0.5)]:
        lower = engine.inequality(before, "income", measure, parameter=parameter).estimate
        assert engine.inequality(after, "income", measure, parameter=parameter).estimate > lower


@pytest.mark.parametrize("method", ["iid", "rao-wu"])
def test_threads__do_not_move_a_bit(simulated_people, method):
    design = {"weight": "w", "stratum": "strata", "cluster": "psu"}
    first, second = (
        engine.inequality(
            simulated_people,
            "high",
            "sii",
            rank_by="income",
            link="logit",
            bootstrap=100,
            method=method,
            threads=threads,
            **design,
        )
        for threads in (1, 3)
    )
    assert np.array_equal(first.replicates, second.replicates)
    assert first.conf_low < first.estimate < first.conf_high


def test_order_of_rows__does_not_move_the_estimate(simulated_people):
    shuffled = simulated_people.sample(fraction=1.0, shuffle=True, seed=3)
    options = {"group": "place", "weight": "w", "stratum": "strata", "cluster": "psu"}
    for measure in ("difference", "bgv", "sii", "theil"):
        first = engine.inequality(simulated_people, "age", measure, **options)
        second = engine.inequality(shuffled, "age", measure, **options)
        assert (first.estimate, first.std_error) == (second.estimate, second.std_error)


@pytest.fixture(scope="module")
def simulated_people():
    from tests.oracle.conftest import SIMULATED

    return pl.read_csv(SIMULATED / "people.csv")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"measure": "sii"}, "measure"),
        ({"measure": "gini", "rank_by": "income"}, "measure"),
        ({"measure": "mdru", "group": "place"}, "reference"),
        ({"measure": "ge"}, "parameter"),
        ({"measure": "sii", "rank_by": "income", "group": "place"}, "rank_by"),
        ({"measure": "difference", "group": "age"}, "group"),
        ({"measure": "gini", "decompose_by": "place"}, "measure"),
        ({"measure": "theil", "decompose_by": "place", "group": "place"}, "decompose_by"),
    ],
)
def test_arguments__what_is_missing_is_named(simulated_people, options, named):
    with pytest.raises(UsageError, match=f"^{named}: "):
        engine.inequality(simulated_people, "high", **options)


def test_undefined__has_a_status_and_no_number():
    frame = pl.DataFrame({"income": [0.0, 1.0, 2.0]})
    result = engine.inequality(frame, "income", "mld")
    assert result.status == "undefined"
    assert np.isnan(result.estimate)
    assert np.isnan(result.std_error)


def test_replicates__test_a_ratio_against_1_and_no_measure_against_the_end_of_its_range(simulated_people):
    options = {"group": "place", "weight": "w", "stratum": "strata", "cluster": "psu", "bootstrap": 200}
    ratio = engine.inequality(simulated_people, "high", "ratio", **options)
    difference = engine.inequality(simulated_people, "high", "difference", **options)
    # The ratio is above 1 where the difference is above 0, in the sample and in every replicate.
    assert ratio.p_value == pytest.approx(difference.p_value, abs=0.02)
    assert (ratio.conf_low > 1.0) == (ratio.p_value < 0.05)
    assert np.isnan(engine.inequality(simulated_people, "high", "bgv", **options).p_value)


def test_parts__add_up_in_the_sample_and_in_every_replicate(simulated_people):
    options = {"weight": "w", "stratum": "strata", "cluster": "psu", "bootstrap": 200, "interval": "normal"}
    for measure, alpha in (("theil", None), ("mld", None), ("ge", 2)):
        result = engine.inequality(
            simulated_people, "income", measure, parameter=alpha, decompose_by="place", **options
        )
        total, within, between = (row.estimate for row in result.rows[::2])
        assert within + between == pytest.approx(total, rel=1e-12)
        assert within > 0.0
        assert between > 0.0
        for linearised, replicated in zip(result.rows[::2], result.rows[1::2], strict=True):
            assert linearised.std_error == pytest.approx(replicated.std_error, rel=0.35), linearised.level


def test_parts__of_one_group_lie_within_it_and_people_alike_differ_between():
    frame = pl.DataFrame({"income": [1.0, 2.0, 3.0, 10.0], "one": ["a"] * 4, "own": [*"abcd"]})
    total, within, between = engine.inequality(frame, "income", "theil", decompose_by="one").rows
    assert within.estimate == pytest.approx(total.estimate)
    assert between.estimate == pytest.approx(0.0, abs=1e-15)
    total, within, between = engine.inequality(frame, "income", "theil", decompose_by="own").rows
    assert between.estimate == pytest.approx(total.estimate)
    assert within.estimate == pytest.approx(0.0, abs=1e-15)


@given(table=tables())
@cases(40)
def test_par_of_0__is_as_uncertain_as_the_gain(table):
    """Without derivatives limits would be 0 and 0, which hold the true value in few of small samples."""
    measure = OF_GROUPS["par"].derivatives["linear"]
    one, other = measure(table), measure(replace(table, is_favourable=not table.is_favourable))
    assert min(abs(one.value), abs(other.value)) == 0.0
    np.testing.assert_array_equal(one.by_mean, other.by_mean)
    np.testing.assert_array_equal(one.by_share, other.by_share)
    assert one.by_mean.any()


@pytest.mark.parametrize("parameter", [-1.0, 0.0, 0.5, 1.0, 2.0])
def test_entropy_and_atkinson__are_undefined_for_negative_amounts_of_people(parameter):
    share = np.array([0.2, 0.3, 0.5])
    table = GroupTable(mean=np.array([-1.0, 2.0, 3.0]), share=share, parameter=parameter)
    nobody = replace(table, share=np.array([0.0, 0.5, 0.5]))
    zero = replace(table, mean=np.array([0.0, 2.0, 3.0]))
    for name, is_defined_at_0 in (("ge", parameter > 0), ("atkinson", parameter < 1)):
        (measure,) = BETWEEN_PEOPLE[name].derivatives.values()
        assert np.isnan(measure(table).value)
        assert np.isfinite(measure(nobody).value)
        assert np.isfinite(measure(zero).value) == is_defined_at_0


def test_slope_of_per_cent__is_a_hundred_times_that_of_shares():
    share, errors = np.array([0.2, 0.3, 0.5]), np.array([0.02, 0.01, 0.03])
    shares = GroupTable(mean=np.array([0.2, 0.35, 0.6]), share=share)
    per_cent = replace(shares, mean=100.0 * shares.mean)
    found = estimate_grouped(shares, errors, "sii", "logit", 1.0)
    of_hundred = estimate_grouped(per_cent, 100.0 * errors, "sii", "logit", 100.0)
    assert of_hundred.value == pytest.approx(100.0 * found.value, rel=1e-12)
    assert of_hundred.std_error == pytest.approx(100.0 * found.std_error, rel=1e-12)
    ratio = estimate_grouped(per_cent, 100.0 * errors, "rii", "logit", 100.0)
    assert ratio.value == pytest.approx(
        estimate_grouped(shares, errors, "rii", "logit", 1.0).value, rel=1e-12
    )
