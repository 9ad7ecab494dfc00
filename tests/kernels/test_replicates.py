import numpy as np
import pytest

from engine.kernels import draws, replicates
from engine.kernels.indices import EXTENDED_FAMILY, MIDRANK_FAMILY, STANDARD, SYMMETRIC_FAMILY
from engine.kernels.numerators import numerator
from engine.kernels.ranks import tie_ends
from engine.kernels.streams import LANES, stream_key

KEY = stream_key(5, "poisson")


def two_groups(n=300, seed=3):
    """Two groups in one sort, two outcomes of which one is missing now and then."""
    rng = np.random.default_rng(seed)
    group = np.sort(rng.integers(0, 2, n))
    rank = rng.integers(0, 12, n) + 100 * group
    order = np.argsort(rank, kind="stable")
    rank, group = rank[order].astype(np.int64), group[order]
    w, y = rng.uniform(0.5, 2, n), rng.normal(2, 1, (2, n))
    present = np.ones((2, n), bool)
    present[1] = rng.random(n) < 0.8
    ends = tie_ends(rank)
    starts = np.searchsorted(group, [0, 1, 2])
    return {
        "rank": rank, "w": w, "y": y, "present": present, "starts": starts,
        "kernel": (
            np.arange(n, dtype=np.int32), present * w, np.where(present, y * w, 0.0), np.array([0, 1]), ends,
            np.searchsorted(ends, starts, side="right"),
        ),
    }  # fmt: skip


def resampled(data, multiplier, group, k):
    """The obvious way: cut the group out, multiply the weights, compute anew."""
    rows = slice(data["starts"][group], data["starts"][group + 1])
    kept = data["present"][k, rows]
    w = (data["w"][rows] * multiplier[rows])[kept]
    return w, data["y"][k, rows][kept], tie_ends(data["rank"][rows][kept])


def rank_rows(data, multipliers, b, group, k):
    """The rows of a group that a replicate drew with the outcome present."""
    rows = np.arange(data["starts"][group], data["starts"][group + 1])
    return rows[data["present"][k, rows] & (multipliers[b // LANES, rows, b % LANES] > 0)]


def test_moments__equal_recomputation_of_every_replicate():
    data = two_groups()
    multipliers = draws.poisson_counts(KEY, 0, 2, len(data["w"]))
    W, T, S, drawn = np.moveaxis(replicates.replicate_moments(multipliers, *data["kernel"]), -1, 0)
    for b in range(0, 2 * LANES, 5):
        for group in (0, 1):
            for k in (0, 1):
                w, y, ends = resampled(data, multipliers[b // LANES, :, b % LANES], group, k)
                expected = numerator(MIDRANK_FAMILY, 0.0, w, y, ends)
                here = (b, group, k)
                found = (W[here], T[here] / W[here], 2 * S[here] / W[here] ** 2 - T[here] / W[here])
                assert found == pytest.approx(expected, rel=1e-10)
                assert drawn[here] == len(np.unique(data["rank"][rank_rows(data, multipliers, b, group, k)]))


@pytest.mark.parametrize(("family", "parameter"), [(EXTENDED_FAMILY, 3.0), (SYMMETRIC_FAMILY, 2.4)])
def test_shaped__equal_recomputation_of_every_replicate(family, parameter):
    data = two_groups()
    multipliers = draws.poisson_counts(KEY, 0, 1, len(data["w"]))
    moments = replicates.replicate_moments(multipliers, *data["kernel"])
    found = replicates.replicate_shaped(multipliers, *data["kernel"], moments, family, parameter)
    for b in range(LANES):
        w, y, ends = resampled(data, multipliers[0, :, b], 1, 1)
        assert found[b, 1, 1] == pytest.approx(numerator(family, parameter, w, y, ends)[2], rel=1e-9)


def test_std_errors__of_no_resampling_are_those_of_the_sample():
    rng = np.random.default_rng(2)
    n = 200
    rank = np.sort(rng.integers(0, 30, n)).astype(np.int64)
    y, w, ends = rng.normal(3, 1, n), rng.uniform(0.5, 2, n), tie_ends(rank)
    ones = np.ones((1, n, LANES), np.uint8)
    found = replicates.replicate_std_errors(
        ones, np.arange(n, dtype=np.int32), w, y, ends, np.array([n]), STANDARD, (np.nan, np.nan), 0.0, MIDRANK_FAMILY
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
