"""The design columns of the panel: weights, strata, clusters, replicate weights, and the key of a record."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from engine.data.raw_column import raw_column
from engine.data.raw_frame import RawFrame
from engine.study import StudySpec

if TYPE_CHECKING:
    import polars as pl

DESIGN_PREFIX = "design__"
LEVEL_PREFIX = f"{DESIGN_PREFIX}level_"
LEVEL_WEIGHT_PREFIX = f"{DESIGN_PREFIX}weight_of_"
KEY = f"{DESIGN_PREFIX}key"


def shared_key(name: str) -> str:
    """Return the column of what records share that a variable aggregates."""
    return f"{KEY}_{name}"


def design_columns(spec: StudySpec, raw: RawFrame, wave: str | None) -> list[pl.Expr]:
    """Return the design columns of one file; ids as text, weights as numbers.

    Raises
    ------
    DataError
        If the file lacks a column of the design.
    """
    return [
        *_numbers(spec, raw, wave),
        *_ids(spec, raw, wave),
        *_keys(spec, raw, wave),
        *(
            raw_column(raw, source).number.alias(f"{DESIGN_PREFIX}replicate_{number:05d}")
            for number, source in enumerate(replicate_columns(spec, raw), start=1)
        ),
    ]


def _numbers(spec: StudySpec, raw: RawFrame, wave: str | None) -> Iterator[pl.Expr]:
    for role in ("weight", "population"):
        source = spec.design.column_of(role, wave)
        if source is not None:
            yield raw_column(raw, raw.column(source, f"design.{role}")).number.alias(DESIGN_PREFIX + role)
    for level in spec.design.level_weights:
        source = raw.column(spec.design.weight_of_level(level, wave), f"design.level_weights.{level}")
        yield raw_column(raw, source).number.alias(LEVEL_WEIGHT_PREFIX + level)


def _ids(spec: StudySpec, raw: RawFrame, wave: str | None) -> Iterator[pl.Expr]:
    for role in ("stratum", "cluster"):
        source = spec.design.column_of(role, wave)
        if source is not None:
            yield _identifier(raw, source, f"design.{role}").alias(DESIGN_PREFIX + role)
    for level in spec.design.levels:
        source = spec.design.level_of(level, wave)
        yield _identifier(raw, source, f"design.levels.{level}").alias(LEVEL_PREFIX + level)


def _keys(spec: StudySpec, raw: RawFrame, wave: str | None) -> Iterator[pl.Expr]:
    import polars as pl

    keys = {KEY: ("source.key", spec.source.key)}
    for name, variable in spec.variables.items():
        keys[shared_key(name)] = (f"variables.{name}.by", variable.by_of(wave))
    for key, (place, columns) in keys.items():
        if columns:
            ids = [_identifier(raw, column, place) for column in columns]
            yield pl.concat_str(ids, separator="\x1f").alias(key)


def _identifier(raw: RawFrame, name: str, place: str) -> pl.Expr:
    return raw_column(raw, raw.column(name, place)).identifier()


def replicate_columns(spec: StudySpec, raw: RawFrame) -> list[str]:
    """Return the replicate-weight columns of a file; those of a pattern sorted by their numbers."""
    given = spec.design.replicate_weights
    if given is None:
        return []
    place = "design.replicate_weights.columns"
    if isinstance(given.columns, tuple):
        return [raw.column(name, place) for name in given.columns]
    return matching_columns(given.columns, raw.columns) or [raw.column(given.columns, place)]


def matching_columns(pattern: str, names: Iterable[str]) -> list[str]:
    """Return the names that match a pattern such as rw_*, in upper or lower case, sorted by their numbers."""
    matches = [name for name in names if fnmatchcase(name.casefold(), pattern.casefold())]
    return sorted(matches, key=_by_number)


def _by_number(name: str) -> list[tuple[int, str]]:
    """Sort rw_2 before rw_10, in every file alike."""
    return [
        (int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name.casefold())
    ]
