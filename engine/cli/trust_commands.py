"""The commands that show whether numbers can be trusted."""

from __future__ import annotations

from typing import Annotated

import typer

from engine.cli.app import AsJson, app


@app.command()
def validate(
    *,
    quick: Annotated[bool, typer.Option("--quick", help="A fifth of the samples")] = False,
    as_json: AsJson = False,
) -> None:
    """Check the numbers on this machine against certified, exact and independent ones, in digits."""
    from engine.cli.validation import run_validation

    run_validation(quick=quick, as_json=as_json)
