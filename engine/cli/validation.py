"""Prints a validation: the right digits of each statistic against each oracle."""

from __future__ import annotations

import json
from pathlib import Path

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from engine.errors import AccuracyError, Fault, UsageError
from engine.validate.conformance import GOOD, cases_text, read_answers, score
from engine.validate.suite import Validation, validate

HEADS = ("statistic", "compared with", "samples", "fewest", "median", "promised")


def run_validation(*, quick: bool, as_json: bool) -> None:
    """Validate and print.

    Raises
    ------
    AccuracyError
        If a statistic has fewer digits than promised.
    """
    console = Console(stderr=True)
    found = validate(quick=quick, progress=lambda what: console.print(f"comparing: {what}", style="dim"))
    if as_json:
        typer.echo(json.dumps(found.as_dict(), indent=1))
    else:
        _print(found)
    if found.broken:
        raise AccuracyError(
            *(
                Fault(
                    place=f"{line.statistic} ({line.oracle}{f', {line.hardness}' if line.hardness else ''})",
                    found=f"{line.lowest:.1f} digits agree",
                    expected=f"{line.promised:.1f} or more",
                    remedy="Do not publish this statistic from this machine; report what --json prints.",
                )
                for line in found.broken
            )
        )


def write_cases(path: Path) -> None:
    """Write the conformance cases as JSON.

    Raises
    ------
    UsageError
        If something is there already.
    """
    if path.exists():
        raise UsageError(
            Fault(
                place="--cases",
                found=f"'{path.name}' is there already",
                expected="a new file",
                remedy="Give another name or delete it.",
            )
        )
    path.write_text(cases_text(), encoding="utf-8")
    typer.echo(str(path))


def score_answers(path: Path, *, as_json: bool) -> None:
    """Print the right digits of another program's answers; fewer than 12 are no error here."""
    found = tuple(score(read_answers(path)))
    if as_json:
        typer.echo(json.dumps([line.as_dict() for line in found], indent=1))
        return
    table = Table(box=box.SIMPLE, caption=f"good: at least {GOOD:.0f} right digits")
    for heading in ("statistic", "answers", "good", "fewest", "median"):
        table.add_column(heading, justify="left" if heading == "statistic" else "right")
    for line in found:
        good = sum(digits >= GOOD for digits in line.digits)
        numbers = (f"{line.lowest:.1f}", f"{line.middle:.1f}")
        table.add_row(line.statistic, str(len(line.digits)), str(good), *numbers)
    Console(width=None if Console().is_terminal else 140).print(table)


def _print(found: Validation) -> None:
    console = Console(width=None if Console().is_terminal else 140)
    table = Table(box=box.SIMPLE, caption="decimal digits that are right, of 15")
    for heading in HEADS:
        table.add_column(heading, justify="left" if heading in HEADS[:2] else "right")
    for line in found.lines:
        oracle = f"{line.oracle}, {line.hardness}" if line.hardness else line.oracle
        numbers = (f"{line.lowest:.1f}", f"{line.middle:.1f}", f"{line.promised:.1f}")
        style = None if line.is_kept else "bold red"
        table.add_row(line.statistic, oracle, str(len(line.digits)), *numbers, style=style)
    console.print(table)
    kept = len(found.lines) - len(found.broken)
    console.print(f"{kept} of {len(found.lines)} lines have the digits that are promised.")
