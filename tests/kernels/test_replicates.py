"""The sweeps against the obvious way: cut the group out, multiply the weights, compute anew."""

from itertools import groupby

import numpy as np
import pytest

from engine.arrays import DesignColumns, Group
from engine.estimators.index.indices import requested_index
from engine.estimators.index.layout import lay_out
from engine.estimators.index.linearised import estimate_index
from engine.estimators.replicates.resampling_methods import make_plan
from engine.estimators.sample.group_sample import group_sample
from engine.estimators.sample.sorting import sort_sample
from engine.kernels.draws.draws import given_weights
from engine.kernels.index.extended_std_errors import replicate_std_errors
from engine.kernels.index.extended_sweep import replicate_shaped
from engine.kernels.index.indices import EXTENDED_FAMILY, MIDRANK_FAMILY, SYMMETRIC_FAMILY
from engine.kernels.index.midrank_sweep import replicate_moments
from engine.kernels.index.numerators import RankedSample, numerator
from engine.kernels.index.ranks import tie_ends
from engine.study import BootstrapSpec


def two_groups(kind, n=700, weights="many"):
    """Two groups in one sort, three outcomes, one of them with missing values; rows span several tiles."""
    rng = np.random.default_rng(3)
    y = {"a": rng.normal(2, 1, n), "b": rng.normal(2, 1, n), "c": rng.normal(2, 1, n)}
    if kind == "events":
        y = {name: (values > 2).astype(float) for name, values in y.items()}
    y["b"][rng.random(n) < 0.2] = np.nan
    weight = rng.uniform(0.5, 2, n) if weights == "many" else rng.integers(1, 3, n).astype(float)
    return sort_sample(
        outcomes=y,
        rank=rng.integers(0, 12, n).astype(float),
        rank_name="x",
        columns=DesignColumns(weight=weight),
        group=rng.integers(0, 2, n),
        groups=(Group(subgroup="u"), Group(subgroup="v")),
    )


def laid_out(arrays, method, route="auto", replicates=64):
    plan = make_plan(BootstrapSpec(replicates=replicates, method=method), arrays, 5)
    samples = [[group_sample(arrays, k, g) for g in (0, 1)] for k in range(3)]
    return lay_out(arrays, samples, plan, route)


def row_multipliers(layout, n):
    """(replicates, rows): those of cells stand for their rows' sum and cannot be told apart."""
    return layout.draws.multipliers(n, 0, 2).transpose(0, 2, 1).reshape(-1, n)


def resampled(arrays, multiplier, group, k):
    rows = slice(arrays.group_start[group], arrays.group_start[group + 1])
    kept = ~np.isnan(arrays.outcomes[k, rows])
    w, rank = (arrays.weight[rows] * multiplier[rows])[kept], arrays.rank[rows][kept]
    return w, arrays.outcomes[k, rows][kept], tie_ends(rank), rank


@pytest.mark.parametrize("kind", ["events", "numbers"])
@pytest.mark.parametrize("method", ["iid", "poisson"])
def test_moments__equal_recomputation_of_every_replicate(kind, method):
    arrays = two_groups(kind)
    layout = laid_out(arrays, method, "rows")
    multipliers = row_multipliers(layout, arrays.n)
    moments, _ = replicate_moments(layout.draws.batch(arrays.n, 0, 2), layout.rows, False)
    W, T, S, drawn = np.moveaxis(moments, -1, 0)
    for b in range(0, 64, 7):
        for group in (0, 1):
            for k in range(3):
                w, y, ends, rank = resampled(arrays, multipliers[b], group, k)
                expected = numerator(MIDRANK_FAMILY, 0.0, w, y, ends)
                here = (b, group, k)
                mean = layout.means[k, group] + T[here] / W[here]
                found = (W[here], mean, 2 * S[here] / W[here] ** 2 - T[here] / W[here])
                assert found == pytest.approx(expected, rel=1e-10)
                assert drawn[here] == len(np.unique(rank[w > 0]))


@pytest.mark.parametrize(("family", "parameter"), [(EXTENDED_FAMILY, 3.0), (SYMMETRIC_FAMILY, 2.4)])
def test_shaped__equal_recomputation_of_every_replicate(family, parameter):
    arrays = two_groups("events")
    layout = laid_out(arrays, "poisson", "rows")
    multipliers, batch = row_multipliers(layout, arrays.n), layout.draws.batch(arrays.n, 0, 2)
    moments, _ = replicate_moments(batch, layout.rows, False)
    found = replicate_shaped(batch, layout.rows, moments, family, parameter)
    for b in range(0, 64, 5):
        for group in (0, 1):
            for k in range(3):
                w, y, ends, _ = resampled(arrays, multipliers[b], group, k)
                assert found[b, group, k] == pytest.approx(
                    numerator(family, parameter, w, y, ends)[2], rel=1e-9
                )


@pytest.mark.parametrize("kind", ["events", "numbers"])
@pytest.mark.parametrize("name", ["standard", "erreygers", "wagstaff", "generalized"])
def test_errors_of_the_sweep__equal_the_linearised_ones_of_each_resample(kind, name):
    """The estimator's standard error on the rows that a replicate drew, each as often as it was drawn."""
    from engine.estimators.index.replicates import ReplicateInputs, Target, replicate_indices
    from engine.estimators.replicates.settings import ReplicateSettings

    arrays = two_groups(kind, n=300)
    index = requested_index(name, (-9.0, 12.0) if kind == "numbers" else (0.0, 1.0))
    plan = make_plan(BootstrapSpec(replicates=32, method="iid"), arrays, 5)
    samples = [[group_sample(arrays, k, g) for g in (0, 1)] for k in range(3)]
    layout = lay_out(arrays, samples, plan)
    targets = [Target(index=index, outcome=k, group=g) for k in range(3) for g in (0, 1)]
    inputs = ReplicateInputs(arrays=arrays, samples=samples, plan=plan, layout=layout)
    values, errors = replicate_indices(inputs, targets, ReplicateSettings(seed=5, threads=2), std_errors=True)
    counts = row_multipliers(layout, arrays.n)
    for b in (0, 9, 31):
        rows = np.repeat(np.arange(arrays.n), counts[b])
        group = np.repeat([0, 1], np.diff(arrays.group_start))
        drawn = sort_sample(
            outcomes={name: arrays.outcomes[k, rows] for k, name in enumerate("abc")},
            rank=arrays.rank[rows].astype(float),
            rank_name="x",
            columns=DesignColumns(weight=arrays.weight[rows]),
            group=group[rows],
            groups=arrays.groups,
        )
        for q, target in enumerate(targets):
            estimates = estimate_index(
                index, [group_sample(drawn, target.outcome, g) for g in (0, 1)], drawn.design
            )
            assert values[q, b] == pytest.approx(estimates.values[target.group], rel=1e-9)
            assert errors[q, b] == pytest.approx(estimates.std_errors[target.group], rel=1e-9)


def test_cells__are_counted_on_the_data_and_give_the_same_statistics():
    """A cell's count times its weight is what its rows would have added."""
    arrays = two_groups("events", n=3_000, weights="few")
    rows, cells = laid_out(arrays, "iid", "rows"), laid_out(arrays, "iid", "cells")
    assert (rows.n_cells, cells.n_cells) == (0, len(cells.rows.weight))
    ones = np.ones((1, cells.n_rows))
    keys = zip(arrays.rank, arrays.outcomes.T.tolist(), arrays.weight, strict=True)
    sizes = np.array([len([*alike]) for _, alike in groupby(keys, key=str)], float)
    full, _ = replicate_moments(given_weights(np.ones((1, arrays.n))).batch(arrays.n, 0, 1), rows.rows, True)
    short, _ = replicate_moments(given_weights(ones * sizes).batch(cells.n_rows, 0, 1), cells.rows, True)
    assert short[0] == pytest.approx(full[0], rel=1e-11)


@pytest.mark.parametrize("method", ["iid", "poisson"])
def test_routes__have_the_same_distribution(method):
    """Rows one by one and rows alike together: means and spreads within four Monte-Carlo errors."""
    arrays = two_groups("events", n=900, weights="few")
    found = {}
    for route in ("rows", "cells"):
        layout = laid_out(arrays, method, route, replicates=6_400)
        moments, _ = replicate_moments(layout.draws.batch(layout.n_rows, 0, 200), layout.rows, False)
        W, T, S, _ = np.moveaxis(moments, -1, 0)
        found[route] = 2 * S / W**2 - T / W
    spread = found["rows"].std(axis=0)
    error = np.sqrt(2 / 6_400)
    assert (abs(found["rows"].mean(axis=0) - found["cells"].mean(axis=0)) < 4 * error * spread).all()
    assert (abs(found["cells"].std(axis=0) / spread - 1) < 4 * error / np.sqrt(2)).all()


def test_auto__takes_cells_where_they_are_few_and_rows_where_they_are_not():
    few, many = two_groups("events", n=20_000, weights="few"), two_groups("numbers", n=20_000)
    assert laid_out(few, "iid").n_cells > 0
    assert laid_out(many, "iid").n_cells == 0
    assert laid_out(few, "jackknife").n_cells == 0


def test_std_errors__of_no_resampling_are_those_of_the_sample():
    rng = np.random.default_rng(2)
    n = 200
    rank = np.sort(rng.integers(0, 30, n)).astype(np.int64)
    y, w, ends = rng.normal(3, 1, n), rng.uniform(0.5, 2, n), tie_ends(rank)
    ones = np.ones((1, n, 8), np.uint8)
    index = requested_index("standard")
    found = replicate_std_errors(
        ones,
        np.arange(n, dtype=np.int32),
        RankedSample(w, y, ends),
        np.array([n]),
        index.formula,
        0.0,
    )
    # The delete-one jackknife agrees to O(1/n) with the linearised error.
    pseudo = []
    for i in range(n):
        keep = np.arange(n) != i
        _, mu, N = numerator(MIDRANK_FAMILY, 0.0, w[keep], y[keep], tie_ends(rank[keep]))
        pseudo.append(N / mu)
    jackknife = np.sqrt((n - 1) / n * ((pseudo - np.mean(pseudo)) ** 2).sum())
    assert found[0] == pytest.approx(jackknife, rel=0.02)
    assert np.ptp(found) == 0


@pytest.mark.parametrize("method", ["cluster", "rao-wu", "poisson"])
@pytest.mark.parametrize("strata", [False, True])
def test_errors_of_the_unit_sweep__equal_those_of_one_replicate_at_a_time(method, strata):
    """Against the general kernel, which computes every influence value of every replicate."""
    from engine.estimators.index.replicates import (
        ReplicateInputs,
        Target,
        replicate_indices,
        resampled_errors,
    )
    from engine.estimators.replicates.batches import ReplicateBatch
    from engine.estimators.replicates.settings import ReplicateSettings

    rng = np.random.default_rng(7)
    n = 900
    cluster = rng.integers(0, 30, n)
    y = {"a": rng.normal(2, 1, n), "b": np.where(rng.random(n) < 0.2, np.nan, rng.random(n) < 0.4)}
    arrays = sort_sample(
        outcomes=y,
        rank=rng.integers(0, 12, n).astype(float),
        rank_name="x",
        group=cluster % 2,
        groups=(Group(subgroup="u"), Group(subgroup="v")),
        columns=DesignColumns(
            weight=rng.uniform(0.5, 2, n), cluster=cluster, stratum=cluster // 10 if strata else None
        ),
    )
    plan = make_plan(BootstrapSpec(replicates=64, method=method), arrays, 5)
    samples = [[group_sample(arrays, k, g) for g in (0, 1)] for k in (0, 1)]
    index = requested_index("standard")
    targets = [Target(index=index, outcome=k, group=g) for k in (0, 1) for g in (0, 1)]
    layout = lay_out(arrays, samples, plan)
    inputs = ReplicateInputs(arrays=arrays, samples=samples, plan=plan, layout=layout)
    _, errors = replicate_indices(inputs, targets, ReplicateSettings(seed=5, threads=2), std_errors=True)
    batch = ReplicateBatch(first_block=0, n_blocks=2, n_replicates=64)
    for q, target in enumerate(targets):
        expected = resampled_errors(inputs, target, batch)
        assert errors[q] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("std_errors", [False, True])
def test_few_cells__give_what_the_sweep_over_completed_rows_gives(std_errors):
    from engine.kernels.index.exact_sweep import exact_moments

    arrays = two_groups("events", n=3_000)
    layout = laid_out(arrays, "iid", "rows")
    assert len(layout.cell_of_row) == arrays.n
    batch = layout.draws.batch(arrays.n, 0, 2, completed=False)
    found = exact_moments(batch, layout.rows, layout.cell_of_row, std_errors)
    expected = replicate_moments(layout.draws.batch(arrays.n, 0, 2), layout.rows, std_errors)
    for one, other in zip(found, expected, strict=True):
        assert one == pytest.approx(other, rel=1e-9, abs=1e-9)


def test_totals_above_n__are_drawn_again_in_both_ways():
    """With a rate of 1 half of the Poisson totals exceed n, so that every block is drawn several times."""
    from dataclasses import replace
    from decimal import Decimal

    from engine.kernels.index.exact_sweep import exact_moments

    arrays = two_groups("events", n=500)
    layout = laid_out(arrays, "iid", "rows")
    drawn = replace(layout.draws, rate=Decimal(1))
    counts = drawn.multipliers(arrays.n, 0, 2)
    assert (counts.sum(axis=1) == arrays.n).all()
    found, _ = exact_moments(
        drawn.batch(arrays.n, 0, 2, completed=False), layout.rows, layout.cell_of_row, False
    )
    expected, _ = replicate_moments(drawn.batch(arrays.n, 0, 2), layout.rows, False)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)
