"""Raw columns -> harmonised columns, as lazy Polars expressions.

Each variable becomes its value (a factor or a number) and a small number that gives the reason for a missing
value: 0 value, 1 blank, 2 missing, 3 skipped, 4 not sure, 255 not understood.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from engine.data.design_columns import design_columns
from engine.data.raw_column import RawColumn, raw_column
from engine.data.raw_frame import RawFrame
from engine.data.source_file import SourceFile
from engine.errors import DataError, Fault
from engine.study import MISSING_KINDS, StudySpec, VariableSpec
from engine.study.base import Code

if TYPE_CHECKING:
    import polars as pl

KIND_SUFFIX = "__missing"
NOT_UNDERSTOOD = 255
MOST_CANDIDATES = 20


def harmonised_columns(spec: StudySpec, file: SourceFile, raw: RawFrame) -> list[pl.Expr]:
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
    columns: list[pl.Expr] = [wave.alias("wave")]
    for name, variable in spec.variables.items():
        if not variable.is_derived:
            columns.extend(variable_columns(name, variable, raw, file.wave))
    return columns + design_columns(spec, raw, file.wave)


def variable_columns(name: str, spec: VariableSpec, raw: RawFrame, wave: str | None) -> Sequence[pl.Expr]:
    """Return the value of one variable, and the number of the reason why it is missing."""
    return values_of_column(name, spec, variable_column(name, spec, raw, wave), wave)


def values_of_column(name: str, spec: VariableSpec, column: RawColumn, wave: str | None) -> Sequence[pl.Expr]:
    """Return the value and the reason of missing of a variable with this raw column."""
    import polars as pl

    levels = spec.levels_of(wave) or {}
    is_understood, value = _value(column, spec, levels)
    cases = [*_missing_cases(column, spec, levels, wave), (~is_understood, pl.lit(NOT_UNDERSTOOD))]
    reason = _first_true(cases).fill_null(0).cast(pl.UInt8)
    return [
        pl.when(reason == 0).then(value).otherwise(None).alias(name),
        reason.alias(name + KIND_SUFFIX),
    ]


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


def _missing_cases(
    column: RawColumn, spec: VariableSpec, levels: Mapping[str, Sequence[Code]], wave: str | None
) -> list[tuple[pl.Expr, pl.Expr]]:
    """Return when a value is missing, with the number of the reason; the first case that holds counts."""
    import polars as pl

    cases = [(column.is_blank, pl.lit(MISSING_KINDS.index(spec.blank_of(wave)) + 1))]
    for reason, codes in spec.missing_codes.items():
        cases.append((column.matches(codes), pl.lit(MISSING_KINDS.index(reason) + 1)))
    # A code that the study names as a level is a value, even where the file declares it missing.
    is_level = column.matches([code for codes in levels.values() for code in codes])
    for low, high in column.ranges:
        declared = column.number.is_between(low, high) & ~is_level
        cases.append((declared.fill_null(value=False), pl.lit(MISSING_KINDS.index("missing") + 1)))
    return cases


def _value(
    column: RawColumn, spec: VariableSpec, levels: Mapping[str, Sequence[Code]]
) -> tuple[pl.Expr, pl.Expr]:
    """Return whether a cell is understood, and its value."""
    import polars as pl

    if not spec.levels and not spec.cut:
        return column.number.is_finite().fill_null(value=False), column.number
    cases = [(column.matches(codes), pl.lit(level)) for level, codes in levels.items()]
    for name, (low, high) in (spec.cut or {}).items():
        inside = (column.number >= low) & (column.number < high)
        cases.append((inside.fill_null(value=False), pl.lit(name)))
    level = _first_true(cases)
    return level.is_not_null(), level.cast(pl.Enum(spec.level_names))


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
