"""The commands that help to write a study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from engine.cli.app import AsJson, app
from engine.cli.reader_ahead import reader_ahead
from engine.errors import UsageError


@app.command()
def codebook(
    file: Annotated[
        Path, typer.Argument(help="Survey file: .dta, .sav, .csv, .tsv, .xlsx, .parquet or .zip")
    ],
    search: Annotated[str | None, typer.Option(help="Only names and labels that match this pattern")] = None,
    encoding: Annotated[str | None, typer.Option(help="Text encoding; default: found from the bytes")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List names, labels, codes and blanks of a survey file; no record is shown."""
    with reader_ahead(file):
        from engine.cli.output import print_codebook
        from engine.data.codebook import file_codebook

        print_codebook(file_codebook(file, encoding, search), as_json=as_json)


@app.command()
def init(
    files: Annotated[list[Path], typer.Argument(help="Survey files; several are waves")],
    search: Annotated[str | None, typer.Option(help="Only names and labels that match this pattern")] = None,
    encoding: Annotated[str | None, typer.Option(help="Text encoding; default: found from the bytes")] = None,
) -> None:
    """Print the draft of a study of survey files: levels from their labels, questions as comments."""
    with reader_ahead(files[0]):
        from engine.draft.draft import draft_study

        typer.echo(draft_study(files, encoding, search), nl=False)


@app.command(name="import")
def import_script(
    script: Annotated[Path, typer.Argument(help="A do-file (.do) or an R script (.R)")],
) -> None:
    """Print the study that a script asks for; lines that it cannot take are listed with the reason."""
    from engine.draft.script_text import imported_study

    typer.echo(imported_study(script), nl=False)


@app.command()
def advise(
    outcome: Annotated[
        Literal["event", "bounded", "amount"] | None, typer.Option(help="What the outcome is")
    ] = None,
    view: Annotated[
        Literal["relative", "absolute"] | None, typer.Option(help="Which differences count")
    ] = None,
    weight: Annotated[
        Literal["all", "bottom", "ends"] | None, typer.Option(help="Who counts more; all by default")
    ] = None,
    about: Annotated[
        Literal["rank", "payments", "benefits", "parts", "rates", "models", "clusters", "missing"],
        typer.Option(help="What the question is about"),
    ] = "rank",
) -> None:
    """Say which analysis fits a question, ready to paste; without options, print the questions."""
    from engine.study.advice import QUESTIONS, advice
    from engine.study.advice_beyond_ranks import advice_about

    if about != "rank":
        for option, given in (("outcome", outcome), ("view", view), ("weight", weight)):
            if given is not None:
                raise UsageError(
                    f"--{option}: found '{given}' with --about {about}; expected it with --about rank only. "
                    "Drop it."
                )
        typer.echo(advice_about(about))
        return
    typer.echo(QUESTIONS if outcome is None or view is None else advice(outcome, view, weight or "all"))
