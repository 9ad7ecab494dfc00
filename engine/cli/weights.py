"""`equirank weights`: what it writes, and how to read it in R and Stata."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast, get_args

import typer

from engine.batch.weights_export import export_weights
from engine.errors import Fault, UsageError, nearest
from engine.study.bootstrap import ReplicateMethod

METHODS = [name for name in get_args(ReplicateMethod) if name != "replicate-weights"]


def write_weights(
    study: str,
    out: Path,
    data: Path | None,
    *,
    replicates: int,
    method: str,
    seed: int | None,
    as_json: bool,
) -> None:
    """Write the weights, and print the side file or the commands of R and Stata."""
    if method not in METHODS:
        found, expected = f"found '{method}'", f"one of {', '.join(METHODS)}"
        raise UsageError(Fault("--method", found, expected, nearest(method, METHODS)))
    made = cast("ReplicateMethod", method)
    written = export_weights(study, out, data, replicates=replicates, method=made, seed=seed)
    if as_json:
        typer.echo(json.dumps(written.facts))
        return
    typer.echo(f"{written.path}, {written.side}")
    typer.echo(f"R:     {written.facts['r']}")
    typer.echo(f"Stata: {written.facts['stata']}")
