"""Computes the stale tasks of a night, and keeps their rows under the key of their inputs."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.batch.compiling import compiling_ahead
from engine.batch.context import make_context
from engine.batch.tasks import TaskResult, run_tasks
from engine.durable import write_file
from engine.errors import StoreError
from engine.nights.night import NightJob
from engine.nights.stale_tasks import LOST, TaskPlan
from engine.results import TidyRow, to_frame
from engine.store.layout import Store
from engine.store.ledger import COMPUTED, FAILED, TaskEntry
from engine.store.older_rows import current_rows, parameters_of

if TYPE_CHECKING:
    from engine.data.panel import Panel
    from engine.data.sample import Sample
    from engine.study import StudySpec


def compute_tasks(
    job: NightJob,
    plans: Sequence[TaskPlan],
    panel: Panel,
    sample: Sample,
    before: Mapping[str, TaskEntry],
) -> list[TaskEntry]:
    """Return the entries of all tasks; a task that fails keeps the rows of the last time it did not.

    Rows that a killed night has left under a key of tonight are taken as they are.
    """
    stale = [plan for plan in plans if plan.entry is None]
    missing = [plan for plan in stale if plan.why == LOST or not _path(job.store, plan).is_file()]
    failed = {}
    for plan, result in _results(job, missing, panel, sample):
        if result.failure is not None:
            failed[plan.task.name] = str(result.failure)
            job.log("failed", task=plan.task.name, reason=str(result.failure))
            continue
        write_file(_path(job.store, plan), _content(result.rows()), job.store.work)
        job.log("computed", task=plan.task.name, why=plan.why, seconds=round(result.seconds, 3))
    for plan in stale:
        if plan not in missing:
            job.log("computed", task=plan.task.name, why=plan.why, seconds=0.0)
    return [plan.entry or _entry(job.store, plan, before, failed.get(plan.task.name)) for plan in plans]


def _results(
    job: NightJob, plans: Sequence[TaskPlan], panel: Panel, sample: Sample
) -> Iterator[tuple[TaskPlan, TaskResult]]:
    names = {plan.task.analysis.name for plan in plans}
    analyses = tuple(analysis for analysis in job.spec.analysis if analysis.name in names)
    context = make_context(job.spec, panel, sample, job.options.threads, job.reporter)
    with compiling_ahead(job.spec.model_copy(update={"analysis": analyses}), job.reporter) as compiling:
        yield from zip(plans, run_tasks([plan.task for plan in plans], context, compiling.wait), strict=True)


def _path(store: Store, plan: TaskPlan) -> Path:
    return store.tasks / f"{plan.key.key}.parquet"


def _entry(store: Store, plan: TaskPlan, before: Mapping[str, TaskEntry], failure: str | None) -> TaskEntry:
    entry = TaskEntry(
        name=plan.task.name,
        state=COMPUTED,
        why=plan.why,
        key=plan.key.key,
        wanted=plan.key.key,
        inputs=plan.key.as_dict(),
        sha256=None,
    )
    if failure is None:
        return replace(entry, sha256=hashlib.sha256(_path(store, plan).read_bytes()).hexdigest())
    last = before.get(plan.task.name)
    key, sha256 = (None, None) if last is None else (last.key, last.sha256)
    return replace(entry, state=FAILED, why=failure, key=key, sha256=sha256)


def _content(rows: Sequence[TidyRow]) -> bytes:
    buffer = io.BytesIO()
    to_frame(rows).write_parquet(buffer, compression="zstd")
    return buffer.getvalue()


def rows_of(entries: Sequence[TaskEntry], store: Store, spec: StudySpec) -> tuple[TidyRow, ...]:
    """Return the stored rows of all tasks of a study, in their order, with the columns of today.

    Raises
    ------
    StoreError
        If rows are not what was stored.
    """
    import polars as pl

    parameters = parameters_of([analysis.model_dump() for analysis in spec.analysis])
    rows = []
    for entry in entries:
        if entry.key is None:
            continue
        content = (store.tasks / f"{entry.key}.parquet").read_bytes()
        if hashlib.sha256(content).hexdigest() != entry.sha256:
            raise StoreError(
                f"{store.root}: the rows of '{entry.name}' have changed since they were stored; expected the "
                "same bytes. Remove that file from tasks/: they are computed again."
            )
        stored = current_rows(pl.read_parquet(content), parameters)
        rows += [TidyRow(**row) for row in stored.iter_rows(named=True)]
    return tuple(rows)
