import numpy as np
import pytest
from scipy.stats import chisquare, poisson

from engine.kernels import draws
from engine.kernels.streams import LANES, draw, stream_key, stream_start

KEY = stream_key(2024, "iid")


def test_draw__gives_the_published_splitmix64_sequence():
    # The sequence of seed 1234567, printed by the reference implementation.
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]
    start = np.uint64(1234567)
    assert [int(draw.py_func(start, i)) for i in range(4)] == expected


@pytest.fixture(autouse=True)
def wrapping(monkeypatch):
    """Plain numpy warns when a product of 64 bits wraps around, which is what the generator lives on."""
    with np.errstate(over="ignore"):
        yield


def test_streams__of_neighbouring_replicates_are_no_shifted_copies():
    starts = np.array([stream_start(KEY, b) for b in range(500)])
    steps = np.diff(np.sort(starts))
    assert len(np.unique(starts)) == 500
    assert len(np.unique(steps)) == len(steps)


def test_poisson__counts_have_the_poisson_distribution():
    counts = draws.poisson_counts(KEY, 0, 8, 20_000).ravel()
    observed = np.bincount(counts, minlength=13)
    expected = poisson.pmf(np.arange(7), 1) * counts.size
    assert (
        chisquare([*observed[:6], observed[6:].sum()], [*expected[:6], counts.size - expected[:6].sum()]).pvalue > 1e-3
    )
    assert counts.mean() == pytest.approx(1, abs=5 / np.sqrt(counts.size))
    assert counts.var() == pytest.approx(1, abs=10 / np.sqrt(counts.size))


def test_multinomial__draws_exactly_n_of_n_with_binomial_counts():
    n = 400
    counts = draws.multinomial_counts(KEY, 0, 200, n)
    assert (counts.sum(axis=1) == n).all()
    flat = counts.ravel().astype(float)
    # Var = 1 - 1/n and Cov(unit i, unit j) = -1/n: told apart from Poisson by the fixed total.
    assert flat.var() == pytest.approx(1 - 1 / n, abs=5 / np.sqrt(flat.size) * 1.7)
    per_unit = counts.transpose(1, 0, 2).reshape(n, -1).mean(axis=1)
    assert chisquare(per_unit * 3200, np.full(n, 3200.0)).pvalue > 1e-3


@pytest.mark.parametrize("make", [draws.poisson_counts, draws.multinomial_counts])
def test_replicates__are_not_correlated_with_their_neighbours(make):
    values = np.arange(300.0)
    totals = np.einsum("bul,u->bl", make(KEY, 0, 250, 300).astype(float), values).ravel()
    lag = np.corrcoef(totals[:-1], totals[1:])[0, 1]
    across = np.corrcoef(totals[:-LANES], totals[LANES:])[0, 1]
    assert max(abs(lag), abs(across)) < 4 / np.sqrt(totals.size)


@pytest.mark.parametrize("make", [draws.poisson_counts, draws.multinomial_counts])
def test_replicate__does_not_depend_on_the_batch_it_is_in(make):
    whole = make(KEY, 0, 6, 500)
    assert np.array_equal(make(KEY, 4, 2, 500), whole[4:])


def test_stratified__draws_inside_each_stratum():
    ends = np.array([5, 6, 20], np.int64)
    counts = draws.stratified_counts(KEY, 0, 50, ends, np.array([4, 0, 13], np.int64))
    assert (counts[:, :5].sum(axis=1) == 4).all()
    assert (counts[:, 5] == 1).all()
    assert (counts[:, 6:].sum(axis=1) == 13).all()
    assert counts[:, 6:].mean() == pytest.approx(13 / 14, abs=0.05)


def test_deletion__moves_the_weight_to_the_rest_of_the_stratum():
    ends, owner = np.array([3, 4], np.int64), np.array([0, 0, 0, 1], np.int64)
    multipliers = draws.deletion_multipliers(0, 1, ends, owner)[0]
    assert multipliers[:, 1].tolist() == [1.5, 0.0, 1.5, 1.0]
    assert multipliers[:, 3].tolist() == [1.0, 1.0, 1.0, 1.0]
