"""Computes the tasks of a night that see other inputs than before, and keeps their rows under their inputs' key."""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.batch.compiling import compiling_aside
from engine.batch.reporter import Reporter
from engine.batch.run import make_context
from engine.durable import write_file
from engine.errors import DataError, EstimationError, StoreError
from engine.nights.judge import Tell
from engine.nights.ledger import COMPUTED, FAILED, TaskEntry
from engine.nights.staleness import LOST, TaskPlan
from engine.results import TidyRow, to_frame
from engine.store.layout import Store
from engine.study import StudySpec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.data.panel import Panel
    from engine.data.sample import Sample


def compute_tasks(
    spec: StudySpec,
    plans: Sequence[TaskPlan],
    panel: Panel,
    sample: Sample,
    store: Store,
    before: Mapping[str, TaskEntry],
    *,
    threads: int | None,
    reporter: Reporter,
    tell: Tell,
) -> list[TaskEntry]:
    """Return the entries of all tasks; those to compute have been computed, or failed and keep their last rows.

    Rows that a killed night has left under a key of tonight are taken as they are.
    """
    from engine.batch.kinds import run_task

    context = make_context(spec, panel, sample, threads, reporter)
    waiting = {plan.task.analysis.name for plan in plans if plan.entry is None}
    asked = spec.model_copy(update={"analysis": tuple(one for one in spec.analysis if one.name in waiting)})
    entries = []
    with compiling_aside(asked) as aside:
        for plan in plans:
            if plan.entry is not None:
                entries.append(plan.entry)
                continue
            began, key = time.perf_counter(), plan.key.key
            entry = TaskEntry(
                name=plan.task.name,
                state=COMPUTED,
                why=plan.why,
                key=key,
                wanted=key,
                inputs=plan.key.as_dict(),
                sha256=None,
            )
            path = store.tasks / f"{key}.parquet"
            try:
                if plan.why == LOST or not path.is_file():
                    reporter.start_analysis(plan.task.name)
                    aside.wait(plan.task.analysis.name)
                    write_file(path, _content(plan.task.rows(run_task(plan.task, context))), store.work)
                entry = replace(entry, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
                tell(
                    "computed",
                    task=plan.task.name,
                    why=plan.why,
                    seconds=round(time.perf_counter() - began, 3),
                )
            except (EstimationError, DataError) as error:
                last = before.get(plan.task.name)
                entry = replace(entry, state=FAILED, why=str(error), key=None)
                if last is not None:
                    entry = replace(entry, key=last.key, sha256=last.sha256)
                tell("failed", task=plan.task.name, reason=str(error))
            entries.append(entry)
    return entries


def _content(rows: Sequence[TidyRow]) -> bytes:
    buffer = io.BytesIO()
    to_frame(rows).write_parquet(buffer, compression="zstd")
    return buffer.getvalue()


def rows_of(entries: Sequence[TaskEntry], store: Store) -> tuple[TidyRow, ...]:
    """Return the stored rows of all tasks, in their order.

    Raises
    ------
    StoreError
        If rows are not what was stored.
    """
    import polars as pl

    rows = []
    for entry in entries:
        if entry.key is None:
            continue
        content = (store.tasks / f"{entry.key}.parquet").read_bytes()
        if hashlib.sha256(content).hexdigest() != entry.sha256:
            raise StoreError(
                f"{store.root}: the rows of '{entry.name}' have changed since they were stored; expected the same "
                "bytes. Remove that file from tasks/: they are computed anew."
            )
        rows += [TidyRow(**row) for row in pl.read_parquet(content).iter_rows(named=True)]
    return tuple(rows)
