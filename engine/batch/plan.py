"""What a study would run, without running it: files, rows, sample rules, analyses, SQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engine.batch.imputing import files_of
from engine.batch.kinds import KINDS
from engine.batch.request import study_files
from engine.batch.tasks import refuse_absent_waves, tasks_of
from engine.data.conditions import domain_conditions, rule_conditions
from engine.data.derived_specs import checked_variables
from engine.data.file_calls import call_with_files
from engine.data.formats import count_rows
from engine.data.part import Part, part_key, read_part
from engine.data.queries import database, query_text, rows
from engine.data.source_file import SourceFile
from engine.errors import DataError, Fault, StudyError
from engine.paths import PANELS, cache_folder
from engine.study import AnalysisSpec, StudySpec, bootstrap_of, load_study
from engine.study.completed import completed
from engine.study.load import study_path, study_seed

SHOWN_OTHERWISE = {"name", "kind", "waves", "conf_level", "bootstrap"}


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyPlan:
    """What a study would run, as texts ready to print.

    `weights` tells what is done to the weights, if anything is, and `imputations` which data sets are pooled.
    `will_fail` are analyses of waves that the
    files do not hold, as far as that is known without reading them: from a wave stated for each file, or from
    a panel that is ready.
    """

    study: str
    title: str
    seed: int
    files: tuple[tuple[str, int], ...]
    panel_ready: bool
    rules: tuple[tuple[str, str], ...]
    weights: str | None
    imputations: str | None
    analyses: tuple[str, ...]
    will_fail: tuple[str, ...]
    sql: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the plan for JSON."""
        return asdict(self)


def make_plan(study: str | Path, data: Path | None = None) -> StudyPlan:
    """Plan a study.

    Raises
    ------
    StudyError, DataError
        As a run would.
    """
    spec = load_study(study)
    files = study_files(spec, study_path(study).parent, data)
    checked = rule_conditions(spec)
    every = (*checked_variables(spec), *checked, *domain_conditions(spec))
    faults = tuple(item for item in every if isinstance(item, Fault))
    if faults:
        raise StudyError(spec.study.name, faults)
    counts = call_with_files(count_rows, files, spec.source.encoding)
    conditions = [str(item) for item in checked]
    home = cache_folder(PANELS)
    wanted = [(spec, file) for file in files] if spec.imputations is None else [*_of_imputations(spec, files)]
    parts = [read_part(home / part_key(own, file, file.digest())) for own, file in wanted]
    labelled = zip(spec.sample, conditions, strict=True)
    kept = " AND ".join(conditions) or "TRUE"
    waves = _waves(wanted, [part for part in parts if part is not None], kept)
    return StudyPlan(
        study=spec.study.name,
        title=spec.study.title or spec.study.name,
        seed=study_seed(spec),
        files=tuple((file.path.name, n_rows) for file, n_rows in zip(files, counts, strict=True)),
        panel_ready=None not in parts,
        rules=tuple((rule.label, condition) for rule, condition in labelled),
        weights=_weights(spec),
        imputations=_imputations(spec),
        analyses=tuple("; ".join(_analysis(analysis)) for analysis in spec.analysis),
        will_fail=() if waves is None else tuple(_failures(spec, waves)),
        sql=(
            query_text("panel_missing"),
            query_text("sample_flow", kept),
            query_text("sample_write", kept),
            *_cell_queries(spec, kept),
        ),
    )


def _cell_queries(spec: StudySpec, kept: str) -> Iterator[str]:
    """Yield the queries of the cells that analyses are computed from where these are far fewer than rows."""
    for analysis in spec.analysis if spec.design.adjustment is None else ():
        for key in KINDS[analysis.kind].cells(analysis, spec):
            yield f"-- analysis {analysis.name}\n{query_text('cells', kept, key.columns(spec))}"


def _weights(spec: StudySpec) -> str | None:
    """Return what is done to the weights before anything else."""
    calibration, balance = spec.design.calibration, spec.design.balance
    if calibration is not None:
        names = ", ".join(margin.name for margin in calibration.margins)
        done = f"{calibration.method} to totals of {names}"
    elif balance is not None:
        names = ", ".join(balance.variables)
        done = f"{balance.method} balance of {names} by {balance.by}, to {balance.to}"
    else:
        return None
    return f"{done}; so every analysis reads the records, none reads cells"


def _of_imputations(spec: StudySpec, files: Sequence[SourceFile]) -> Iterator[tuple[StudySpec, SourceFile]]:
    """Yield the files of every completed data set, each with the study that harmonises it."""
    assert spec.imputations is not None  # noqa: S101 - the caller has looked
    for number in range(1, spec.imputations.count + 1):
        for file in files_of(spec, files, number):
            yield completed(spec, number), file


def _imputations(spec: StudySpec) -> str | None:
    """Return which data sets are pooled."""
    given = spec.imputations
    if given is None:
        return None
    m, names = given.count, ", ".join(given.imputed)
    return f"{m} of {names}; every analysis is computed {m} times and pooled by Rubin's rules"


def _waves(
    wanted: Sequence[tuple[StudySpec, SourceFile]], parts: Sequence[Part], kept: str
) -> list[str] | None:
    """Return the waves of the sample, None where only reading the files would tell."""
    files = [file for _, file in wanted]
    if len(parts) == len(files):
        with database() as connection:
            counts = rows(connection, "sample_flow", {"panel": [str(one.records) for one in parts]}, kept)
        return [str(wave) for wave, _ in counts if wave is not None]
    waves = [file.wave for file in files if file.wave is not None]
    return list(dict.fromkeys(waves)) if len(waves) == len(files) else None


def _failures(spec: StudySpec, waves: Sequence[str]) -> Iterator[str]:
    for task in tasks_of(spec, waves):
        try:
            refuse_absent_waves(task, waves)
        except DataError as error:
            yield str(error)


def _analysis(analysis: AnalysisSpec) -> Iterator[str]:
    """Yield what an analysis does, its choices in the order of its fields."""
    yield f"{analysis.name}: {analysis.kind}"
    if analysis.waves != "all":
        yield f"waves {_text(analysis.waves)}"
    for key in type(analysis).model_fields:
        value = getattr(analysis, key)
        if key not in SHOWN_OTHERWISE and value not in (None, (), False):
            yield key if value is True else f"{key} {_text(value)}"
    bootstrap = bootstrap_of(analysis)
    if bootstrap is not None:
        most = f"{bootstrap.most_replicates:,}"
        number = (
            f"{most} replicates at most, until they are enough"
            if bootstrap.replicates == "auto"
            else f"{most} replicates"
        )
        yield f"{number} ({bootstrap.method})"


def _text(value: object) -> str:
    """Write a field: names with commas, products of names with crosses."""
    if not isinstance(value, tuple):
        return f"{value:g}" if isinstance(value, float) else str(value)
    return ", ".join(" x ".join(item) if isinstance(item, tuple) else _text(item) for item in value)
