"""The study that a script asks for as TOML; at the end what it could not take, with line and reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from engine.draft.finishing import finish, used_variables
from engine.draft.script import DraftOfVariable, ScriptStudy
from engine.draft.toml_text import inline, key, value
from engine.errors import Fault, UsageError

LONGEST_STATEMENT = 70
_NO_YES: Mapping[int | float, str] = {0: "no", 1: "yes"}
SUFFIXES = (".do", ".ado", ".r")
_READ = (".csv", ".tsv", ".parquet", ".dta", ".sav", ".xlsx", ".zip")


def imported_study(path: Path) -> str:
    """Return the study of a do-file or an R script, as TOML.

    Raises
    ------
    UsageError
        If it is neither, or holds nothing that a study computes.
    """
    from engine.draft.r_study import study_of_r
    from engine.draft.stata_study import study_of_do_file

    if path.suffix.lower() not in SUFFIXES:
        remedy = "Give a script; `equirank init` drafts a study from data files."
        raise UsageError(Fault(str(path), "no script", "a file with the suffix .do or .R", remedy))
    try:
        content = path.read_bytes()
    except OSError as error:
        found = f"cannot be read ({type(error).__name__})"
        raise UsageError(Fault(str(path), found, "a file you may read", "Check the path.")) from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("gb18030", errors="replace")
    study = study_of_r(text) if path.suffix.lower() == ".r" else study_of_do_file(text)
    if not study.analyses:
        left = "; ".join(
            f"line {line}: {reason}" for line, (_, reason) in [*sorted(study.left_out.items())][:3]
        )
        expected = "an index, a logit or a decomposition"
        remedy = f"It says: {left}." if left else "Give another one."
        raise UsageError(Fault(str(path), "nothing that a study computes", expected, remedy))
    finish(study)
    return "\n".join([*_lines(study, path)]) + "\n"


def _lines(study: ScriptStudy, path: Path) -> Iterator[str]:
    n_taken, n_left = len(study.taken), len(study.left_out)
    yield f"# A draft made by `equirank import {path.name}`: {n_taken} statements taken, {n_left} left out."
    yield '# A line that begins with "# ?" asks you something. Next: `equirank check STUDY`.'
    yield "\n[study]"
    yield f"name = {value(_study_name(path))}"
    yield "\n[source]"
    yield from _source(study.path)
    if study.design or study.levels:
        yield "\n[design]"
        yield from (f"{name} = {value(given)}" for name, given in study.design.items())
        if study.levels:
            yield f"levels = {inline(study.levels)}"
        if study.level_weights:
            yield f"level_weights = {inline(study.level_weights)}"
    used = used_variables(study)
    for name, variable in study.variables.items():
        if name in used:
            yield f"\n[variables.{key(name)}]"
            yield from _variable(name, variable)
    for label, sql in study.rules:
        yield f"\n[[sample]]\nlabel = {value(label)}\nkeep = {value(sql)}"
    for table in study.analyses:
        yield "\n[[analysis]]"
        yield from (f"{name} = {value(given)}" for name, given in table.items())
    yield from _told(study)


def _study_name(path: Path) -> str:
    name = "".join(letter if letter.isalnum() else "-" for letter in path.stem.lower()).strip("-")
    return name if name and name.isascii() else "imported"


def _source(path: str | None) -> Iterator[str]:
    if path is None:
        yield 'path = "data.dta"  # ? The script does not say which file.'
    elif path.lower().endswith(_READ):
        yield f"path = {value(path)}"
    else:
        other = value(f"{path.rpartition('.')[0]}.csv")
        yield f"path = {other}  # ? The script reads {path}: save it as .csv."


def _variable(name: str, one: DraftOfVariable) -> Iterator[str]:
    asked = f"  # ? Line {one.changed_at} changes it, and is left out." if one.changed_at is not None else ""
    if one.aggregate is not None:
        yield f"aggregate = {value(one.aggregate)}{asked}\nof = {value(one.of)}\nby = {value(one.group)}"
    elif one.expression is not None:
        yield f"expression = {value(one.expression)}{asked}"
    else:
        yield f"from = {value(one.source or name)}{asked}"
    if one.label:
        yield f"label = {value(one.label)}"
    if one.is_code and one.expression is None:
        yield "numeric = true"
    if one.quantiles is not None:
        yield f"quantiles = {value([str(number) for number in range(1, one.quantiles + 1)])}"
        yield 'ties = "xtile"'
    elif one.is_event:
        levels = one.levels if one.levels and 1 in one.levels else _NO_YES
        levels = _NO_YES if levels == {0: "0", 1: "1"} else levels
        yield f"levels = {_levels(levels)}  # ? Does 1 mean that the event happened?"
        yield f"event = {value(levels[1])}"
    elif one.is_factor and one.levels:
        yield f"levels = {_levels(one.levels)}"
    elif one.is_factor and (one.expression or one.aggregate):
        yield "# ? It is a factor in the script: write its levels."
    elif one.is_factor:
        yield 'levels = "file"  # ? Write the levels if the file has no labels; the first is the reference.'


def _levels(levels: Mapping[int | float, str]) -> str:
    """Return levels; a name that comes twice holds all its codes."""
    held: dict[str, list[int | float]] = {}
    for code, name in levels.items():
        held.setdefault(name, []).append(code)
    return inline(held)


def _told(study: ScriptStudy) -> Iterator[str]:
    if study.notes:
        yield "\n# Taken, but:"
        yield from (f"# line {line}: {note}" for line, note in sorted(study.notes.items()))
    if study.left_out:
        yield "\n# Left out:"
    for line, (text, reason) in sorted(study.left_out.items()):
        shown = text if len(text) <= LONGEST_STATEMENT else f"{text[: LONGEST_STATEMENT - 3]}..."
        yield f"# line {line}: {_printable(shown)}: {_printable(reason)}"


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)
