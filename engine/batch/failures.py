"""What came of each task of a run: an analysis that fails on the data does not stop the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from engine.errors import DataError, EstimationError
from engine.store.ledger import COMPUTED, FAILED

if TYPE_CHECKING:
    from engine.batch.tasks import Task

Failure = DataError | EstimationError
"""Why a task failed."""


def task_states(tasks: Iterable[Task], failures: Mapping[str, Failure]) -> list[dict[str, Any]]:
    """Return what came of each task, for the manifest; `failures` says why by name of the task.

    Raises
    ------
    DataError, EstimationError
        If every task failed, so that there is nothing to write.
    """
    states = [
        {
            "name": task.name,
            "state": FAILED if task.name in failures else COMPUTED,
            "why": str(failures[task.name]) if task.name in failures else None,
        }
        for task in tasks
    ]
    if states and all(state["state"] == FAILED for state in states):
        reasons = dict.fromkeys(str(failure) for failure in failures.values())
        raise type(next(iter(failures.values())))(*reasons)
    return states


def failure_warnings(states: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a warning for each task that failed."""
    for name, why in failures_of(states).items():
        yield f"analysis {name} failed, it has no rows: {why}"


def failures_of(states: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the tasks that failed, each with the reason."""
    return {state["name"]: state["why"] for state in states if state["state"] == FAILED}
