"""Raw columns -> harmonised columns, as a lazy Polars frame.

Each variable becomes its value (a factor or a number) and a small number that gives the reason for a missing
value: 0 value, 1 blank, 2 missing, 3 skipped, 4 not sure, 255 not understood.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.data.design_columns import design_columns
from engine.data.raw_column import RawColumn, raw_column
from engine.data.raw_frame import RawFrame
from engine.data.source_file import SourceFile
from engine.errors import DataError, Fault
from engine.study import MISSING_KINDS, StudySpec, VariableSpec

if TYPE_CHECKING:
    import polars as pl

KIND_SUFFIX = "__missing"
NOT_UNDERSTOOD = 255
MOST_CANDIDATES = 20


def harmonised(spec: StudySpec, file: SourceFile, raw: RawFrame) -> pl.LazyFrame:
    """Return all columns of the panel for one file.

    Raises
    ------
    DataError
        If the file lacks a column of the study.
    """
    import polars as pl

    if spec.source.wave is not None:
        wave = raw_column(raw, raw.column(spec.source.wave, "source.wave")).identifier()
    else:
        wave = pl.lit(file.wave, dtype=pl.String)
    variables = {
        name: (variable, variable_column(name, variable, raw, file.wave))
        for name, variable in spec.variables.items()
        if not variable.is_derived
    }
    columns = [wave.alias("wave")]
    for name in variables:
        columns += value_and_reason(name)
    columns += design_columns(spec, raw, file.wave)
    return with_values(raw.frame, variables, file.wave).select(columns)


def value_and_reason(name: str) -> Sequence[pl.Expr]:
    """Return the value of a variable, and the number of the reason why it is missing, from `with_values`."""
    import polars as pl

    reason = pl.col(_step(name, "reason"))
    value = pl.when(reason == 0).then(pl.col(_step(name, "found"))).otherwise(None)
    return value.alias(name), reason.alias(name + KIND_SUFFIX)


def with_values(
    frame: pl.LazyFrame, variables: Mapping[str, tuple[VariableSpec, RawColumn]], wave: str | None
) -> pl.LazyFrame:
    """Return a frame with what `value_and_reason` needs of variables and their raw columns.

    It takes one step after the other: Polars computes most expressions anew wherever they are used.
    """
    cells: list[pl.Expr] = []
    found: list[pl.Expr] = []
    reasons: list[pl.Expr] = []
    for name, (variable, raw) in variables.items():
        column, made = _kept(name, raw)
        cells += made
        found.append(_found(column, variable, wave).alias(_step(name, "found")))
        reasons.append(_reason(name, column, variable, wave).alias(_step(name, "reason")))
    return frame.with_columns(cells).with_columns(found).with_columns(reasons)


def _step(name: str, what: str) -> str:
    """Return the name of a column between the steps, which no column of a file has."""
    return f"\x1f{what} {name}"


def _kept(name: str, column: RawColumn) -> tuple[RawColumn, list[pl.Expr]]:
    """Return a raw column whose number and text are columns of their own, and these."""
    import polars as pl

    number = _step(name, "number")
    made = [column.number.alias(number)]
    text = None
    if column.text is not None:
        text = pl.col(_step(name, "text"))
        made.append(column.text.alias(_step(name, "text")))
    return replace(column, number=pl.col(number), text=text), made


def variable_column(name: str, spec: VariableSpec, raw: RawFrame, wave: str | None) -> RawColumn:
    """Return a variable's raw column: as the file has it, cut to its first digits, or as years until a date.

    Raises
    ------
    DataError
        If the file has no such column; with a search pattern the message lists the candidates.
    """
    column = raw_column(raw, _source_column(name, spec, raw, wave), spec.all_codes(wave))
    digits = spec.digits_of(wave)
    if digits is not None:
        column = column.first_digits(digits)
    date = (spec.since or {}).get(str(wave))
    if date is not None:
        month = spec.month_of(wave)
        months = None if month is None else raw_column(raw, raw.column(month, f"variables.{name}.month"))
        column = column.years_until(date, months)
    return column.as_days(spec.date) if spec.date else column


def _source_column(name: str, spec: VariableSpec, raw: RawFrame, wave: str | None) -> str:
    """Return the file's spelling of a variable's column."""
    wanted = spec.column_of(wave)
    if spec.search is None or (wanted is not None and raw.has(wanted)):
        return raw.column(str(wanted), f"variables.{name}")
    candidates = raw.matching(spec.search)
    raise DataError(_no_column(name, wanted, raw.name, wave, candidates))


def _no_column(
    name: str, wanted: str | None, file: str, wave: str | None, candidates: Sequence[tuple[str, str]]
) -> Fault:
    """Return the fault of a variable whose column must be chosen among candidates (name, label)."""
    place = f"variables.{name}"
    column = f"no column '{wanted}'" if wanted is not None else "no column is known"
    shown = "; ".join(f"{one} ({label})" if label else one for one, label in candidates[:MOST_CANDIDATES])
    listed = (
        f"candidates by name and label: {shown}" if shown else "no name or label matches its search pattern"
    )
    choice = candidates[0][0] if candidates else "..."
    line = f"[{place}.from] {wave} = '{choice}'" if wave else f"from in [{place}]"
    return Fault(
        file,
        f"{column} for {place}{f', wave {wave}' if wave else ''}",
        f"one of its columns ({listed})",
        f"Look at `equirank codebook`, then settle it in a study that extends this one: {line}.",
    )


def _reason(name: str, column: RawColumn, spec: VariableSpec, wave: str | None) -> pl.Expr:
    """Return the number of the reason why a value is missing, 0 if it is there; the first case counts."""
    import polars as pl

    cases = [(column.is_blank, spec.blank_of(wave))]
    cases += [(column.matches(codes), reason) for reason, codes in spec.missing_codes.items()]
    # A code that the study names as a level is a value, even where the file declares it missing.
    levels = spec.levels_of(wave) or {}
    is_level = column.matches([code for codes in levels.values() for code in codes])
    for low, high in column.ranges:
        declared = column.number.is_between(low, high) & ~is_level
        cases.append((declared.fill_null(value=False), "missing"))
    numbered = [(case, pl.lit(MISSING_KINDS.index(reason) + 1, pl.UInt8)) for case, reason in cases]
    found = pl.col(_step(name, "found"))
    is_value = found.is_not_null() if _is_factor(spec) else found.is_finite().fill_null(value=False)
    numbered.append((~is_value, pl.lit(NOT_UNDERSTOOD, pl.UInt8)))
    return _first_true(numbered).fill_null(0)


def _found(column: RawColumn, spec: VariableSpec, wave: str | None) -> pl.Expr:
    """Return the value of a cell, as if no code stood for a missing one."""
    import polars as pl

    if not _is_factor(spec):
        return column.number
    kind = pl.Enum(spec.level_names)
    levels = spec.levels_of(wave) or {}
    cases = [(column.matches(codes), pl.lit(level, kind)) for level, codes in levels.items()]
    for name, (low, high) in (spec.cut or {}).items():
        inside = (column.number >= low) & (column.number < high)
        cases.append((inside.fill_null(value=False), pl.lit(name, kind)))
    return _first_true(cases)


def _is_factor(spec: VariableSpec) -> bool:
    return bool(spec.levels or spec.cut)


def _first_true(cases: Sequence[tuple[pl.Expr, pl.Expr]]) -> pl.Expr:
    """Return the value of the first case that holds, null where none does."""
    import polars as pl

    return pl.coalesce([pl.when(condition).then(value).otherwise(None) for condition, value in cases])


def wanted_columns(spec: StudySpec, wave: str | None) -> tuple[str, ...]:
    """Return every source column (or pattern) the study reads from a file of one wave."""
    wanted = [
        spec.source.wave,
        spec.design.column_of("weight", wave),
        spec.design.column_of("stratum", wave),
        spec.design.column_of("cluster", wave),
        spec.design.population,
        *(spec.source.key or ()),
        None if spec.imputations is None else spec.imputations.number,
        *(spec.design.level_of(level, wave) for level in spec.design.levels),
        *(spec.design.weight_of_level(level, wave) for level in spec.design.level_weights),
    ]
    for variable in spec.variables.values():
        wanted += [variable.column_of(wave), variable.month_of(wave), *variable.by_of(wave)]
    given = spec.design.replicate_weights
    if given is not None:
        wanted.extend(given.columns if isinstance(given.columns, tuple) else [given.columns])
    return tuple(dict.fromkeys(name for name in wanted if name is not None))
