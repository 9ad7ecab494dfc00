"""Prints a benchmark: what was measured, then every program's time."""

from __future__ import annotations

import json
from pathlib import Path

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from engine.bench.baseline import baseline_path, read_baseline, slower_than, write_result
from engine.bench.plots import write_plots
from engine.bench.suite import BenchResult, run_benchmark


def run_bench(
    *, rows: int, out: Path | None, baseline: Path | None, plots: Path | None, quick: bool, as_json: bool
) -> None:
    """Measure, compare with the baseline, store, and print."""
    before = read_baseline(baseline) if baseline is not None else None
    console = Console(stderr=True)
    result = run_benchmark(
        rows, quick=quick, progress=lambda what: console.print(f"measuring: {what}", style="dim")
    )
    kept = baseline_path(result.machine, rows)
    if before is None and kept.is_file():
        before = read_baseline(kept)
    slower = [] if before is None else [*slower_than(result, before)]
    if out is not None or before is None:
        write_result(result, out or kept)
    if plots is not None:
        write_plots(result.as_dict(), plots)
    if as_json:
        typer.echo(json.dumps({**result.as_dict(), "slower": slower}, indent=1))
        return
    _print(result, slower)


def _print(result: BenchResult, slower: list[str]) -> None:
    console = Console(width=None if Console().is_terminal else 140)
    machine = result.machine
    console.print(
        f"{result.rows:,} rows, {machine['cores']} cores ({machine['architecture']}), "
        f"{machine['vector_bits']}-bit vectors; medians"
    )
    asked = Table(box=box.SIMPLE)
    for heading in ("work", "measured", "against"):
        asked.add_column(heading, justify="right" if heading == "measured" else "left")
    for check in result.checks:
        asked.add_row(check.work, f"{check.value:,.3g} {check.unit}", check.compared_with)
    console.print(asked)
    times = Table(box=box.SIMPLE)
    for heading in ("program", "what", "rows", "replicates", "threads", "ms a replicate"):
        times.add_column(heading, justify="left" if heading in ("program", "what") else "right")
    for one in result.timings:
        times.add_row(
            one.program, one.what, f"{one.rows:,}", f"{one.replicates:,}", str(one.threads), f"{one.ms:,.4f}"
        )
    console.print(times)
    for line in slower:
        console.print(f"Slower than the baseline by a quarter or more: {line}", style="yellow")
