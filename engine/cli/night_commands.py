"""The commands of the nightly store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.app import AsJson, Study, app

Inbox = Annotated[Path, typer.Option(help="Folder that wave files are put into; nothing in it is changed")]
StoreFolder = Annotated[Path, typer.Option("--store", help="Folder of the store; `refresh` makes it")]
Strict = Annotated[
    bool, typer.Option("--strict", help="Fail on a file that no path of the study names, and on a late wave")
]
LogJson = Annotated[bool, typer.Option("--log-json", help="Write events on stderr as JSON lines")]


@app.command()
def refresh(
    study: Study,
    inbox: Inbox,
    store: StoreFolder,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Default: all cores; results do not change")
    ] = None,
    keep_runs: Annotated[int, typer.Option(min=1, help="How many of the newest runs stay")] = 400,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds that reading one file may take")] = 3600.0,
    alert: Annotated[
        str | None, typer.Option(help="Command to run on trouble; gets the report as JSON")
    ] = None,
    site: Annotated[
        Path | None, typer.Option(help="Write the store as pages into this folder; see `equirank site`")
    ] = None,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be done and why; change nothing")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Like --dry-run, but exit 14 if anything would be done")
    ] = False,
    strict: Strict = False,
    accept_revision: Annotated[
        bool,
        typer.Option("--accept-revision", help="Take files that have lost more than a tenth of their rows"),
    ] = False,
    log_json: LogJson = False,
    as_json: AsJson = False,
) -> None:
    """Bring the store up to what lies in the inbox: only what a new or changed file touches is computed."""
    from engine.cli.nights import NightOutput, run_night, show_plan

    if dry_run or check:
        show_plan(study, inbox, store, accept_revision=accept_revision, as_json=as_json, fails=check)
        return
    from engine.nights.night import NightOptions

    options = NightOptions(
        threads=threads, accept_revision=accept_revision, keep_runs=keep_runs, timeout=timeout
    )
    output = NightOutput(alert=alert, log_json=log_json, as_json=as_json, site=site, strict=strict)
    run_night(study, inbox, store, options, output)


@app.command()
def status(
    study: Annotated[str | None, typer.Argument(help="Default: as in the last night")] = None,
    store: StoreFolder = Path("store"),
    inbox: Annotated[Path | None, typer.Option(help="Default: as in the last night")] = None,
    max_age: Annotated[
        float | None, typer.Option(min=0, help="Hours after which results count as stale")
    ] = None,
    *,
    strict: Strict = False,
    as_json: AsJson = False,
) -> None:
    """Show what is stale, why, and how old the results are; exit 14 if anything is stale."""
    from engine.cli.nights import show_status

    show_status(study, inbox, store, max_age, strict=strict, as_json=as_json)


@app.command()
def diff(
    before: Annotated[Path, typer.Argument(help="A run directory, or a store for its current run")],
    after: Annotated[Path, typer.Argument(help="The run or store to compare with")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show which estimates differ between two runs, and by how many standard errors; exit 13 if any does."""
    from engine.cli.nights import show_differences

    show_differences(before, after, as_json=as_json)


@app.command()
def verify(
    run: Annotated[
        Path | None, typer.Argument(help="A store for its current run, a run in it, or any run with --data")
    ] = None,
    store: Annotated[
        Path | None, typer.Option(help="Instead: list every damaged file of this store; computes nothing")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Files of a run outside a store")] = None,
    only: Annotated[str | None, typer.Option(help="Compute this analysis only")] = None,
    cells: Annotated[
        list[Path] | None, typer.Option(help="File of `equirank cells` that the run was computed from")
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Default: all cores; results do not change")
    ] = None,
    public_key: Annotated[
        Path | None, typer.Option(help="Instead: check the signature of the run; computes nothing")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Compute a run again from its manifest and compare every bit; exit 13 if one differs."""
    from engine.errors import UsageError

    if (run is None) == (store is None):
        raise UsageError("verify: found both RUN and --store, or none; expected one of them. Give one.")
    if store is not None:
        from engine.cli.stores import show_damage

        show_damage(store, as_json=as_json)
    if run is None:
        return
    if public_key is not None:
        from engine.cli.stores import show_signature

        show_signature(run, public_key, as_json=as_json)
        return
    from engine.cli.nights import show_verification

    show_verification(run, data, only, threads, cells=tuple(cells or ()), as_json=as_json)


@app.command()
def history(
    analysis: Annotated[str, typer.Argument(help="Name of the analysis")],
    measure: Annotated[str, typer.Argument(help="Name of the quantity, such as erreygers")],
    store: StoreFolder,
    about: Annotated[
        str | None, typer.Option(help="Wave, group, outcome, term or level; default: all")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Write a picture (SVG) of it here")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show an estimate over the runs of a store."""
    from engine.cli.nights import show_history

    show_history(store, analysis, measure, about, plot, as_json=as_json)


@app.command()
def site(
    store: Annotated[Path, typer.Argument(help="A store with a run")],
    out: Annotated[Path, typer.Option(help="Folder for the pages; pages that are there are replaced")],
) -> None:
    """Write a store as static pages: newest run, changes, history of estimates, quarantine."""
    from engine.report.site.write import write_site

    typer.echo(str(write_site(store, out)))
