"""Poisson counts of rows from 16 bits of a random word each: exact, and four counts for one word.

Split the Poisson distribution p into p = c + r, where 2**16 c_k is the whole part of 2**16 p_k. A draw of 16
bits below the sum of the whole parts is a count from c, by comparison with eight thresholds. The few draws
above it (8 in 100,000) take another word and a count from r. The mixture is p to the last bit of 64.

Rows read words by position, and four replicates share a word, so that a count depends on (key, replicate,
row) and on nothing else.
"""

from __future__ import annotations

from decimal import Context, Decimal, localcontext
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.draws.streams import GAMMA, draw, mix64
from engine.kernels.jit import kernel

CountArray = NDArray[np.uint8]
WordArray = NDArray[np.uint64]

PRECISE = Context(prec=60)  # not the caller's context: bits must not depend on it
TILE = 256  # rows whose multipliers are held at a time, in the cache
_LARGEST = 12  # counts above have probability 6e-11 and are drawn as 12
_COARSE = 8
_STRETCH = 64  # rows that are searched for rare counts together


class PoissonThresholds(NamedTuple):
    """Thresholds of a Poisson distribution: a count is the number of thresholds that its draw reaches.

    coarse (8,)
        For draws of 16 bits.
    residual (12,)
        For draws of 64 bits, which replace the coarse counts of 8.
    """

    coarse: NDArray[np.uint16]
    residual: WordArray


def poisson_thresholds(rate: Decimal) -> PoissonThresholds:
    """Return the thresholds of Poisson(rate), computed in exact arithmetic."""
    with localcontext(PRECISE):
        terms = [(-rate).exp()]
        for k in range(1, _LARGEST):
            terms.append(terms[-1] * rate / k)
        terms.append(1 - sum(terms, Decimal(0)))
        scaled = [term * 2**16 for term in terms]
        whole = [int(term) if k < _COARSE else 0 for k, term in enumerate(scaled)]
        rest = [term - part for term, part in zip(scaled, whole, strict=True)]
        coarse = np.cumsum(whole[:_COARSE]).astype(np.uint16)
        total, below, residual = sum(rest, Decimal(0)), Decimal(0), []
        for term in rest[:-1]:
            below += term
            residual.append(np.uint64(min(int(below / total * 2**64), 2**64 - 1)))
        return PoissonThresholds(coarse, np.array(residual, np.uint64))


@kernel
def _count(bits: NDArray[np.uint16], coarse: NDArray[np.uint16], counts: NDArray[Any]) -> np.uint16:
    """Count the thresholds that each draw reaches; returns the largest draw."""
    T1, T2, T3, T4 = coarse[0], coarse[1], coarse[2], coarse[3]
    T5, T6, T7, T8 = coarse[4], coarse[5], coarse[6], coarse[7]
    largest = np.uint16(0)
    for place in range(counts.shape[0]):
        u = bits[place]
        counts[place] = (
            np.uint8(u >= T1)
            + np.uint8(u >= T2)
            + np.uint8(u >= T3)
            + np.uint8(u >= T4)
            + np.uint8(u >= T5)
            + np.uint8(u >= T6)
            + np.uint8(u >= T7)
            + np.uint8(u >= T8)
        )
        largest = max(largest, u)
    return largest


@kernel
def fill_counts(
    first: int,
    unit: NDArray[np.int32],
    quads: WordArray,
    starts: WordArray,
    thresholds: PoissonThresholds,
    words: WordArray,
    tile: NDArray[Any],
) -> None:
    """Draw the counts of rows first, first + 1, ... into tile (rows, lanes).

    Parameters
    ----------
    unit
        (n,) position of each row in the streams; empty means its row number.
    quads, starts
        (lanes / 4,) and (lanes,): starts of the streams of words, each for four replicates, and of the
        streams of the rare counts.
    words
        (TILE * lanes / 4,) scratch.
    """
    n_quads, lanes, n_rows = quads.shape[0], tile.shape[1], tile.shape[0]
    bits, counts = words.view(np.uint16), tile.reshape(-1)
    for low in range(0, n_rows, _STRETCH):
        high = min(low + _STRETCH, n_rows)
        for i in range(low, high):
            step = np.uint64((unit[first + i] if unit.shape[0] else first + i) + 1) * GAMMA
            row = words[i * n_quads : (i + 1) * n_quads]
            for quad in range(n_quads):
                row[quad] = mix64(quads[quad] + step)
        stretch = slice(low * lanes, high * lanes)
        if _count(bits[stretch], thresholds.coarse, counts[stretch]) >= thresholds.coarse[_COARSE - 1]:
            _draw_rare_counts(first, low, high, unit, starts, thresholds.residual, tile)


@kernel
def _draw_rare_counts(
    first: int,
    low: int,
    high: int,
    unit: NDArray[np.int32],
    starts: WordArray,
    residual: WordArray,
    tile: NDArray[Any],
) -> None:
    """Replace the coarse counts of 8, which stand for the residual distribution, in rows low .. high - 1."""
    for i in range(low, high):
        most = 0
        for lane in range(tile.shape[1]):
            most = max(most, int(tile[i, lane]))
        if most < _COARSE:
            continue
        position = unit[first + i] if unit.shape[0] else first + i
        for lane in range(tile.shape[1]):
            if tile[i, lane] == _COARSE:
                u = draw(starts[lane], position)
                count = 0
                for threshold in range(residual.shape[0]):
                    count += u >= residual[threshold]
                tile[i, lane] = count
