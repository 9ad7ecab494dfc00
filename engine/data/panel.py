"""The harmonised panel: the parts of all files, written once and reused until something changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.data import queries
from engine.data.harmonise import KIND_SUFFIX
from engine.data.part import Part, Progress, build_part
from engine.data.source_file import SourceFile
from engine.data.validate import refuse_shared_keys
from engine.errors import DataError, Fault
from engine.paths import cache_folder
from engine.study import StudySpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A harmonised panel on disk: the parts, in the order of the source files."""

    each: tuple[Part, ...]

    @property
    def parts(self) -> list[str]:
        """The Parquet files."""
        return [str(part.records) for part in self.each]

    @property
    def sources(self) -> tuple[Mapping[str, Any], ...]:
        """The facts about each source file."""
        return tuple(part.source for part in self.each)

    @property
    def reused(self) -> bool:
        """Whether every part had been written before."""
        return all(part.reused for part in self.each)


def build_panel(spec: StudySpec, files: Sequence[SourceFile], progress: Progress | None = None) -> Panel:
    """Return the harmonised panel of a study, writing only the parts that are not there.

    Parameters
    ----------
    spec
        The study.
    files
        Its data files.
    progress
        Called with the number of rows read since the last call.

    Raises
    ------
    DataError
        If a file cannot be read, lacks a column, or holds a value that fits no level.
    """
    digests = [file.digest() for file in files]
    _refuse_same_content(files, digests)
    home = cache_folder("panels")
    panel = whole_panel(
        build_part(spec, file, digest, home, progress) for file, digest in zip(files, digests, strict=True)
    )
    for number, part in enumerate(panel.each):
        earlier = [other.records for other in panel.each[:number]]
        refuse_shared_keys(spec, part.source["file"], part.records, earlier)
    return panel


def whole_panel(parts: Iterable[Part]) -> Panel:
    """Return the panel of parts that belong together.

    Raises
    ------
    DataError
        If they have different replicate weights.
    """
    panel = Panel(each=tuple(parts))
    for source in panel.sources:
        first = panel.sources[0]
        if source["replicate_weights"] != first["replicate_weights"]:
            raise DataError(
                Fault(
                    source["file"],
                    f"other replicate weights than {first['file']}",
                    "the same columns in every file",
                    "Correct design.replicate_weights.columns.",
                )
            )
    return panel


def _refuse_same_content(files: Sequence[SourceFile], digests: Sequence[str]) -> None:
    for number, digest in enumerate(digests):
        first = digests.index(digest)
        if first != number:
            found = f"has the same content as {files[first].path.name}"
            raise DataError(Fault(files[number].path.name, found, "every record once", "Name one of them."))


def missing_counts(panel: Panel) -> dict[str, dict[int, int]]:
    """Return how many rows of each variable hold a value (0) or each kind of missing (1 to 4)."""
    params = {"panel": panel.parts, "pattern": f".*{KIND_SUFFIX}"}
    counts: dict[str, dict[int, int]] = {}
    with queries.database() as connection:
        for column, kind, n in queries.rows(connection, "panel_missing", params):
            counts.setdefault(column.removesuffix(KIND_SUFFIX), {})[kind] = n
    return counts
