"""The pages of a store as texts, by the name of their files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from engine.report.figures.figure import Figure, StudyFacts
from engine.report.figures.of_run import drawings_of
from engine.report.figures.render import STYLE, draw
from engine.report.figures.stored import page_figure, stored_figures
from engine.report.figures.style import MOST_SERIES
from engine.report.render.html import LANGUAGES
from engine.report.site.histories import Headline, Point, headline_rows, headlines, sparkline
from engine.report.words.method_names import method_name
from engine.report.words.notices import file_state, is_told, notice, rule_name
from engine.report.words.sentences import Language
from engine.report.words.site import site_text
from engine.store.layout import CHANGES, Store
from engine.store.ledger import QUARANTINED, FileEntry, file_entries, task_entries
from engine.store.manifests import read_manifest
from engine.store.run_directory import FIGURES, REPORT, read_run

_WIDE = '<div class="wide" role="group" aria-label="{label}" tabindex="0">'


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage:
    """What the pages tell of a run."""

    name: str
    manifest: Mapping[str, Any]
    changes: Markup
    points: Sequence[tuple[Headline, str, Point]]

    @property
    def number(self) -> int:
        """The run's number."""
        return int(self.name)

    @property
    def published(self) -> str:
        """When it was published, to the minute."""
        return _minute(self.manifest)

    @property
    def files(self) -> tuple[FileEntry, ...]:
        """The files of the inbox."""
        return tuple(file_entries(self.manifest).values())

    @property
    def quarantined(self) -> tuple[FileEntry, ...]:
        """The files that were set aside."""
        return tuple(file for file in self.files if file.state == QUARANTINED)

    @property
    def tasks(self) -> Sequence[Any]:
        """The analyses, and what became of each."""
        return tuple(task_entries(self.manifest).values())

    @property
    def people(self) -> int:
        """People in the sample."""
        return int(self.manifest["sample_flow"][-1]["n"])


def site_pages(store: Store) -> dict[str, str]:
    """Return the pages of a store that has a run: path -> text."""
    newest = read_run(store.runs[-1])
    facts = StudyFacts.of(newest.manifest)
    manifests = {run.name: read_manifest(run) for run in store.runs}
    values = [
        (run.name, _minute(manifests[run.name]), headline_rows(read_run(run).results)) for run in store.runs
    ]
    found = headlines(values, facts)
    points = _points_by_run(found)
    runs = [
        RunPage(
            name=run.name,
            manifest=manifests[run.name],
            changes=_changes(run, facts.language),
            points=points.get(run.name, ()),
        )
        for run in store.runs
    ]
    environment = _environment()
    mark = facts.say("simulated") if newest.manifest["simulated"] else ""
    report = newest.path / REPORT
    common = {
        "say": partial(site_text, facts.language),
        "told": partial(notice, facts.language),
        "state": partial(file_state, facts.language),
        "rule_name": partial(rule_name, facts.language),
        "method": partial(method_name, facts.language),
        "foreign": lambda text: facts.language == "zh" and not is_told(text),
        "lang": LANGUAGES[facts.language],
        "title": newest.manifest["study"]["title"] or newest.manifest["study"]["name"],
        "simulated": bool(newest.manifest["simulated"]),
        "newest": runs[-1],
        "runs": runs,
        "headlines": found,
        "files": {headline.name: _file(headline.name) for headline in found},
        "sparkline": sparkline,
        "n_quarantined": len(runs[-1].quarantined),
        "report": REPORT if report.is_file() else None,
    }

    def page(template: str, root: str, **own: object) -> str:
        return environment.get_template(template).render(**common, root=root, **own)

    pages = {"style.css": page("style.css", "", figure_style=STYLE), "index.html": page("index.html", "")}
    if report.is_file():
        pages[REPORT] = report.read_text(encoding="utf-8")
    pages["quarantine.html"] = page("quarantine.html", "", since=_since(runs))
    for place, run in enumerate(runs):
        figures = stored_figures(store.root / "runs" / run.name / FIGURES)
        if not figures and run is runs[-1]:  # its store is older than the figures of run directories
            figures = [page_figure(one) for one in drawings_of(newest)]
        around = {
            "before": runs[place - 1] if place else None,
            "after": runs[place + 1] if place + 1 < len(runs) else None,
        }
        pages[f"runs/{run.name}.html"] = page("run.html", "../", run=run, figures=figures, **around)
    for headline in found:
        figures = [page_figure(draw(one)) for one in _history_figures(headline, facts, mark)]
        pages[f"estimates/{_file(headline.name)}"] = page(
            "estimate.html", "../", headline=headline, figures=figures
        )
    return pages


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("engine.report.site"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _file(name: str) -> str:
    """Return the file of an estimate's page, in letters that need no escape in a link."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name) + ".html"


def _minute(manifest: Mapping[str, Any]) -> str:
    """Return when a run was published, to the minute."""
    return str(manifest["created"])[:16].replace("T", " ")


def _points_by_run(found: Sequence[Headline]) -> dict[str, list[tuple[Headline, str, Point]]]:
    """Return the headline estimates of each run, each with its quantity and group."""
    points: dict[str, list[tuple[Headline, str, Point]]] = {}
    for headline in found:
        for history in headline.histories:
            for point in history.points:
                points.setdefault(point.run, []).append((headline, history.group, point))
    return points


def _changes(run: Path, language: Language) -> Markup:
    """Return the change report of a run as HTML: headings, lists and tables, all else as text.

    Stores of before hold it in English whatever the language of their study.
    """
    try:
        text = (run / CHANGES).read_text(encoding="utf-8")
    except OSError:
        return Markup()
    parser = MarkdownIt("zero").enable(["heading", "list", "table"])
    text = re.sub(r"^# .*\n", "", text)
    below_title = "\n".join(notice(language, line) for line in text.split("\n"))
    html = str(parser.render(re.sub(r"^## ", "### ", below_title, flags=re.MULTILINE)))
    label = site_text(language, "moved_estimates")
    html = html.replace("<table>", f"{_WIDE.format(label=label)}<table>").replace(
        "</table>", "</table></div>"
    )
    return Markup(html)  # noqa: S704 - made by the parser, which escapes


def _history_figures(headline: Headline, facts: StudyFacts, mark: str) -> Iterator[Figure]:
    """Yield the groups of a quantity over the runs, as many in one figure as can be told apart."""
    from engine.report.figures.history import history_figure

    for start in range(0, len(headline.histories), MOST_SERIES):
        method = headline.histories[0].last.row["method"]
        shown = headline.histories[start : start + MOST_SERIES]
        rows = [
            {**point.row, "run": point.run, "about": history.group, "method": method}
            for history in shown
            for point in history.points
        ]
        yield replace(history_figure(rows, headline.name, headline.title, facts.language), mark=mark)


def _since(runs: Sequence[RunPage]) -> dict[str, RunPage]:
    """Return for each file in quarantine the first of the runs in a row that set this content aside."""
    found = {}
    for file in runs[-1].quarantined:
        for run in reversed(runs):
            if not any((one.file, one.sha256) == (file.file, file.sha256) for one in run.quarantined):
                break
            found[file.file] = run
    return found
