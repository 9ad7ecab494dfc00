"""A constant that is added to an outcome changes no digit of what depends on differences only."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import engine
from engine.estimators.disparity.entropy import generalized_entropy
from engine.estimators.disparity.group_table import GroupTable
from engine.estimators.disparity.measures import OF_GROUPS

OFFSETS = [2.0**30, 1e9, -1e9]  # a double holds all of them, and eighths beside them
DIGITS = 1e-12
DESIGN = {"weight": "w", "stratum": "stratum", "cluster": "psu"}
BOUNDS = (0.0, 100.0)


@pytest.fixture(scope="module")
def people():
    chance = np.random.default_rng(6)
    n = 240
    rank = chance.integers(0, 40, n)
    return pl.DataFrame(
        {
            "rank": rank,
            "fifth": (rank // 8).astype(str),
            "amount": (80 + 4 * rank + chance.integers(0, 500, n)) / 8,
            "w": chance.uniform(0.5, 2.0, n),
            "stratum": np.arange(n) % 2,
            "psu": np.arange(n) % 24,
            "rep1": chance.uniform(0.5, 2.0, n),
            "rep2": chance.uniform(0.5, 2.0, n),
            "rep3": chance.uniform(0.5, 2.0, n),
        }
    )


def far(people, offset):
    return people.with_columns(pl.col("amount") + offset)


def close(first, second):
    assert first.estimate == pytest.approx(second.estimate, rel=DIGITS)
    assert first.std_error == pytest.approx(second.std_error, rel=DIGITS)


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("index", ["generalized", "erreygers", "wagstaff", "modified"])
def test_bounded_indices__keep_estimate_error_and_replicates(people, index, offset):
    def found(frame, bounds):
        return engine.concentration_index(
            frame,
            "amount",
            "rank",
            index=index,
            bounds=None if index == "generalized" else bounds,
            bootstrap=100,
            method="cluster",
            interval="studentized",
            threads=1,
            **DESIGN,
        )

    near, shifted = found(people, BOUNDS), found(far(people, offset), tuple(b + offset for b in BOUNDS))
    close(shifted, near)
    assert shifted.replicates == pytest.approx(near.replicates, rel=1e-11)
    assert shifted.conf_low == pytest.approx(near.conf_low, rel=1e-11)


@pytest.mark.parametrize("offset", OFFSETS)
def test_extended_index__keeps_errors_inside_replicates(people, offset):
    def low(frame):
        return engine.concentration_index(
            frame,
            "amount",
            "rank",
            index="generalized_extended",
            parameter=3.0,
            bootstrap=100,
            method="cluster",
            interval="studentized",
            threads=1,
            **DESIGN,
        ).conf_low

    assert low(far(people, offset)) == pytest.approx(low(people), rel=1e-11)


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("measure", ["aci", "sii"])
def test_slopes_along_a_rank__keep_estimate_error_and_replicates(people, measure, offset):
    options = {"rank_by": "rank", "bootstrap": 100, "method": "cluster", "threads": 1, **DESIGN}
    near = engine.inequality(people, "amount", measure, **options)
    shifted = engine.inequality(far(people, offset), "amount", measure, **options)
    close(shifted, near)
    assert shifted.replicates == pytest.approx(near.replicates, rel=1e-11)


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize(
    "measure", ["difference", "bgv", "bgsd", "mdbu", "mdbw", "mdmu", "mdmw", "par", "aci", "sii"]
)
def test_measures_of_groups__keep_estimate_and_error(people, measure, offset):
    options = {"group": "fifth", **DESIGN}
    near = engine.inequality(people, "amount", measure, **options)
    close(engine.inequality(far(people, offset), "amount", measure, **options), near)


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("design", ["clusters", "rows", "replicate weights"])
def test_mean__keeps_its_error(people, design, offset):
    if design == "replicate weights":
        given = {"columns": ["rep1", "rep2", "rep3"], "method": "bootstrap"}
        options = {"weight": "w", "replicate_weights": given}
    else:
        options = DESIGN if design == "clusters" else {"weight": "w"}
    near, shifted = (
        {row.measure: row for row in engine.describe(frame, "amount", **options).rows}
        for frame in (people, far(people, offset))
    )
    assert shifted["mean"].std_error == pytest.approx(near["mean"].std_error, rel=DIGITS)
    assert shifted["sd"].estimate == pytest.approx(near["sd"].estimate, rel=DIGITS)


def test_gini__is_that_of_the_differences(people):
    """Gini times the mean is half the mean difference, which an offset leaves alone."""
    found = [engine.inequality(frame, "amount", "gini", weight="w") for frame in (people, far(people, 1e9))]
    means = [np.average(frame["amount"], weights=frame["w"]) for frame in (people, far(people, 1e9))]
    near, shifted = (one.estimate * mean for one, mean in zip(found, means, strict=True))
    assert shifted == pytest.approx(near, rel=DIGITS)


@pytest.mark.parametrize("parameter", [-1.0, 0.0, 0.5, 1.0, 2.0, 3.0])
def test_entropy_of_small_differences__is_half_the_squared_coefficient_of_variation(parameter):
    """Of second order all entropies are the same; the third order is known too."""
    steps, share = np.array([-3.0, 1.0, 4.0, 6.0]), np.array([0.4, 0.3, 0.2, 0.1])
    table = GroupTable(mean=steps, share=share, parameter=parameter, origin=2.0**30)
    found = generalized_entropy(table)
    d = table.away / table.overall
    expected = (share * (d**2 / 2 + (parameter - 2.0) * d**3 / 6)).sum()
    assert found.value == pytest.approx(expected, rel=1e-14)
    slope = d**2 / 2 - parameter * expected * d
    assert found.by_share == pytest.approx(slope, rel=1e-7)  # without the third order
    assert found.by_mean * table.overall == pytest.approx(share * d, rel=1e-7)


@pytest.mark.parametrize("parameter", [-2.0, 0.0, 0.5, 1.0, 2.5, 10.0])
def test_entropy__has_no_step_where_the_series_begins(parameter):
    share = np.array([0.5, 0.5])
    below, above = (
        generalized_entropy(GroupTable(mean=np.array([1 - d, 1 + d]), share=share, parameter=parameter))
        for d in (0.0625 * (1 - 1e-9), 0.0625 * (1 + 1e-9))
    )
    assert above.value == pytest.approx(below.value * (1 + 4e-9), rel=1e-10)
    assert above.by_share == pytest.approx(below.by_share, rel=1e-7)


def test_slope_with_log_link__keeps_the_digits_of_means_far_from_0():
    """Where all means are nearly equal, a log-linear model is a line to first order."""
    share = np.full(4, 0.25)
    table = GroupTable(mean=np.array([0.0, 5.0, 6.0, 9.0]), share=share, origin=2.0**40)
    log, line = (OF_GROUPS["sii"].derivatives[link](table) for link in ("log", "linear"))
    assert log.value == pytest.approx(line.value, rel=1e-10)
    assert log.by_share == pytest.approx(line.by_share, rel=1e-9)


@pytest.mark.parametrize("name", sorted(OF_GROUPS))
def test_origin__changes_no_measure(name):
    """Means measured from anywhere are the same means."""
    table = GroupTable(
        mean=np.array([0.3, 0.45, 0.4, 0.7]), share=np.array([0.1, 0.2, 0.3, 0.4]), reference=1
    )
    moved = replace(table, mean=table.mean - 0.25, origin=0.25)
    for measure in OF_GROUPS[name].derivatives.values():
        here, there = measure(table), measure(moved)
        assert there.value == pytest.approx(here.value, rel=1e-13)
        assert there.by_mean == pytest.approx(here.by_mean, rel=1e-12, abs=1e-13)
        centred = [one.by_share - (table.share * one.by_share).sum() for one in (here, there)]
        assert centred[1] == pytest.approx(centred[0], rel=1e-12, abs=1e-13)
