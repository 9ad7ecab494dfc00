"""Computes a share of a run: its share of the replicates, and some of the tasks that make none."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from engine.batch.context import make_context, read_sample
from engine.batch.failures import Failure
from engine.batch.manifest import make_manifest
from engine.batch.reporter import Reporter
from engine.batch.request import RunRequest
from engine.batch.run import is_simulated
from engine.batch.tasks import run_tasks, tasks_of
from engine.durable import move_folder
from engine.errors import UsageError
from engine.estimators.replicates.pending_rows import Estimates
from engine.estimators.replicates.settings import WHOLE, Share
from engine.shards.shard import Shard, is_shard_of, write_shard
from engine.study import AnalysisSpec, StudySpec, bootstrap_of

if TYPE_CHECKING:
    from engine.batch.context import Context
    from engine.data.source_file import SourceFile


def parse_share(text: str) -> Share:
    """Return the share that ``k/K`` names.

    Raises
    ------
    UsageError
        If it names none.

    Examples
    --------
    >>> parse_share("2/5")
    Share(number=2, of=5)
    """
    match = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise UsageError(f"--shard {text!r}: expected k/K with 1 <= k <= K, such as 2/16. Correct it.")
    return Share(number=int(match[1]), of=int(match[2]))


def compute_share(
    spec: StudySpec,
    files: Sequence[SourceFile],
    share: Share,
    threads: int | None,
    reporter: Reporter | None = None,
) -> Shard:
    """Compute a share of a study.

    Raises
    ------
    DataError
        If the data are rejected. The shard says which analyses failed, and why.
    """
    reporter = reporter or Reporter()
    with TemporaryDirectory(prefix="equirank-") as scratch:
        panel, sample = read_sample(spec, files, Path(scratch), threads, reporter)
        context = make_context(spec, panel, sample, threads, reporter, share)
        estimated, failures = _estimated(context, share)
        simulated = is_simulated(panel)
        facts = make_manifest(spec, panel, sample, (), simulated=simulated, left_out=None, seconds={})
    facts["waves"] = [*context.columns.waves]
    return Shard(share=share, facts=facts, estimated=estimated, failures=failures)


def _estimated(context: Context, share: Share) -> tuple[dict[int, Estimates], dict[int, Failure]]:
    """Return number of the task -> its estimate, and -> why it failed, of those in a share."""
    tasks = dict(enumerate(tasks_of(context.spec, context.columns.waves)))
    estimated: dict[int, Estimates] = {}
    failures: dict[int, Failure] = {}
    for number, task in tasks.items():
        if _is_shared_out(task.analysis, context.spec):
            (result,) = run_tasks([task], context)
        elif number % share.of == share.number - 1:
            (result,) = run_tasks([task], replace(context, share=WHOLE))
        else:
            continue
        if result.failure is not None:
            failures[number] = result.failure
        elif result.estimated is not None:
            estimated[number] = result.estimated
    return estimated, failures


def _is_shared_out(analysis: AnalysisSpec, spec: StudySpec) -> bool:
    """Whether each share makes some of the replicates.

    Replicate weights that came with the data mean something together only; and only who sees all replicates
    knows when they are enough.
    """
    bootstrap = bootstrap_of(analysis)
    is_drawn_by_number = bootstrap is not None and bootstrap.replicates != "auto"
    return is_drawn_by_number and spec.design.replicate_weights is None


def run_share(
    request: RunRequest,
    share: Share,
    out: Path | None = None,
    *,
    threads: int | None = None,
    reporter: Reporter | None = None,
) -> Path:
    """Compute a share of a run and write its shard; `engine.shards.join` joins the shards.

    Raises
    ------
    StudyError, DataError, EstimationError, UsageError
        As for `run`; nothing is written then.
    """
    name = f"{request.spec.study.name}-shard-{share.number}-of-{share.of}"
    target = out or Path("equirank-runs") / name
    if target.exists() and not is_shard_of(target, share):
        raise UsageError(f"--out {target}: it holds other files; expected a new folder. Choose another one.")
    shard = compute_share(request.spec, request.files(), share, threads, reporter)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        working = Path(tempfile.mkdtemp(prefix=f".{target.name}.writing-", dir=target.parent))
        try:
            write_shard(shard, working)
            if target.exists():
                shutil.rmtree(target)
            move_folder(working, target)
        finally:
            shutil.rmtree(working, ignore_errors=True)
    except OSError as error:
        raise UsageError(
            f"--out {target}: cannot be written ({type(error).__name__}); expected a folder you may write to."
        ) from None
    return target
