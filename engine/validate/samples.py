"""Small samples that are hard on arithmetic: offsets, ties, weights of any size, designs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

_ROWS = (5, 12, 31, 60)
_EIGHTH = 0.125  # amounts are multiples of it, so that an offset loses no digit of theirs
OFFSETS = {"offset of 2^30": 2.0**30, "offset of 2^40": 2.0**40}
SPREAD_WEIGHTS = "weights of 1e-12 to 1e12"
SCALES = {"weights of 1e-298": -990, "weights of 1e298": 990}


@dataclass(frozen=True, slots=True, kw_only=True)
class HardSample:
    """A sample for one comparison.

    Attributes
    ----------
    name
        What is hard about it.
    rank, outcome, weight
        Of each person.
    stratum, cluster
        Of each person, if the sample has a design.
    bounds
        Of the outcome.
    """

    name: str
    rank: tuple[float, ...]
    outcome: tuple[float, ...]
    weight: tuple[float, ...]
    bounds: tuple[float, float]
    stratum: tuple[int, ...] | None = None
    cluster: tuple[int, ...] | None = None

    @property
    def hardness(self) -> str:
        """The name, if the sample is of those that cost most programs digits; empty for ordinary ones."""
        return self.name if self.name in (*OFFSETS, SPREAD_WEIGHTS) else ""


def hard_samples(copies: int, seed: int = 19) -> Iterator[HardSample]:
    """Yield samples of every hardness, `copies` times each number of rows; the same for the same seed."""
    chance = Random(seed)  # noqa: S311 - no secret; the sequence is the same in every version of Python
    for _ in range(copies):
        for n in _ROWS:
            plain = _plain(chance, n)
            yield plain
            yield replace(plain, name="ties", rank=tuple(float(_up_to(chance, 3)) for _ in range(n)))
            for name, offset in OFFSETS.items():
                far = tuple(offset + value for value in plain.outcome)
                bounds = (plain.bounds[0] + offset, plain.bounds[1] + offset)
                yield replace(plain, name=name, outcome=far, bounds=bounds)
            yield replace(plain, name=SPREAD_WEIGHTS, weight=_spread_weights(chance, n))
            for name, exponent in SCALES.items():
                yield replace(
                    plain, name=name, weight=tuple(math.ldexp(one, exponent) for one in plain.weight)
                )
            yield _yes_or_no(chance, plain)
            if n > _ROWS[0]:
                yield _designed(chance, plain)


def unweighted_samples(seed: int = 7) -> Iterator[HardSample]:
    """Yield a sample without weights for each number of rows, for programs that know none."""
    chance = Random(seed)  # noqa: S311 - as above
    for n in _ROWS:
        yield replace(_plain(chance, n), name="no weights", weight=(1.0,) * n)


def whole_samples(copies: int, seed: int = 30) -> Iterator[HardSample]:
    """Yield samples of whole numbers whose sums fit into 128 bits, also with products of three of them."""
    chance = Random(seed)  # noqa: S311 - as above
    for _ in range(copies):
        for n, offset in ((40, 0), (90, 0), (90, 2**20)):
            outcome = tuple(float(offset + _up_to(chance, 50)) for _ in range(n))
            yield HardSample(
                name="whole numbers",
                rank=tuple(float(_up_to(chance, 15)) for _ in range(n)),
                outcome=outcome,
                weight=tuple(float(1 + _up_to(chance, 9)) for _ in range(n)),
                bounds=(float(offset - 1), float(offset + 60)),
            )


def _up_to(chance: Random, end: int) -> int:
    """Return a whole number from 0 to end - 1, by the one function whose sequence Python promises to keep."""
    return int(chance.random() * end)


def _plain(chance: Random, n: int) -> HardSample:
    rank = tuple(float(_up_to(chance, 4 * n)) for _ in range(n))
    # More to higher ranks, so that no index is 0 by chance: its digits would say nothing.
    amounts = tuple((16 * n + 4 * int(x) + _up_to(chance, 8 * n)) * _EIGHTH for x in rank)
    return HardSample(
        name="plain",
        rank=rank,
        outcome=amounts,
        weight=tuple(0.25 + chance.random() for _ in range(n)),
        bounds=(0.0, 8.0 * n),
    )


def _spread_weights(chance: Random, n: int) -> tuple[float, ...]:
    return tuple(math.ldexp(1.0 + chance.random(), _up_to(chance, 81) - 40) for _ in range(n))


def _yes_or_no(chance: Random, plain: HardSample) -> HardSample:
    top = max(plain.rank)
    events = [float(chance.random() * top < x) for x in plain.rank]
    events[0], events[1] = 0.0, 1.0  # both occur
    return replace(plain, name="yes or no", outcome=tuple(events), bounds=(0.0, 1.0))


def _designed(chance: Random, plain: HardSample) -> HardSample:
    """Return the sample with 2 strata of 3 clusters or more."""
    cluster = tuple(i % 6 if i < 6 else _up_to(chance, 6) for i in range(len(plain.rank)))
    return replace(
        plain, name="strata and clusters", cluster=cluster, stratum=tuple(one % 2 for one in cluster)
    )
