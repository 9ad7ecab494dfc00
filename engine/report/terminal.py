"""Shows a run in the terminal: one screen after a run, all tables on request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from engine.report.findings import findings
from engine.report.model import Spanner, Table, missing_decimals, text_columns
from engine.report.run_tables import SAMPLE, KindTables, analysis_sections, run_sections
from engine.report.words.headings import heading
from engine.report.words.notices import notice
from engine.report.words.sentences import Language, language_of
from engine.report.words.tables import translated
from engine.report.words.terminal import terminal_text
from engine.store.run_directory import REPORT

if TYPE_CHECKING:
    from engine.store.run_directory import StoredRun

WIDTH_OFF_TERMINAL = 140
PADDING = 2  # what rich puts between two columns


def show_run(
    run: StoredRun, console: Console, kinds: Mapping[str, KindTables], analysis: str | None = None
) -> None:
    """Print all tables of a run, and what to be careful about."""
    print_tables(run, console, kinds, analysis)
    _print_line(run, console, "directory", path=run.path)


def print_tables(
    run: StoredRun, console: Console, kinds: Mapping[str, KindTables], analysis: str | None = None
) -> None:
    """Print title, tables and warnings of a run, in the language of its study."""
    language = language_of(run.manifest)
    _print_title(run.manifest, console)
    for section in run_sections(run, kinds, analysis):
        if section.kind != SAMPLE:
            console.rule(Text(section.name), align="left", style="dim")
        for table in section.tables:
            print_table(console, translated(table, language), language)
    _print_warnings(run.manifest, console)


def print_summary(run: StoredRun, console: Console, kinds: Mapping[str, KindTables]) -> None:
    """Print one screen: what was estimated, the findings, warnings, and where the rest is."""
    _print_title(run.manifest, console)
    estimated = [section.name for section in analysis_sections(run, kinds)]
    people = run.manifest["sample_flow"][-1]["n"]
    names, results = ", ".join(estimated), f"{run.results.height:,}"
    _print_line(run, console, "estimated", people=f"{people:,}", results=results, names=names)
    console.print()
    print_findings(run, console)
    _print_warnings(run.manifest, console)
    if (run.path / REPORT).is_file():
        _print_line(run, console, "report", path=run.path / REPORT)
    _print_line(run, console, "all_tables", path=run.path)
    _print_line(run, console, "directory", path=run.path)


def print_findings(run: StoredRun, console: Console) -> None:
    """Print the findings of a run, a sentence each."""
    listed = RichTable.grid(padding=(0, 1))
    for sentence in findings(run, language_of(run.manifest)):
        listed.add_row("-", Text(sentence))
    console.print(listed)
    console.print()


def _print_line(run: StoredRun, console: Console, key: str, **parts: object) -> None:
    text = terminal_text(language_of(run.manifest), key, **parts)
    console.print(Text(text), soft_wrap=key != "estimated")


def _print_title(manifest: Mapping[str, Any], console: Console) -> None:
    console.print(Text(manifest["study"]["title"] or manifest["study"]["name"], style="bold"))
    if manifest["simulated"]:
        console.print(Text(heading(language_of(manifest), "mark"), style="bold red"))
    console.print()


def _print_warnings(manifest: Mapping[str, Any], console: Console) -> None:
    language = language_of(manifest)
    for warning in manifest["warnings"]:
        told = notice(language, warning).removesuffix(".").removesuffix("。")
        console.print(Text(terminal_text(language, "note", warning=told), style="yellow"))


def print_table(console: Console, table: Table, language: Language = "en") -> None:
    """Print one table, split where the terminal is too narrow."""
    first, *others = _fitted(_aligned(table), console.width)
    _print(console, first)
    for part in others:
        _print(console, replace(part, title=terminal_text(language, "continued", title=table.title)))


def _aligned(table: Table) -> Table:
    """Return a table whose numbers end in as many spaces as they have decimals less than their column.

    Words of a column end in spaces too, so that they begin below each other.
    """
    lines = [row for row in table.rows if len(row) > 1]
    lacking = [missing_decimals(column) for column in zip(*lines, strict=True)]
    padded = iter(
        tuple(cell + " " * lacking[i][place] for i, cell in enumerate(row)) for place, row in enumerate(lines)
    )
    words = [place for place, is_left in enumerate(text_columns(table)) if place and is_left]
    rows = tuple(next(padded) if len(row) > 1 else row for row in table.rows)
    width = {place: max(cell_len(row[place]) for row in (table.columns, *lines)) for place in words}
    filled = [_filled(row, width) if len(row) > 1 else row for row in (table.columns, *rows)]
    return replace(table, columns=filled[0], rows=tuple(filled[1:]))


def _filled(row: tuple[str, ...], width: Mapping[int, int]) -> tuple[str, ...]:
    """Return a row whose cells of some columns are filled with spaces up to a width."""
    return tuple(
        cell + " " * (width[place] - cell_len(cell)) if place in width else cell
        for place, cell in enumerate(row)
    )


def make_console() -> Console:
    """Return the console of stdout; plain and wide enough when it is no terminal.

    Without a terminal COLUMNS gives the width; NO_COLOR forbids colour everywhere (https://no-color.org).
    """
    import os
    import sys

    terminal = sys.stdout.isatty()
    given = os.environ.get("COLUMNS", "")
    return Console(
        file=sys.stdout,
        width=int(given) if given.isdigit() and int(given) > 0 else None if terminal else WIDTH_OFF_TERMINAL,
        no_color=not terminal or bool(os.environ.get("NO_COLOR")),
        highlight=False,
    )


def _headings(table: Table) -> list[str]:
    """Return the heading of each column, its spanner on a line above, the last lines level."""
    above = {spanner.start: spanner.label for spanner in table.spanners}
    height = max(column.count("\n") for column in table.columns)
    lines = []
    for place, column in enumerate(table.columns):
        padded = "\n" * (height - column.count("\n")) + column
        lines.append(f"{above.get(place, '')}\n{padded}" if above else padded)
    return lines


def _widths(table: Table) -> list[int]:
    """Return the width of each column; a row of one cell is a heading and may run over."""
    columns = [heading.split("\n") for heading in _headings(table)]
    for row in table.rows:
        for i, cell in enumerate(row if len(row) > 1 else ()):
            columns[i].extend(cell.split("\n"))
    return [max(cell_len(text) for text in column) + PADDING for column in columns]


def _fitted(table: Table, width: int) -> Iterator[Table]:
    """Yield tables as wide as the terminal: intervals move to a second line, then columns are split."""
    if sum(_widths(table)) <= width:
        yield table
        return
    rows = tuple((row[0], *(cell.replace(" (", "\n(") for cell in row[1:])) for row in table.rows)
    columns = (table.columns[0], *(heading.replace(" (", "\n(") for heading in table.columns[1:]))
    broken = replace(table, rows=rows, columns=columns)
    first, *others = _widths(broken)
    blocks = _blocks(broken)
    start = 0
    while start < len(blocks):
        end, used = start, first
        while end < len(blocks) and (end == start or used + sum(others[i - 1] for i in blocks[end]) <= width):
            used += sum(others[i - 1] for i in blocks[end])
            end += 1
        yield _part(broken, blocks[start:end], last=end == len(blocks))
        start = end


def _blocks(table: Table) -> list[range]:
    """Return the columns after the first that stay together: those under one spanner, else each alone."""
    blocks: list[range] = []
    spanned = {spanner.start: spanner.end for spanner in table.spanners}
    start = 1
    while start < len(table.columns):
        end = spanned.get(start, start + 1)
        blocks.append(range(start, end))
        start = end
    return blocks


def _part(table: Table, blocks: Sequence[range], *, last: bool) -> Table:
    """Return some columns of a table, after its row names."""
    start, end = blocks[0].start, blocks[-1].stop
    spanners = tuple(
        Spanner(label=spanner.label, start=spanner.start - start + 1, end=spanner.end - start + 1)
        for spanner in table.spanners
        if start <= spanner.start < end
    )
    return replace(
        table,
        columns=(table.columns[0], *table.columns[start:end]),
        rows=tuple((row[0], *row[start:end]) for row in table.rows),
        notes=table.notes if last else (),
        spanners=spanners,
    )


def _print(console: Console, table: Table) -> None:
    console.print(Text(table.title, style="bold"))
    shown = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True, show_edge=False)
    widths = [width - PADDING for width in _widths(table)]
    for position, column in enumerate(_headings(table)):
        text = column if position == 0 else _to_the_right(column, widths[position])
        shown.add_column(Text(text), no_wrap=True, overflow="fold")
    for row in table.rows:
        cells = (_to_the_right(cell, width) for cell, width in zip(row[1:], widths[1:], strict=False))
        shown.add_row(Text(row[0]), *(Text(cell) for cell in cells), style="bold" if len(row) == 1 else None)
    console.print(shown)
    for note in table.notes:
        console.print(Text(note, style="dim"))
    console.print()


def _to_the_right(text: str, width: int) -> str:
    """Return each line of a text with spaces before it; rich would drop the spaces that follow numbers."""
    return "\n".join(" " * (width - cell_len(line)) + line for line in text.split("\n"))
