"""The commands that show whether numbers can be trusted, and that let other programs compute them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from engine.cli.app import AsJson, Data, Study, app


@app.command()
def validate(
    cases: Annotated[Path | None, typer.Option(help="Write 500 cases with exact answers here")] = None,
    answers: Annotated[Path | None, typer.Option(help="Score the answers of another program")] = None,
    *,
    quick: Annotated[bool, typer.Option("--quick", help="A fifth of the samples")] = False,
    as_json: AsJson = False,
) -> None:
    """Check the numbers on this machine against certified, exact and independent ones, in digits."""
    from engine.cli.validation import run_validation, score_answers, write_cases

    if cases is not None:
        write_cases(cases)
        return
    if answers is not None:
        score_answers(answers, as_json=as_json)
        return
    run_validation(quick=quick, as_json=as_json)


@app.command()
def key(
    file: Annotated[Path, typer.Argument(help="New private key; the public one goes beside it, as .pub.pem")],
) -> None:
    """Make a pair of Ed25519 keys for signatures of runs."""
    from engine.store.signing import make_key

    typer.echo(str(make_key(file)))


@app.command()
def sign(
    run: Annotated[Path, typer.Argument(help="Run directory, or a store for its current run")],
    private: Annotated[Path, typer.Option("--key", help="Private key")],
) -> None:
    """Sign every file of a run; `verify --public-key` checks it."""
    from engine.store.layout import run_of
    from engine.store.signing import sign_run

    typer.echo(str(sign_run(run_of(run), private)))


@app.command()
def release(
    run: Annotated[Path, typer.Argument(help="Run directory, or a store for its current run")],
    out: Annotated[Path, typer.Option(help="Folder to write into")],
    threshold: Annotated[
        int | None,
        typer.Option(min=2, max=1000, help="People; default: that of the study or the site, else 10"),
    ] = None,
) -> None:
    """Write a copy of a run without numbers of few people, and without those that would give them away."""
    from engine.batch.release_run import release_run

    typer.echo(str(release_run(run, out, threshold)))


@app.command()
def crate(
    run: Annotated[Path, typer.Argument(help="Run directory, or a store for its current run")],
) -> None:
    """Write RO-Crate metadata into a run, so that archives can read what it holds."""
    from engine.store.crate import write_crate
    from engine.store.layout import run_of

    typer.echo(str(write_crate(run_of(run))))


@app.command()
def weights(
    study: Study,
    out: Annotated[
        Path, typer.Option(help="File to write: .csv, .parquet or .dta; a .json stands beside it")
    ],
    data: Data = None,
    replicates: Annotated[
        int, typer.Option(min=2, max=1_000_000, help="How many; a jackknife ignores it")
    ] = 500,
    method: Annotated[str, typer.Option(help="auto, iid, cluster, rao-wu, poisson or jackknife")] = "auto",
    seed: Annotated[int | None, typer.Option(min=0, max=2**63 - 1, help="Default: that of the study")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Write the sample with replicate weights as columns, for R and Stata."""
    from engine.cli.weights import write_weights

    write_weights(study, out, data, replicates=replicates, method=method, seed=seed, as_json=as_json)


@app.command()
def heat(
    run: Annotated[Path, typer.Argument(help="Run directory, or a store for its current run")],
    out: Annotated[Path, typer.Option(help="CSV file to write")],
    setting: Annotated[str, typer.Option(help="The country or area")],
    iso3: Annotated[str | None, typer.Option(help="Its code, such as CHN")] = None,
    source: Annotated[str | None, typer.Option(help="Of the data; default: the title of the study")] = None,
    date: Annotated[str | None, typer.Option(help="Year where the wave is none, or 1=2014,2=2016")] = None,
    favourable: Annotated[
        str | None,
        typer.Option(help="Outcomes of which more is better, or none; default: as disparity analyses say"),
    ] = None,
) -> None:
    """Write the rates of a run by subgroup for WHO's HEAT Plus, in the columns of its template."""
    from engine.batch.heat_file import HeatSetting
    from engine.cli.documents import write_heat

    names = None if favourable is None else tuple(one.strip() for one in favourable.split(","))
    about = HeatSetting(setting=setting, iso3=iso3, source=source, date=date, favourable=names)
    write_heat(run, out, about)


@app.command()
def cells(
    study: Study,
    out: Annotated[Path, typer.Option(help="File to write; `run --cells` takes it")],
    data: Data = None,
    only: Annotated[str | None, typer.Option(help="For this analysis only")] = None,
    least: Annotated[int, typer.Option(min=1, help="Fewest people that a cell may stand for")] = 5,
    largest_weight: Annotated[
        float | None, typer.Option(min=0.0, help="No weight at any site is above it; sets the scale of sums")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Write the cells that a site shares instead of records; several sites' files give one result."""
    from engine.batch.cells_export import export_cells

    made = export_cells(study, out, data, least=least, largest_weight=largest_weight, only=only)
    if as_json:
        typer.echo(json.dumps({"cells": str(made.path), "count": made.cells, "least": made.least}))
    else:
        typer.echo(f"{made.path}: {made.cells:,} cells, none of fewer than {made.least} people")
