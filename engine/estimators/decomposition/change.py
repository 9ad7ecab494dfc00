"""Decomposition of the change of an index between two groups: what moved, the elasticities or the inequality.

With contributions c = e C (e the elasticity, on the scale of the index, C the term's concentration index)
c_2 - c_1 = e_2 (C_2 - C_1) + C_1 (e_2 - e_1) = e_1 (C_2 - C_1) + C_2 (e_2 - e_1): the Oaxaca-type decomposition of
Wagstaff, van Doorslaer and Watanabe (2003, eqs. 8 and 9); both are given, because neither is the right one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from engine.arrays import FloatArray, SampleArrays
from engine.estimators.decomposition.covariates import Covariates
from engine.estimators.index.differences import pairs_of
from engine.estimators.replicates.pending import Entry, intervals_of, replicated_row
from engine.estimators.replicates.plan import ResamplingPlan
from engine.estimators.sample.pieces import Piece
from engine.results import TidyRow
from engine.study import DecompositionSpec

Parts = Mapping[tuple[str, int | str], FloatArray]
ONLY_IN_ONE = "a level of one group only: all of it counts as elasticity"
OTHER_REFERENCE = "the groups compare with different reference levels"
WEIGHTINGS = ("second elasticity, first index", "first elasticity, second index")


class _Change(NamedTuple):
    """One quantity of a change; the first four say what it is."""

    measure: str
    term: str | None
    level: str | None
    weighting: str
    status: str
    values: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Decomposed:
    """A decomposed group: its rows, covariates (None if it has no model), numbers (1,) and replicates (b,)."""

    piece: Piece
    covariates: Covariates | None
    parts: Parts
    replicates: Parts


def change_rows(
    arrays: SampleArrays, spec: DecompositionSpec, plan: ResamplingPlan | None, groups: Sequence[Decomposed]
) -> Iterator[Entry]:
    """Yield what moved between each two groups; the replicates of both come from the same draws."""
    whole = [np.nan if group.covariates is None else group.parts[spec.index, ""][0] for group in groups]
    for pair in pairs_of(np.array(whole)):
        first, second = groups[pair.first], groups[pair.second]
        pieces = (first.piece, second.piece)
        base = TidyRow(
            measure="",
            outcome=spec.outcome,
            rank_by=arrays.rank_name,
            conf_level=spec.conf_level,
            subgroup=f"{arrays.groups[pair.second].label} - {arrays.groups[pair.first].label}",
            n_obs=sum(len(piece.weight) for piece in pieces),
            sum_weights=sum(piece.W for piece in pieces),
        )
        drawn = {}
        if plan is not None and first.replicates and second.replicates:
            drawn = {one[:4]: one.values for one in _changes(first, second, spec.index, replicates=True)}
        for one in _changes(first, second, spec.index, replicates=False):
            measure, term, level, weighting, status, values = one
            estimate = float(values[0]) if np.isfinite(values[0]) else None
            row = replace(
                base,
                measure=measure,
                term=term,
                level=level,
                estimate=estimate,
                method=f"{spec.model}, {weighting}" if weighting else spec.model,
                status=status if estimate is not None or status != "ok" else "undefined",
            )
            if plan is None or one[:4] not in drawn or estimate is None:
                yield row
                continue
            degrees = min(piece.degrees for piece in pieces)
            for interval in intervals_of(spec.bootstrap, plan):
                yield replicated_row(row, drawn[one[:4]], plan, interval, degrees)


def _changes(first: Decomposed, second: Decomposed, index: str, *, replicates: bool) -> Iterator[_Change]:
    """Yield the change from the first to the second group, of the sample (1,) or of the replicates (b,)."""
    one, other = (
        {column: k for k, column in enumerate(own.covariates.columns if own.covariates else (), start=1)}
        for own in (first, second)
    )
    was, now = ((own.replicates if replicates else own.parts) for own in (first, second))
    sums: dict[tuple[str, str], FloatArray] = {}
    for column in dict.fromkeys([*one, *other]):
        e_1, C_1 = _pieces(was, one.get(column))
        e_2, C_2 = _pieces(now, other.get(column))
        status = "ok" if column in one and column in other else ONLY_IN_ONE
        if _reference(first, column.term) != _reference(second, column.term):
            status, e_1, e_2 = OTHER_REFERENCE, e_1 * np.nan, e_2 * np.nan
        C_1, C_2 = (C_2 if column not in one else C_1), (C_1 if column not in other else C_2)
        for weighting, by_index, by_elasticity in (
            (WEIGHTINGS[0], e_2 * (C_2 - C_1), C_1 * (e_2 - e_1)),
            (WEIGHTINGS[1], e_1 * (C_2 - C_1), C_2 * (e_2 - e_1)),
        ):
            for measure, values in (("inequality_effect", by_index), ("elasticity_effect", by_elasticity)):
                yield _Change(measure, column.term, column.level, weighting, status, values)
                sums[measure, weighting] = sums.get((measure, weighting), np.zeros(1)) + values
        change = _contribution(now, other.get(column)) - _contribution(was, one.get(column))
        if status == OTHER_REFERENCE:
            change = change * np.nan
        yield _Change("contribution_change", column.term, column.level, "", status, change)
    for (measure, weighting), values in sums.items():
        yield _Change(measure, "all terms", None, weighting, "ok", values)
    yield _Change("residual_change", None, None, "", "ok", now["residual", ""] - was["residual", ""])
    yield _Change("difference", index, None, "", "ok", now[index, ""] - was[index, ""])


def _reference(group: Decomposed, term: str) -> str | None:
    return None if group.covariates is None else group.covariates.references.get(term)


def _contribution(parts: Parts, k: int | None) -> FloatArray:
    return np.zeros(1) if k is None else parts["contribution", k]


def _pieces(parts: Parts, k: int | None) -> tuple[FloatArray, FloatArray]:
    """Return elasticity, on the scale of the index, and concentration index; nothing of a level the group lacks.

    Contributions are one factor (the index over GC / mu) times elasticity times concentration index.
    """
    if k is None:
        return np.zeros(1), np.zeros(1)
    of_standard = [
        (parts["elasticity", j] * parts["concentration_index", j], parts["contribution", j])
        for measure, j in parts
        if measure == "elasticity" and isinstance(j, int)
    ]
    with np.errstate(divide="ignore", invalid="ignore"):
        squares = np.nansum([own * own for own, _ in of_standard], axis=0)
        factor = np.nansum([own * contribution for own, contribution in of_standard], axis=0) / squares
    return parts["elasticity", k] * factor, parts["concentration_index", k]
