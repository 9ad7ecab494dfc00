"""Tables of a run that go into one file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from engine.report.model import Table
from engine.report.words.sentences import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSet:
    """Tables that stand in one file.

    Attributes
    ----------
    name
        Of the file, without suffix.
    title, mark
        What stands above them: the study, and that its data are simulated.
    language
        Of the fixed words.
    created
        When the run was computed; files carry this time, so that the same run gives the same bytes.
    tables
        The tables.
    """

    name: str
    title: str
    mark: str
    language: Language
    created: datetime
    tables: tuple[Table, ...]


def time_of(text: str) -> datetime:
    """Return the time that a manifest tells, in UTC; the first of 2000 where it tells none.

    Examples
    --------
    >>> time_of("2026-11-27T10:39:37+00:00").year, time_of("").year
    (2026, 2000)
    """
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return datetime(2000, 1, 1, tzinfo=UTC)
