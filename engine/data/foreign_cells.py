"""Checks of a file of cells that someone else wrote, before anything else reads it."""

from __future__ import annotations

import io
import json
import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.data import foreign_answers
from engine.data.cells import WITHOUT_WEIGHT
from engine.data.file_calls import call_with_files
from engine.data.foreign_answers import UnlikeCellsError, demand
from engine.data.part import FACTS
from engine.data.records import answer_name
from engine.data.source_file import SourceFile
from engine.errors import Fault, UsageError
from engine.study import MISSING_KINDS, StudySpec
from engine.study.load import study_from_dict

if TYPE_CHECKING:
    import polars as pl

CONTENTS, FORMAT = "cells.json", "equirank-cells-2"
_MOST_TEXT = 16_000_000  # bytes of a list of contents or of facts
_ANSWER = re.compile(r"([0-9]+)/[0-9a-f]{32}-[0-9a-f]{16}\.parquet")
_SHORT_TEXT = re.compile(r"[^\x00-\x1f\x7f]{0,200}")  # some of it is printed
_VERSION = re.compile(r"[0-9A-Za-z.+-]{1,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PartOfCells:
    """What tells whether two parts hold the same people.

    Attributes
    ----------
    rows
        Its people.
    answers
        Question -> hash of the answer, of all answers that do not depend on `--largest-weight`.
    units
        Its sampling units, if the design has clusters.
    """

    rows: int
    answers: Mapping[str, str]
    units: frozenset[tuple[str, ...]]

    def holds_those_of(self, other: PartOfCells) -> bool:
        """Whether both parts answer alike whatever both were asked."""
        asked = self.answers.keys() & other.answers.keys()
        return bool(asked) and all(self.answers[one] == other.answers[one] for one in asked)


def refuse_foreign_cells(files: Sequence[Path]) -> None:
    """Refuse files that are no whole files of cells, or of which two hold the same people.

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
    before: list[tuple[Path, PartOfCells]] = []
    checked = call_with_files(parts_of_cells, [SourceFile(path=file) for file in files])
    for file, parts in zip(files, checked, strict=True):
        for part in parts:
            for other, theirs in before:
                _refuse_same_people(file, part, other, theirs)
            before.append((file, part))
    if sum(part.rows for _, part in before) > foreign_answers.MOST_PEOPLE:
        expected = f"at most {foreign_answers.MOST_PEOPLE:,} in all files"
        raise UsageError(Fault("cells", "more people", expected, "Name fewer files."))


def _refuse_same_people(file: Path, part: PartOfCells, other: Path, theirs: PartOfCells) -> None:
    if part.holds_those_of(theirs):
        found = f"records that {other.name} holds too"
        raise UsageError(Fault(file.name, found, "every record once", "Name one of the files."))
    shared = part.units & theirs.units
    if shared and file != other:
        found = f"{len(shared):,} sampling units with the ids of sampling units of {other.name}"
        remedy = "Put the name of the site before its ids, and write the file again."
        raise UsageError(Fault(file.name, found, "other strata and clusters at each site", remedy))


def parts_of_cells(file: SourceFile) -> tuple[PartOfCells, ...]:
    """Return what each part of a file holds, if all of the file is as `write_cells` writes it.

    Raises
    ------
    UsageError
        If something is not.
    """
    import polars as pl

    try:
        return _checked(file.path)
    except UnlikeCellsError as unlike:
        raise not_of_cells(file.path, str(unlike)) from None
    except (
        *(OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError, EOFError),
        *(zipfile.BadZipFile, zlib.error, pl.exceptions.PolarsError),
    ):
        raise not_of_cells(file.path) from None


def not_of_cells(file: Path, why: str = "") -> UsageError:
    """Return the error of a file that is no whole file of cells."""
    expected = "one that `equirank cells` wrote"
    found = f"not a whole file of cells{why and f' ({why})'}"
    return UsageError(Fault(file.name, found, expected, "Write it again with `equirank cells`."))


def contents_of(archive: zipfile.ZipFile) -> Mapping[str, Any]:
    """Return the list of contents of a file of cells."""
    contents: Mapping[str, Any] = json.loads(_text(archive, CONTENTS))
    demand(contents["format"] == FORMAT, "another format")
    return contents


def _checked(path: Path) -> tuple[PartOfCells, ...]:
    with zipfile.ZipFile(path) as archive:
        everything = archive.infolist()
        # Nothing is compressed, so nothing can unpack to more than the file is.
        demand(all(one.compress_type == zipfile.ZIP_STORED for one in everything), "compressed")
        demand(sum(one.file_size for one in everything) <= path.stat().st_size, "cut off")
        contents = contents_of(archive)
        spec = study_from_dict(contents["study"])
        versions = [contents["versions"][name] for name in ("equirank", "polars", "duckdb")]
        demand(all(_VERSION.fullmatch(one) is not None for one in versions), "no versions")
        places = [str(number) for number in range(min(int(contents["parts"]), len(everything)))]
        names = {one.filename for one in everything}
        demand(len(names) == len(everything), "two members of one name")
        facts = {f"{place}/{FACTS}" for place in places}
        answers = names - facts - {CONTENTS}
        whole = bool(places) and facts <= names and len(places) == contents["parts"]
        demand(whole, "parts that are not there")
        of_part: dict[str, list[str]] = {place: [] for place in places}
        for name in sorted(answers):
            demand(_ANSWER.fullmatch(name) is not None, "a member of another name")
            of_part[name.partition("/")[0]].append(name)
        return tuple(_part(archive, place, of_part[place], spec) for place in places)


def _part(archive: zipfile.ZipFile, place: str, names: Sequence[str], spec: StudySpec) -> PartOfCells:
    facts = json.loads(_text(archive, f"{place}/{FACTS}"))
    _check_facts(facts, int(place), spec)
    rows, without_weight = facts["rows"], facts[WITHOUT_WEIGHT]
    answers = {name: _answer(archive, name, spec) for name in names}
    units = foreign_answers.check_answers([*answers.values()], rows, without_weight, spec)
    told = [
        Path(name).stem.partition("-")
        for name, answer in answers.items()
        if not foreign_answers.is_facts(answer.columns)
    ]
    ids = frozenset(units.drop("rows").drop_nulls().rows()) if "cluster" in units.columns else frozenset()
    return PartOfCells(rows=rows, answers={question: digest for question, _, digest in told}, units=ids)


def _answer(archive: zipfile.ZipFile, name: str, spec: StudySpec) -> pl.DataFrame:
    """Return an answer whose content is that of its name."""
    import polars as pl

    content = archive.read(name)
    demand(Path(name).name == answer_name(Path(name), content), "an answer that was changed")
    scan = pl.scan_parquet(io.BytesIO(content))
    n_rows = int(scan.select(pl.len()).collect().item())
    foreign_answers.check_columns(scan.collect_schema(), n_rows, spec)
    return pl.read_parquet(io.BytesIO(content))


def _text(archive: zipfile.ZipFile, name: str) -> bytes:
    demand(archive.getinfo(name).file_size <= _MOST_TEXT, "a list that is too long")
    return archive.read(name)


def _check_facts(facts: Mapping[str, Any], place: int, spec: StudySpec) -> None:
    """Check that the facts about a part are as `write_cells` writes them."""
    rows, counts = facts["rows"], (facts["rows"], facts[WITHOUT_WEIGHT])
    possible = all(type(n) is int and 0 <= n <= foreign_answers.MOST_PEOPLE for n in counts)
    demand(possible, "counts that cannot be")
    demand(facts["file"] == f"part {place + 1}" and facts["sha256"] == "", "a name of a file")
    texts = [facts[name] for name in ("wave", "encoding") if facts[name] is not None]
    known = isinstance(facts["simulated"], bool) and facts["doubts"] == []
    demand(known and facts["replicate_weights"] == [], "facts that cannot be")
    demand(all(_SHORT_TEXT.fullmatch(text) is not None for text in texts), "a name that cannot be")
    for variable, labels in facts["labels"].items():
        demand(variable in spec.variables, "labels of a variable that the study has not")
        demand(all(isinstance(label, str) for label in labels.values()), "a label that is no text")
    kinds = {str(kind) for kind in range(1 + len(MISSING_KINDS))}
    for variable, counts in facts["missing"].items():
        known = variable in spec.variables and counts.keys() <= kinds
        demand(known and all(type(n) is int and n >= 0 for n in counts.values()), "counts that cannot be")
        demand(sum(counts.values()) == rows, "missing values of another number of people")
