"""Files of cells that a site gives away instead of records: written with a threshold, and read as a panel.

A file of cells is an archive: a list of contents, and for each part of the site's panel its facts and the
answers to all that the study asks about its records.
"""

from __future__ import annotations

import json
import shutil
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.data.cells import ROWS, WITHOUT_WEIGHT
from engine.data.design_columns import DESIGN_PREFIX
from engine.data.foreign_cells import CONTENTS, FORMAT, contents_of, not_of_cells, refuse_foreign_cells
from engine.data.panel import Panel
from engine.data.part import FACTS, RECORDS, Part
from engine.data.records import ANSWERS, answer_name
from engine.data.source_file import file_hash
from engine.durable import private_file
from engine.errors import DataError, Fault, UsageError
from engine.study import StudySpec, VariableSpec
from engine.study.load import study_as_dict, study_from_dict
from engine.version import VERSION

if TYPE_CHECKING:
    import polars as pl

VERSIONS = {"equirank": VERSION, **{name: version(name) for name in ("polars", "duckdb")}}
"""Other versions would ask other questions."""
_FACTS_THAT_LEAVE = ("wave", "rows", "encoding", "simulated", "replicate_weights", "labels")


def beside_records(panel: Panel, folder: Path) -> Panel:
    """Return a panel of the same records, whose answers are kept in a folder of their own."""
    folder.mkdir(mode=0o700)
    parts = []
    for number, part in enumerate(panel.each):
        place = folder / str(number)
        place.mkdir(mode=0o700)
        (place / RECORDS).symlink_to(part.records)
        parts.append(replace(part, records=place / RECORDS))
    return replace(panel, each=tuple(parts), cells_only=True)


def write_cells(spec: StudySpec, panel: Panel, out: Path, *, least: int, largest_weight: float | None) -> int:
    """Write the answers that are kept beside the parts of a panel, and return how many cells leave.

    Parameters
    ----------
    spec, panel
        The study, and the panel that `beside_records` returned.
    out
        The file to write.
    least
        The fewest people of a cell or a sampling unit.
    largest_weight
        Of all sites; None: only the power of 2 above that of this site leaves.

    Raises
    ------
    DataError
        If a cell or a sampling unit stands for fewer than `least` people, or two cells differ by fewer;
        nothing is written then.
    """
    import polars as pl

    answers = [sorted((part.records.parent / ANSWERS).glob("*.parquet")) for part in panel.each]
    frames = [[pl.read_parquet(path) for path in of_part] for of_part in answers]
    flat = [frame for of_part in frames for frame in of_part]
    _refuse_small(flat, least)
    for of_part in frames:
        _refuse_small_differences(of_part, least)
    contents = {
        "format": FORMAT,
        "study": study_as_dict(spec),
        "versions": VERSIONS,
        "least": least,
        "parts": len(panel.each),
    }
    writing = out.with_name(f".{out.name}.writing")
    private_file(writing)
    try:
        with zipfile.ZipFile(writing, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(CONTENTS, json.dumps(contents))
            for number, part in enumerate(panel.each):
                archive.writestr(f"{number}/{FACTS}", json.dumps(_facts(part, number, least)))
                for path, frame in zip(answers[number], frames[number], strict=True):
                    content = _that_leaves(path, frame, largest_weight)
                    archive.writestr(f"{number}/{answer_name(path, content)}", content)
        writing.replace(out)
    finally:
        writing.unlink(missing_ok=True)
    return sum(frame.height for frame in flat if ROWS in frame.columns)


def _refuse_small(answers: Sequence[pl.DataFrame], least: int) -> None:
    small = {"cells": 0, "sampling units": 0}
    for answer in answers:
        for column, what in ((ROWS, "cells"), ("rows", "sampling units")):
            if column in answer.columns:
                small[what] += int((answer[column] < least).sum())
    found = " and ".join(f"{count:,} {what}" for what, count in small.items() if count)
    if found:
        expected = f"none of fewer than {least}"
        remedy = "Use coarser variables, such as groups of income, or leave out the cluster of the design."
        raise DataError(Fault("cells", f"{found} of fewer than {least} people", expected, remedy))


def _refuse_small_differences(answers: Sequence[pl.DataFrame], least: int) -> None:
    """Refuse cells of a part that differ by few people: those of all and those of `where` tell the others."""
    cells = [answer for answer in answers if ROWS in answer.columns]
    n = [int(frame[ROWS].sum()) for frame in cells]
    small = 0
    for i, j in combinations(sorted(range(len(cells)), key=n.__getitem__), 2):
        if n[i] < n[j]:
            others = _others(cells[i], cells[j])
            # Where some cells are larger and others smaller, neither holds the people of the other.
            small += sum(count < least for count in others) if min(others, default=0) > 0 else 0
    if small:
        found = f"{small:,} cells of one analysis differ by fewer than {least} people from those of another"
        remedy = "Use coarser variables, or share the analyses without `where`."
        raise DataError(Fault("cells", found, f"a difference of none, or of at least {least}", remedy))


def _others(fewer: pl.DataFrame, more: pl.DataFrame) -> list[int]:
    """Return by how many people cells differ, where they do, in all that both frames know of them."""
    import polars as pl

    keys = [name for name in more.columns if name in fewer.columns and not name.startswith("cell_")]
    frames = [more.select(*keys, ROWS), fewer.select(*keys, -pl.col(ROWS))]
    both = pl.concat(frames)
    sums = both.group_by(keys).agg(pl.col(ROWS).sum()) if keys else both.sum()
    return [count for count in sums[ROWS].to_list() if count]


def _facts(part: Part, number: int, least: int) -> dict[str, Any]:
    """Return what leaves of the facts about a part: no name, no hash, no small count of missing values."""
    missing = {name: _without_small(counts, least) for name, counts in part.source["missing"].items()}
    known = {name: part.source[name] for name in _FACTS_THAT_LEAVE}
    known[WITHOUT_WEIGHT] = _without_weight(part, least)
    return {**known, "file": f"part {number + 1}", "sha256": "", "doubts": [], "missing": missing}


def _without_weight(part: Part, least: int) -> int:
    """Return how many people of a part have a weight of 0, so that no cell counts them; `least` for fewer."""
    import polars as pl

    records, weight = pl.scan_parquet(part.records, glob=False), f"{DESIGN_PREFIX}weight"
    if weight not in records.collect_schema():
        return 0
    n = int(records.select((pl.col(weight) == 0.0).sum()).collect().item())
    return max(n, least) if n else 0


def _without_small(counts: Mapping[str, int], least: int) -> dict[str, int]:
    """Return counts of kinds of missing; small ones join the largest: the number of rows would tell them."""
    kept = Counter({kind: n for kind, n in counts.items() if n >= least})
    largest = max(counts, key=counts.__getitem__)
    kept[largest] += sum(counts.values()) - kept.total()
    return dict(kept)


def _that_leaves(path: Path, answer: pl.DataFrame, largest_weight: float | None) -> bytes:
    """Return the bytes of an answer that leave: no mark of a cell, and no weight of a person."""
    import io

    import numpy as np
    import polars as pl

    if "marks" not in answer.columns:
        return path.read_bytes()
    known = answer["largest"].fill_null(0.0).to_numpy()
    below = np.where(known > 0.0, np.ldexp(0.5, np.frexp(known)[1]), 0.0)  # of the same exponent
    largest = pl.lit(largest_weight) if largest_weight is not None else pl.Series(below)
    stream = io.BytesIO()
    marks = pl.Series("marks", [[]], answer["marks"].dtype)
    answer.with_columns(largest.alias("largest"), marks).write_parquet(stream, compression="zstd")
    return stream.getvalue()


def study_of_cells(files: Sequence[Path], spec: StudySpec) -> StudySpec:
    """Return a study with the levels that the files of cells were written with.

    Raises
    ------
    UsageError
        If a file is no file of cells, or was written for another study or by other versions.
    """
    refuse_foreign_cells(files)
    written = [study_from_dict(_contents(file)["study"]) for file in files]
    for file, study in zip(files, written, strict=True):
        same = study.variables == written[0].variables and _same_variables(spec, study)
        if not same or study.design != spec.design or study.sample != spec.sample:
            raise _fault(file, "written for another study", "the same variables, design and sample rules")
    return spec.model_copy(update={"variables": written[0].variables, "source": written[0].source})


def _same_variables(spec: StudySpec, written: StudySpec) -> bool:
    """Whether two studies have the same variables, but for what a site's files said of them."""
    if set(spec.variables) != set(written.variables):
        return False
    # A study of a built-in panel was written as that of the survey's own files.
    return spec.source.layout is not None or all(
        _settled(one, written.variables[name]) == written.variables[name]
        for name, one in spec.variables.items()
    )


def _settled(asked: VariableSpec, written: VariableSpec) -> VariableSpec:
    from_file = {"label": asked.label or written.label}
    if asked.levels == "file":
        return asked.model_copy(update={**from_file, "levels": written.levels})
    return asked.model_copy(update=from_file)


def unpack_cells(files: Sequence[Path], folder: Path) -> Panel:
    """Return the panel of several files of cells, unpacked into a private folder.

    Raises
    ------
    UsageError
        If a file is no file of cells.
    """
    parts = []
    for number, file in enumerate(files):
        place = folder / str(number) / file.name  # `name_of_site` reads it
        _unpack(file, place)
        parts += [_part(place / str(part), file) for part in range(_contents(file)["parts"])]

    def refuse(_records: str) -> None:
        raise DataError(
            Fault(
                "cells",
                "the files do not hold what this analysis asks of the records",
                "analyses of `equirank cells`, weights of one scale",
                "Give `--largest-weight` the same number at every site, and write the files again.",
            )
        )

    return Panel(each=tuple(parts), before_reading=refuse, cells_only=True)


@contextmanager
def _opened(file: Path) -> Iterator[zipfile.ZipFile]:
    """Open a file of cells that has been checked; one that has changed since is refused."""
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except (OSError, ValueError, LookupError, TypeError, zipfile.BadZipFile):
        raise not_of_cells(file) from None


def _contents(file: Path) -> Mapping[str, Any]:
    """Return the list of contents of a file of cells."""
    with _opened(file) as archive:
        contents = contents_of(archive)
    for name, here in VERSIONS.items():
        if contents["versions"][name] != here:
            raise _fault(file, f"written with {name} {contents['versions'][name]}", f"{name} {here}, as here")
    return contents


def _unpack(file: Path, folder: Path) -> None:
    with _opened(file) as archive:
        for one in archive.infolist():
            place, _, name = one.filename.partition("/")
            if not name:
                continue
            if not (place.isdecimal() and Path(name).name == name):
                raise ValueError
            inside = folder / place / (name if name == FACTS else f"{ANSWERS}/{name}")
            inside.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with archive.open(one) as source, inside.open("wb") as target:
                shutil.copyfileobj(source, target)


def _part(folder: Path, file: Path) -> Part:
    facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    facts["file"] = f"{file.name}, {facts['file']}"
    facts["sha256"] = file_hash(file)
    return Part(records=folder / RECORDS, source=facts, reused=True)


def _fault(file: Path, found: str, expected: str) -> UsageError:
    return UsageError(Fault(file.name, found, expected, "Write it again with `equirank cells`."))
