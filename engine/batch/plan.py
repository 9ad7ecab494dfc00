"""What a study would do, without doing it: files, row estimates, rules, analyses, SQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engine.batch.run import study_files
from engine.data.formats import count_rows
from engine.data.part import part_key, read_part
from engine.data.queries import query_text
from engine.data.sample import rule_conditions
from engine.errors import Fault, StudyError
from engine.paths import cache_folder
from engine.study import StudySpec, load_study
from engine.study.analyses import REPLICATED
from engine.study.load import study_path, study_seed

SHOWN = (
    "outcome",
    "rank_by",
    "terms",
    "levels",
    "scores",
    "need",
    "model",
    "covariance",
    "rows",
    "by",
    "index",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyPlan:
    """A plan: texts ready to print."""

    study: str
    title: str
    seed: int
    files: tuple[tuple[str, int], ...]
    panel_ready: bool
    rules: tuple[tuple[str, str], ...]
    analyses: tuple[str, ...]
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
    faults = tuple(item for item in checked if isinstance(item, Fault))
    if faults:
        raise StudyError(spec.study.name, faults)
    conditions = [str(item) for item in checked]
    home = cache_folder("panels")
    ready = all(read_part(home / part_key(spec, file, file.digest())) is not None for file in files)
    return StudyPlan(
        study=spec.study.name,
        title=spec.study.title or spec.study.name,
        seed=study_seed(spec),
        files=tuple((file.path.name, count_rows(file, spec.source.encoding)) for file in files),
        panel_ready=ready,
        rules=tuple((rule.label, condition) for rule, condition in zip(spec.sample, conditions, strict=True)),
        analyses=tuple(_analyses(spec)),
        sql=(
            query_text("panel_missing"),
            query_text("sample_flow", " AND ".join(conditions) or "TRUE"),
            query_text("sample_write", " AND ".join(conditions) or "TRUE"),
        ),
    )


def _analyses(spec: StudySpec) -> Iterator[str]:
    for analysis in spec.analysis:
        parts = [f"{analysis.name}: {analysis.kind}"]
        if analysis.waves != "all":
            parts.append(
                f"waves {analysis.waves if isinstance(analysis.waves, str) else ', '.join(analysis.waves)}"
            )
        for key in SHOWN:
            value = getattr(analysis, key, ())
            if value:
                named = [item if isinstance(item, str) else " x ".join(item) for item in value]
                parts.append(f"{key} {value if isinstance(value, str) else ', '.join(named)}")
        if isinstance(analysis, REPLICATED) and analysis.bootstrap is not None:
            parts.append(f"{analysis.bootstrap.replicates:,} replicates ({analysis.bootstrap.method})")
        yield "; ".join(parts)
