"""Shows a run in the terminal: first what a reader wants first, the headline tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from engine.report.flow_table import flow_table
from engine.report.model import Table
from engine.report.run_tables import KindTables, run_sections
from engine.report.scorecard_table import scorecard_tables

if TYPE_CHECKING:
    from engine.store.run_directory import StoredRun

WIDTH_OFF_TERMINAL = 140
PADDING = 2  # what rich puts between two columns


def show_run(
    run: StoredRun, console: Console, kinds: Mapping[str, KindTables], analysis: str | None = None
) -> None:
    """Print a run: title, sample flow, the tables of each analysis, the scorecard, warnings."""
    manifest = run.manifest
    title = manifest["study"]["title"] or manifest["study"]["name"]
    console.print(Text(title, style="bold"))
    if manifest["simulated"]:
        console.print(Text("SIMULATED DATA: nobody in these records is real.", style="bold red"))
    console.print()
    print_table(console, flow_table(manifest))
    for section in run_sections(run, kinds, analysis):
        console.rule(Text(", ".join(section.analyses)), align="left", style="dim")
        for table in section.tables:
            print_table(console, table)
    if run.scorecard is not None and analysis is None:
        console.rule(Text("scorecard"), align="left", style="dim")
        for table in scorecard_tables(
            run.scorecard.to_dicts(), manifest["study"]["asked"]["study"]["published"]
        ):
            _print(console, table)
    for warning in manifest["warnings"]:
        console.print(Text(f"Note: {warning}.", style="yellow"))
    console.print(Text(f"Run directory: {run.path}"), soft_wrap=True)


def print_table(console: Console, table: Table) -> None:
    """Print one table, split where the terminal is too narrow."""
    for part in _fitted(table, console.width):
        _print(console, part)


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


def _widths(table: Table) -> list[int]:
    """Return the width of each column; a row of one cell is a heading and may run over."""
    columns = [[heading] for heading in table.columns]
    for row in table.rows:
        for i, cell in enumerate(row if len(row) > 1 else ()):
            columns[i].extend(cell.split("\n"))
    return [max(len(text) for text in column) + PADDING for column in columns]


def _fitted(table: Table, width: int) -> Iterator[Table]:
    """Yield tables as wide as the terminal: intervals move to a second line, then columns are split."""
    if sum(_widths(table)) <= width:
        yield table
        return
    rows = tuple((row[0], *(cell.replace(" (", "\n(") for cell in row[1:])) for row in table.rows)
    broken = replace(table, rows=rows)
    first, *others = _widths(broken)
    start = 1
    while start < len(table.columns):
        end, used = start, first
        while end < len(table.columns) and (end == start or used + others[end - 1] <= width):
            used += others[end - 1]
            end += 1
        yield replace(
            broken,
            title=table.title if start == 1 else f"{table.title} (continued)",
            columns=(table.columns[0], *table.columns[start:end]),
            rows=tuple((row[0], *row[start:end]) for row in rows),
            notes=table.notes if end == len(table.columns) else (),
        )
        start = end


def _print(console: Console, table: Table) -> None:
    console.print(Text(table.title, style="bold"))
    shown = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True, show_edge=False)
    for position, column in enumerate(table.columns):
        shown.add_column(
            column, justify="left" if position == 0 else "right", no_wrap=position == 0, overflow="fold"
        )
    for row in table.rows:
        shown.add_row(*(Text(cell) for cell in row), style="bold" if len(row) == 1 else None)
    console.print(shown)
    for note in table.notes:
        console.print(Text(note, style="dim"))
    console.print()
