"""A part of the panel: one source file, harmonised, in a folder that is there whole or not at all."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from engine.data import queries
from engine.data.damage import refuse_damage, refuse_other_checksum
from engine.data.derive import add_derived
from engine.data.derived_specs import derived_variables
from engine.data.harmonise import harmonised
from engine.data.part_facts import part_facts
from engine.data.places import open_source
from engine.data.raw_checks import counts_of_missing, refuse_labels_of_numbers, refuse_other_row_count
from engine.data.source_file import SourceFile, file_hash, reading
from engine.data.validate import refuse_records
from engine.durable import move_folder, private_file, sync_folder
from engine.source_hash import hash_of_files, imported_files
from engine.study import StudySpec

PART_FORMAT = 6
RECORDS, FACTS = "part.parquet", "part.json"
BUILDING = ".building-"
_OF_SOURCE = {"wave", "encoding", "merge", "key", "missing", "delimiter", "decimal", "thousands"}
ABANDONED_AFTER = 24 * 3600  # seconds

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A harmonised file.

    Attributes
    ----------
    records
        Its Parquet file.
    source
        Facts about the source file, see `engine.data.part_facts`.
    reused
        Whether it had been written before.
    """

    records: Path
    source: Mapping[str, Any]
    reused: bool

    @property
    def is_intact(self) -> bool:
        """Whether every byte of the records is the one that was written."""
        return file_hash(self.records) == str(self.source["part_sha256"])

    @property
    def key(self) -> str:
        """The part's name, see `part_key`."""
        return self.records.parent.name


def file_request_hash(spec: StudySpec, file: SourceFile) -> str:
    """Return a hash of everything the study requests of a file of this wave.

    Other waves, sample rules and analyses do not enter it.
    """
    request = [
        spec.source.model_dump(mode="json", include=_OF_SOURCE),
        (spec.source.rows or {}).get(str(file.wave)),
        {name: variable.of_wave(file.wave) for name, variable in spec.variables.items()},
        spec.design.of_wave(file.wave),
        file.wave,
        *(() if file.imputation is None else (*_numbers(spec), file.imputation)),
    ]
    # Not sorted: the order of levels and intervals matters.
    return hashlib.sha256(json.dumps(request, default=str).encode()).hexdigest()[:32]


def _numbers(spec: StudySpec) -> tuple[object, ...]:
    given = spec.imputations
    return () if given is None else (given.number, given.m)


def part_key(spec: StudySpec, file: SourceFile, digest: str) -> str:
    """Return the name of a file's part: a hash of the request, the content, and the code that reads it."""
    made_by = [PART_FORMAT, version("polars"), _reading_version()]
    text = json.dumps([made_by, file_request_hash(spec, file), file.path.name, digest])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@cache
def _reading_version() -> str:
    """Return a hash of the code that reads, harmonises and checks a file, with its queries."""
    files = [*imported_files(("engine.data.part",)), *sorted(queries.query_folder().glob("*.sql"))]
    return hash_of_files(files)


def read_part(folder: Path) -> Part | None:
    """Return the part in a folder, None if there is none or it is not whole."""
    try:
        source = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        is_whole = (folder / RECORDS).stat().st_size == source["part_bytes"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Part(records=folder / RECORDS, source=source, reused=True) if is_whole else None


def build_part(
    spec: StudySpec, file: SourceFile, digest: str, home: Path, progress: Progress | None = None
) -> Part:
    """Return a file's part in the folder `home`, writing it only if it is not there.

    Raises
    ------
    DataError
        If the file cannot be read, lacks a column, or holds a value that fits no level.
    """
    refuse_other_checksum(file)
    target = home / part_key(spec, file, digest)
    if (part := read_part(target)) is not None:
        refuse_records(spec, file.path.name, part.records)  # the rules may be newer than the records
        if progress is not None:
            progress(int(part.source["rows"]))
        return part
    shutil.rmtree(target, ignore_errors=True)  # a part that is not whole
    _sweep(home)
    working = Path(tempfile.mkdtemp(prefix=BUILDING, dir=home))
    try:
        with reading(file.path):
            source = _write(spec, file, digest, working)
        if progress is not None:
            progress(int(source["rows"]))
        try:
            move_folder(working, target)
        except OSError:
            if (part := read_part(target)) is None:
                raise
            return part  # another run has just written the same part
        return Part(records=target / RECORDS, source=source, reused=False)
    finally:
        shutil.rmtree(working, ignore_errors=True)


def adopt_part(built: Path, home: Path) -> None:
    """Move a part that another process has built and flushed to disk into the folder of parts."""
    target = home / built.name
    if read_part(target) is None:
        shutil.rmtree(target, ignore_errors=True)  # a part that is not whole
    _sweep(home)
    try:
        built.rename(target)
    except OSError:
        if read_part(target) is None:
            raise
    sync_folder(home)


def _sweep(folder: Path) -> None:
    """Remove what killed runs have left: half-built parts hold microdata."""
    for left in folder.glob(f"{BUILDING}*"):
        if time.time() - left.stat().st_mtime > ABANDONED_AFTER:
            shutil.rmtree(left, ignore_errors=True)


def _write(spec: StudySpec, file: SourceFile, digest: str, working: Path) -> dict[str, Any]:
    """Read, harmonise and check a file, write its records and facts, and return the facts."""
    scratch = working / "scratch"
    scratch.mkdir()
    refuse_damage(spec, file)
    derived = derived_variables(spec)
    raw = open_source(spec, file, scratch)
    refuse_other_row_count(spec, file, raw.n_rows)
    panel = harmonised(spec, file, raw)
    refuse_labels_of_numbers(spec, file, raw)
    records = working / RECORDS
    private_file(records)
    # Level 1 takes a sixth less time than the default of 3, for a twentieth more bytes.
    panel.sink_parquet(records, maintain_order=True, compression="zstd", compression_level=1)
    undefined = add_derived(spec, derived, file.wave, records, scratch)
    missing = counts_of_missing(spec, file, raw, records)
    refuse_records(spec, file.path.name, records)
    facts = {**part_facts(spec, file, digest, raw, records), "missing": missing}
    shutil.rmtree(scratch)
    facts["doubts"] += [_undefined(file, name, n) for name, n in undefined.items()]
    private_file(working / FACTS)
    (working / FACTS).write_text(json.dumps(facts), encoding="utf-8")
    return facts


def _undefined(file: SourceFile, name: str, n: int) -> str:
    """Return what a reader must know of a derived variable that is undefined in some records."""
    why = "a division by 0, a logarithm of no positive number, or a case that is left out"
    return f"{file.path.name}: {n:,} rows have no {name} although all of its parts are there ({why})"
