"""Shows a run in the terminal: first what a reader wants first, the headline tables."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from engine.report.model import Table
from engine.report.tables import analysis_tables, flow_table

if TYPE_CHECKING:
    from engine.store.run_directory import StoredRun

WIDTH_OFF_TERMINAL = 140
HEADLINE_FIRST = {"concentration": 0, "curve": 1, "rates": 2, "describe": 3}


def show_run(run: StoredRun, console: Console, analysis: str | None = None) -> None:
    """Print a run: title, sample flow, then the analyses with the indices first."""
    manifest = run.manifest
    title = manifest["study"]["title"] or manifest["study"]["name"]
    console.print(Text(title, style="bold"))
    if manifest["simulated"]:
        console.print(Text("SIMULATED DATA: nobody in these records is real.", style="bold red"))
    console.print()
    _print(console, flow_table(manifest))
    rows = run.results.to_dicts()
    found = [list(group) for _, group in groupby(rows, key=lambda row: row["analysis"])]
    for own in sorted(found, key=lambda own: HEADLINE_FIRST.get(own[0]["kind"], 9)):
        if analysis is None or own[0]["analysis"] == analysis:
            console.rule(Text(own[0]["analysis"]), align="left", style="dim")
            for table in analysis_tables(own):
                _print(console, table)
    for warning in manifest["warnings"]:
        console.print(Text(f"Note: {warning}.", style="yellow"))
    console.print(Text(f"Run directory: {run.path}"), soft_wrap=True)


def make_console() -> Console:
    """Return the console of stdout; plain and wide enough when it is no terminal."""
    import sys

    terminal = sys.stdout.isatty()
    return Console(
        file=sys.stdout,
        width=None if terminal else WIDTH_OFF_TERMINAL,
        no_color=not terminal,
        highlight=False,
    )


def _print(console: Console, table: Table) -> None:
    shown = RichTable(title=table.title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for position, column in enumerate(table.columns):
        shown.add_column(column, justify="left" if position == 0 else "right", no_wrap=position == 0, overflow="fold")
    for row in table.rows:
        shown.add_row(*(Text(cell) for cell in row), style="bold" if len(row) == 1 else None)
    console.print(shown)
    for note in table.notes:
        console.print(Text(note, style="dim"))
    if table.notes:
        console.print()
