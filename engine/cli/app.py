"""The commands. They import heavy libraries when they run, so that `--help` is instant."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.reader_ahead import reader_ahead

app = typer.Typer(
    name="equirank",
    help="Health-equity statistics on large survey microdata, from one study file.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:  # noqa: FBT001 - called by Typer
    if wanted:
        from engine.version import VERSION

        typer.echo(f"equirank {VERSION}")
        raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version")
    ] = False,
) -> None:
    """Health-equity statistics on large survey microdata, from one study file."""


def _study_names(incomplete: str) -> list[str]:
    from engine.study import shipped_studies

    files = [str(path) for path in sorted(Path().glob(f"{incomplete}*.toml"))]
    return [name for name in [*sorted(shipped_studies()), *files] if name.startswith(incomplete)]


def _analysis_names(context: typer.Context, incomplete: str) -> list[str]:
    from engine.errors import EngineError
    from engine.study import load_study

    try:
        names = [analysis.name for analysis in load_study(str(context.params.get("study"))).analysis]
    except EngineError:
        return []
    return [name for name in names if name.startswith(incomplete)]


Study = Annotated[
    str,
    typer.Argument(
        help="A shipped study (see `equirank studies`) or a TOML file", autocompletion=_study_names
    ),
]
Data = Annotated[
    Path | None, typer.Option(help="File, folder or glob to read instead of the study's own paths")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON")]


@app.command()
def run(
    study: Study = "cmds",
    data: Data = None,
    out: Annotated[Path | None, typer.Option(help="Run directory to write; default: a new one")] = None,
    replicates: Annotated[
        int | None, typer.Option(min=0, max=1_000_000, help="How many; default: those of the study")
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Default: all cores; results do not change")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, max=2**63 - 1, help="Default: that of the study")] = None,
    only: Annotated[
        str | None, typer.Option(help="Run this analysis only", autocompletion=_analysis_names)
    ] = None,
    cells: Annotated[
        list[Path] | None, typer.Option(help="File of `equirank cells` instead of data; repeat it for sites")
    ] = None,
    shard: Annotated[str | None, typer.Option(help="Compute share k/K only, such as 2/16; see merge")] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Run on this many processes (extra dask)")
    ] = None,
    cluster: Annotated[
        str | None, typer.Option(help="Run on a dask scheduler, such as tcp://node1:8786")
    ] = None,
    *,
    no_report: Annotated[
        bool, typer.Option("--no-report", help="Write no report.html, tables/ and figures/")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="On Ctrl-C keep the analyses and replicates that are done")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run a study; without STUDY, the CMDS study on its simulated panel."""
    from engine.cli.runs import run_study

    changed = {"replicates": replicates, "seed": seed, "only": only, "cells": tuple(cells or ())}
    run_study(
        study,
        data,
        out,
        shard=shard,
        workers=workers,
        cluster=cluster,
        threads=threads,
        keep=keep,
        report=not no_report,
        as_json=as_json,
        changed=changed,
    )


@app.command()
def merge(
    shards: Annotated[list[Path], typer.Argument(help="Folders that `equirank run --shard` wrote")],
    out: Annotated[Path, typer.Option(help="Run directory to write")],
    *,
    as_json: AsJson = False,
) -> None:
    """Join the shards of a run; the results have the same bits as a run in one piece."""
    from engine.cli.runs import print_result
    from engine.shards.join import merge_shards

    print_result(merge_shards(shards, out), as_json=as_json)


@app.command()
def show(
    run: Annotated[Path, typer.Argument(help="Run directory, or a store for its current run")],
    only: Annotated[str | None, typer.Option(help="Show this analysis only")] = None,
    plots: Annotated[Path | None, typer.Option(help="Write figures into this folder instead")] = None,
    formats: Annotated[str, typer.Option("--to", help="Formats of the figures: svg, png, pdf")] = "svg",
    *,
    explain: Annotated[bool, typer.Option("--explain", help="Say how to read each kind of number")] = False,
    as_json: AsJson = False,
) -> None:
    """Show all tables of a run, in the order of a paper."""
    from engine.cli.output import print_figures, print_run

    if plots is not None:
        print_figures(run, plots, [one.strip() for one in formats.split(",")])
        return

    print_run(run, as_json=as_json, only=only, explains=explain)


@app.command()
def report(
    run: Annotated[Path, typer.Argument(help="Run directory, or a store for its current run")],
    language: Annotated[str | None, typer.Option(help="en or zh; default: the study's")] = None,
    pdf: Annotated[Path | None, typer.Option(help="Write the report as this PDF instead")] = None,
) -> None:
    """Write report.html of a run again: findings, tables, figures, methods, checklists, provenance."""
    from engine.cli.documents import rebuild_report

    rebuild_report(run, language, pdf)


@app.command()
def tables(
    run: Annotated[Path, typer.Argument(help="Run directory, or a store for its current run")],
    to: Annotated[str, typer.Option(help="Formats: docx,xlsx,tex,md,html,csv,pdf")],
    out: Annotated[Path, typer.Option(help="Folder to write into")],
    language: Annotated[str | None, typer.Option(help="en or zh; default: the study's")] = None,
    digits: Annotated[
        int | None, typer.Option(min=0, max=12, help="Decimals of all estimates; default: chosen for each")
    ] = None,
) -> None:
    """Write the tables of a run as documents, named by their analyses."""
    from engine.cli.documents import write_documents

    write_documents(run, to, out, language, digits)


@app.command()
def studies(*, as_json: AsJson = False) -> None:
    """List the shipped studies."""
    from engine.cli.output import print_studies

    print_studies(as_json=as_json)


@app.command()
def bench(
    rows: Annotated[int, typer.Option(min=10_000, help="People in the simulated sample")] = 540_000,
    out: Annotated[
        Path | None, typer.Option(help="Write the result here; default: this machine's baseline")
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option(help="Compare with an earlier result; default: the baseline")
    ] = None,
    plots: Annotated[Path | None, typer.Option(help="Write pictures into this folder")] = None,
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Polars and equirank only, half a minute")] = False,
    as_json: AsJson = False,
) -> None:
    """Measure throughput on this machine, as ratios against other programs in the same run."""
    from engine.cli.bench import run_bench

    run_bench(rows=rows, out=out, baseline=baseline, plots=plots, quick=quick, as_json=as_json)


@app.command()
def schema() -> None:
    """Print the JSON Schema of a study file, for editors."""
    import json

    from engine.study import json_schema

    typer.echo(json.dumps(json_schema(), indent=2))


@app.command()
def check(study: Study, data: Data = None, *, as_json: AsJson = False) -> None:
    """Show every fault of a study file at once; with --data, of its columns too."""
    with reader_ahead(study):
        from engine.batch.check import check_study, not_looked_at
        from engine.cli.output import print_check

        print_check(study, check_study(study, data), not_looked_at(study, data), as_json=as_json)


@app.command()
def plan(
    study: Study,
    data: Data = None,
    *,
    sql: Annotated[bool, typer.Option("--sql", help="Print the SQL that would run")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what would run: files, rows, sample rules, analyses and replicates."""
    with reader_ahead(study):
        from engine.batch.plan import make_plan
        from engine.cli.output import print_plan

        print_plan(make_plan(study, data), sql=sql, as_json=as_json)


@app.command()
def audit(
    publication: Annotated[
        str, typer.Argument(help="A shipped publication (wang2021, li2022), or a CSV of printed numbers")
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Check the arithmetic of published tables; each slip with its evidence."""
    from engine.audit.audit import audit as check_tables
    from engine.cli.output import print_findings

    print_findings(publication, check_tables(publication), as_json=as_json)


@app.command()
def simulate(
    panel: Annotated[str, typer.Argument(help="Which panel: cmds or clds")],
    out: Annotated[
        Path, typer.Option(help="File (.parquet, .csv, .dta, .sav), or folder: wave files as handed out")
    ],
    rows: Annotated[
        int | None, typer.Option(min=200, max=100_000_000, help="Rows in all; default: those of the survey")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, max=2**63 - 1, help="Default: that of the panel")] = None,
) -> None:
    """Write a simulated panel with the published margins; nobody in it is real."""
    from engine.simulate.panels import simulate_panel

    typer.echo(simulate_panel(panel, out, rows, seed))


@app.command()
def warm() -> None:
    """Compile the kernels ahead, so that the first run does not wait for it."""
    from engine.batch.compiling import compile_all

    typer.echo(f"Kernels ready after {compile_all():.1f} s.")
