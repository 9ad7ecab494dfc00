"""The report of a machine on which it cannot be rendered: why, and the tables as they are in a terminal."""

from __future__ import annotations

import io
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING

from engine.report.run_tables import KindTables

if TYPE_CHECKING:
    from engine.store.run_directory import StoredRun

WIDTH = 120


def plain_report(run: StoredRun, why: str, kinds: Mapping[str, KindTables] | None) -> str:
    """Return a page with the reason and, if `kinds` are given, the findings and tables as plain text."""
    study = run.manifest["study"]
    title = escape(study["title"] or study["name"])
    text = "" if kinds is None else f"<pre>{escape(_text(run, kinds))}</pre>\n"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{title}</title>\n</head>\n<body>\n<h1>{title}</h1>\n"
        f"<p>This is not the whole report: {escape(why)} Then call `equirank report` on this run.</p>\n"
        f"{text}</body>\n</html>\n"
    )


def _text(run: StoredRun, kinds: Mapping[str, KindTables]) -> str:
    from rich.console import Console

    from engine.report.terminal import print_findings, print_tables

    console = Console(file=io.StringIO(), width=WIDTH, no_color=True, highlight=False, record=True)
    print_findings(run, console)
    print_tables(run, console, kinds)
    return console.export_text()
