"""Waves that should have come by now (`source.expect`)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from engine.store.ledger import FileEntry
from engine.study import StudySpec


def late_waves(spec: StudySpec, files: Iterable[FileEntry]) -> tuple[str, ...]:
    """Return a note for each overdue wave: no accepted file holds it, and its day has passed (UTC)."""
    expected = spec.source.expect or {}
    versions = [file.version for file in files if file.version is not None]
    present = {str(wave["wave"]) for version in versions for wave in version.contents["waves"]}
    today = datetime.now(UTC).date()
    return tuple(
        f"wave {wave}: no accepted file holds it; it was expected by {day.isoformat()}"
        for wave, day in expected.items()
        if wave not in present and today > day
    )
