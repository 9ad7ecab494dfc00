"""Draws against plain Python: words of SplitMix64, counts from exact tables, totals, units of strata."""

from dataclasses import replace
from decimal import Decimal, localcontext

import numpy as np
import pytest
from scipy.stats import poisson

from engine.kernels.draws import draws
from engine.kernels.draws.cell_counts import count_tables, row_guide
from engine.kernels.draws.poisson import _count, poisson_thresholds
from engine.kernels.draws.streams import stream_key

GAMMA, MASK = 0x9E3779B97F4A7C15, 2**64 - 1
SALT = 0x5851F42D4C957F2D  # of the streams of four replicates
KEY = stream_key(2024, "iid")
LANES = 32


@pytest.fixture(autouse=True)
def wrapping():
    with np.errstate(over="ignore"):
        yield


def mix(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def start_of(key, replicate):
    return mix((mix((key + GAMMA) & MASK) + replicate * GAMMA) & MASK)


def word(start, position):
    return mix((start + (position + 1) * GAMMA) & MASK)


def uniform(start, position):
    return (word(start, position) >> 11) / 2**53


class PoissonCounts:
    """Counts from 16 bits of a word that four replicates share, and rare ones from a word of their own."""

    def __init__(self, rate=Decimal(1)):
        with localcontext(prec=60):
            terms = [(-rate).exp()]
            for k in range(1, 12):
                terms.append(terms[-1] * rate / k)
            terms.append(1 - sum(terms))
            whole = [int(term * 2**16) if k < 8 else 0 for k, term in enumerate(terms)]
            rest = [term * 2**16 - part for term, part in zip(terms, whole, strict=True)]
            self.coarse = [sum(whole[: k + 1]) for k in range(8)]
            shares = [sum(rest[: k + 1]) / sum(rest) for k in range(12)]
            self.residual = [min(int(share * 2**64), MASK) for share in shares]

    def count(self, quad_start, start, lane, unit):
        bits = word(quad_start, unit) >> (16 * lane) & 0xFFFF
        count = sum(bits >= threshold for threshold in self.coarse)
        return count if count < 8 else sum(word(start, unit) >= threshold for threshold in self.residual)


def starts(replicate, key=int(KEY)):
    """The stream of four replicates, and that of one."""
    return start_of(key ^ SALT, replicate // 4), start_of(key, replicate)


def replicates(drawn, n, n_blocks=2):
    return drawn.multipliers(n, 0, n_blocks, LANES).transpose(0, 2, 1).reshape(-1, n)


@pytest.mark.parametrize("rate", ["1", "0.9", "0.5"])
def test_thresholds__are_those_of_exact_arithmetic(rate):
    found, plain = poisson_thresholds(Decimal(rate)), PoissonCounts(Decimal(rate))
    assert found.coarse.tolist() == plain.coarse
    assert found.residual.tolist() == plain.residual


def test_poisson_rows_and_units__are_counted_from_words():
    plain, n = PoissonCounts(), 70
    unit = np.random.default_rng(1).permutation(n).astype(np.int32)
    rows = replicates(draws.poisson_rows(KEY, n), n)
    units = replicates(draws.poisson_units(KEY, unit, n), n)
    for r in range(0, 64, 3):
        expected = [plain.count(*starts(r), r % 4, i) for i in range(n)]
        assert rows[r].tolist() == expected
        assert units[r].tolist() == [expected[u] for u in unit]


def test_counts__change_at_each_threshold():
    coarse = poisson_thresholds(Decimal(1)).coarse
    bits = np.concatenate([coarse - 1, coarse, [0, 2**16 - 1]]).astype(np.uint16)
    counts = np.empty(18, np.uint8)
    assert _count(bits, coarse, counts) == 2**16 - 1
    assert counts.tolist() == [*range(8), *range(1, 9), 0, 8]
    assert _count(bits[:3], coarse, counts[:3]) == bits[2]


def test_rare_counts__come_from_a_word_of_their_own():
    """One draw of some thousands reaches the last threshold of 16 bits."""
    plain, n, looked_at = PoissonCounts(), 400, 0
    rows = replicates(draws.poisson_rows(KEY, n), n)
    for r in range(64):
        quad, _ = starts(r)
        for i in range(n):
            if word(quad, i) >> (16 * (r % 4)) & 0xFFFF >= plain.coarse[-1]:
                looked_at += 1
                assert rows[r, i] == plain.count(*starts(r), r % 4, i)
    assert looked_at > 0


@pytest.mark.parametrize("n", [2, 30, 300])
def test_exact_rows__are_counts_completed_to_n(n):
    """A total above n moves four streams on; what lacks is drawn row by row."""
    with localcontext(prec=60):
        plain = PoissonCounts(max(Decimal("0.5"), 1 - Decimal("3.5") / Decimal(n).sqrt()))
    found = replicates(draws.exact_rows(KEY, n), n, 1)
    for first in range(0, LANES, 4 if n < 100 else 16):
        quad, again = starts(first)[0], True
        while again:
            counts = np.array(
                [[plain.count(quad, starts(first + k)[1], k, i) for i in range(n)] for k in range(4)]
            )
            again = counts.sum(axis=1).max() > n
            quad = mix((quad + GAMMA) & MASK) if again else quad
        for k in range(4):
            for number in range(n - counts[k].sum()):
                counts[k, int(uniform(starts(first + k)[1], n + number) * n)] += 1
        assert found[first : first + 4].tolist() == counts.tolist()


def test_exact_rows_in_hand__are_those_of_all_rows():
    """Some of the rows, in another order, get the counts that they have among all."""
    n = 300
    drawn = draws.exact_rows(KEY, n)
    of_all = replicates(drawn, n)
    some = np.random.default_rng(2).permutation(n)[:270].astype(np.int32)
    assert np.array_equal(replicates(replace(drawn, unit=some), 270), of_all[:, some])
    of_units = replace(drawn, unit=some).unit_multipliers(0, 2, LANES).transpose(0, 2, 1).reshape(-1, n)
    assert np.array_equal(of_units, of_all)


STRATA, N_DRAWS = np.array([3, 4, 9], np.int64), np.array([2, 0, 5], np.int64)
UNIT = np.array([8, 0, 3, 5, 5, 1, 2, 7, 6, 4, 0], np.int32)


def test_stratified_units__are_drawn_one_after_another():
    found = replicates(draws.stratified_units(KEY, UNIT, STRATA, N_DRAWS), len(UNIT))
    for r in range(64):
        counts, position = [0] * 9, 0
        for low, high, n in ((0, 3, 2), (3, 4, 0), (4, 9, 5)):
            for _ in range(n):
                counts[low + int(uniform(starts(r)[1], position) * (high - low))] += 1
                position += 1
            if not n:
                counts[low:high] = [1] * (high - low)
        assert found[r].tolist() == [counts[u] for u in UNIT]


def test_scaled_units__add_up_to_their_stratum():
    plain = PoissonCounts()
    found = replicates(draws.scaled_units(KEY, UNIT, STRATA), len(UNIT))
    seen_nothing = False
    for r in range(64):
        counts = [plain.count(*starts(r), r % 4, u) for u in range(9)]
        for low, high in ((0, 3), (3, 4), (4, 9)):
            total = sum(counts[low:high])
            seen_nothing |= total == 0
            counts[low:high] = [c * (high - low) / total if total else 1.0 for c in counts[low:high]]
        assert found[r].tolist() == pytest.approx([counts[u] for u in UNIT])
    assert seen_nothing


@pytest.mark.parametrize("deletes_single", [False, True])
def test_deleted_units__give_their_weight_to_the_others(deletes_single):
    owner = np.array([0, 0, 0, 1, 2, 2, 2, 2, 2], np.int64)
    drawn = draws.deleted_units(UNIT, STRATA, owner, deletes_single=deletes_single)
    found = replicates(drawn, len(UNIT), 1)
    for r in range(LANES):
        expected = np.ones(9)
        if r < 9 and r != 3:
            size = (owner == owner[r]).sum()
            expected[owner == owner[r]] = size / (size - 1)
            expected[r] = 0.0
        elif r == 3 and deletes_single:
            expected[:] = 3 / 2
            expected[3] = 0.0
        assert found[r].tolist() == [expected[u] for u in UNIT]


def test_given_weights__are_those_of_the_rows():
    values = np.random.default_rng(1).uniform(size=(5, 20))
    found = replicates(draws.given_weights(values), 20, 1)
    assert np.array_equal(found[:5], values)
    assert not found[5:].any()


@pytest.mark.parametrize("rate", [1.0, 0.93])
def test_alias_tables__are_poisson_distributions(rate):
    """The share of each count over the columns of its table: own part, and what other columns give it."""
    sizes = np.array([1, 3, 40, 700], np.int64)
    tables = count_tables(sizes, rate)
    for t, size in enumerate(sizes):
        columns = slice(tables.offset[t], tables.offset[t + 1])
        keep, other, n = tables.keep[columns], tables.other[columns], tables.offset[t + 1] - tables.offset[t]
        shares = keep.copy()
        np.add.at(shares, other, 1 - keep)
        mean = rate * size
        mode, spread = int(mean), int(10 * np.sqrt(mean)) + 24
        assert (tables.smallest[t], n) == (max(mode - spread, 0), mode + spread - max(mode - spread, 0) + 1)
        counts = tables.smallest[t] + np.arange(n)
        assert shares / n == pytest.approx(poisson(mean).pmf(counts), rel=1e-9, abs=1e-15)
        assert (keep <= 1).all()
        assert (keep >= -1e-12).all()


def test_guide__tells_the_cell_of_a_row():
    ends = np.array([3, 4, 50], np.int64)
    guide = row_guide(ends, 25)
    assert guide.tolist() == [int(np.searchsorted(ends, 2 * entry, "right")) for entry in range(25)]


@pytest.mark.parametrize("exact", [False, True])
def test_cells__are_drawn_from_their_tables_and_completed(exact):
    """A total above n is drawn again further down the stream; what lacks is drawn row by row."""
    sizes = np.array([2, 7, 2, 30], np.int64)
    n, ends = int(sizes.sum()), np.cumsum(sizes)
    tables = count_tables(np.unique(sizes), 1 - 1 / np.sqrt(n) if exact else 1.0)
    table_of = np.searchsorted(np.unique(sizes), sizes)

    def count(start, position, table):
        low, high = tables.offset[table], tables.offset[table + 1]
        scaled = uniform(start, position) * (high - low)
        column = int(scaled)
        is_kept = scaled - column < tables.keep[low + column]
        return tables.smallest[table] + (column if is_kept else tables.other[low + column])

    found, drawn_again = replicates(draws.cell_draws(KEY, sizes, exact=exact), 4), 0
    for r in range(64):
        start, position = starts(r)[1], 0
        while True:
            counts = [count(start, position + c, table) for c, table in enumerate(table_of)]
            position += 4
            if not exact or sum(counts) <= n:
                break
            drawn_again += 1
        for number in range(n - sum(counts) if exact else 0):
            row = int(uniform(start, position + number) * n)
            counts[int(np.searchsorted(ends, row, "right"))] += 1
        assert found[r].tolist() == counts
    assert (drawn_again > 0) is exact


def test_bytes_of_a_block__are_those_that_are_held():
    assert draws.poisson_rows(KEY, 10_000).block_bytes(LANES) == LANES * 256  # one tile of rows
    assert draws.poisson_units(KEY, UNIT, 9).block_bytes(LANES) == LANES * 9
    assert draws.scaled_units(KEY, UNIT, STRATA).block_bytes(LANES) == LANES * 9 * 8
