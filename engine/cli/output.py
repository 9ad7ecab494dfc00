"""What the commands print on stdout."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from engine.errors import Fault, UsageError, nearest
from engine.study import load_study, shipped_studies

if TYPE_CHECKING:
    from engine.audit.findings import Finding
    from engine.batch.plan import StudyPlan
    from engine.data.codebook import Codebook
    from engine.store.run_directory import StoredRun


def print_run(path: Path, *, as_json: bool, only: str | None = None, explains: bool = False) -> None:
    """Print a run directory: its tables, with how to read them on request, or one JSON object."""
    run = _stored(path)
    names = run.results["analysis"].unique(maintain_order=True).to_list()
    if only is not None and only not in names:
        raise UsageError(
            f"--only '{only}': no such analysis in this run; expected one of it. {nearest(only, names)}"
        )
    if as_json:
        _print_json(path, run, only)
        return
    from engine.batch.kinds import TABLES
    from engine.report.terminal import make_console, show_run

    show_run(run, make_console(), TABLES, only)
    if explains:
        from engine.report.readings import readings

        shown = run.results if only is None else run.results.filter(run.results["analysis"] == only)
        typer.echo("\n".join(["", "How to read it", *readings(shown["measure"].unique().to_list())]))


def print_finished(path: Path, *, as_json: bool) -> None:
    """Print one screen about a run that has just ended, or the same JSON object as `print_run`."""
    run = _stored(path)
    if as_json:
        _print_json(path, run, None)
        return
    from engine.batch.kinds import TABLES
    from engine.report.terminal import make_console, print_summary

    print_summary(run, make_console(), TABLES)


def _stored(path: Path) -> StoredRun:
    from engine.store.layout import run_of
    from engine.store.run_directory import read_run

    return read_run(run_of(path))


def _print_json(path: Path, run: StoredRun, only: str | None) -> None:
    rows = [row for row in run.results.to_dicts() if only in (None, row["analysis"])]
    typer.echo(json.dumps({"run": str(path), "manifest": run.manifest, "results": rows}, ensure_ascii=False))


def print_figures(run: Path, folder: Path, formats: Sequence[str]) -> None:
    """Write the figures of a run and print their names."""
    from engine.report.figures.of_run import drawings_of, write_figures
    from engine.store.layout import run_of
    from engine.store.run_directory import read_run

    written = write_figures(drawings_of(read_run(run_of(run))), folder, formats)
    for path in written.paths:
        typer.echo(str(path))
    for note in written.notes:
        typer.echo(f"Note: {note}.", err=True)


def print_studies(*, as_json: bool) -> None:
    """Print the shipped studies with what they need."""
    found = []
    for name, path in shipped_studies().items():
        spec = load_study(path)
        needs = {None: "--data", "meps": "extra 'examples'"}.get(spec.source.builtin, "nothing")
        found.append({"name": name, "title": spec.study.title, "needs": needs})
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    for item in found:
        typer.echo(f"{item['name']:<10} {item['title']}  [needs {item['needs']}]")


def print_check(study: str, faults: Sequence[Fault], unseen: str | None, *, as_json: bool) -> None:
    """Print the faults of a study, and what could not be looked at; exit 10 if there are faults."""
    if as_json:
        listed = [
            {"path": fault.place, "found": fault.found, "expected": fault.expected, "remedy": fault.remedy}
            for fault in faults
        ]
        typer.echo(
            json.dumps({"study": study, "faults": listed, "not_looked_at": unseen}, ensure_ascii=False)
        )
    elif faults:
        typer.echo(f"{study}: {len(faults)} fault{'s' if len(faults) > 1 else ''}")
        for fault in faults:
            typer.echo(f"  {fault}")
    else:
        typer.echo(f"{study}: no faults.")
    if unseen is not None and not as_json:
        typer.echo(f"  {unseen}.")
    if faults:
        raise typer.Exit(10)


def print_findings(publication: str, findings: Sequence[Finding], *, as_json: bool) -> None:
    """Print the findings of an audit, certain ones first."""
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False))
        return
    certain = sum(finding.certainty == "certain" for finding in findings)
    typer.echo(f"{publication}: {certain} certain findings, {len(findings) - certain} inferred")
    for finding in findings:
        typer.echo(f"[{finding.certainty}] {finding.check}: {finding.place}: printed {finding.printed}")
        typer.echo(f"    {finding.evidence}.")


def print_codebook(book: Codebook, *, as_json: bool) -> None:
    """Print a codebook: one line a variable, its codes below."""
    if as_json:
        typer.echo(json.dumps(book.as_dict(), ensure_ascii=False))
        return
    title = f" ({book.file_label})" if book.file_label else ""
    typer.echo(
        f"{book.file}{title}: {book.n_rows:,} rows, {len(book.entries)} variables, text {book.encoding}"
    )
    for entry in book.entries:
        blank = (
            f", {entry.n_blank:,} blank" if entry.n_blank else ", some blank" if entry.n_blank is None else ""
        )
        typer.echo(f"{entry.name}  {entry.label}  [{entry.kind}, {entry.n_distinct:,} different{blank}]")
        for code, label, n in entry.codes:
            count = "not told" if n is None else f"{n:,}"
            typer.echo(f"    {code:>6}  {label}  {count}")


def print_plan(plan: StudyPlan, *, sql: bool, as_json: bool) -> None:
    """Print a plan: files and rows, rules, analyses; or the SQL."""
    if as_json:
        typer.echo(json.dumps(plan.as_dict(), ensure_ascii=False))
        return
    if sql:
        for text in plan.sql:
            typer.echo(text)
        return
    typer.echo(f"{plan.title} (seed {plan.seed})")
    typer.echo("Files")
    for name, rows in plan.files:
        typer.echo(f"  {name}  {rows:,} rows")
    typer.echo(f"Panel: {'ready' if plan.panel_ready else 'to be written'}")
    if plan.weights is not None:
        typer.echo(f"Weights: {plan.weights}")
    if plan.imputations is not None:
        typer.echo(f"Imputations: {plan.imputations}")
    typer.echo("Sample rules")
    for label, condition in plan.rules:
        typer.echo(f"  {label}: {condition}")
    typer.echo("Analyses")
    for line in plan.analyses:
        typer.echo(f"  {line}")
    if plan.will_fail:
        typer.echo("Will fail")
    for line in plan.will_fail:
        typer.echo(f"  {line}")
