"""The commands that look after a store: repair and rollback."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.app import AsJson, app

StoreFolder = Annotated[Path, typer.Option("--store", help="Folder of the store")]


@app.command()
def repair(store: StoreFolder, *, as_json: AsJson = False) -> None:
    """Rebuild a store from what is whole; damaged runs are set aside."""
    from engine.cli.stores import show_repair

    show_repair(store, as_json=as_json)


@app.command()
def rollback(
    store: StoreFolder,
    to: Annotated[str | None, typer.Option(help="The run, such as 000012; default: the one before")] = None,
) -> None:
    """Publish an earlier run again as the current one; the next night computes anew."""
    from engine.cli.progress import progress_reporter
    from engine.nights.rollback import rollback as publish_again

    with progress_reporter():
        run = publish_again(store, to)
    typer.echo(f"The current run is {run}.")
