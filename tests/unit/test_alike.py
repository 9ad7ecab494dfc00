"""Merged rows give the tables of the rows themselves, whatever the order of the rows."""

import numpy as np
import pytest

from engine.arrays import DesignColumns, Group, VariableArrays
from engine.estimators.sample.alike import merge_alike, places_of
from engine.estimators.sample.sorting import table_arrays
from engine.estimators.tables.describe import describe
from engine.estimators.tables.rates import rates
from engine.study import DescribeSpec, RatesSpec

N = 4_000
NUMBERS = ("estimate", "std_error", "conf_low", "conf_high", "sum_weights")
DESCRIBE = DescribeSpec(name="people", kind="describe", variables=("sex",))
RATES = RatesSpec(name="rates", kind="rates", outcome=("ill",), rows=("sex",))


def survey(seed, *, clusters=True, strata=True, order=None):
    """Random people: their table, whether they are ill, and a factor."""
    random = np.random.default_rng(seed)
    psu, group = random.integers(0, 30, N), random.integers(-1, 3, N)
    sex, ill = random.integers(-1, 4, N), random.integers(-1, 2, N)
    weight = random.uniform(0.1, 5.0, N)
    weight[random.random(N) < 0.02] = 0.0
    kind = np.where(sex < 0, random.integers(1, 5, N), 0)
    order = np.arange(N) if order is None else order
    columns = DesignColumns(
        weight=weight[order],
        cluster=psu[order] if clusters else None,
        stratum=(psu // 6)[order] if strata else None,
    )
    groups = tuple(Group(wave=str(wave)) for wave in range(3))
    table = table_arrays(columns, group[order], groups)
    outcome = VariableArrays(
        name="ill",
        levels=("no", "yes"),
        codes=ill[order].astype(np.int32),
        values=np.where(ill < 0, np.nan, ill)[order],
        missing=(ill < 0)[order].astype(np.uint8),
    )
    factor = VariableArrays(
        name="sex",
        levels=("a", "b", "c", "d"),
        codes=sex[order].astype(np.int32),
        values=None,
        missing=kind[order].astype(np.uint8),
    )
    return table, outcome, factor


def merged(table, *variables):
    cells, levels = merge_alike(table, variables, places_of(table))
    assert len(cells.weight) < N / 2
    return cells, levels


def assert_equal(ours, theirs):
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        for name in NUMBERS:
            ours_of, theirs_of = getattr(one, name), getattr(other, name)
            is_close = ours_of == theirs_of or abs(ours_of - theirs_of) <= 1e-12 * max(1.0, abs(theirs_of))
            assert is_close, (name, ours_of, theirs_of)
        for name in ("term", "level", "measure", "n_obs", "n_events", "n_clusters", "df2", "status"):
            assert getattr(one, name) == getattr(other, name)


@pytest.mark.parametrize(("clusters", "strata"), [(True, True), (True, False), (False, True), (False, False)])
def test_merged_rows__give_the_numbers_of_rows(clusters, strata):
    table, outcome, factor = survey(1, clusters=clusters, strata=strata)
    cells, (of_cells,) = merged(table, factor)
    assert_equal(describe(cells, of_cells, DESCRIBE), describe(table, factor, DESCRIBE))
    cells, (ill, sex) = merged(table, outcome, factor)
    assert_equal(rates(cells, ill, sex, RATES), rates(table, outcome, factor, RATES))


def test_order_of_the_rows__moves_no_bit():
    shuffled = np.random.default_rng(5).permutation(N)
    found = []
    for order in (None, shuffled):
        table, outcome, factor = survey(2, order=order)
        cells, (ill, sex) = merged(table, outcome, factor)
        found.append(rates(cells, ill, sex, RATES))
    assert found[0] == found[1]


def test_people_and_weights__are_kept():
    table, outcome, factor = survey(3)
    cells, _ = merged(table, outcome, factor)
    counts = [np.bincount(one.group + 1, one.count, minlength=4) for one in (cells, table)]
    assert np.array_equal(*counts)
    assert cells.weight.sum() == pytest.approx(table.weight.sum(), rel=1e-14)
    assert cells.weight_squares.sum() == pytest.approx((table.weight**2).sum(), rel=1e-14)


def test_number__leaves_the_rows():
    table, _, factor = survey(4)
    number = VariableArrays(
        name="age", levels=(), codes=None, values=np.arange(N) * 1.0, missing=np.zeros(N, np.uint8)
    )
    same, variables = merge_alike(table, [factor, number], places_of(table))
    assert same is table
    assert variables == [factor, number]
