"""Estimates by group: a failure is the status of the group's row, and an error only if all groups fail."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from engine.arrays import Group
from engine.errors import EstimationError
from engine.results import TidyRow

R = TypeVar("R")


def in_groups(
    name: str,
    groups: Sequence[Group],
    estimate: Callable[[int, TidyRow], Iterable[TidyRow | R]],
    base: TidyRow,
) -> tuple[TidyRow | R, ...]:
    """Return the rows of every group.

    Parameters
    ----------
    name
        Name of the analysis, for the message.
    groups
        The g groups.
    estimate
        Takes the number of a group and `base` with the group's labels, and returns its rows.
    base
        The row of a group in which nothing can be estimated; its status is the error's message.

    Raises
    ------
    EstimationError
        If no group can be estimated.
    """
    rows: list[TidyRow | R] = []
    failures: list[str] = []
    for g, group in enumerate(groups):
        labelled = replace(base, wave=group.wave, subgroup=group.subgroup)
        try:
            rows += estimate(g, labelled)
        except EstimationError as error:
            failures.append(str(error))
            rows.append(replace(labelled, status=str(error)))
    if len(failures) == len(groups):
        raise EstimationError(f"analysis '{name}': {failures[0]}")
    return tuple(rows)
