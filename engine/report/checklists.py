"""Checklists as tables: each item, and where in the report it is answered, or that the authors must."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from engine.report.model import Table
from engine.report.words.checklists import SECTIONS, STROBE, STROBE_EQUITY, Item
from engine.report.words.headings import heading
from engine.report.words.sentences import Language


def checklist_tables(language: Language, chapters: Collection[str]) -> tuple[Table, Table]:
    """Return STROBE and STROBE-Equity for a report that has some chapters."""
    return (
        _table(language, "strobe", STROBE, chapters, heading(language, "strobe_note")),
        _table(language, "strobe-equity", STROBE_EQUITY, chapters, heading(language, "equity_note")),
    )


def _table(
    language: Language, key: str, items: Sequence[Item], chapters: Collection[str], note: str
) -> Table:
    return Table(
        title=heading(language, key),
        columns=tuple(heading(language, column) for column in ("item", "asks", "where")),
        rows=tuple(
            (
                SECTIONS.get(number, number) if language == "zh" else number,
                chinese if language == "zh" else english,
                _where(language, places, chapters, whole=whole),
            )
            for number, english, chinese, places, whole in items
        ),
        notes=(note,),
    )


def _where(language: Language, places: Sequence[str], chapters: Collection[str], *, whole: bool) -> str:
    """Return the chapters that answer an item, as far as the report has them."""
    found = [heading(language, place) for place in places if place in chapters]
    if not found:
        return heading(language, "authors")
    where = ("；" if language == "zh" else "; ").join(found)
    return where if whole else heading(language, "partly", where=where)
