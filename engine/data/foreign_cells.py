"""Checks of a file of cells that someone else wrote, before anything else reads it."""

from __future__ import annotations

import io
import json
import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.data.cells import ROWS
from engine.data.file_calls import call_with_files
from engine.data.harmonise import KIND_SUFFIX
from engine.data.part import FACTS
from engine.data.source_file import SourceFile
from engine.errors import Fault, UsageError
from engine.study import MISSING_KINDS, StudySpec
from engine.study.load import study_from_dict

if TYPE_CHECKING:
    import polars as pl

CONTENTS, FORMAT = "cells.json", "equirank-cells-1"
_MOST_TEXT = 16_000_000  # bytes of a list of contents or of facts
MOST_ROWS = 10_000_000  # of an answer: the same row again and again takes few bytes of a file
_ANSWER = re.compile(r"([0-9]+)/[0-9a-f]{32}-[0-9a-f]{16}\.parquet")
_SUMS = ("cell_weight_high", "cell_weight_low", "cell_square_high", "cell_square_low")


def refuse_foreign_cells(files: Sequence[Path]) -> None:
    """Refuse files that are no whole files of cells, or of which two hold the same records.

    They are read in a process of its own, as a damaged file can end a process.

    Raises
    ------
    DataError, UsageError
        With the name of the file.
    """
    for file in files:
        if not file.is_file():
            expected = "a file that `equirank cells` wrote"
            raise UsageError(Fault(str(file), "no such file", expected, "Correct the path."))
    first: dict[tuple[str, ...], Path] = {}
    checked = call_with_files(answers_of_parts, [SourceFile(path=file) for file in files])
    for file, parts in zip(files, checked, strict=True):
        for answers in parts:
            if answers in first:
                found = f"records that {first[answers].name} holds too"
                raise UsageError(Fault(file.name, found, "every record once", "Name one of the files."))
            first[answers] = file


def answers_of_parts(file: SourceFile) -> tuple[tuple[str, ...], ...]:
    """Return the names of the answers about each part, if all of the file is as `write_cells` writes it.

    Raises
    ------
    UsageError
        If something is not.
    """
    import polars as pl

    try:
        return _checked(file.path)
    except (
        *(OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError, EOFError),
        *(zipfile.BadZipFile, zlib.error, pl.exceptions.PolarsError),
    ):
        raise not_of_cells(file.path) from None


def not_of_cells(file: Path) -> UsageError:
    """Return the error of a file that is no whole file of cells."""
    expected = "one that `equirank cells` wrote"
    fault = Fault(file.name, "not a whole file of cells", expected, "Write it again with `equirank cells`.")
    return UsageError(fault)


def contents_of(archive: zipfile.ZipFile) -> Mapping[str, Any]:
    """Return the list of contents of a file of cells."""
    contents: Mapping[str, Any] = json.loads(_text(archive, CONTENTS))
    _demand(contents["format"] == FORMAT)
    return contents


def _checked(path: Path) -> tuple[tuple[str, ...], ...]:
    import polars as pl

    with zipfile.ZipFile(path) as archive:
        everything = archive.infolist()
        # Nothing is compressed, so nothing can unpack to more than the file is.
        _demand(all(one.compress_type == zipfile.ZIP_STORED for one in everything))
        _demand(sum(one.file_size for one in everything) <= path.stat().st_size)
        contents = contents_of(archive)
        spec = study_from_dict(contents["study"])
        _demand(all(isinstance(contents["versions"][name], str) for name in ("equirank", "polars", "duckdb")))
        places = [str(number) for number in range(min(int(contents["parts"]), len(everything)))]
        names = {one.filename for one in everything}
        _demand(len(names) == len(everything))
        facts = {f"{place}/{FACTS}" for place in places}
        answers = names - facts - {CONTENTS}
        _demand(bool(places) and facts <= names and len(places) == contents["parts"])
        of_part: dict[str, list[str]] = {place: [] for place in places}
        for name in sorted(answers):
            found = _ANSWER.fullmatch(name)
            _demand(found is not None)
            of_part[name.partition("/")[0]].append(name.partition("/")[2])
            content = archive.read(name)
            _demand(pl.scan_parquet(io.BytesIO(content)).select(pl.len()).collect().item() <= MOST_ROWS)
            _check_answer(pl.read_parquet(io.BytesIO(content)), spec)
        for name in facts:
            _check_facts(json.loads(_text(archive, name)))
        _demand(all(of_part.values()))
    return tuple(tuple(of_part[place]) for place in places)


def _text(archive: zipfile.ZipFile, name: str) -> bytes:
    _demand(archive.getinfo(name).file_size <= _MOST_TEXT)
    return archive.read(name)


def _demand(holds: bool) -> None:  # noqa: FBT001 - a condition
    if not holds:
        raise ValueError


def _check_facts(facts: Mapping[str, Any]) -> None:
    _demand(isinstance(facts["rows"], int) and facts["rows"] >= 0)
    _demand(all(isinstance(facts[name], str) for name in ("file", "sha256")))
    _demand(all(facts[name] is None or isinstance(facts[name], str) for name in ("wave", "encoding")))
    _demand(isinstance(facts["simulated"], bool) and facts["doubts"] == [])
    _demand(facts["replicate_weights"] == [] and isinstance(facts["labels"], dict))
    kinds = {str(kind) for kind in range(1 + len(MISSING_KINDS))}
    for counts in facts["missing"].values():
        _demand(counts.keys() <= kinds and all(isinstance(n, int) and n >= 0 for n in counts.values()))


def _check_answer(answer: pl.DataFrame, spec: StudySpec) -> None:
    """Check an answer to one of the four questions: cells, what decides on them, units, and sample flow."""
    import polars as pl

    columns = set(answer.columns)
    if columns == {"sample_rows", "unusable", "largest", "marks"}:
        _demand(answer.height == 1 and answer.schema["largest"] in (pl.Float64, pl.Null))
        _demand(answer.schema["marks"] == pl.List(pl.UInt64))
        _counts(answer, ("sample_rows", "unusable"), least=0)
    elif columns == {"wave", "n"}:
        _demand(answer.schema["wave"] in (pl.String, pl.Null))
        _counts(answer, ("n",), least=0)
    elif ROWS in columns:
        _counts(answer, (ROWS,), least=1)
        _counts(answer, _SUMS, least=0)
        _check_values(answer, spec)
    else:
        _demand(columns <= {"stratum", "cluster", "rows"})
        _counts(answer, ("rows",), least=1)


def _counts(answer: pl.DataFrame, names: Sequence[str], *, least: int) -> None:
    for name in names:
        _demand(answer[name].dtype.is_integer() and not answer[name].has_nulls())
        _demand(bool((answer[name] >= least).all()))


def _check_values(answer: pl.DataFrame, spec: StudySpec) -> None:
    """Check that levels are those of the study, that numbers are finite, and reasons with all or none."""
    with_reasons = {
        f"{name}{KIND_SUFFIX}" in answer.columns for name in answer.columns if name in spec.variables
    }
    _demand(len(with_reasons) <= 1)
    for name in answer.columns:
        values = answer[name].drop_nulls()
        if values.dtype.is_float():
            _demand(bool(values.is_finite().all()))
        if name in spec.variables:
            levels = spec.variables[name].level_names
            _demand(values.cast(str).is_in([*levels]).all() if levels else values.dtype.is_numeric())
        if name.endswith(KIND_SUFFIX):
            _demand(not answer[name].has_nulls() and values.is_between(0, len(MISSING_KINDS)).all())
