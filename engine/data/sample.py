"""Panel -> sample: the sample rules in order, with the count after each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.data import queries
from engine.data.conditions import domain_columns, domain_conditions, rule_conditions
from engine.data.expressions import check_rule
from engine.data.impute_and_group import impute_and_group
from engine.data.panel import Panel
from engine.data.records import Records
from engine.data.weight_spread import WeightSpread, weight_spread
from engine.durable import private_file
from engine.errors import DataError, Fault, StudyError
from engine.study import StudySpec

if TYPE_CHECKING:
    import duckdb

EVERYBODY = "TRUE"  # the condition that holds for all rows


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowStep:
    """Rows left after one rule, in total and by wave; the first step is the panel itself."""

    label: str
    n: int
    by_wave: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The rows that pass every rule: those of Parquet files for which a condition holds.

    Attributes
    ----------
    records
        The Parquet files: of the panel, or one in a private folder where values are imputed or grouped.
    condition
        SQL of all rules.
    folder
        A private folder, for the file of the rows themselves.
    flow
        The count after each rule.
    waves
        The waves in the sample.
    imputed
        Variable -> number of its values that are imputed.
    completed
        The samples of all completed data sets, where values are imputed several times; this is the first.
    threads
        How many read it; None for all usable cores.
    cells_only
        Whether nothing but cells may be made of the records, as of the panel.
    largest_weight
        No weight of any panel that shares its cells is above it; None: that of this panel counts.
    may_be_empty
        Whether a condition of an analysis may leave nobody: at one site of several.
    weight_spread
        How unequal the weights are; None without any, and of shared cells, of which nobody can tell.
    """

    records: Records
    condition: str
    folder: Path
    flow: tuple[FlowStep, ...]
    waves: tuple[str, ...]
    imputed: Mapping[str, int]
    completed: tuple[Sample, ...] = ()
    threads: int | None = None
    cells_only: bool = False
    largest_weight: float | None = None
    may_be_empty: bool = False
    weight_spread: WeightSpread | None = None

    @property
    def n(self) -> int:
        """Rows of the sample."""
        return self.flow[-1].n

    def row_files(self) -> list[str]:
        """Return the files of just these rows, in the order of the panel; they are written when first needed.

        Statistics from cells never need them: then nobody's record is copied.
        """
        if self.condition == EVERYBODY:
            return self.records.opened()
        name = hashlib.sha256(self.condition.encode()).hexdigest()[:16]
        path = self.folder / f"sample-{name}.parquet"
        if not path.exists():
            writing = path.with_suffix(".writing")
            private_file(writing)  # microdata: for the owner only, from the first byte
            params = {"panel": self.records.opened(), "sample": str(writing)}
            with queries.database(self.threads) as connection:
                queries.rows(connection, "sample_write", params, self.condition)
            writing.rename(path)
        return [str(path)]


def draw_sample(
    spec: StudySpec, panel: Panel, folder: Path, threads: int | None = None, *, may_be_empty: bool = False
) -> Sample:
    """Apply the sample rules in order, counting the rows that are left.

    Where values are imputed or grouped, the rows are written with their new values into `folder`.

    Raises
    ------
    StudyError
        If a rule is not a condition over the study's variables.
    DataError
        If a rule leaves no row, unless `may_be_empty`; the message names it.
    """
    conditions = _conditions(spec)
    flow: list[FlowStep] = []
    with queries.database(threads) as connection:
        for step in _flow(spec, panel.records, conditions, connection):
            flow.append(step)
            if step.n == 0 and not may_be_empty:
                raise DataError(_empty(flow))
            if len(flow) > 1:
                _refuse_growth(*flow[-2:])
        can_tell = spec.design.weight is not None and not panel.cells_only
        spread = weight_spread(panel.records, _all_of(conditions), connection) if can_tell else None
    sample = Sample(
        records=panel.weighted_records,
        condition=_all_of(conditions),
        folder=folder,
        flow=tuple(flow),
        waves=tuple(flow[-1].by_wave),
        imputed={},
        threads=threads,
        cells_only=panel.cells_only,
        weight_spread=spread,
    )
    if sample.n == 0 or not any(one.impute or one.quantiles for one in spec.variables.values()):
        return sample
    path = folder / "sample.parquet"
    imputed = impute_and_group(spec, sample.row_files(), path)
    return replace(sample, records=Records(files=(str(path),)), condition=EVERYBODY, imputed=imputed)


def draw_domain(spec: StudySpec, sample: Sample, where: str) -> Sample:
    """Return the rows of a sample for which a condition holds.

    Raises
    ------
    StudyError
        If it is not a condition over the study's variables.
    DataError
        If no row is left, though the sample must have some.
    """
    condition = check_rule("where", where, domain_columns(spec))
    if isinstance(condition, Fault):
        raise StudyError(spec.study.name, (condition,))
    condition = f"({sample.condition}) AND ({condition})"
    with queries.database(sample.threads) as connection:
        counts = _counts(sample.records, condition, connection)
    flow = (*sample.flow, _step(where, counts))
    _refuse_growth(*flow[-2:])
    if flow[-1].n == 0 and not sample.may_be_empty:
        found = f"no row is left of the {sample.n:,} of the sample"
        raise DataError(Fault(f"where = '{where}'", found, "some", "Check the condition and its codes."))
    return replace(sample, condition=condition, flow=flow, waves=tuple(flow[-1].by_wave))


def _conditions(spec: StudySpec) -> list[str]:
    """Return the SQL of every sample rule."""
    checked = rule_conditions(spec)
    faults = tuple(item for item in (*checked, *domain_conditions(spec)) if isinstance(item, Fault))
    if faults:
        raise StudyError(spec.study.name, faults)
    return [item for item in checked if isinstance(item, str)]


def _all_of(conditions: Sequence[str]) -> str:
    return " AND ".join(conditions) or EVERYBODY


def _flow(
    spec: StudySpec, records: Records, conditions: Sequence[str], connection: duckdb.DuckDBPyConnection
) -> Iterator[FlowStep]:
    """Yield the rows of the panel, then those left after each rule."""
    labels = ["All records", *(rule.label for rule in spec.sample)]
    for step, label in enumerate(labels):
        condition = _all_of(conditions[:step])
        yield _step(label, _counts(records, condition, connection))


def _counts(
    records: Records, condition: str, connection: duckdb.DuckDBPyConnection
) -> list[tuple[str | None, int]]:
    """Return how many rows of each wave a condition holds for."""
    if not records.keeps_answers:
        return queries.rows(connection, "sample_flow", {"panel": records.opened()}, condition)
    import polars as pl

    asked = records.ask(connection, "sample_flow", condition)
    counts = pl.concat([pl.read_parquet(answer) for answer in asked]).group_by("wave").sum()
    return counts.sort("wave", nulls_last=False).rows()


def _step(label: str, counts: Sequence[tuple[str | None, int]]) -> FlowStep:
    by_wave = {str(wave): n for wave, n in counts if wave is not None}
    return FlowStep(label=label, n=sum(n for _, n in counts), by_wave=by_wave)


def _refuse_growth(before: FlowStep, after: FlowStep) -> None:
    """Refuse counts that a condition cannot leave: of files of cells, others have counted."""
    if after.n > before.n or any(n > before.by_wave.get(wave, 0) for wave, n in after.by_wave.items()):
        found, expected = f"'{after.label}' leaves more people than there were", "as many, or fewer"
        raise DataError(Fault("cells", found, expected, "Write the files again with `equirank cells`."))


def _empty(flow: Sequence[FlowStep]) -> Fault:
    """Return the fault of the last step, which leaves no row."""
    step = len(flow) - 1
    place = f"sample[{step}] '{flow[-1].label}'" if step else "source"
    before = f"the {flow[-2].n:,} rows before it" if step else "the data files"
    return Fault(place, f"no row is left of {before}", "some", "Check the rule and its codes.")
