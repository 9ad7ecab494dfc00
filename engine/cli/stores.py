"""Prints the damage of a store, and what was done about it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from engine.cli.nights import DIFFERS

if TYPE_CHECKING:
    from engine.nights.repair import Damage


def show_damage(store: Path, *, as_json: bool) -> None:
    """Print all damage of a store; exit 13 if there is any."""
    from engine.nights.repair import store_damage

    found = store_damage(store)
    if as_json:
        typer.echo(_as_json(store, found))
    else:
        for damage in found:
            typer.echo(f"  {damage}")
        verdict = f"{len(found)} damaged; `equirank repair` rebuilds" if found else "every file is whole"
        typer.echo(f"{store}: {verdict}.")
    if found:
        raise typer.Exit(DIFFERS)


def show_signature(run: Path, public_key: Path, *, as_json: bool) -> None:
    """Print whether a run is as it was signed; exit 13 if not."""
    from engine.store.layout import run_of
    from engine.store.signing import signature_faults

    faults = signature_faults(run_of(run), public_key)
    if as_json:
        typer.echo(json.dumps({"run": str(run), "faults": faults}, ensure_ascii=False))
    else:
        for fault in faults:
            typer.echo(f"  {fault}")
        verdict = f"{len(faults)} faults" if faults else "every file is as it was signed with this key"
        typer.echo(f"{run}: {verdict}.")
    if faults:
        raise typer.Exit(DIFFERS)


def show_repair(store: Path, *, as_json: bool) -> None:
    """Repair a store and print what was done."""
    from engine.nights.repair import repair

    found = repair(store)
    if as_json:
        typer.echo(_as_json(store, found))
        return
    for damage in found:
        typer.echo(f"  {damage}: {damage.cure}")
    typer.echo(f"{store}: {len(found)} repaired." if found else f"{store}: nothing is damaged.")


def _as_json(store: Path, found: Sequence[Damage]) -> str:
    listed = [{"path": str(one.path), "found": one.found, "cure": one.cure} for one in found]
    return json.dumps({"store": str(store), "damage": listed}, ensure_ascii=False)
