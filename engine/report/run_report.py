"""A run -> its report, in the order in which readers ask: findings, people, numbers, methods, provenance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from engine.report.checklists import checklist_tables
from engine.report.document import Chapter, Picture, Report
from engine.report.findings import findings
from engine.report.methods_text import methods_text
from engine.report.model import Table, count, with_digits
from engine.report.report_figures import RunFigures
from engine.report.run_tables import (
    SAMPLE,
    SCORECARD,
    KindTables,
    Section,
    labels_of,
    run_sections,
)
from engine.report.words.headings import HEADINGS, heading
from engine.report.words.notices import notice
from engine.report.words.sentences import Language, language_of
from engine.report.words.tables import translated

if TYPE_CHECKING:
    from engine.store.run_directory import StoredRun

MISSING_KINDS = ("blank", "missing", "skipped", "not_sure")


def run_report(
    run: StoredRun,
    kinds: Mapping[str, KindTables],
    figures: RunFigures,
    language: Language | None = None,
    beside: str = "",
) -> Report:
    """Return the report of a run.

    Parameters
    ----------
    run
        The run.
    kinds
        How each kind of analysis is shown.
    figures
        Those of the run.
    language
        Of the fixed words; by default the study's.
    beside
        What is said about the files beside the report.
    """
    language = language or language_of(run.manifest)
    chapters = [
        Chapter(key="findings", title=heading(language, "findings"), items=tuple(findings(run, language))),
        *_section_chapters(shown_sections(run, kinds, language), run.manifest, language),
    ]
    told = () if not figures.lacking else (heading(language, "no_figures", reason=figures.lacking),)
    if figures.drawn or told:
        chapter = _chapter(language, "figures", paragraphs=told, pictures=figures.pictures)
        place = next((i for i, one in enumerate(chapters) if one.key == SCORECARD), len(chapters))
        chapters.insert(place, chapter)
    chapters += _methods(run, language)
    lists = checklist_tables(language, {one.key for one in chapters} | {"provenance", "warnings"})
    chapters += [
        _chapter(language, key, tables=(table,))
        for key, table in zip(("strobe", "strobe-equity"), lists, strict=True)
    ]
    chapters.append(_provenance(run.manifest, language, beside))
    study = run.manifest["study"]
    return Report(
        title=study["title"] or study["name"],
        subtitle=study.get("asked", {}).get("study", {}).get("note", ""),
        mark=heading(language, "mark") if run.manifest["simulated"] else "",
        language=language,
        facts=tuple(_facts(run.manifest, language)),
        chapters=tuple(chapters),
        style=figures.style,
    )


def shown_sections(
    run: StoredRun, kinds: Mapping[str, KindTables], language: Language, digits: int | None = None
) -> list[Section]:
    """Return the tables of a run in a language, with some number of decimals where one is given."""

    def shown(table: Table) -> Table:
        told = translated(table, language)
        return told if digits is None else with_digits(told, digits)

    sections = run_sections(run, kinds)
    return [replace(one, tables=tuple(shown(table) for table in one.tables)) for one in sections]


def _chapter(
    language: Language,
    key: str,
    *,
    paragraphs: tuple[str, ...] = (),
    items: tuple[str, ...] = (),
    tables: tuple[Table, ...] = (),
    pictures: tuple[Picture, ...] = (),
) -> Chapter:
    title = heading(language, key) if key in HEADINGS else key
    return Chapter(key=key, title=title, paragraphs=paragraphs, items=items, tables=tables, pictures=pictures)


def _section_chapters(
    sections: list[Section], manifest: Mapping[str, Any], language: Language
) -> Iterator[Chapter]:
    """Yield a chapter for each kind of table; what to be careful about follows the sample."""
    for kind, found in groupby(sections, key=lambda section: section.kind):
        tables = tuple(table for section in found for table in section.tables)
        if kind == SAMPLE:
            missing = _missing_table(manifest, language)
            told = () if missing else (heading(language, "no_missing"),)
            yield _chapter(language, kind, paragraphs=told, tables=(*tables, *missing))
            end = heading(language, "end")
            warnings = tuple(
                f"{notice(language, one).removesuffix(end)}{end}" for one in manifest["warnings"]
            )
            none = () if warnings else (heading(language, "no_warnings"),)
            yield _chapter(language, "warnings", paragraphs=none, items=warnings)
        else:
            reading = (heading(language, "reading"),) if kind == "concentration" else ()
            yield _chapter(language, kind, paragraphs=reading, tables=tables)


def _missing_table(manifest: Mapping[str, Any], language: Language) -> tuple[Table, ...]:
    """Return how many records miss each variable, by kind; none where nothing is missing."""
    counts = manifest.get("missing", {})
    labels = labels_of(manifest)
    rows = [
        (labels.get(name, name), count(own["value"]), *(count(own[kind]) for kind in MISSING_KINDS))
        for name, own in counts.items()
        if any(own[kind] for kind in MISSING_KINDS)
    ]
    if not rows:
        return ()
    columns = ("", "value", *(kind.replace("_", " ") for kind in MISSING_KINDS))
    table = Table(
        title=heading("en", "missing"), columns=columns, rows=tuple(rows), notes=("Of all records.",)
    )
    return (translated(table, language),)


def _methods(run: StoredRun, language: Language) -> Iterator[Chapter]:
    sentences, works = methods_text(run.manifest, run.results.to_dicts(), labels_of(run.manifest), language)
    between = "" if language == "zh" else " "
    yield _chapter(language, "methods", paragraphs=(between.join(sentences),))
    numbered = tuple(f"[{place}] {work}" for place, work in enumerate(works, start=1))
    yield _chapter(language, "references", items=numbered)


def _facts(manifest: Mapping[str, Any], language: Language) -> Iterator[tuple[str, str]]:
    last = manifest["sample_flow"][-1]
    waves = [wave for wave in last["by_wave"] if wave]
    values = {
        "data": ", ".join(source["file"] for source in manifest.get("sources", ())),
        "waves": ", ".join(waves),
        "people": count(last["n"]),
        "computed": str(manifest.get("created", ""))[:10],
        "software": f"equirank {manifest.get('versions', {}).get('equirank', '')}",
    }
    yield from ((heading(language, key), value) for key, value in values.items() if value)


def _provenance(manifest: Mapping[str, Any], language: Language, beside: str) -> Chapter:
    versions = manifest.get("versions", {})
    again = heading(
        language,
        "again",
        version=versions.get("equirank", ""),
        study=manifest["study"]["name"],
        seed=manifest["seed"],
    )
    facts = [
        (heading(language, "study_hash"), manifest["study"]["sha256"]),
        (heading(language, "results_hash"), manifest.get("results_sha256", "-")),
        (heading(language, "method"), manifest.get("method", "-")),
        (heading(language, "seed"), str(manifest["seed"])),
        *((name, version) for name, version in versions.items()),
        *(
            (f"{heading(language, 'file')} {one['file']}", one["sha256"])
            for one in manifest.get("sources", ())
        ),
    ]
    table = Table(
        title=heading(language, "provenance"),
        columns=(heading(language, "what"), heading(language, "value")),
        rows=tuple(facts),
    )
    told = (again, beside) if beside else (again,)
    return _chapter(language, "provenance", paragraphs=told, tables=(table,))
