"""Frozen hand-over types between data and statistics: plain numpy arrays, sorted once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
UnitArray = NDArray[np.int32]

SinglePsu = Literal["fail", "adjust", "certainty"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One group of rows that gets a result of its own.

    Attributes
    ----------
    wave
        The wave, or None for all waves together.
    subgroup
        The other grouping levels, such as ``"sex=female"``, or None.
    """

    wave: str | None = None
    subgroup: str | None = None

    @property
    def label(self) -> str:
        """The group's name in a difference or a message."""
        return ", ".join(part for part in (self.wave, self.subgroup) if part) or "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicateWeights:
    """Replicate weights that came with the data.

    Attributes
    ----------
    values
        (b, n) float64: the full weight of each row in each replicate.
    factors
        (b,) float64: c_r of v = sum_r c_r (theta_r - centre)^2.
    centre
        Whether theta_r is compared with the full-sample estimate or with the replicates' mean.
    is_bootstrap
        Whether the replicates are draws, so that percentiles of them mean something.
    """

    values: FloatArray
    factors: FloatArray
    centre: Literal["estimate", "mean"]
    is_bootstrap: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignFrame:
    """The sampling units of the whole panel: a sample rule makes a domain, it does not change the design.

    Attributes
    ----------
    stratum, cluster
        (m,) int64 codes of each stratum and cluster there is, in the sample or not; None as in the columns.
    rows
        (m,) int64: rows of the panel in each.
    """

    stratum: IntArray | None
    cluster: IntArray | None
    rows: IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignColumns:
    """The design columns of all N rows of the sample, as read.

    Attributes
    ----------
    weight
        (N,) float64 or None for equal weights.
    stratum, cluster
        (N,) int64 codes in the order of the ids, -1 where missing; or None.
    population
        (N,) float64: PSUs of the row's stratum in the population, or None.
    replicate_weights
        Of all rows, or None.
    frame
        The units of the whole panel; None if the N rows are all there is.
    names
        Column names for messages: keys ``weight``, ``stratum``, ``cluster``.
    """

    weight: FloatArray | None = None
    stratum: IntArray | None = None
    cluster: IntArray | None = None
    population: FloatArray | None = None
    replicate_weights: ReplicateWeights | None = None
    nested: bool = False
    single_psu: SinglePsu = "fail"
    frame: DesignFrame | None = None
    names: Mapping[str, str] | None = None

    def name(self, role: str) -> str:
        """Say which column plays a role, for a message."""
        column = (self.names or {}).get(role)
        return f"{role} column '{column}'" if column else f"{role} column"


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignArrays:
    """The survey design: sampling units sorted by stratum.

    Attributes
    ----------
    stratum_end
        (h,) int64: where each stratum's units end.
    stratum_of_unit
        (u,) int64.
    population
        (h,) float64: units of the stratum in the population; infinite without a correction.
    has_clusters, has_strata
        Without clusters every row is a unit; without strata there is one.
    single_psu
        What a stratum with a single unit does: ``fail``, ``adjust`` or ``certainty``.
    """

    stratum_end: IntArray
    stratum_of_unit: IntArray
    population: FloatArray
    has_clusters: bool
    has_strata: bool
    single_psu: SinglePsu

    @property
    def n_units(self) -> int:
        """How many sampling units the sample has."""
        return int(self.stratum_end[-1])

    @property
    def stratum_sizes(self) -> IntArray:
        """(h,) units in each stratum."""
        return np.diff(self.stratum_end, prepend=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleArrays:
    """A sample sorted by group and rank, ready for every rank-dependent statistic.

    Attributes
    ----------
    rank
        (n,) int64: equal numbers are ties; ascending inside a group.
    weight
        (n,) float64, positive.
    unit
        (n,) int32: the row's sampling unit in `design`.
    outcomes
        (k, n) float64, NaN where missing.
    outcome_names
        The k names.
    rank_name
        The ranking variable.
    groups
        The g groups.
    group_start
        (g + 1,) int64: where each group's rows start.
    design
        The survey design of the whole sample, including rows outside the groups.
    order
        (n,) int64: which row of the sample as read each of these is.
    replicate_weights
        User-supplied replicate weights in the same row order, or None.
    """

    rank: IntArray
    weight: FloatArray
    unit: UnitArray
    outcomes: FloatArray
    outcome_names: tuple[str, ...]
    rank_name: str
    groups: tuple[Group, ...]
    group_start: IntArray
    design: DesignArrays
    order: IntArray
    replicate_weights: ReplicateWeights | None = None

    @property
    def n(self) -> int:
        """How many rows there are."""
        return int(self.weight.shape[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class TableArrays:
    """The rows of a sample for tables of counts, means and rates; N rows of positive weight.

    Attributes
    ----------
    weight
        (N,) float64.
    unit
        (N,) int32: the row's sampling unit.
    group
        (N,) int32: number of the row's group, -1 for none.
    groups
        What the numbers mean. A last group for all rows together is added by the tables themselves.
    design
        The survey design.
    """

    weight: FloatArray
    unit: UnitArray
    group: UnitArray
    groups: tuple[Group, ...]
    design: DesignArrays


@dataclass(frozen=True, slots=True, kw_only=True)
class VariableArrays:
    """One variable of a table.

    Attributes
    ----------
    name
        The variable.
    levels
        Names of a factor's levels, the reference first; empty for a number.
    codes
        (N,) int32: number of the level, -1 where missing; None for a number.
    values
        (N,) float64, NaN where missing; None for a factor without event. For an event 0 and 1.
    missing
        (N,) uint8: 0 for a value, otherwise why there is none (see `engine.study.MISSING_KINDS`).
    scores
        Place of each level in its natural order, 0 for the reference; empty for a number.
    """

    name: str
    levels: tuple[str, ...]
    codes: UnitArray | None
    values: FloatArray | None
    missing: NDArray[np.uint8]
    scores: tuple[int, ...] = ()
