"""Frozen types that data hand over to statistics: plain numpy arrays, sorted once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.calibration import CalibratedParts, CalibrationColumns

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
UnitArray = NDArray[np.int32]

SinglePsu = Literal["fail", "adjust", "certainty"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One group of rows that gets its results.

    Attributes
    ----------
    wave
        The wave; None for all waves together.
    subgroup
        The other levels of the grouping, such as ``"sex=female"``; None without any.
    """

    wave: str | None = None
    subgroup: str | None = None

    @property
    def label(self) -> str:
        """The group's name in a difference or a message."""
        return ", ".join(level for level in (self.wave, self.subgroup) if level) or "all"

    def refined(self, name: str, level: str) -> Group:
        """Return the group of one level of a variable inside this group."""
        if name == "wave":
            return Group(wave=level, subgroup=self.subgroup)
        term = f"{name}={level}"
        return Group(wave=self.wave, subgroup=f"{self.subgroup}, {term}" if self.subgroup else term)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicateWeights:
    """Replicate weights that came with the data.

    Attributes
    ----------
    values
        (r, n) float64: the full weight of each row in each replicate.
    factors
        (r,) float64: c_r of v = sum_r c_r (theta_r - centre)^2.
    centre
        Whether theta_r is compared with the full-sample estimate or with the mean of the replicates.
    is_bootstrap
        Whether the replicates are draws, so that their percentiles mean something.
    """

    values: FloatArray
    factors: FloatArray
    centre: Literal["estimate", "mean"]
    is_bootstrap: bool

    def of_rows(self, rows: IntArray) -> ReplicateWeights:
        """Return the replicate weights of some rows (n,)."""
        return replace(self, values=np.ascontiguousarray(self.values[:, rows]))


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignFrame:
    """The sampling units of the whole panel: a sample rule makes a domain and leaves the design as it is.

    Attributes
    ----------
    stratum, cluster, rows
        (m,) int64 codes of every pair of stratum and cluster, in the sample or not; None as in the columns;
        and how many rows of the panel each pair has.
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
        (N,) float64; None for equal weights.
    stratum, cluster
        (N,) int64 codes in the order of the ids, -1 where missing; None without the column.
    population
        (N,) float64: PSUs of the row's stratum in the population; None without a correction.
    replicate_weights
        Replicate weights of all rows, if any came with the data.
    nested
        Whether cluster ids repeat across strata.
    single_psu
        What a stratum with a single unit does: ``fail``, ``adjust`` or ``certainty``.
    frame
        The units of the whole panel; None if the N rows are the whole panel.
    names
        Column names for messages, by role.
    count
        (N,) int64: how many people each row stands for, as a cell; None if each is one person.
    weight_squares
        (N,) float64: the sum of their squared weights, of cells.
    calibration
        What the weights were calibrated to; None if not, or if replicate weights carry it.
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
    count: IntArray | None = None
    weight_squares: FloatArray | None = None
    calibration: CalibrationColumns | None = None

    def name(self, role: str) -> str:
        """Name the column of a role, for a message."""
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
        (u,) int64: the stratum of each unit.
    population
        (h,) float64: units of the stratum in the population; infinite without a correction.
    has_clusters, has_strata, single_psu
        Without clusters every row is a unit; without strata there is one stratum; as in `DesignColumns`.
    calibration
        With calibrated weights: then units are parts of sampling units, each of one cell.
    """

    stratum_end: IntArray
    stratum_of_unit: IntArray
    population: FloatArray
    has_clusters: bool
    has_strata: bool
    single_psu: SinglePsu
    calibration: CalibratedParts | None = None

    @property
    def n_units(self) -> int:
        """How many sampling units the sample has."""
        return int(self.stratum_end[-1])

    @property
    def stratum_sizes(self) -> IntArray:
        """(h,) int64: how many units each stratum has."""
        return np.diff(self.stratum_end, prepend=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleArrays:
    """A sample sorted by group and rank, ready for every rank-dependent statistic.

    Attributes
    ----------
    rank
        (n,) int64, ascending inside a group; equal numbers are ties.
    weight
        (n,) float64, positive.
    unit
        (n,) int32: the row's sampling unit in `design`.
    outcomes
        (k, n) float64, NaN where missing.
    outcome_names
        Names of the k outcomes.
    rank_name
        Name of the ranking variable.
    groups
        The g groups.
    group_start
        (g + 1,) int64: where each group's rows start; the last entry is n.
    design
        The survey design of the whole sample, including rows outside the groups.
    order
        (n,) int64: the number of each row in the sample as read.
    replicate_weights
        Replicate weights that came with the data, in the order of these rows; None without any.
    weight_scale
        What a weight of 1 stands for; 1 unless the weights are extreme.
    count
        (n,) int64: how many people each row stands for: 1, or more as a cell.
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
    count: IntArray
    replicate_weights: ReplicateWeights | None = None
    weight_scale: float = 1.0

    @property
    def n(self) -> int:
        """How many rows there are."""
        return int(self.weight.shape[0])

    def rows_of(self, group: int) -> slice:
        """Return where a group's rows stand."""
        return slice(int(self.group_start[group]), int(self.group_start[group + 1]))


@dataclass(frozen=True, slots=True, kw_only=True)
class TableArrays:
    """The N rows of a sample for tables of counts, means and rates.

    Attributes
    ----------
    weight
        (N,) float64, 0 or more.
    unit
        (N,) int32: the row's sampling unit.
    group
        (N,) int32: number of the row's group, -1 for none and for rows of weight 0.
    groups
        The groups by number. The tables add a last group of all rows.
    design
        The survey design.
    replicate_weights
        Replicate weights that came with the data; None without any.
    weight_scale
        What a weight of 1 stands for; 1 unless the weights are extreme.
    count
        (N,) int64: how many people each row stands for: 1, or more as a cell. Frequencies that a user gives
        are float64.
    weight_squares
        (N,) float64: the sum of their squared weights.
    """

    weight: FloatArray
    unit: UnitArray
    group: UnitArray
    groups: tuple[Group, ...]
    design: DesignArrays
    count: NDArray[Any]
    weight_squares: FloatArray
    replicate_weights: ReplicateWeights | None = None
    weight_scale: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class VariableArrays:
    """One variable of a table.

    Attributes
    ----------
    name
        Name of the variable.
    levels
        Names of a factor's levels, the reference level first; empty for a number.
    codes
        (N,) int32: number of the level, -1 where missing; None for a number.
    values
        (N,) float64, NaN where missing, 0 and 1 for an event; None for a factor without event.
    missing
        (N,) uint8: 0 for a value, otherwise why it is missing (see `engine.study.MISSING_KINDS`).
    scores
        Place of each level in the natural order, 0 for the reference level; empty for a number.
    """

    name: str
    levels: tuple[str, ...]
    codes: UnitArray | None
    values: FloatArray | None
    missing: NDArray[np.uint8]
    scores: tuple[int, ...] = ()
