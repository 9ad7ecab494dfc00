"""The commands that show whether numbers can be trusted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.app import AsJson, app


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
