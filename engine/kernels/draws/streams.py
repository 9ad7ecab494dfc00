"""Random numbers as a function of (seed, resampling plan, replicate, position): SplitMix64 read by counter.

The start of a replicate's stream is a full hash. A start at ``key + r * GAMMA`` would give replicate r the
stream of replicate r - 1, shifted by one draw. Reference: Steele, Lea and Flood (2014), "Fast splittable
pseudorandom number generators". uint64 stays in this room: numba turns a mix with signed integers into
float64.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import inlined, kernel

LANES = 32  # replicates of a block, side by side; any multiple of 8 gives the same numbers
GAMMA = np.uint64(0x9E3779B97F4A7C15)
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_UNIT = 2.0**-53


def stream_key(seed: int, plan: str) -> np.uint64:
    """Return the 64-bit key of a seed and a resampling plan.

    Examples
    --------
    >>> int(stream_key(1, "iid"))
    4668335412434222664
    """
    return np.uint64(int.from_bytes(hashlib.sha256(f"{seed}|{plan}".encode()).digest()[:8], "little"))


@inlined
def mix64(z: np.uint64) -> np.uint64:
    """Scramble 64 bits (the finaliser of SplitMix64)."""
    z = (z ^ (z >> _S30)) * _M1
    z = (z ^ (z >> _S27)) * _M2
    return z ^ (z >> _S31)


@kernel
def stream_start(key: np.uint64, replicate: int) -> np.uint64:
    """Return the hashed start of a replicate's stream."""
    return mix64(mix64(key + GAMMA) + np.uint64(replicate) * GAMMA)


@kernel
def stream_starts(key: np.uint64, first: int, count: int) -> NDArray[np.uint64]:
    """Return the starts (count,) of replicates first .. first + count - 1."""
    starts = np.empty(count, np.uint64)
    for r in range(count):
        starts[r] = stream_start(key, first + r)
    return starts


@inlined
def draw(start: np.uint64, position: int) -> np.uint64:
    """Return the draw at `position` (0, 1, ...) of the stream that starts at `start`."""
    return mix64(start + np.uint64(position + 1) * GAMMA)


@inlined
def uniform(bits: np.uint64) -> float:
    """Turn a draw into a number in [0, 1) with 53 bits."""
    return np.float64(bits >> _S11) * _UNIT
