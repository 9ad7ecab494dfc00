"""Runs a night and prints what it did; prints what is stale and what differs."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from engine.errors import DataError, EngineError

if TYPE_CHECKING:
    from engine.nights.night import Night, NightOptions
    from engine.nights.status import StoreStatus
    from engine.store.ledger import FileEntry

DIFFERS, STALE = 13, 14


@dataclass(frozen=True, slots=True, kw_only=True)
class NightOutput:
    """How a night is reported: a command for trouble, JSON lines on stderr, JSON on stdout, pages.

    With `strict`, a file that no path names is trouble.
    """

    alert: str | None
    log_json: bool
    as_json: bool
    site: Path | None = None
    strict: bool = False


def run_night(study: str, inbox: Path, store: Path, options: NightOptions, output: NightOutput) -> None:
    """Refresh a store, print the change report, and run the alert command if there is trouble."""
    from engine.cli.logs import event_log
    from engine.cli.progress import progress_reporter
    from engine.nights.refresh import refresh

    log = event_log(as_json=output.log_json, study=study)

    def stopped(exit_code: int, reason: str) -> None:
        log("stopped", exit_code=exit_code, reason=reason)
        _alert(output.alert, {"exit_code": exit_code, "reason": reason})

    try:
        with progress_reporter(say=lambda what: log("working", what=what)) as reporter:
            night = refresh(study, inbox, store, options=options, reporter=reporter, log=log)
        _write_site(output.site, store, night)
    except EngineError as error:
        stopped(error.exit_code, str(error))
        raise
    except MemoryError as error:
        from engine.cli.memory import no_memory

        told = no_memory(error)
        stopped(told.exit_code, str(told))
        raise told from None
    except Exception as error:
        stopped(1, f"internal error ({type(error).__name__})")
        raise
    exit_code = night.exit_code or (DataError.exit_code if output.strict and night.strays else 0)
    report = {**_report(night), "exit_code": exit_code}
    run = None if night.run is None else night.run.name
    log("finished", run=run, published=night.is_new, exit_code=exit_code)
    text = json.dumps(report, ensure_ascii=False) if output.as_json else _text(night)
    typer.echo(text, nl=output.as_json)
    if exit_code:
        _alert(output.alert, report)
        raise typer.Exit(exit_code)


def _write_site(folder: Path | None, store: Path, night: Night) -> None:
    """Write the pages where they are asked for, unless they are those of the current run already."""
    if folder is None or night.run is None:
        return
    from engine.report.site.write import MARK, write_site

    if night.is_new or not (folder / MARK).is_file():
        write_site(store, folder)


def _report(night: Night) -> dict[str, Any]:
    differences = night.differences
    return {
        "run": None if night.run is None else str(night.run),
        "published": night.is_new,
        "files": [_file(entry) for entry in night.files],
        "withdrawn": [*night.withdrawn],
        "growing": [*night.growing],
        "notes": [*night.notes],
        "tasks": [{"task": task.name, "state": task.state, "why": task.why} for task in night.tasks],
        "changes": None if differences is None else {"same": differences.n_same, **differences.counts},
    }


def _file(entry: FileEntry) -> dict[str, Any]:
    return {
        "file": entry.file,
        "state": entry.state,
        "reason": entry.reason,
        "broken": [*entry.broken],
        "rows": entry.rows,
    }


def _text(night: Night) -> str:
    from engine.store.layout import CHANGES
    from engine.store.ledger import FAILED, QUARANTINED

    lines = [f"{name}: is still being written; it is left for the next night" for name in night.growing]
    lines += night.notes
    if night.is_new and night.run is not None:
        changes = (night.run / CHANGES).read_text(encoding="utf-8")
        return "\n".join([*lines, changes, f"Run: {night.run}", ""])
    lines += [
        f"{file.file}: IN QUARANTINE. {file.reason}" for file in night.files if file.state == QUARANTINED
    ]
    lines += [f"{task.name}: FAILED: {task.why}" for task in night.tasks if task.state == FAILED]
    current = "There is no run yet." if night.run is None else f"The current run is {night.run}."
    return "\n".join([*lines, f"Nothing to do. {current}", ""])


def _alert(command: str | None, report: dict[str, Any]) -> None:
    """Run the user's command with the report on its stdin; its failure is reported and changes nothing."""
    if command is None:
        return
    try:
        done = subprocess.run(  # noqa: S603
            shlex.split(command),
            input=json.dumps(report).encode(),
            stdout=subprocess.PIPE,
            check=False,
            timeout=300,
        )
        sys.stderr.write(done.stdout.decode(errors="replace"))  # stdout holds the report of the night alone
        failure = f"ended with exit code {done.returncode}" if done.returncode else None
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        failure = f"could not be run ({type(error).__name__})"
    if failure:
        sys.stderr.write(f"equirank: --alert: the command {failure}.\n")


def show_plan(
    study: str, inbox: Path, store: Path, *, accept_revision: bool, as_json: bool, fails: bool
) -> None:
    """Print what a refresh would do; with `fails`, exit 14 if it would do anything."""
    from engine.nights.status import store_status

    status = store_status(study, inbox, store, accept_revision=accept_revision)
    _print_status(status, as_json=as_json)
    if fails and (status.stale or status.run is None):
        raise typer.Exit(STALE)


def show_status(
    study: str | None, inbox: Path | None, store: Path, max_age: float | None, *, strict: bool, as_json: bool
) -> None:
    """Print what is stale; exit 14 if anything is, with `strict` also for a file that no path names."""
    from engine.nights.status import store_status

    status = store_status(study, inbox, store, max_age)
    _print_status(status, as_json=as_json)
    if status.stale or status.run is None or (strict and status.strays):
        raise typer.Exit(STALE)


def _print_status(status: StoreStatus, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(status.as_dict(), ensure_ascii=False))
        return
    age = "" if status.age_hours is None else f", {status.age_hours:,.1f} hours old"
    typer.echo("No run yet." if status.run is None else f"Run {status.run}{age}, {status.n_tasks} analyses.")
    for note in status.notes:
        typer.echo(f"  {note}")
    for item in status.stale:
        typer.echo(f"  {item.action:<9} {item.what} {item.name}: {item.why}")
    if not status.stale:
        typer.echo("Nothing is stale.")


def show_differences(before: Path, after: Path, *, as_json: bool) -> None:
    """Print what differs between two runs; exit 13 if anything does."""
    from engine.nights.changes import result_lines
    from engine.store.compare import compare
    from engine.store.layout import run_of
    from engine.store.run_directory import read_run
    from engine.store.study_changes import run_changes

    first, second = read_run(run_of(before)), read_run(run_of(after))
    differences = compare(first.results, second.results)
    changed = run_changes(first.manifest, second.manifest)
    if as_json:
        typer.echo(json.dumps({"study": changed, **differences.as_dict()}, ensure_ascii=False))
    else:
        for line in changed:
            typer.echo(f"  {line}")
        typer.echo("\n".join(result_lines(differences, show_all=True)))
    if differences.rows.height:
        raise typer.Exit(DIFFERS)


def show_verification(
    run: Path,
    data: Path | None,
    only: str | None,
    threads: int | None,
    *,
    cells: Sequence[Path] = (),
    as_json: bool,
) -> None:
    """Print what came of computing a run again; exit 13 if a bit differs."""
    from engine.batch.verify import verify
    from engine.cli.progress import progress_reporter
    from engine.store.layout import run_of

    with progress_reporter() as reporter:
        verification = verify(run_of(run), data, only=only, cells=cells, threads=threads, reporter=reporter)
    if as_json:
        typer.echo(json.dumps(verification.as_dict(), ensure_ascii=False))
    else:
        for fault in verification.faults:
            typer.echo(f"  {fault}")
        if not verification.same_method:
            typer.echo("  The version of the methods, or of a library that they use, is not that of the run.")
        verdict = f"{len(verification.faults)} faults" if verification.faults else "the same to the last bit"
        typer.echo(f"{verification.run}: {verification.n_rows} rows computed again: {verdict}.")
    if verification.faults:
        raise typer.Exit(DIFFERS)


def show_history(
    store: Path, analysis: str, measure: str, about: str | None, plot: Path | None, *, as_json: bool
) -> None:
    """Print an estimate over the runs, with a picture if asked."""
    from engine.nights.history import estimate_history

    rows = estimate_history(store, analysis, measure, about)
    if plot is not None:
        from engine.report.figures.of_run import write_history
        from engine.store.layout import run_of
        from engine.store.manifests import read_manifest

        simulated = bool(read_manifest(run_of(store))["simulated"])
        write_history(rows, f"{measure}, {analysis}", plot, simulated=simulated)
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    from engine.report.history_table import history_table
    from engine.report.terminal import make_console, print_table

    print_table(make_console(), history_table(rows, f"{measure}, {analysis}"))
    if plot is not None:
        typer.echo(str(plot))
