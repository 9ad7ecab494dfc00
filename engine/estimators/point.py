"""Point estimates with linearised, design-based standard errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from engine.arrays import DesignArrays, FloatArray, IntArray, SampleArrays, UnitArray
from engine.estimators.indices import Index
from engine.kernels.design import add_unit_totals, design_covariance
from engine.kernels.numerators import numerator, numerator_influence, weighted_mean
from engine.kernels.ranks import tie_ends


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


@dataclass(frozen=True, slots=True, kw_only=True)
class PointEstimates:
    """One index of one outcome in every group.

    Attributes
    ----------
    values
        (g,) float64, NaN where undefined.
    totals
        (g, u) float64: linearised totals by sampling unit.
    covariance
        (g, g) float64: between groups too, because groups can share units.
    """

    values: FloatArray
    totals: FloatArray
    covariance: FloatArray

    @property
    def std_errors(self) -> FloatArray:
        """(g,) standard errors."""
        return np.sqrt(np.diag(self.covariance))


def estimate_index(index: Index, pieces: Sequence[Piece], design: DesignArrays) -> PointEstimates:
    """Estimate an index in every group, with the design covariance of all of them."""
    values = np.full(len(pieces), np.nan)
    totals = np.zeros((len(pieces), design.n_units))
    for g, piece in enumerate(pieces):
        if piece.status != "ok":
            continue
        W, mu, N = numerator(index.family, index.parameter, piece.weight, piece.outcome, piece.ends)
        values[g] = index.value(N, mu)
        if not np.isfinite(values[g]):
            values[g] = np.nan
            continue
        z = numerator_influence(index.family, index.parameter, piece.weight, piece.outcome, piece.ends, W, mu, N)
        by_N, by_mu = index.gradient(N, mu)
        z = by_N * z + by_mu * (piece.outcome - mu)
        add_unit_totals(totals[g], piece.unit, piece.weight, z, W)
    return PointEstimates(values=values, totals=totals, covariance=covariance_of(totals, design))


def covariance_of(totals: FloatArray, design: DesignArrays) -> FloatArray:
    """Return the design covariance (q, q) of linearised totals (q, u)."""
    return design_covariance(totals, design.stratum_end, design.population, centre_single=design.single_psu == "adjust")


def t_interval(estimate: float, std_error: float, degrees: int, conf_level: float) -> tuple[float, float, float]:
    """Return (low, high, two-sided p) with Student's t on the design's degrees of freedom.

    Examples
    --------
    >>> low, high, p = t_interval(0.0, 1.0, 10**9, 0.95)
    >>> round(low, 4), round(high, 4), p
    (-1.96, 1.96, 1.0)
    """
    if degrees < 1 or not np.isfinite(std_error):
        return np.nan, np.nan, np.nan
    half = float(stdtrit(degrees, 0.5 + conf_level / 2)) * std_error
    p = 2.0 * float(stdtr(degrees, -abs(estimate) / std_error)) if std_error > 0 else np.nan
    return estimate - half, estimate + half, p
