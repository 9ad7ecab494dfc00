"""Estimates group by group: what fails in one group is a status there, and an error only if it fails in all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from engine.arrays import Group
from engine.errors import EstimationError
from engine.results import TidyRow


def in_groups(
    name: str,
    groups: Sequence[Group],
    estimate: Callable[[int, TidyRow], Iterable[TidyRow]],
    base: TidyRow,
) -> tuple[TidyRow, ...]:
    """Return the rows of every group.

    Parameters
    ----------
    name
        Of the analysis, for the message.
    groups
        The g groups.
    estimate
        Number of a group and `base` with its labels -> its rows.
    base
        What a group's row says where nothing can be estimated.

    Raises
    ------
    EstimationError
        If no group can be estimated.
    """
    found: list[TidyRow] = []
    failures: list[str] = []
    for g, group in enumerate(groups):
        own = replace(base, wave=group.wave, subgroup=group.subgroup)
        try:
            found += estimate(g, own)
        except EstimationError as error:
            failures.append(str(error))
            found.append(replace(own, status=str(error)))
    if len(failures) == len(groups):
        raise EstimationError(f"analysis '{name}': {failures[0]}")
    return tuple(found)
