"""Checks that need the raw file beside its records: its number of rows, and values that fit no level."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.data import queries
from engine.data.broken_rules import Broken, RuleError
from engine.data.dialect import looks_like
from engine.data.disclosure import SMALLEST_SHOWN
from engine.data.file_labels import label_fault, numbers_with_labels
from engine.data.harmonise import KIND_SUFFIX, NOT_UNDERSTOOD, variable_column
from engine.data.raw_frame import RawFrame
from engine.data.source_file import SourceFile
from engine.errors import DataError, Fault
from engine.study import StudySpec
from engine.study.imputations import ORIGINAL

MOST_CODES = 20  # in a message
MOST_WORDS = 5
LONGEST_WORD = 8  # longer texts can be names and answers

if TYPE_CHECKING:
    import polars as pl

    from engine.data.raw_column import RawColumn


def refuse_other_row_count(spec: StudySpec, file: SourceFile, n_rows: int) -> None:
    """Compare the rows of a wave's file with the published number: partial copies and mixed-up waves happen.

    Raises
    ------
    RuleError
        If the numbers differ.
    """
    counts = spec.source.rows or {}
    expected = counts.get(str(file.wave))
    has_none = file.imputation == ORIGINAL and not n_rows  # the data as they were asked need not be there
    if expected is None or expected == n_rows or has_none:
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


def counts_of_missing(
    spec: StudySpec, file: SourceFile, raw: RawFrame, records: Path
) -> dict[str, dict[str, int]]:
    """Return how many rows of each variable hold a value (``"0"``) or each kind of missing (``"1"`` on).

    A file in which values of a variable fit nothing that the study states is refused.

    Raises
    ------
    RuleError
        With every such variable.
    """
    params = {"panel": [str(records)], "pattern": f".*{KIND_SUFFIX}"}
    with queries.database() as connection:
        found = dict(queries.rows(connection, "panel_missing", params))
    counts = {column.removesuffix(KIND_SUFFIX): rows_of for column, rows_of in found.items()}
    if wrong := {name: n[NOT_UNDERSTOOD] for name, n in counts.items() if NOT_UNDERSTOOD in n}:
        broken = [
            Broken(place=f"variables.{name}", rule=_rule(spec, name), rows=n) for name, n in wrong.items()
        ]
        faults = [_not_understood(spec, file, raw, name, n) for name, n in wrong.items()]
        raise RuleError(file.path.name, broken, faults)
    return {name: {str(kind): n for kind, n in sorted(rows_of.items())} for name, rows_of in counts.items()}


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
    if (no_number := _no_number(spec, file, raw, name, n)) is not None:
        return Fault(place, *no_number)
    if variable.cut:
        found = f"{n:,} rows lie outside every interval of cut"
        return Fault(place, found, "all inside", "Widen an interval, or list their codes under missing.")
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


def _no_number(
    spec: StudySpec, file: SourceFile, raw: RawFrame, name: str, n: int
) -> tuple[str, str, str] | None:
    """Say what stands where a number belongs in `n` rows; None if it is a number."""
    import polars as pl

    variable, found = spec.variables[name], f"{n:,} rows hold"
    if variable.levels or variable.is_derived:
        return None
    kind = raw.frame.collect_schema()[variable_column(name, variable, raw, file.wave).name]
    if variable.date:
        return f"{found} text that is no date", "dates", "Correct date, or list it under missing."
    if kind.is_temporal():
        return f"{found} a date where a number belongs", "numbers", "Set date = true."
    number = variable_column(name, variable, raw, file.wave).number
    if _number_of(raw, number.is_infinite()) == n and not variable.cut:
        remedy = "Correct it, or leave the cell empty; programs write it for a division by 0."
        return f"{found} an infinite number", "finite numbers", remedy
    if variable.cut and kind != pl.String:
        return None
    texts = ", ".join(f"'{text}'" for text in _common_texts(spec, file, raw, name))
    likely = looks_like(raw.frame, variable_column(name, variable, raw, file.wave).name)
    remedy = "List the codes under missing, or give the variable levels."
    remedy = remedy if likely is None else f"Perhaps the study needs {likely}."
    return f"{found} text where a number belongs{texts and f' ({texts})'}", "numbers", remedy


def _number_of(raw: RawFrame, rows: pl.Expr) -> int:
    return int(raw.frame.select(rows.sum()).collect(engine="streaming").item())


def _common_texts(spec: StudySpec, file: SourceFile, raw: RawFrame, name: str) -> list[str]:
    """Return what stands in the place of a number: short words that enough people share to be shown."""
    column = variable_column(name, spec.variables[name], raw, file.wave)
    is_number = column.number.is_not_null()
    words = _shared_codes(
        raw, ~column.matches(spec.variables[name].all_codes(file.wave)) & ~is_number, column
    )
    return [word for word in words if len(word) <= LONGEST_WORD and not any(map(str.isdigit, word))][
        :MOST_WORDS
    ]


def _common_codes(spec: StudySpec, file: SourceFile, raw: RawFrame, name: str) -> list[str]:
    """Return the unknown codes of a variable that enough people hold to be shown."""
    column = variable_column(name, spec.variables[name], raw, file.wave)
    return _shared_codes(raw, ~column.matches(spec.variables[name].all_codes(file.wave)), column)


def _shared_codes(raw: RawFrame, rows: pl.Expr, column: RawColumn) -> list[str]:
    """Return the codes in some rows that enough people hold to be shown."""
    import polars as pl

    codes = raw.frame.filter(rows & ~column.is_blank).select(code=column.identifier())
    counts = codes.group_by("code").agg(n=pl.len()).filter(pl.col("n") >= SMALLEST_SHOWN).sort("code")
    return [str(code) for code in counts.collect(engine="in-memory")["code"].to_list()]
