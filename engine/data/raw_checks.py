"""Checks that need the raw file beside its records: its number of rows, and values that fit no level."""

from __future__ import annotations

from pathlib import Path

from engine.data import queries
from engine.data.broken_rules import Broken, RuleError
from engine.data.disclosure import SMALLEST_SHOWN
from engine.data.file_labels import label_fault, numbers_with_labels
from engine.data.harmonise import KIND_SUFFIX, NOT_UNDERSTOOD, variable_column
from engine.data.raw_frame import RawFrame
from engine.data.source_file import SourceFile
from engine.errors import DataError, Fault
from engine.study import StudySpec

MOST_CODES = 20  # in a message


def refuse_other_row_count(spec: StudySpec, file: SourceFile, n_rows: int) -> None:
    """Compare the rows of a wave's file with the published number: partial copies and mixed-up waves happen.

    Raises
    ------
    RuleError
        If the numbers differ.
    """
    counts = spec.source.rows or {}
    expected = counts.get(str(file.wave))
    if expected is None or expected == n_rows:
        return
    others = [wave for wave, rows in counts.items() if rows == n_rows and wave != file.wave]
    question = (
        f"That is the count of wave {others[0]}: are the files swapped?"
        if others
        else "Is it a partial copy?"
    )
    name = file.path.name
    fault = Fault(
        name,
        f"found {n_rows:,} rows",
        f"the {expected:,} of wave {file.wave}",
        f"{question} (source.rows holds the counts.)",
    )
    raise RuleError(name, [Broken(place="source.rows", rule="count", rows=n_rows)], [fault])


def refuse_not_understood(spec: StudySpec, file: SourceFile, raw: RawFrame, records: Path) -> None:
    """Refuse a file in which values of a variable fit nothing that the study states.

    Raises
    ------
    RuleError
        With every such variable.
    """
    params = {"panel": [str(records)], "pattern": f".*{KIND_SUFFIX}"}
    with queries.database() as connection:
        counts = queries.rows(connection, "panel_missing", params)
    rows_of = {column.removesuffix(KIND_SUFFIX): n for column, kind, n in counts if kind == NOT_UNDERSTOOD}
    if rows_of:
        broken = [
            Broken(place=f"variables.{name}", rule=_rule(spec, name), rows=n) for name, n in rows_of.items()
        ]
        faults = [_not_understood(spec, file, raw, name, n) for name, n in rows_of.items()]
        raise RuleError(file.path.name, broken, faults)


def refuse_labels_of_numbers(spec: StudySpec, file: SourceFile, raw: RawFrame) -> None:
    """Refuse a file whose labels say that a number of the study is a factor.

    Raises
    ------
    DataError
        With every such variable.
    """
    found = numbers_with_labels(spec, file, raw)
    faults = [label_fault(file.path.name, name, shown) for name, shown, is_factor in found if is_factor]
    if faults:
        raise DataError(*faults)


def _rule(spec: StudySpec, name: str) -> str:
    """Return what a value must be: one of the levels, inside an interval of cut, or a number."""
    variable = spec.variables[name]
    return "levels" if variable.levels else "cut" if variable.cut else "number"


def _not_understood(spec: StudySpec, file: SourceFile, raw: RawFrame, name: str, n: int) -> Fault:
    variable = spec.variables[name]
    column = "" if variable.is_derived else f", column '{variable.column_of(file.wave)}'"
    place = f"{file.path.name}{column} (variables.{name})"
    if not variable.levels and not variable.cut:
        return Fault(
            place,
            f"{n:,} rows hold text where a number belongs",
            "numbers",
            "List the codes under missing, or give the variable levels.",
        )
    if variable.cut:
        found = f"{n:,} rows lie outside every interval of cut"
        return Fault(place, found, "all inside", "Widen it, or list missing.")
    codes = [] if variable.is_derived else _common_codes(spec, file, raw, name)
    shown = (
        f"code {', '.join(codes[:MOST_CODES])}" if codes else "codes held by very few people, not shown here"
    )
    return Fault(
        place,
        f"{n:,} rows hold a value that no level names ({shown})",
        f"one of {', '.join(variable.level_names)}, or a code listed as missing",
        "Add it to levels or to missing.",
    )


def _common_codes(spec: StudySpec, file: SourceFile, raw: RawFrame, name: str) -> list[str]:
    """Return the unknown codes of a variable that enough people hold to be shown."""
    import polars as pl

    variable = spec.variables[name]
    column = variable_column(name, variable, raw, file.wave)
    levels = variable.levels_of(file.wave) or {}
    known = [code for codes in (*levels.values(), *variable.missing_codes.values()) for code in codes]
    unknown = raw.frame.filter(~column.matches(known) & ~column.is_blank).select(code=column.identifier())
    counts = unknown.group_by("code").agg(n=pl.len()).filter(pl.col("n") >= SMALLEST_SHOWN).sort("code")
    return [str(code) for code in counts.collect(engine="in-memory")["code"].to_list()]
