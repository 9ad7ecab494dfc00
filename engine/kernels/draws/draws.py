"""What replicates multiply the weights of rows by: one constructor for each way to draw.

A replicate reads streams of random numbers by position, so that its multipliers depend neither on lanes,
blocks, batches and threads nor on the order of the rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal, localcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.kernels.draws.cell_counts import DrawnCells, count_tables, row_guide
from engine.kernels.draws.exact_totals import complete, exact_totals, no_added_rows
from engine.kernels.draws.poisson import PRECISE, TILE, WordArray, poisson_thresholds
from engine.kernels.draws.streams import LANES, stream_starts
from engine.kernels.draws.tiles import GIVEN, ROWS, TABLE, BatchDraws, all_multipliers
from engine.kernels.draws.unit_tables import (
    cell_table,
    deletion_table,
    poisson_table,
    scaled_table,
    stratified_table,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
UnitArray = NDArray[np.int32]

_GUIDE_ENTRIES = 4_096  # the cell of one of half a million rows is then one or two steps away
NO_KEY = np.uint64(0)  # of plans that draw nothing
_QUADS = np.uint64(
    0x5851F42D4C957F2D
)  # keeps the streams of quads (four replicates) apart from those of replicates


def _no_units() -> UnitArray:
    return np.empty(0, np.int32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """A way to draw.

    Attributes
    ----------
    source
        ROWS, TABLE or GIVEN of `tiles`.
    n_units
        Units drawn from.
    unit
        (n,) int32: the unit whose multiplier a row takes; empty means that units are rows.
    key
        Key of the streams.
    rate
        Rate of the Poisson counts of rows.
    exact
        Whether the counts of a replicate are completed to n_units in sum.
    table
        Makes the table of units from (quads (b, lanes / 4), starts (b, lanes), first replicate (b,)) of a
        batch.
    given
        (r, n) user-supplied weights.
    item_bytes
        Bytes of a multiplier.
    """

    source: int
    n_units: int
    unit: UnitArray = field(default_factory=_no_units)
    key: np.uint64 = NO_KEY
    rate: Decimal = Decimal(1)
    exact: bool = False
    table: Callable[[WordArray, WordArray, IntArray], NDArray[Any]] | None = None
    given: FloatArray | None = None
    item_bytes: int = 1

    def block_bytes(self, lanes: int = LANES) -> int:
        """Return the bytes that one block's multipliers take while they are used."""
        return lanes * self.item_bytes * (self.n_units if self.source == TABLE else TILE)

    def batch(
        self, n_rows: int, first_block: int, n_blocks: int, lanes: int = LANES, *, completed: bool = True
    ) -> BatchDraws:
        """Draw some blocks of `lanes` replicates for `n_rows` rows.

        Without `completed`, exact totals are left to the sweep, see `index.exact_sweep`.
        """
        first_replicate = (first_block + np.arange(n_blocks)) * lanes
        first, count = first_replicate[0], n_blocks * lanes
        starts = stream_starts(self.key, first, count).reshape(n_blocks, lanes)
        quads = stream_starts(self.key ^ _QUADS, first // 4, count // 4).reshape(n_blocks, -1)
        thresholds = poisson_thresholds(self.rate)
        totals = np.empty((n_blocks, 0), np.int64)
        if self.exact and completed:
            totals = exact_totals(self.n_units, quads, starts, thresholds)
        draws = BatchDraws(
            source=self.source,
            unit=self.unit,
            quads=quads,
            starts=starts,
            thresholds=thresholds,
            added=no_added_rows(n_blocks),
            table=self._unit_table(quads, starts, first_replicate),
            given=np.empty((0, 0)) if self.given is None else self.given,
            first_replicate=first_replicate,
            totals=totals,
        )
        return self.reordered(draws, self.unit, n_rows) if completed else draws

    def _unit_table(self, quads: WordArray, starts: WordArray, first_replicate: IntArray) -> NDArray[Any]:
        if self.table is not None:
            return self.table(quads, starts, first_replicate)
        return np.empty((len(starts), 0, starts.shape[1]), np.uint8 if self.item_bytes == 1 else np.float64)

    def reordered(self, draws: BatchDraws, unit: UnitArray, n_rows: int) -> BatchDraws:
        """Give the same draws to rows of other units (n_rows,): to the rows in another order, or to some."""
        if not self.exact:
            return draws._replace(unit=unit)
        row = _no_units()
        if len(unit):
            row = np.full(self.n_units, -1, np.int32)
            row[unit] = np.arange(len(unit), dtype=np.int32)
        begin = np.concatenate([[0], np.cumsum((self.n_units - draws.totals).sum(axis=1))])
        added = complete(self.n_units, n_rows, draws.starts, draws.totals, row, begin)
        return draws._replace(unit=unit, added=added)

    def unit_multipliers(self, first_block: int, n_blocks: int, lanes: int = LANES) -> NDArray[Any]:
        """Return the multipliers of the units (b, u, lanes)."""
        if self.source == TABLE:
            return self.batch(0, first_block, n_blocks, lanes).table
        return replace(self, unit=_no_units()).multipliers(self.n_units, first_block, n_blocks, lanes)

    def multipliers(self, n_rows: int, first_block: int, n_blocks: int, lanes: int = LANES) -> NDArray[Any]:
        """Return the multipliers of all rows (b, n, lanes), for statistics that need whole replicates."""
        return all_multipliers(self.batch(n_rows, first_block, n_blocks, lanes), n_rows)


def poisson_rows(key: np.uint64, n: int) -> Draws:
    """Draw independent Poisson(1) counts of n rows."""
    return Draws(source=ROWS, key=key, n_units=n)


def poisson_units(key: np.uint64, unit: UnitArray, n_units: int) -> Draws:
    """Draw independent Poisson(1) counts of units."""
    thresholds = poisson_thresholds(Decimal(1))
    return Draws(
        source=TABLE,
        key=key,
        n_units=n_units,
        unit=unit,
        table=lambda quads, starts, _: poisson_table(quads, starts, thresholds, n_units),
    )


def exact_rows(key: np.uint64, n: int) -> Draws:
    """Draw n of n rows with replacement, see `exact_totals`; a Poisson total exceeds n 2 times in 10,000."""
    with localcontext(PRECISE):
        rate = max(Decimal("0.5"), 1 - Decimal("3.5") / Decimal(n).sqrt())
    return Draws(source=ROWS, key=key, n_units=n, rate=rate, exact=True)


def stratified_units(key: np.uint64, unit: UnitArray, stratum_end: IntArray, n_draws: IntArray) -> Draws:
    """Draw n_draws (h,) of each stratum's units with replacement."""
    return Draws(
        source=TABLE,
        key=key,
        n_units=int(stratum_end[-1]),
        unit=unit,
        table=lambda _, starts, __: stratified_table(starts, stratum_end, n_draws),
    )


def scaled_units(key: np.uint64, unit: UnitArray, stratum_end: IntArray) -> Draws:
    """Draw Poisson(1) counts of units, scaled to the size of their stratum."""
    thresholds = poisson_thresholds(Decimal(1))
    return Draws(
        source=TABLE,
        key=key,
        n_units=int(stratum_end[-1]),
        unit=unit,
        item_bytes=8,
        table=lambda quads, starts, _: scaled_table(quads, starts, thresholds, stratum_end),
    )


def deleted_units(
    unit: UnitArray, stratum_end: IntArray, stratum_of_unit: IntArray, *, deletes_single: bool
) -> Draws:
    """Delete one unit in each replicate, see `deletion_table`."""
    return Draws(
        source=TABLE,
        n_units=int(stratum_end[-1]),
        unit=unit,
        item_bytes=8,
        table=lambda _, starts, first: deletion_table(
            first, starts.shape[1], stratum_end, stratum_of_unit, deletes_single=deletes_single
        ),
    )


def cell_draws(key: np.uint64, sizes: IntArray, *, exact: bool) -> Draws:
    """Draw alike rows together, in cells of `sizes` (c,): n of n with replacement, or Poisson(1) counts."""
    cell_end = np.cumsum(sizes) if exact else np.empty(0, np.int64)
    # With this rate a total exceeds n in one of six replicates, which is cheaper than to complete more draws.
    rate = 1.0 - 1.0 / np.sqrt(cell_end[-1]) if exact else 1.0
    distinct, table_of_cell = np.unique(sizes, return_inverse=True)
    cells = DrawnCells(
        table_of_cell=table_of_cell.astype(np.int64),
        tables=count_tables(distinct, float(rate)),
        cell_end=cell_end,
        guide=row_guide(cell_end, _GUIDE_ENTRIES) if exact else np.empty(0, np.int64),
    )
    return Draws(
        source=TABLE,
        key=key,
        n_units=len(sizes),
        unit=np.arange(len(sizes), dtype=np.int32),
        item_bytes=8,
        table=lambda _, starts, __: cell_table(starts, cells),
    )


def given_weights(values: FloatArray) -> Draws:
    """Take user-supplied replicate weights (r, n)."""
    return Draws(source=GIVEN, n_units=values.shape[1], given=values, item_bytes=8)
