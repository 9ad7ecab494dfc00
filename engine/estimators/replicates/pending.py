"""Rows that wait for their replicates, so that replicates may come from several runs before intervals are made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.arrays import FloatArray
from engine.estimators.replicates.intervals import summarise
from engine.estimators.replicates.plan import ResamplingPlan
from engine.kernels.draws.streams import LANES
from engine.results import TidyRow
from engine.study import BootstrapSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Part `number` (1 to `of`) of all replicates.

    Whole blocks of replicates, so that each is drawn as it would be in a run of all of them.

    Examples
    --------
    >>> [Share(number=k, of=3).blocks(200) for k in (1, 2, 3)]
    [range(0, 2), range(2, 4), range(4, 7)]
    """

    number: int = 1
    of: int = 1

    def blocks(self, n_replicates: int) -> range:
        """Return the numbers of the blocks of this part."""
        n_blocks = -(-n_replicates // LANES)
        return range(n_blocks * (self.number - 1) // self.of, n_blocks * self.number // self.of)


WHOLE = Share()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicatePlan:
    """What intervals need to know of a resampling plan; see `ResamplingPlan`."""

    name: str
    factors: FloatArray
    centre: str

    @classmethod
    def of(cls, plan: ResamplingPlan) -> ReplicatePlan:
        """Return it without what is drawn from."""
        return cls(name=plan.name, factors=plan.factors, centre=plan.centre)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replicated:
    """A row whose standard error and interval its replicates will give.

    Attributes
    ----------
    row
        With the estimate; `method` says all but the interval.
    values
        (b,) replicates, NaN where undefined; of a share, those of the share.
    interval
        Which one.
    degrees
        Of freedom of the normal interval's t.
    acceleration
        Of BCa, from the influence values.
    errors, std_error
        (b,) standard errors inside the replicates, and that of the estimate: for studentized intervals.
    """

    row: TidyRow
    values: FloatArray
    interval: str
    degrees: int
    acceleration: float = 0.0
    errors: FloatArray | None = None
    std_error: float = float("nan")


Entry = TidyRow | Replicated


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimated:
    """What an analysis gives: rows, some of them still with their replicates, and the plan behind these."""

    entries: tuple[Entry, ...]
    plan: ReplicatePlan | None = None

    @property
    def rows(self) -> tuple[TidyRow, ...]:
        """The tidy rows, with errors and intervals."""
        return tuple(finished(entry, self.plan) for entry in self.entries)


def finished(entry: Entry, plan: ReplicatePlan | None) -> TidyRow:
    """Return a row with the standard error and interval of its replicates."""
    if not isinstance(entry, Replicated) or plan is None:
        assert isinstance(entry, TidyRow)  # noqa: S101 - who has replicates has a plan
        return entry
    row = entry.row
    assert row.estimate is not None  # noqa: S101 - told to mypy; nothing undefined is replicated
    summary = summarise(
        row.estimate,
        entry.values,
        factors=plan.factors,
        centre=row.estimate if plan.centre == "estimate" else None,
        interval=entry.interval,
        conf_level=row.conf_level or 0.95,
        degrees=entry.degrees,
        acceleration=entry.acceleration,
        errors=entry.errors,
        std_error=entry.std_error,
    )
    return replace(
        row,
        std_error=_number(summary.std_error),
        conf_low=_number(summary.conf_low),
        conf_high=_number(summary.conf_high),
        p_value=_number(summary.p_value),
        method=f"{row.method}, {entry.interval}",
        n_replicates=len(plan.factors),
        n_failed=summary.n_failed,
        status=summary.status if row.status == "ok" else row.status,
    )


def joined(parts: Sequence[Estimated]) -> Estimated:
    """Join the shares of one analysis, in their order, into what a run of all replicates gives.

    Raises
    ------
    ValueError
        If the parts tell different rows, which shares of one analysis never do.
    """
    entries = tuple(_joined(column) for column in zip(*(part.entries for part in parts), strict=True))
    return Estimated(entries=entries, plan=parts[0].plan)


def _joined(entries: Iterable[Entry]) -> Entry:
    first, *others = entries
    if not isinstance(first, Replicated):
        if any(other != first for other in others):
            raise ValueError(first.measure)
        return first
    pieces = [first]
    for other in others:
        if not isinstance(other, Replicated) or other.row != first.row or other.interval != first.interval:
            raise ValueError(first.row.measure)
        pieces.append(other)
    errors = [piece.errors for piece in pieces if piece.errors is not None]
    return replace(
        first,
        values=np.concatenate([piece.values for piece in pieces]),
        errors=np.concatenate(errors) if errors else None,
    )


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def intervals_of(bootstrap: BootstrapSpec | None, plan: ResamplingPlan) -> tuple[str, ...]:
    """Percentiles mean nothing for jackknife or balanced replicates; theirs is the normal interval."""
    return bootstrap.interval if bootstrap is not None and plan.is_bootstrap else ("normal",)


def replicated_row(
    row: TidyRow, values: FloatArray, plan: ResamplingPlan, interval: str, degrees: int
) -> Replicated:
    """Return a row of a decomposition or a change with its replicates (b,)."""
    return Replicated(
        row=replace(row, method=f"{row.method}, {plan.name}"),
        values=values,
        interval=interval,
        degrees=plan.degrees or degrees,
    )
