"""The manifest of a run: what went in, what was counted, what to be careful about. Never a data value."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from engine.batch.coverage_warnings import coverage_warnings, weight_warnings
from engine.batch.method import method_version
from engine.data.imputations import doubts_of
from engine.data.panel import Panel, missing_counts
from engine.data.sample import Sample
from engine.results import TidyRow
from engine.study import MISSING_KINDS, StudySpec
from engine.study.load import study_as_dict, study_hash, study_seed
from engine.version import VERSION

LIBRARIES = (
    "polars",
    "duckdb",
    "numba",
    "numpy",
    "scipy",
    "statsmodels",
    "pyarrow",
    "pyreadstat",
    "pydantic",
)
MUCH_MISSING = 0.15
FEW_POINTS = 7  # quadrature points of a level: more take longer, which a run tells


def make_manifest(
    spec: StudySpec,
    panel: Panel,
    sample: Sample,
    rows: Sequence[TidyRow],
    *,
    simulated: bool,
    left_out: Sequence[str] | None,
    seconds: Mapping[str, float],
) -> dict[str, Any]:
    """Return the manifest of a run, ready for JSON.

    Parameters
    ----------
    spec, panel, sample, rows
        Of the run; no row where the results come later.
    simulated
        Whether nobody in the data is real.
    left_out
        Names of the tasks that an interrupt prevented; None without an interrupt.
    seconds
        Of each step.
    """
    counts = missing_counts(panel)
    missing = {
        name: {kind: counts[name][code] for code, kind in enumerate(("value", *MISSING_KINDS))}
        for name in spec.variables
    }
    return {
        "study": {
            "name": spec.study.name,
            "title": spec.study.title,
            "sha256": study_hash(spec),
            "asked": study_as_dict(spec),
        },
        "simulated": simulated,
        "seed": study_seed(spec),
        "method": method_version(),
        "sources": [
            {key: source[key] for key in ("file", "sha256", "wave", "rows", "encoding")}
            for source in panel.all_sources
        ],
        "panel_reused": panel.reused,
        "sample_flow": [
            {"label": step.label, "n": step.n, "by_wave": dict(step.by_wave)} for step in sample.flow
        ],
        "missing": missing,
        **({} if panel.calibrated is None else {str(spec.design.adjustment): dict(panel.calibrated.facts)}),
        **_imputations(panel, sample),
        "imputed": {name: {"rows": n, "share": n / sample.n} for name, n in sample.imputed.items()},
        "warnings": [
            *_interrupted(left_out),
            *(doubt for source in panel.all_sources for doubt in source["doubts"]),
            *_warnings(spec, missing, sample),
            *_doubts_of_imputations(panel, sample),
            *row_warnings(rows),
        ],
        "interrupted": left_out is not None,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
        "versions": {
            "equirank": VERSION,
            "python": platform.python_version(),
            **{name: version(name) for name in LIBRARIES},
        },
    }


def _imputations(panel: Panel, sample: Sample) -> dict[str, Any]:
    """Return how many data sets there are, how much of them is imputed, and how many people are in each."""
    if not panel.completed:
        return {}
    return {"imputations": {**panel.imputations, "people": [one.n for one in sample.completed]}}


def _interrupted(left_out: Sequence[str] | None) -> Iterable[str]:
    if left_out is not None:
        missing = f"; not run: {', '.join(left_out)}" if left_out else ""
        yield f"interrupted: the last analysis rests on the replicates that were done{missing}"


def _warnings(spec: StudySpec, missing: Mapping[str, Mapping[str, int]], sample: Sample) -> Iterable[str]:
    for name in spec.variables:
        counts = missing[name]
        total = sum(counts.values())
        gone = total - counts["value"] - counts["skipped"]
        if gone > MUCH_MISSING * total:
            yield f"{name}: {gone / total:.1%} of all records are missing (not counting skipped questions)"
    without_wave = sample.n - sum(sample.flow[-1].by_wave.values())
    if sample.waves and without_wave:
        yield f"{without_wave:,} records have no wave: they count in overall results only"
    if spec.design.replicate_weights is not None and spec.design.weight is None:
        yield "replicate weights without design.weight: estimates are unweighted, their replicates are not"
    yield from weight_warnings(sample.weight_spread)


def _doubts_of_imputations(panel: Panel, sample: Sample) -> Iterable[str]:
    if not panel.completed:
        return
    yield from doubts_of(panel.imputations, panel.n_rows)
    people = [one.n for one in sample.completed]
    if min(people) < max(people):
        yield f"imputed values decide who is in the sample: {min(people):,} to {max(people):,} people"


def row_warnings(rows: Sequence[TidyRow]) -> Iterable[str]:
    """Yield the doubtful results and undefined replicates of each analysis, and where it took many points."""
    doubtful = Counter((row.analysis, row.status) for row in rows if row.status not in ("ok", "reference"))
    for (analysis, status), count in doubtful.items():
        yield f"analysis {analysis}: {count} result{'s' if count > 1 else ''} with status '{status}'"
    failed = Counter({row.analysis: row.n_failed for row in rows if row.n_failed})
    for analysis, count in failed.items():
        yield f"analysis {analysis}: up to {count} replicates were undefined"
    yield from coverage_warnings(rows)
    for row in rows:
        if row.measure == "points" and row.estimate is not None and row.estimate > FEW_POINTS:
            group = "".join(f", {name}" for name in (row.wave, row.subgroup) if name is not None)
            yield f"analysis {row.analysis}{group}: {row.estimate:.0f} quadrature points for {row.term}"
