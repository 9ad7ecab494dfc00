"""Panel -> sample: the ordered rules, with the count after each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.data import queries
from engine.data.derived_variables import derive
from engine.data.expressions import Column, check_rule
from engine.data.panel import Panel
from engine.errors import DataError, Fault, StudyError
from engine.study import StudySpec


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowStep:
    """Rows left after one rule, in total and by wave; the first step is the panel itself."""

    label: str
    n: int
    by_wave: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The rows that pass every rule, as one Parquet file in a private folder; variable -> values that are means."""

    path: Path
    flow: tuple[FlowStep, ...]
    waves: tuple[str, ...]
    imputed: Mapping[str, int]

    @property
    def n(self) -> int:
        """Rows of the sample."""
        return self.flow[-1].n


def rule_columns(spec: StudySpec) -> dict[str, Column]:
    """Return what sample rules may refer to."""
    columns = {
        name: Column(is_factor=bool(variable.panel_levels), levels=variable.panel_levels)
        for name, variable in spec.variables.items()
    }
    has_waves = spec.source.wave is not None or isinstance(spec.source.path, dict)
    return {**columns, "wave": Column(is_factor=True)} if has_waves else columns


def rule_conditions(spec: StudySpec) -> list[str | Fault]:
    """Return the SQL of each sample rule, or its fault."""
    columns = rule_columns(spec)
    return [
        check_rule(f"sample[{i}].keep", rule.keep, columns) for i, rule in enumerate(spec.sample, start=1)
    ]


def draw_sample(
    spec: StudySpec, panel: Panel, folder: Path, threads: int | None = None, *, may_be_empty: bool = False
) -> Sample:
    """Apply the sample rules in order and write the rows that are left.

    Raises
    ------
    StudyError
        If a rule is not a condition over the study's variables.
    DataError
        If a rule leaves no row, unless that may be; the message names it.
    """
    checked = rule_conditions(spec)
    faults = tuple(item for item in checked if isinstance(item, Fault))
    if faults:
        raise StudyError(spec.study.name, faults)
    conditions = [item for item in checked if isinstance(item, str)]
    labels = ["All records", *(rule.label for rule in spec.sample)]
    path = folder / "sample.parquet"
    flow: list[FlowStep] = []
    with queries.database(threads) as connection:
        for step, label in enumerate(labels):
            condition = " AND ".join(conditions[:step]) or "TRUE"
            counts = queries.rows(connection, "sample_flow", {"panel": panel.parts}, condition)
            flow.append(
                FlowStep(
                    label=label,
                    n=sum(n for _, n in counts),
                    by_wave={str(w): n for w, n in counts if w is not None},
                )
            )
            if flow[-1].n == 0 and not may_be_empty:
                place = f"sample[{step}] '{label}'" if step else "source"
                before = f"the {flow[-2].n:,} rows before it" if step else "the data files"
                raise DataError(
                    f"{place}: no row is left of {before}; expected some. Check the rule and its codes."
                )
        params = {"panel": panel.parts, "sample": str(path)}
        queries.rows(connection, "sample_write", params, " AND ".join(conditions) or "TRUE")
    path.chmod(0o600)
    imputed = derive(spec, path) if flow[-1].n else {}
    return Sample(path=path, flow=tuple(flow), waves=tuple(flow[-1].by_wave), imputed=imputed)
