"""A part of the panel: one source file, harmonised, in a folder of its own that is whole or not there."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from engine.data import queries
from engine.data.damage import refuse_damaged_pages, refuse_other_checksum
from engine.data.harmonise import (
    KIND_SUFFIX,
    NOT_UNDERSTOOD,
    harmonised_columns,
    replicate_columns,
    variable_column,
)
from engine.data.places import open_source
from engine.data.sources import RawFrame, SourceFile, file_hash, reading
from engine.data.validate import Broken, RuleError, refuse_records
from engine.durable import move_folder
from engine.source_hash import hash_of_files, imported_files
from engine.study import StudySpec

PART_FORMAT = 5
RECORDS, FACTS = "part.parquet", "part.json"
BUILDING = ".building-"
ABANDONED_AFTER = 24 * 3600  # seconds
SIMULATED = "SIMULATED"  # how the label of a simulated file begins
SHOWN_FROM = 10  # a code held by fewer people than this is never shown

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A harmonised file.

    Attributes
    ----------
    records
        Its Parquet file.
    source
        File name, SHA-256, wave, rows and what was found out about the file.
    reused
        Whether it was there already.
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
        """What it was made of and by, as a hash."""
        return self.records.parent.name


def asked_of_file(spec: StudySpec, file: SourceFile) -> str:
    """Return what the study asks of a file of this wave, as a hash.

    What it says of other waves, of sample rules and of analyses is not in it.
    """
    asked = [
        spec.source.model_dump(mode="json", include={"wave", "encoding", "merge", "key"}),
        (spec.source.rows or {}).get(str(file.wave)),
        {name: variable.of_wave(file.wave) for name, variable in spec.variables.items()},
        spec.design.of_wave(file.wave),
        file.wave,
    ]
    # Not sorted: the order of levels and intervals is part of what is asked.
    return hashlib.sha256(json.dumps(asked, default=str).encode()).hexdigest()[:32]


def part_key(spec: StudySpec, file: SourceFile, digest: str) -> str:
    """Return the name of the part that a file makes: by what is asked of it, its content, and who reads it."""
    made_by = [PART_FORMAT, version("polars"), _reading_version()]
    text = json.dumps([made_by, asked_of_file(spec, file), file.path.name, digest])
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
        whole = (folder / RECORDS).stat().st_size == source["part_bytes"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Part(records=folder / RECORDS, source=source, reused=True) if whole else None


def build_part(
    spec: StudySpec, file: SourceFile, digest: str, home: Path, progress: Progress | None = None
) -> Part:
    """Return a file's part in the folder `home`, writing it only if it is not there.

    Raises
    ------
    DataError
        If the file cannot be read, a column is not there, or a value fits no level.
    """
    refuse_other_checksum(file)
    target = home / part_key(spec, file, digest)
    if (found := read_part(target)) is not None:
        refuse_records(spec, file.path.name, found.records)  # the rules may be newer than the records
        if progress is not None:
            progress(int(found.source["rows"]))
        return found
    shutil.rmtree(target, ignore_errors=True)  # what is there is not whole
    _sweep(home)
    working = Path(tempfile.mkdtemp(prefix=BUILDING, dir=home))
    try:
        source = _write(spec, file, digest, working, progress)
        try:
            move_folder(working, target)
        except OSError:
            if (found := read_part(target)) is None:
                raise
            return found  # another run has just written the same part
        return Part(records=target / RECORDS, source=source, reused=False)
    finally:
        shutil.rmtree(working, ignore_errors=True)


def _sweep(folder: Path) -> None:
    """Remove what killed runs have left: half-built parts hold microdata."""
    for left in folder.glob(f"{BUILDING}*"):
        if time.time() - left.stat().st_mtime > ABANDONED_AFTER:
            shutil.rmtree(left, ignore_errors=True)


def _write(
    spec: StudySpec, file: SourceFile, digest: str, working: Path, progress: Progress | None
) -> dict[str, Any]:
    scratch = working / "scratch"
    scratch.mkdir()
    refuse_damaged_pages(spec, file)
    raw = open_source(spec, file, scratch)
    _refuse_other_rows(spec, file, raw.n_rows)
    columns = harmonised_columns(spec, file, raw)
    records = working / RECORDS
    with reading(file.path):
        raw.frame.select(columns).sink_parquet(records, maintain_order=True, compression="zstd")
    records.chmod(0o600)  # microdata: for the owner only
    _refuse_not_understood(spec, file, raw, records)
    refuse_records(spec, file.path.name, records)
    shutil.rmtree(scratch)
    if progress is not None:
        progress(raw.n_rows)
    source = {
        "file": file.path.name,
        "sha256": digest,
        "wave": file.wave,
        "rows": raw.n_rows,
        "part_bytes": records.stat().st_size,
        "part_sha256": file_hash(records),
        "encoding": None if raw.encoding is None else str(raw.encoding),
        "doubts": [*_text_doubts(raw)],
        "simulated": _is_simulated(raw),
        "replicate_weights": [name.casefold() for name in replicate_columns(spec, raw)],
        "labels": _labels(spec, file, raw),
    }
    (working / FACTS).write_text(json.dumps(source), encoding="utf-8")
    (working / FACTS).chmod(0o600)
    return source


def _labels(spec: StudySpec, file: SourceFile, raw: RawFrame) -> dict[str, dict[str, str]]:
    """Return the file's own labels of the codes that the study takes for levels, without regard to case and spaces."""
    found: dict[str, dict[str, str]] = {}
    for name, variable in spec.variables.items():
        labels = raw.labels.get(variable_column(name, variable, raw, file.wave).name, {})
        for level, codes in (variable.levels_of(file.wave) or {}).items():
            for code in codes:
                if code in labels:
                    found.setdefault(name, {})[f"{level} = {code}"] = " ".join(
                        labels[code].casefold().split()
                    )
    return found


def _refuse_other_rows(spec: StudySpec, file: SourceFile, n_rows: int) -> None:
    """A wave's file has the rows its publishers counted: partial copies circulate, and waves are mixed up."""
    expected = spec.source.rows or {}
    wanted = expected.get(str(file.wave))
    if wanted is None or wanted == n_rows:
        return
    others = [wave for wave, rows in expected.items() if rows == n_rows and wave != file.wave]
    remedy = (
        f"That is the count of wave {others[0]}: are the files swapped?"
        if others
        else "Is it a partial copy?"
    )
    message = (
        f"{file.path.name}: found {n_rows:,} rows; expected the {wanted:,} of wave {file.wave}. {remedy} "
        "(source.rows holds the counts.)"
    )
    raise RuleError(file.path.name, [Broken(place="source.rows", rule="count", rows=n_rows)], message)


def _is_simulated(raw: RawFrame) -> bool:
    """Whether a file says that nobody in it is real: by its label, or by the column that every simulated panel has."""
    return raw.file_label.startswith(SIMULATED) or raw.has(SIMULATED)


def _text_doubts(raw: RawFrame) -> Iterator[str]:
    """Say what a reader of the results must know about a file's text."""
    if _is_simulated(raw):
        yield f"{raw.name}: SIMULATED data, nobody in it is real"
    if raw.encoding is not None and raw.encoding.is_mislabelled:
        yield f"{raw.name}: the text is {raw.encoding.name}, though the file says {raw.encoding.declared}"
    if raw.encoding is not None and raw.encoding.name == "cp1252":
        yield f"{raw.name}: the text was taken for Western (cp1252); give source.encoding if it is not"
    for place, rows in raw.unmatched.items():
        if rows:
            yield f"{raw.name}: {rows:,} rows have no record of their {place}: its variables are blank there"
    if raw.n_undecodable:
        yield f"{raw.name}: {raw.n_undecodable:,} different texts hold bytes that are no {raw.encoding}"


def _refuse_not_understood(spec: StudySpec, file: SourceFile, raw: RawFrame, part: Path) -> None:
    """Say which variables hold values that fit nothing, all at once."""
    params = {"panel": [str(part)], "pattern": f".*{KIND_SUFFIX}"}
    with queries.database() as connection:
        counts = queries.rows(connection, "panel_missing", params)
    found = [(column.removesuffix(KIND_SUFFIX), n) for column, kind, n in counts if kind == NOT_UNDERSTOOD]
    if found:
        told = "\n".join(_not_understood(spec, file, raw, name, n) for name, n in found)
        broken = [Broken(place=f"variables.{name}", rule=_rule_of(spec, name), rows=n) for name, n in found]
        raise RuleError(file.path.name, broken, told)


def _rule_of(spec: StudySpec, name: str) -> str:
    """Return what a value must be: one of the levels, inside an interval, or a number."""
    variable = spec.variables[name]
    return "levels" if variable.levels else "cut" if variable.cut else "number"


def _not_understood(spec: StudySpec, file: SourceFile, raw: RawFrame, name: str, n: int) -> str:
    import polars as pl

    variable = spec.variables[name]
    source = variable.column_of(file.wave)
    place = f"{file.path.name}, column '{source}' (variables.{name})"
    if not variable.levels and not variable.cut:
        return (
            f"{place}: {n:,} rows hold text where a number belongs; expected numbers. "
            "List the codes under missing, or give the variable levels."
        )
    if variable.cut:
        return f"{place}: {n:,} rows lie outside every interval of cut; expected all inside. Widen it, or list missing."
    column = variable_column(name, variable, raw, file.wave)
    levels = variable.levels_of(file.wave) or {}
    known = [code for codes in (*levels.values(), *variable.missing_codes.values()) for code in codes]
    unknown = raw.frame.filter(~column.matches(known) & ~column.is_blank).select(code=column.identifier())
    counts = unknown.group_by("code").agg(n=pl.len()).filter(pl.col("n") >= SHOWN_FROM).sort("code")
    codes = counts.collect(engine="in-memory")["code"].to_list()
    shown = (
        f"code {', '.join(map(str, codes[:20]))}"
        if codes
        else "codes held by very few people, not shown here"
    )
    return (
        f"{place}: {n:,} rows hold a value that no level names ({shown}); expected one of "
        f"{', '.join(variable.level_names)}, or a code listed as missing. Add it to levels or to missing."
    )
