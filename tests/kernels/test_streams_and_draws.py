"""Counts have the distributions they claim, and depend on nothing but (seed, plan, replicate, unit)."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from scipy.stats import binom, chisquare, poisson

from engine.kernels.draws import draws
from engine.kernels.draws.poisson import poisson_thresholds
from engine.kernels.draws.streams import draw, stream_key, stream_start

KEY = stream_key(2024, "iid")


def by_replicate(drawn, n, first_block=0, n_blocks=4, lanes=32):
    """Multipliers as (replicates, rows)."""
    return drawn.multipliers(n, first_block, n_blocks, lanes).transpose(0, 2, 1).reshape(-1, n)


def cells_of(sizes, exact=True):
    return draws.cell_draws(KEY, np.asarray(sizes, np.int64), exact=exact)


STRATA = (np.array([5, 6, 20], np.int64), np.array([4, 0, 13], np.int64))
PLANS = {
    "poisson": lambda n: draws.poisson_rows(KEY, n),
    "iid": lambda n: draws.exact_rows(KEY, n),
    "cells": lambda n: cells_of(np.full(n, 7)),
    "stratified": lambda n: draws.stratified_units(
        KEY, np.arange(n, dtype=np.int32) % 20, STRATA[0], STRATA[1]
    ),
    "scaled": lambda n: draws.scaled_units(KEY, np.arange(n, dtype=np.int32) % 20, STRATA[0]),
}

KNOWN = {
    "poisson": [1, 1, 0, 0, 0, 1, 2, 2, 0, 1, 1, 1],
    "iid": [1, 0, 2, 1, 0, 1, 2, 2, 1, 0, 0, 0],
    "cells": [3.0, 8.0, 8.0, 9.0, 7.0, 8.0, 4.0, 11.0, 4.0, 9.0, 3.0, 6.0],
    "stratified": [1, 0, 1, 1, 1, 1, 1, 0, 2, 2, 1, 0],
    "scaled": [
        2.5,
        2.5,
        0.0,
        0.0,
        0.0,
        1.0,
        2.3333333333333335,
        2.3333333333333335,
        0.0,
        1.1666666666666667,
        1.1666666666666667,
        1.1666666666666667,
    ],
}


@pytest.fixture(autouse=True)
def wrapping():
    """Plain numpy warns when a product of 64 bits wraps around, which is what the generator lives on."""
    with np.errstate(over="ignore"):
        yield


def test_draw__gives_the_published_splitmix64_sequence():
    # The sequence of seed 1234567, printed by the reference implementation.
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]
    start = np.uint64(1234567)
    assert [int(draw.py_func(start, i)) for i in range(4)] == expected


def test_streams__of_neighbouring_replicates_are_no_shifted_copies():
    starts = np.array([stream_start(KEY, b) for b in range(500)])
    steps = np.diff(np.sort(starts))
    assert len(np.unique(starts)) == 500
    assert len(np.unique(steps)) == len(steps)


@pytest.mark.parametrize("rate", ["1", "0.9", "0.5"])
def test_poisson_tables__are_the_distribution_to_the_last_bit(rate):
    """Coarse and residual part together, in exact arithmetic, against the distribution itself."""
    coarse, residual = poisson_thresholds(Decimal(rate))
    bounds = [0, *(int(c) for c in coarse)]
    whole = np.diff(bounds)
    shares = np.diff([0, *(int(r) for r in residual), 2**64]) / 2**64
    rest = (2**16 - bounds[-1]) / 2**16
    found = [(whole[k] / 2**16 if k < 8 else 0.0) + rest * shares[k] for k in range(12)]
    assert found == pytest.approx(poisson.pmf(np.arange(12), float(rate)), abs=2e-16)


@pytest.mark.parametrize("name", ["poisson", "iid"])
def test_rows__have_the_counts_distribution(name):
    n = 4_000
    counts = by_replicate(PLANS[name](n), n, n_blocks=40).ravel()
    observed = np.bincount(counts, minlength=9)
    law = poisson(1) if name == "poisson" else binom(n, 1 / n)
    expected = law.pmf(np.arange(8)) * counts.size
    assert (
        chisquare([*observed[:8], observed[8:].sum()], [*expected, counts.size - expected.sum()]).pvalue
        > 1e-3
    )
    assert counts.mean() == pytest.approx(1, abs=5 / np.sqrt(counts.size))
    assert counts.var() == pytest.approx(1, abs=10 / np.sqrt(counts.size))


@pytest.mark.parametrize("n", [2, 3, 10, 400])
def test_iid__draws_exactly_n_of_n(n):
    counts = by_replicate(PLANS["iid"](n), n, n_blocks=100)
    assert (counts.sum(axis=1) == n).all()
    # Var = 1 - 1/n: told apart from Poisson by the fixed total.
    assert counts.var() == pytest.approx(1 - 1 / n, abs=5 * 1.7 / np.sqrt(counts.size))
    assert chisquare(counts.sum(axis=0)).pvalue > 1e-3


def test_iid_of_three_rows__has_the_multinomial_distribution():
    """All ten outcomes of three draws of three rows."""
    counts = by_replicate(PLANS["iid"](3), 3, n_blocks=200)
    seen, number = np.unique(counts @ [16, 4, 1], return_counts=True)
    from scipy.stats import multinomial

    expected = [multinomial(3, [1 / 3] * 3).pmf([c // 16, c // 4 % 4, c % 4]) for c in seen]
    assert len(seen) == 10
    assert chisquare(number, np.array(expected) * number.sum()).pvalue > 1e-3


def test_cells__have_the_multinomial_distribution():
    sizes = np.array([1, 3, 40, 156, 800])
    n = sizes.sum()
    counts = by_replicate(cells_of(sizes), len(sizes), n_blocks=250)
    assert (counts.sum(axis=1) == n).all()
    for c, size in enumerate(sizes):
        law = binom(n, size / n)
        edges = np.unique(law.ppf([0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98]))
        observed = np.histogram(counts[:, c], [-1, *(edges + 0.5), n + 1])[0]
        expected = np.diff([0, *law.cdf(edges), 1]) * len(counts)
        keep = expected > 4
        assert (
            chisquare(
                [*observed[keep], observed[~keep].sum() + 1e-9],
                [*expected[keep], expected[~keep].sum() + 1e-9],
            ).pvalue
            > 1e-3
        )
    found = np.cov(counts.T)
    share = sizes / n
    expected = n * (np.diag(share) - np.outer(share, share))
    scale = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    assert abs((found - expected) / scale).max() < 5 / np.sqrt(len(counts))


def test_poisson_cells__have_the_sum_of_their_rows():
    counts = by_replicate(cells_of([5, 90], exact=False), 2, n_blocks=250)
    for c, size in enumerate([5, 90]):
        law = poisson(size)
        edges = np.unique(law.ppf([0.05, 0.25, 0.5, 0.75, 0.95]))
        observed = np.histogram(counts[:, c], [-1, *(edges + 0.5), 1e9])[0]
        assert chisquare(observed, np.diff([0, *law.cdf(edges), 1]) * len(counts)).pvalue > 1e-3


@pytest.mark.parametrize("name", PLANS)
def test_replicates__are_not_correlated_with_their_neighbours(name):
    n = 300
    totals = by_replicate(PLANS[name](n), n, n_blocks=250) @ np.arange(float(n))
    for lag in (1, 2, 3, 4, 8, 16, 32, 64):  # four replicates share words; blocks have 32
        assert abs(np.corrcoef(totals[:-lag], totals[lag:])[0, 1]) < 4.5 / np.sqrt(totals.size)


def test_rows_of_one_replicate__are_not_correlated_with_their_neighbours():
    counts = by_replicate(PLANS["poisson"](20_000), 20_000).astype(float) - 1
    for lag in (1, 2, 4, 8, 256):
        assert abs((counts[:, :-lag] * counts[:, lag:]).mean()) < 4.5 / np.sqrt(counts.size)


@pytest.mark.parametrize("name", PLANS)
def test_replicate__depends_on_no_lanes_and_no_batch(name):
    n = 700
    base = by_replicate(PLANS[name](n), n, n_blocks=6)
    for lanes in (8, 16, 64):
        assert np.array_equal(by_replicate(PLANS[name](n), n, n_blocks=192 // lanes, lanes=lanes), base)
    assert np.array_equal(by_replicate(PLANS[name](n), n, first_block=4, n_blocks=2), base[128:])


@pytest.mark.parametrize("name", ["poisson", "iid"])
def test_replicate__does_not_depend_on_the_order_in_which_rows_are_asked_for(name):
    n = 1_000
    unit = np.random.default_rng(1).permutation(n).astype(np.int32)
    drawn = PLANS[name](n)
    permuted = replace(drawn, unit=unit)
    assert np.array_equal(by_replicate(permuted, n), by_replicate(drawn, n)[:, unit])


def test_known_answers__of_every_plan():
    """Golden counts: a change means that every published replicate changes; the change log must say so."""
    found = {name: by_replicate(make(40), 40, n_blocks=1)[5, :12].tolist() for name, make in PLANS.items()}
    assert found == KNOWN


def test_stratified__draws_inside_each_stratum():
    drawn = draws.stratified_units(KEY, np.arange(20, dtype=np.int32), *STRATA)
    counts = by_replicate(drawn, 20, n_blocks=50)
    assert (counts[:, :5].sum(axis=1) == 4).all()
    assert (counts[:, 5] == 1).all()
    assert (counts[:, 6:].sum(axis=1) == 13).all()
    assert counts[:, 6:].mean() == pytest.approx(13 / 14, abs=0.05)


def test_scaled_poisson__keeps_each_stratum_at_its_size():
    multipliers = by_replicate(draws.scaled_units(KEY, np.arange(20, dtype=np.int32), STRATA[0]), 20)
    for low, high in ((0, 5), (5, 6), (6, 20)):
        assert multipliers[:, low:high].sum(axis=1) == pytest.approx(high - low)


def test_deletion__moves_the_weight_to_the_rest_of_the_stratum():
    ends, owner = np.array([3, 4], np.int64), np.array([0, 0, 0, 1], np.int64)
    deleted = draws.deleted_units(np.arange(4, dtype=np.int32), ends, owner, deletes_single=False)
    multipliers = by_replicate(deleted, 4, n_blocks=1)
    assert multipliers[1].tolist() == [1.5, 0.0, 1.5, 1.0]
    assert multipliers[3].tolist() == [1.0, 1.0, 1.0, 1.0]


def test_given_weights__are_taken_as_they_are():
    values = np.random.default_rng(1).uniform(size=(40, 300))
    assert np.array_equal(by_replicate(draws.given_weights(values), 300, n_blocks=2)[:40], values)
