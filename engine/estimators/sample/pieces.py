"""The complete rows of one outcome in one group, ready for a statistic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.arrays import DesignArrays, FloatArray, IntArray, SampleArrays, UnitArray
from engine.kernels.index.numerators import weighted_mean
from engine.kernels.index.ranks import tie_ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """The complete rows of one outcome in one group.

    Attributes
    ----------
    weight, outcome
        (n,) float64.
    unit
        (n,) int32.
    ends
        (t,) int64 of the tie groups.
    W, mu
        Sum of weights and weighted mean.
    n_clusters
        Sampling clusters with rows here, or None without clusters.
    degrees
        Degrees of freedom: units less strata with rows here.
    status
        ``ok``, or why no index exists.
    """

    weight: FloatArray
    outcome: FloatArray
    unit: UnitArray
    ends: IntArray
    W: float
    mu: float
    n_clusters: int | None
    degrees: int
    status: str

    @property
    def n_events(self) -> int | None:
        """The events of a 0/1 outcome."""
        is_event = self.outcome == 1
        return int(is_event.sum()) if np.all(is_event | (self.outcome == 0)) else None


def cut_piece(arrays: SampleArrays, outcome: int, group: int) -> Piece:
    """Take the complete rows of one outcome in one group."""
    rows = slice(int(arrays.group_start[group]), int(arrays.group_start[group + 1]))
    values = arrays.outcomes[outcome, rows]
    weight, unit, rank = arrays.weight[rows], arrays.unit[rows], arrays.rank[rows]
    present = ~np.isnan(values)
    if not present.all():
        values, weight, unit, rank = values[present], weight[present], unit[present], rank[present]
    W, mu = weighted_mean(weight, values)
    n_units, degrees = units_and_degrees([unit], arrays.design)
    return Piece(
        weight=weight,
        outcome=values,
        unit=unit,
        ends=tie_ends(rank),
        W=W,
        mu=mu,
        n_clusters=n_units if arrays.design.has_clusters else None,
        degrees=degrees,
        status=_status(values, rank),
    )


def units_and_degrees(units: Sequence[UnitArray], design: DesignArrays) -> tuple[int, int]:
    """Return how many sampling units hold rows of any of the groups, and these less their strata."""
    seen = np.zeros(design.n_units, bool)
    for unit in units:
        seen[unit] = True
    in_stratum = np.add.reduceat(seen, design.stratum_end - design.stratum_sizes, dtype=np.int64)
    n_units = int(in_stratum.sum())
    return n_units, n_units - int((in_stratum > 0).sum())


def _status(values: FloatArray, rank: IntArray) -> str:
    if len(values) < 2:
        return "no observations" if len(values) == 0 else "a single observation"
    if values.min() == values.max():
        return "outcome constant"
    return "rank constant" if rank[0] == rank[-1] else "ok"
