"""What the rows of a task depend on, as hashes: method, study, seed, and the columns of its waves."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.batch.method import method_version
from engine.batch.tasks import Task
from engine.data.design_columns import DESIGN_PREFIX
from engine.data.harmonise import KIND_SUFFIX
from engine.study import StudySpec
from engine.study.load import study_seed

Contents = Mapping[str, Any]
"""Waves of a part with their rows, a hash of each column, and of their order (`engine.data.digests`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskKey:
    """The inputs of a task; two tasks with equal inputs have equal rows, bit for bit."""

    method: str
    study: str
    seed: str
    data: str

    @property
    def key(self) -> str:
        """All inputs as one name."""
        return _hash([self.method, self.study, self.seed, self.data])[:32]

    def differs_from(self, other: Mapping[str, str]) -> tuple[str, ...]:
        """Return which inputs have changed."""
        return tuple(
            name for name in ("data", "study", "seed", "method") if getattr(self, name) != other[name]
        )

    def as_dict(self) -> dict[str, str]:
        """Return the inputs for JSON."""
        return {name: getattr(self, name) for name in ("method", "study", "seed", "data")}


def task_key(spec: StudySpec, task: Task, parts: Iterable[Contents]) -> TaskKey:
    """Return the inputs of a task on the parts of a panel, in their order."""
    names = used_variables(spec, task)
    columns = {column for name in names for column in (name, name + KIND_SUFFIX)}
    study = {
        "analysis": task.analysis.model_dump(mode="json"),
        "waves": task.waves,
        "sample": [rule.keep for rule in spec.sample],
        "design": _design(spec),
        "variables": {name: _meaning(spec, name) for name in names},
    }
    # A calibration or a balance binds the weights of all waves together.
    seen_by = task if spec.design.adjustment is None else replace(task, waves=None)
    data = [seen for part in parts if (seen := _seen(part, seen_by, columns)) is not None]
    return TaskKey(method=method_version(), study=_hash(study), seed=str(study_seed(spec)), data=_hash(data))


def _seen(part: Contents, task: Task, columns: set[str]) -> list[Any] | None:
    """Return what a task sees of a part, as hashes: the order of its waves, and the columns of each."""
    waves = [wave for wave in part["waves"] if task.waves is None or wave["wave"] in task.waves]
    if not waves:
        return None
    order = part["order"] if len(waves) > 1 else None
    return [order, [[wave["wave"], wave["rows"], _chosen(wave["columns"], columns)] for wave in waves]]


def used_variables(spec: StudySpec, task: Task) -> tuple[str, ...]:
    """Return the variables of an analysis and of the sample rules, in the order of the study.

    Every text of the analysis that is the name of a variable counts: one too many only computes too much.
    """
    analysis = task.analysis
    if getattr(analysis, "variables", ()) is None:
        return tuple(spec.variables)
    texts = set(_texts(analysis.model_dump(mode="json")))
    conditions = [*(rule.keep for rule in spec.sample), analysis.where or ""]
    if spec.design.calibration is not None:
        texts |= {*spec.design.calibration.variables}
        conditions.append(spec.design.calibration.where or "")
    if spec.design.balance is not None:
        texts |= {spec.design.balance.by, *spec.design.balance.variables}
        conditions.append(spec.design.balance.where or "")
    texts |= {word for condition in conditions for word in re.findall(r"\w+", condition.casefold())}
    return tuple(name for name in spec.variables if name in texts or name.casefold() in texts)


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)


def _chosen(columns: Mapping[str, str], names: set[str]) -> dict[str, str]:
    """Return the hashes of the variables used, and of all that belongs to the design."""
    return {name: sha for name, sha in columns.items() if name in names or name.startswith(DESIGN_PREFIX)}


def _meaning(spec: StudySpec, name: str) -> list[Any]:
    """Return what the harmonised values of a variable mean; how they came from a file is in their hashes."""
    variable = spec.variables[name]
    return [
        variable.level_names,
        variable.scores,
        variable.event,
        variable.theoretical_bounds,
        [variable.quantiles, variable.ties] if variable.quantiles else None,
        variable.impute,
        variable.impute_most,
        variable.scale,
    ]


def _design(spec: StudySpec) -> dict[str, Any]:
    """Return the design without the names of its columns."""
    design = spec.design
    roles = ("weight", "stratum", "cluster", "population")
    named = {*roles, "levels", "level_weights"}
    return {
        **design.model_dump(mode="json", exclude=named),
        **{role: getattr(design, role) is not None for role in roles},
        "levels": [*design.levels],
        "level_weights": [*design.level_weights],
    }


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
