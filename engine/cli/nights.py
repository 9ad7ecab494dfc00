"""Runs a night and prints what it did; prints what is stale and what differs."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from engine.errors import EngineError

if TYPE_CHECKING:
    from engine.nights.refresh import Night

DIFFERS, STALE = 13, 14
Tell = Callable[..., None]


def run_night(
    study: str,
    inbox: Path,
    store: Path,
    *,
    alert: str | None,
    log_json: bool,
    as_json: bool,
    **options: Any,  # noqa: ANN401
) -> None:
    """Refresh a store, print the change report, and call for help if there is trouble."""
    from engine.cli.logs import event_log
    from engine.cli.progress import progress_reporter
    from engine.nights.refresh import refresh

    tell = event_log(as_json=log_json, study=study)
    try:
        with progress_reporter() as reporter:
            night = refresh(study, inbox, store, reporter=reporter, tell=tell, **options)
    except EngineError as error:
        tell("stopped", exit_code=error.exit_code, reason=str(error))
        _call(alert, {"exit_code": error.exit_code, "reason": str(error)})
        raise
    except Exception as error:
        reason = f"internal error ({type(error).__name__})"
        tell("stopped", exit_code=1, reason=reason)
        _call(alert, {"exit_code": 1, "reason": reason})
        raise
    told = _told(night)
    run = None if night.run is None else night.run.name
    tell("finished", run=run, published=night.is_new, exit_code=night.exit_code)
    typer.echo(json.dumps(told, ensure_ascii=False) if as_json else _text(night), nl=as_json)
    if night.exit_code:
        _call(alert, told)
        raise typer.Exit(night.exit_code)


def _told(night: Night) -> dict[str, Any]:
    found = night.differences
    return {
        "run": None if night.run is None else str(night.run),
        "published": night.is_new,
        "exit_code": night.exit_code,
        "files": [
            {
                "file": one.file,
                "state": one.state,
                "reason": one.reason,
                "broken": [*one.broken],
                "rows": one.used and one.used["source"]["rows"],
            }
            for one in night.files
        ],
        "withdrawn": [*night.withdrawn],
        "growing": [*night.growing],
        "notes": [*night.notes],
        "tasks": [{"task": one.name, "state": one.state, "why": one.why} for one in night.tasks],
        "changes": None if found is None else {"same": found.n_same, **found.counts},
    }


def _text(night: Night) -> str:
    from engine.nights.publish import CHANGES

    lines = [f"{name}: is still being written; it is left for the next night" for name in night.growing]
    lines += night.notes
    if night.is_new and night.run is not None:
        return "\n".join([*lines, (night.run / CHANGES).read_text(encoding="utf-8"), f"Run: {night.run}", ""])
    lines += [f"{one.file}: IN QUARANTINE. {one.reason}" for one in night.files if one.state == "quarantined"]
    lines += [f"{one.name}: FAILED: {one.why}" for one in night.tasks if one.state == "failed"]
    current = "There is no run yet." if night.run is None else f"The current run is {night.run}."
    return "\n".join([*lines, f"Nothing to do. {current}", ""])


def _call(alert: str | None, told: dict[str, Any]) -> None:
    """Run the user's command with the report on its stdin; its failure is told and changes nothing."""
    if alert is None:
        return
    try:
        report = json.dumps(told).encode()
        done = subprocess.run(  # noqa: S603
            shlex.split(alert), input=report, stdout=subprocess.PIPE, check=False, timeout=300
        )
        sys.stderr.write(done.stdout.decode(errors="replace"))  # stdout is the report's alone
        failed = f"ended with exit code {done.returncode}" if done.returncode else None
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        failed = f"could not be run ({type(error).__name__})"
    if failed:
        sys.stderr.write(f"equirank: --alert: the command {failed}.\n")


def show_plan(study: str, inbox: Path, store: Path, *, accept_revision: bool, as_json: bool) -> None:
    """Print what a refresh would do."""
    from engine.nights.status import store_status

    _print_status(store_status(study, inbox, store, accept_revision=accept_revision), as_json=as_json)


def show_status(
    study: str | None, inbox: Path | None, store: Path, max_age: float | None, *, as_json: bool
) -> None:
    """Print what is stale; exit 14 if anything is."""
    from engine.nights.status import store_status

    found = store_status(study, inbox, store, max_age)
    _print_status(found, as_json=as_json)
    if found.stale or found.run is None:
        raise typer.Exit(STALE)


def _print_status(found: Any, *, as_json: bool) -> None:  # noqa: ANN401 - a status; not imported for --help
    if as_json:
        typer.echo(json.dumps(found.as_dict(), ensure_ascii=False))
        return
    age = "" if found.age_hours is None else f", {found.age_hours:,.1f} hours old"
    typer.echo("No run yet." if found.run is None else f"Run {found.run}{age}, {found.n_tasks} analyses.")
    for note in found.notes:
        typer.echo(f"  {note}")
    for item in found.stale:
        typer.echo(f"  {item.action:<9} {item.what} {item.name}: {item.why}")
    if not found.stale:
        typer.echo("Nothing is stale.")


def show_differences(before: Path, after: Path, *, as_json: bool) -> None:
    """Print what differs between two runs; exit 13 if anything does."""
    from engine.store.changes import result_lines
    from engine.store.compare import compare
    from engine.store.layout import run_of
    from engine.store.run_directory import read_run

    first, second = read_run(run_of(before)), read_run(run_of(after))
    found = compare(first.results, second.results)
    if as_json:
        typer.echo(json.dumps(found.as_dict(), ensure_ascii=False))
    else:
        typer.echo("\n".join(result_lines(found, all_of_them=True)))
    if found.rows.height:
        raise typer.Exit(DIFFERS)


def show_verification(
    run: Path, data: Path | None, only: str | None, threads: int | None, *, as_json: bool
) -> None:
    """Print what came of computing a run again; exit 13 if a bit differs."""
    from engine.batch.verify import as_dict, verify
    from engine.cli.progress import progress_reporter
    from engine.store.layout import run_of

    with progress_reporter() as reporter:
        found = verify(run_of(run), data, only=only, threads=threads, reporter=reporter)
    if as_json:
        typer.echo(json.dumps(as_dict(found), ensure_ascii=False))
    else:
        for fault in found.faults:
            typer.echo(f"  {fault}")
        if not found.same_method:
            typer.echo(
                "  The methods, or a library under them, are of another version than those of the run."
            )
        verdict = f"{len(found.faults)} faults" if found.faults else "the same to the last bit"
        typer.echo(f"{found.run}: {found.n_rows} rows computed again: {verdict}.")
    if found.faults:
        raise typer.Exit(DIFFERS)


def show_history(
    store: Path, analysis: str, measure: str, about: str | None, plot: Path | None, *, as_json: bool
) -> None:
    """Print an estimate over the runs, with a picture if asked."""
    from engine.nights.history import estimate_history

    rows = estimate_history(store, analysis, measure, about)
    if plot is not None:
        from engine.report.history_picture import write_history
        from engine.store.layout import read_manifest, run_of

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
