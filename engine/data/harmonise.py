"""Raw columns -> harmonised columns, as lazy Polars expressions.

Each variable becomes its value (a factor or a number) and a small number that says why a value is not
there: 0 value, 1 blank, 2 missing, 3 skipped, 4 not sure, 255 not understood.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from engine.data.raw_column import RawColumn
from engine.data.sources import RawFrame, SourceFile
from engine.errors import DataError
from engine.study import MISSING_KINDS, StudySpec, VariableSpec
from engine.study.base import Code

if TYPE_CHECKING:
    import polars as pl

KIND_SUFFIX = "__missing"
NOT_UNDERSTOOD = 255
DESIGN_PREFIX = "design__"
LEVEL_PREFIX = f"{DESIGN_PREFIX}level_"
KEY = f"{DESIGN_PREFIX}key"
MOST_CANDIDATES = 20


def variable_column(name: str, spec: VariableSpec, raw: RawFrame, wave: str | None) -> RawColumn:
    """Return a variable's raw column: as the file has it, cut to its first digits, or as years since then.

    Raises
    ------
    DataError
        If the file has no such column; with a search pattern the candidates are told.
    """
    column = RawColumn(raw, _source_column(name, spec, raw, wave))
    digits = spec.digits_of(wave)
    if digits is not None:
        column.keep_digits(digits)
    date = (spec.since or {}).get(str(wave))
    if date is not None:
        month = spec.month_of(wave)
        other = None if month is None else RawColumn(raw, raw.column(month, f"variables.{name}.month"))
        column.count_years(date, other)
    return column


def _source_column(name: str, spec: VariableSpec, raw: RawFrame, wave: str | None) -> str:
    wanted, place = spec.column_of(wave), f"variables.{name}"
    if spec.search is None or (wanted is not None and raw.has(wanted)):
        return raw.column(str(wanted), place)
    found = raw.matching(spec.search)
    shown = "; ".join(f"{column} ({label})" if label else column for column, label in found[:MOST_CANDIDATES])
    missing = f"no column '{wanted}'" if wanted is not None else "no column is known"
    candidates = (
        f"candidates by name and label: {shown}" if found else "no name or label matches its search pattern"
    )
    line = f"[{place}.from] {wave} = '{found[0][0] if found else '...'}'" if wave else f"from in [{place}]"
    raise DataError(
        f"{raw.name}: {missing} for {place}{f', wave {wave}' if wave else ''}; expected one of its columns "
        f"({candidates}). Look at `equirank codebook`, then settle it in a study that extends this one: {line}."
    )


def variable_columns(name: str, spec: VariableSpec, raw: RawFrame, wave: str | None) -> Sequence[pl.Expr]:
    """Return the value and the kind-of-missing expressions of one variable."""
    import polars as pl

    column = variable_column(name, spec, raw, wave)
    cases = [(column.is_blank, pl.lit(MISSING_KINDS.index(spec.blank_of(wave)) + 1))]
    for reason, codes in spec.missing_codes.items():
        cases.append((column.matches(codes), pl.lit(MISSING_KINDS.index(reason) + 1)))
    for low, high in column.ranges:
        declared = column.number.is_between(low, high) & ~_listed(column, spec.levels_of(wave))
        cases.append((declared.fill_null(value=False), pl.lit(MISSING_KINDS.index("missing") + 1)))
    understood, value = _value(column, spec, spec.levels_of(wave))
    cases.append((~understood, pl.lit(NOT_UNDERSTOOD)))
    reason_code = _first_true(cases).fill_null(0).cast(pl.UInt8)
    return [
        pl.when(reason_code == 0).then(value).otherwise(None).alias(name),
        reason_code.alias(name + KIND_SUFFIX),
    ]


def _first_true(cases: Sequence[tuple[pl.Expr, pl.Expr]]) -> pl.Expr:
    """Return the value of the first case that holds, null where none does."""
    import polars as pl

    return pl.coalesce([pl.when(condition).then(value).otherwise(None) for condition, value in cases])


def _listed(column: RawColumn, levels: Mapping[str, Sequence[Code]] | None) -> pl.Expr:
    """A code the study names as a level is a value, even where the file declares it missing."""
    return column.matches([code for codes in (levels or {}).values() for code in codes])


def _value(
    column: RawColumn, spec: VariableSpec, levels: Mapping[str, Sequence[Code]] | None
) -> tuple[pl.Expr, pl.Expr]:
    """Return whether a cell is understood, and its value."""
    import polars as pl

    if not spec.levels and not spec.cut:
        return column.number.is_finite().fill_null(value=False), column.number
    cases = [(column.matches(codes), pl.lit(level)) for level, codes in (levels or {}).items()]
    for name, (low, high) in (spec.cut or {}).items():
        inside = (column.number >= low) & (column.number < high)
        cases.append((inside.fill_null(value=False), pl.lit(name)))
    level = _first_true(cases)
    return level.is_not_null(), level.cast(pl.Enum(spec.level_names))


def harmonised_columns(spec: StudySpec, file: SourceFile, raw: RawFrame) -> list[pl.Expr]:
    """Return all columns of the panel for one file."""
    import polars as pl

    if spec.source.wave is not None:
        wave = RawColumn(raw, raw.column(spec.source.wave, "source.wave")).identifier()
    else:
        wave = pl.lit(file.wave, dtype=pl.String)
    columns: list[pl.Expr] = [wave.alias("wave")]
    for name, variable in spec.variables.items():
        columns.extend(variable_columns(name, variable, raw, file.wave))
    return columns + _design_columns(spec, raw, file.wave)


def _design_columns(spec: StudySpec, raw: RawFrame, wave: str | None) -> list[pl.Expr]:
    import polars as pl

    design = spec.design
    columns = []
    for role in ("weight", "population"):
        source = getattr(design, role)
        if source is not None:
            number = RawColumn(raw, raw.column(source, f"design.{role}")).number
            columns.append(number.alias(DESIGN_PREFIX + role))
    for role in ("stratum", "cluster"):
        source = design.column_of(role, wave)
        if source is not None:
            identifier = RawColumn(raw, raw.column(source, f"design.{role}")).identifier()
            columns.append(identifier.alias(DESIGN_PREFIX + role))
    for level in design.levels:
        identifier = RawColumn(
            raw, raw.column(design.level_of(level, wave), f"design.levels.{level}")
        ).identifier()
        columns.append(identifier.alias(LEVEL_PREFIX + level))
    if spec.source.key is not None:
        ids = [RawColumn(raw, raw.column(name, "source.key")).identifier() for name in spec.source.key]
        columns.append(pl.concat_str(ids, separator="\x1f").alias(KEY))
    return columns + [
        RawColumn(raw, source).number.alias(f"{DESIGN_PREFIX}replicate_{i:05d}")
        for i, source in enumerate(replicate_columns(spec, raw), start=1)
    ]


def replicate_columns(spec: StudySpec, raw: RawFrame) -> list[str]:
    """Return the replicate-weight columns of a file; those of a pattern sorted by their numbers."""
    from fnmatch import fnmatchcase

    given = spec.design.replicate_weights
    if given is None:
        return []
    place = "design.replicate_weights.columns"
    if isinstance(given.columns, tuple):
        return [raw.column(name, place) for name in given.columns]
    pattern = given.columns.casefold()
    found = [column for column in raw.columns if fnmatchcase(column.casefold(), pattern)]
    return sorted(found, key=_by_number) or [raw.column(given.columns, place)]


def _by_number(name: str) -> list[tuple[int, str]]:
    """Sort rw_2 before rw_10, in every file alike."""
    return [
        (int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name.casefold())
    ]


def wanted_columns(spec: StudySpec, wave: str | None) -> tuple[str, ...]:
    """Return every source column (or pattern) the study reads from a file of one wave."""
    wanted = [
        spec.source.wave,
        spec.design.weight,
        spec.design.column_of("stratum", wave),
        spec.design.column_of("cluster", wave),
        spec.design.population,
        *(spec.source.key or ()),
        *(spec.design.level_of(level, wave) for level in spec.design.levels),
    ]
    for variable in spec.variables.values():
        wanted += [variable.column_of(wave), variable.month_of(wave)]
    given = spec.design.replicate_weights
    if given is not None:
        wanted.extend(given.columns if isinstance(given.columns, tuple) else [given.columns])
    return tuple(dict.fromkeys(name for name in wanted if name is not None))
