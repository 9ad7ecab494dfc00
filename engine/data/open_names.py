"""Columns whose names a study leaves open: all of them at once, as TOML to paste into a study."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.data.file_calls import call_with_files
from engine.data.formats import count_rows
from engine.data.places import open_source
from engine.data.raw_checks import refuse_other_row_count
from engine.data.source_file import SourceFile
from engine.errors import DataError, Fault
from engine.study import StudySpec

MOST_CANDIDATES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenName:
    """A variable whose column in one file is not known, and the columns (name, label) that may be it."""

    variable: str
    file: str
    wave: str | None
    wanted: str | None
    candidates: tuple[tuple[str, str], ...]


def open_names(spec: StudySpec, files: Sequence[SourceFile]) -> tuple[OpenName, ...]:
    """Return the variables with a search pattern whose column a file does not have."""
    if all(variable.search is None for variable in spec.variables.values()):
        return ()
    return tuple(name for names in call_with_files(_open_names_of, files, spec) for name in names)


def _open_names_of(file: SourceFile, spec: StudySpec) -> list[OpenName]:
    found = []
    bare = spec.model_copy(update={"variables": {}})
    with TemporaryDirectory(prefix="equirank-") as scratch:
        raw = open_source(bare, file, Path(scratch))
    for name, variable in spec.variables.items():
        wanted = variable.column_of(file.wave)
        if variable.search is None or (wanted is not None and raw.has(wanted)):
            continue
        found.append(
            OpenName(
                variable=name,
                file=file.path.name,
                wave=file.wave,
                wanted=wanted,
                candidates=tuple(raw.matching(variable.search)[:MOST_CANDIDATES]),
            )
        )
    return found


def refuse_open_names(spec: StudySpec, files: Sequence[SourceFile]) -> None:
    """Refuse to run while a column's name is open.

    Raises
    ------
    DataError
        With all open names as one block to paste; a file with another number of rows is told first.
    """
    names = open_names(spec, files)
    if not names:
        return
    counted = [file for file in files if (spec.source.rows or {}).get(str(file.wave)) is not None]
    counts = call_with_files(count_rows, counted, spec.source.encoding)
    for file, n_rows in zip(counted, counts, strict=True):
        refuse_other_row_count(spec, file, n_rows)
    raise DataError(fault_of(names))


def fault_of(names: Sequence[OpenName]) -> Fault:
    """Return the fault of open names, with the block to paste as its remedy."""
    count = (
        "the column of 1 variable is not known" if len(names) == 1 else f"{len(names)} columns are not known"
    )
    remedy = "Look at `equirank codebook FILE`, choose, and paste into a study that extends this one:"
    return Fault("variables", count, "the name of each", f"{remedy}\n\n{toml_block(names)}")


def toml_block(names: Sequence[OpenName]) -> str:
    """Return the open names as TOML: the first candidate as the value, all candidates as comments.

    Examples
    --------
    >>> found = (("Q403", "健康档案"), ("Q404", ""))
    >>> print(toml_block([OpenName(variable="record", file="b", wave="2017", wanted=None, candidates=found)]))
    [variables.record.from]
    2017 = "Q403"  # or: Q403 (健康档案); Q404
    """
    lines: list[str] = []
    for variable in dict.fromkeys(one.variable for one in names):
        own = [one for one in names if one.variable == variable]
        by_wave = own[0].wave is not None
        lines += ["", f"[variables.{_key(variable)}{'.from' if by_wave else ''}]"]
        for one in own:
            choice = one.candidates[0][0] if one.candidates else "..."
            key = _key(str(one.wave)) if by_wave else "from"
            lines.append(f"{key} = {json.dumps(choice, ensure_ascii=False)}  # {_candidates(one)}")
    return "\n".join(lines[1:])


def _candidates(one: OpenName) -> str:
    if not one.candidates:
        return f"no name or label in {one.file} matches the search pattern"
    return "or: " + "; ".join(f"{name} ({label})" if label else name for name, label in one.candidates)


def _key(name: str) -> str:
    plain = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if plain else json.dumps(name, ensure_ascii=False)
