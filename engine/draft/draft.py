"""The draft of a study file as text: what the files say, and the open questions as comments."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from engine.draft.columns import DraftFile, read_files
from engine.draft.toml_text import inline, key, value
from engine.draft.variables import OF_DESIGN, DraftVariable, joined, variables_of, waves_of
from engine.errors import Fault, UsageError

LONGEST_LINE = 100
MOST_OUTCOME_LEVELS = 6
_HEAD = """\
# A draft made by `equirank init`. It runs as it is: it describes the variables below.
# A line that begins with "# ?" asks you something. Next: `equirank check STUDY`, then `equirank run STUDY`.
"""


def draft_study(paths: Sequence[Path], encoding: str | None = None, search: str | None = None) -> str:
    """Return a draft of a study of some survey files, as TOML.

    Parameters
    ----------
    paths
        The files; each is a wave if there are several.
    encoding
        Of their text; None to find it from the bytes.
    search
        Regular expression: only variables whose name or label matches.

    Raises
    ------
    UsageError, DataError
        If a file cannot be read, or the pattern cannot.
    """
    wanted = _pattern(search)
    waves = waves_of(read_files(paths, encoding))
    found = [
        one for one in variables_of(waves) if wanted.search(" ".join([*one.columns.values(), one.label]))
    ]
    in_all = [one for one in found if len(one.columns) == len(waves)]
    design = {role: _first(in_all, role) or joined(found, role, waves) for role in OF_DESIGN}
    used = [one for one in in_all if one.kind != "other" and one not in design.values() and not one.is_unique]
    columns = {name for one in design.values() if one is not None for name in one.columns.values()}
    left = [one for one in found if one not in used and not columns >= {*one.columns.values()}]
    if not used:
        fault = Fault(
            "init", "no column that every file has", "a number or a factor", "Check --search and files."
        )
        raise UsageError(fault)
    lines = [
        _HEAD,
        *_study_and_source(waves, encoding, used),
        *_design(design),
        *(line for one in used for line in _variable(one, several=len(waves) > 1)),
        *_left_out(left, waves),
        *_analyses(used, waves),
    ]
    return "\n".join(lines) + "\n"


def _pattern(search: str | None) -> re.Pattern[str]:
    try:
        return re.compile(search or "", re.IGNORECASE)
    except re.error:
        found = "found a pattern that cannot be read"
        raise UsageError(Fault("--search", found, "a regular expression", "Correct it.")) from None


def _first(variables: Sequence[DraftVariable], role: str) -> DraftVariable | None:
    return next((one for one in variables if one.belongs_to_design == role), None)


def _study_and_source(
    waves: Mapping[str, DraftFile], encoding: str | None, used: Sequence[DraftVariable]
) -> Iterator[str]:
    yield "[study]"
    yield 'name = "my-study"'
    yield '# title = "..."  # ? What do the tables say above them?'
    yield "\n[source]"
    paths = {wave: _relative(file.path) for wave, file in waves.items()}
    if len(paths) == 1:
        yield f"path = {value(next(iter(paths.values())))}"
        column = next((one for one in used if one.sounds_like("wave")), None)
        if column is not None:
            name = next(iter(column.columns.values()))
            yield f"# wave = {value(name)}  # ? Does this column hold the wave?"
    else:
        yield f"path = {inline(paths)}"
    delimiter = next((file.delimiter for file in waves.values() if file.delimiter), None)
    if delimiter is not None:
        yield f"delimiter = {value(delimiter)}"
        yield '# decimal = ","  # ? Do its numbers have a decimal comma?'
    if encoding is not None:
        yield f"encoding = {value(encoding)}"
    for wave, file in waves.items():
        facts = [f"{file.n_rows:,} rows", f"{len(file.columns)} columns"]
        facts += [f"text {file.encoding}"] if file.encoding else []
        yield f"# {wave}: {', '.join([*facts, *([file.title] if file.title else [])])}"
        if file.encoding == "cp1252":
            yield '# ? The text was taken for Western (cp1252). If it is not: encoding = "..."'


def _relative(path: Path) -> str:
    """Return a path as a study in the working directory names it."""
    try:
        return Path(os.path.relpath(path.resolve(), Path.cwd())).as_posix()
    except ValueError:  # another drive
        return path.resolve().as_posix()


def _design(design: Mapping[str, DraftVariable | None]) -> Iterator[str]:
    if not any(design.values()):
        return
    yield "\n# [design]  # ? Remove the # from this line and from what is right."
    for role, one in design.items():
        if one is None:
            continue
        same = len({*one.columns.values()}) == 1
        column = value(next(iter(one.columns.values()))) if same else inline(one.columns)
        yield f"# {role} = {column}  # {one.label or 'a guess'}"


def _variable(one: DraftVariable, *, several: bool) -> Iterator[str]:
    yield f"\n[variables.{key(one.name)}]"
    same = len({name.casefold() for name in one.columns.values()}) == 1
    yield f"from = {value(next(iter(one.columns.values()))) if same else inline(one.columns)}"
    if one.label:
        yield f"label = {value(one.label)}"
    if one.missing:
        only = [*one.missing] == ["missing"]
        yield f"missing = {value(one.missing['missing']) if only else inline(one.missing)}"
    if one.needs_numeric:
        yield "numeric = true"
    yield from _event(one)
    if several and one.sounds_like("birth") and one.kind == "number":
        dates = {wave: f"{wave}-05" for wave in one.columns}
        yield f"# ? For the age in years, with the month of the survey: since = {inline(dates)}"
    yield from (f"# ? {question}" for question in one.questions)
    if not one.levels:
        return
    line = f"levels = {inline(one.levels)}"
    if len(line) <= LONGEST_LINE:
        yield line
        return
    yield f"[variables.{key(one.name)}.levels]"
    yield from (f"{key(level)} = {value(codes)}" for level, codes in one.levels.items())


def _event(one: DraftVariable) -> Iterator[str]:
    if one.kind == "factor" and len(one.levels) <= MOST_OUTCOME_LEVELS and one.sounds_like("outcome"):
        yield f"# event = {value(list(one.levels)[-1])}  # ? For an outcome: which level counts as 1?"


def _left_out(left: Sequence[DraftVariable], waves: Mapping[str, DraftFile]) -> Iterator[str]:
    if not left:
        return
    yield "\n# Columns left out:"
    for one in left:
        columns = ", ".join(dict.fromkeys(one.columns.values()))
        said = [one.label] if one.label else []
        said += [] if len(one.columns) == len(waves) else [f"only in {', '.join(one.columns)}"]
        said += ["every row has its own value: an id?"] if one.is_unique else [*one.questions]
        yield f"# {columns}: {'; '.join(said)}"


def _analyses(used: Sequence[DraftVariable], waves: Mapping[str, DraftFile]) -> Iterator[str]:
    by = ['by = "wave"'] if len(waves) > 1 else []
    yield from ("\n[[analysis]]", 'name = "people"', 'kind = "describe"', *by)
    events = [one for one in used if [*_event(one)]]
    outcome = next(iter(events), None) or next((one for one in used if one.sounds_like("outcome")), None)
    rank = next((one for one in used if one.kind == "number" and one.sounds_like("rank")), None)
    yield "\n# ? A first index: remove the # from these lines, and from the event of the outcome above."
    yield '# [[analysis]]\n# name = "inequality"\n# kind = "concentration"'
    yield f"# outcome = {value(outcome.name if outcome else '...')}  # {_guess(outcome)}"
    yield f"# rank_by = {value(rank.name if rank else '...')}  # {_guess(rank)}"
    yield from (f"# {line}" for line in by)
    yield '# index = ["standard", "erreygers"]'


def _guess(one: DraftVariable | None) -> str:
    return "? a variable of this study" if one is None else f"a guess: {one.label or one.name}"
