"""Runs a study where and how the command line says: here, in part, or on workers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from engine.errors import EstimationError, Fault, Interrupted, UsageError

if TYPE_CHECKING:
    from engine.batch.run_result import RunResult


def run_study(
    study: str,
    data: Path | None,
    out: Path | None,
    *,
    shard: str | None,
    workers: int | None,
    cluster: str | None,
    threads: int | None,
    keep: bool,
    report: bool,
    as_json: bool,
    changed: Mapping[str, Any],
) -> None:
    """Run a study and print it, or compute a part of it and print where it is."""
    given = [
        f"--{name}"
        for name, value in {"shard": shard, "workers": workers, "cluster": cluster}.items()
        if value
    ]
    if len(given) > 1 or (given and keep):
        both = [*given, *(["--keep"] if keep else [])]
        raise UsageError(f"{' and '.join(both)}: found together; expected one of them. Leave out the rest.")
    if given and changed["cells"]:
        found = f"found together with {given[0]}"
        raise UsageError(
            Fault("--cells", found, "one of them", "A run from cells takes seconds: compute it in one piece.")
        )
    from engine.cli.progress import progress_reporter

    with progress_reporter(keeps=keep) as reporter:
        if not given:
            from engine.batch.run import run

            result = run(study, data, out, threads=threads, reporter=reporter, report=report, **changed)
        else:
            from engine.batch.request import make_request

            request = make_request(study, data, **changed)
            if shard is not None:
                from engine.shards.share import parse_share, run_share

                path = run_share(request, parse_share(shard), out, threads=threads, reporter=reporter)
                typer.echo(json.dumps({"shard": str(path)}) if as_json else f"Shard {shard}: {path}")
                return
            from engine.shards.dask_workers import Workers, run_on_workers

            where = Workers(count=workers, scheduler=cluster, threads=threads)
            result = run_on_workers(request, where, out, reporter=reporter)
    print_result(result, as_json=as_json)


def print_result(result: RunResult, *, as_json: bool) -> None:
    """Print a run that is written; an error says which analyses failed, or that it was interrupted.

    Raises
    ------
    EstimationError
        If some analyses failed; the rows of the others are written.
    Interrupted
        If the user stopped the run and keeps what was done.
    """
    from engine.cli.output import print_finished

    print_finished(result.path, as_json=as_json)
    if result.manifest["interrupted"]:
        raise Interrupted(f"interrupted; what was done is kept in {result.path}.")
    failures = result.failures
    if failures:
        count = f"{len(failures)} of {len(result.manifest['tasks'])} analyses failed"
        reasons = (f"  {name}: {why}" for name, why in failures.items())
        raise EstimationError(f"{count}; the results of the others are in '{result.path}'.", *reasons)
