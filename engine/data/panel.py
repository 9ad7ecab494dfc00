"""The harmonised panel: the parts of all files, written once and reused until something changes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from engine.calibration import CalibratedFiles
from engine.data import records
from engine.data.part import Part, Progress, build_part, part_key, read_part
from engine.data.read_request import ReadRequest
from engine.data.readers import Readers
from engine.data.records import Records, read_freely
from engine.data.shared_keys import keys_in_common, refuse_shared_keys
from engine.data.source_file import SourceFile
from engine.errors import DataError, Fault
from engine.paths import PANELS, cache_folder
from engine.study import StudySpec
from engine.study.load import study_as_dict


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A harmonised panel on disk: the parts, in the order of the source files.

    Attributes
    ----------
    each
        The parts.
    calibrated
        Where the study calibrates the weights, the files that everything is computed from.
    completed
        The panels of all completed data sets, where values are imputed several times; this is the first.
    imputations
        How many values are imputed, see `engine.data.imputations`; empty without imputations.
    before_reading
        Called with the file of a part before its records are read; it may refuse.
    cells_only
        Whether nothing but cells may be made of the records, because these are, or will be, elsewhere.
    """

    each: tuple[Part, ...]
    calibrated: CalibratedFiles | None = None
    completed: tuple[Panel, ...] = ()
    imputations: Mapping[str, Any] = field(default_factory=dict)
    before_reading: Callable[[str], None] = read_freely
    cells_only: bool = False

    @property
    def n_rows(self) -> int:
        """Rows of all parts."""
        return sum(int(source["rows"]) for source in self.sources)

    @property
    def parts(self) -> list[str]:
        """The Parquet files."""
        return [str(part.records) for part in self.each]

    @property
    def records(self) -> Records:
        """The records of all parts; answers about large panels are kept."""
        keeps = self.n_rows >= records.FEWEST_ROWS or self.cells_only
        return Records(files=tuple(self.parts), keeps_answers=keeps, before_reading=self.before_reading)

    @property
    def weighted_records(self) -> Records:
        """The records with the weights that count: calibrated ones, if there are any."""
        if self.calibrated is None:
            return self.records
        return Records(files=tuple(self.calibrated.parts))

    @property
    def sources(self) -> tuple[Mapping[str, Any], ...]:
        """The facts about each source file."""
        return tuple(part.source for part in self.each)

    @property
    def all_sources(self) -> tuple[Mapping[str, Any], ...]:
        """The facts about each source file, of all completed data sets; one of several of them once."""
        every = [source for panel in self.completed or (self,) for source in panel.sources]
        return tuple({(source["file"], source["sha256"]): source for source in every}.values())

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
    return build_panels([(spec, files)], progress)[0]


def build_panels(
    asked: Sequence[tuple[StudySpec, Sequence[SourceFile]]], progress: Progress | None = None
) -> list[Panel]:
    """Return the panel of each of several studies of the same people; a file is hashed once."""
    unique = {(file.path, file.places): file for _, files in asked for file in files}
    digest_of = {key: file.digest() for key, file in unique.items()}
    digests = [[digest_of[file.path, file.places] for file in files] for _, files in asked]
    for (_, files), own in zip(asked, digests, strict=True):
        _refuse_same_content(files, own)
    home = cache_folder(PANELS)
    wanted = [
        _Wanted(spec=spec, file=file, digest=digest)
        for (spec, files), own in zip(asked, digests, strict=True)
        for file, digest in zip(files, own, strict=True)
    ]
    new = _new_parts(wanted, home, progress)
    parts = iter(
        new.get(number) or build_part(one.spec, one.file, one.digest, home, progress)
        for number, one in enumerate(wanted)
    )
    panels = []
    for spec, files in asked:
        panel = whole_panel(islice(parts, len(files)))
        _refuse_keys_of_several(spec, panel)
        panels.append(panel)
    return panels


def _refuse_keys_of_several(spec: StudySpec, panel: Panel) -> None:
    """Refuse keys that stand in several files."""
    common = keys_in_common(spec, [part.records for part in panel.each])
    for number, part in enumerate(panel.each):
        earlier = [other.records for other in panel.each[:number]]
        compared = common.to_compare(part.records, earlier)
        refuse_shared_keys(spec, part.source["file"], part.records, compared)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """A part that a panel needs: the file, the hash of its content, and the study that harmonises it."""

    spec: StudySpec
    file: SourceFile
    digest: str


def _new_parts(wanted: Sequence[_Wanted], home: Path, progress: Progress | None) -> dict[int, Part]:
    """Return number -> part of the files that other programs wrote and that have none yet.

    They are read in processes of their own: a damaged file can end a process.

    Raises
    ------
    DataError
        If a file is refused, or its reader has died of it.
    """
    unread = [
        number
        for number, one in enumerate(wanted)
        if not one.file.is_own and read_part(home / part_key(one.spec, one.file, one.digest)) is None
    ]
    parts: dict[int, Part] = {}
    with TemporaryDirectory(prefix="equirank-") as work, Readers() as readers:
        specs = {id(wanted[number].spec): wanted[number].spec for number in unread}
        studies = {key: json.dumps(study_as_dict(spec)) for key, spec in specs.items()}
        requests = [
            ReadRequest(
                study=studies[id(one.spec)], source=one.file, digest=one.digest, home=home, work=Path(work)
            )
            for one in (wanted[number] for number in unread)
        ]
        for place, answer in readers.read(requests):
            if answer.error is not None:
                raise answer.error
            part = read_part(home / answer.found["part"])
            if part is not None:
                parts[unread[place]] = replace(part, reused=False)
                if progress is not None:
                    progress(int(part.source["rows"]))
    return parts


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


def missing_counts(panel: Panel) -> dict[str, Counter[int]]:
    """Return how many rows of each variable hold a value (0) or each kind of missing (1 to 4)."""
    counts: dict[str, Counter[int]] = {}
    for source in panel.sources:
        for name, by_kind in source["missing"].items():
            counts.setdefault(name, Counter()).update({int(kind): n for kind, n in by_kind.items()})
    return counts
