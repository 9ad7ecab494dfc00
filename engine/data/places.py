"""Merges files of places into the records: variables of communities or cities, by key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from engine.data.dialect import Dialect
from engine.data.formats import open_frame
from engine.data.harmonise import wanted_columns
from engine.data.raw_column import raw_column
from engine.data.raw_frame import RawFrame
from engine.data.source_file import SourceFile, reading
from engine.errors import DataError, Fault
from engine.study import MergeSpec, StudySpec

if TYPE_CHECKING:
    import polars as pl

_KEY = "key of a place"
T = TypeVar("T")


def open_source(spec: StudySpec, file: SourceFile, scratch: Path) -> RawFrame:
    """Open a file of the study with its merged files; their columns are called ``name.column``.

    Raises
    ------
    DataError
        If a file cannot be read, lacks its key, holds a key twice, or shares no key with the records.
    """
    wanted = wanted_columns(spec, file.wave)
    prefixes = tuple(f"{merge.name}." for merge in spec.source.merge)
    of_records = tuple(name for name in wanted if not name.startswith(prefixes))
    keys = tuple(_key_columns(merge)[0] for merge in spec.source.merge)
    source = spec.source
    dialect = Dialect(delimiter=source.delimiter, decimal=source.decimal, thousands=source.thousands)
    file = replace(file, dialect=dialect)
    raw = open_frame(file, (*of_records, *keys), spec.source.encoding, scratch)
    raw = _of_imputation(spec, file, replace(raw, missing_texts=frozenset(spec.source.missing)))
    for merge, path in zip(spec.source.merge, file.places, strict=True):
        prefix = f"{merge.name}."
        of_places = [name.removeprefix(prefix) for name in wanted if name.startswith(prefix)]
        columns = (_key_columns(merge)[1], *of_places)
        places = open_frame(SourceFile(path=path, dialect=dialect), columns, spec.source.encoding, scratch)
        places = replace(places, missing_texts=raw.missing_texts)
        raw = _merged(raw, merge, path, places)
    return raw


def _of_imputation(spec: StudySpec, file: SourceFile, raw: RawFrame) -> RawFrame:
    """Return the rows of one completed data set, where a column tells to which a row belongs.

    Raises
    ------
    DataError
        If a row belongs to none of them.
    """
    import polars as pl

    given = spec.imputations
    if given is None or given.number is None or file.imputation is None:
        return raw
    place = "imputations.number"
    number = raw_column(raw, raw.column(given.number, place)).number
    with reading(file.path):
        counts = raw.frame.group_by(number.alias("number")).agg(n=pl.len()).collect(engine="in-memory")
    known = pl.col("number").is_in([float(one) for one in range(given.count + 1)])
    strange = int(counts.filter(~known.fill_null(value=False))["n"].sum())
    if strange:
        found = f"{strange:,} rows have another number in '{given.number}'"
        raise DataError(Fault(raw.name, found, f"0 to {given.count} ({place})", "Correct imputations.m."))
    n_rows = int(counts.filter(pl.col("number") == file.imputation)["n"].sum())
    return replace(raw, frame=raw.frame.filter(number == file.imputation), n_rows=n_rows)


def _key_columns(merge: MergeSpec) -> tuple[str, str]:
    """Return the key's column among the records and in the merged file."""
    return (merge.key, merge.key) if isinstance(merge.key, str) else next(iter(merge.key.items()))


def _merged(raw: RawFrame, merge: MergeSpec, path: Path, places: RawFrame) -> RawFrame:
    """Join the columns of a file of places to the records; a record without a place gets blanks."""
    import polars as pl

    prefix = f"{merge.name}."
    of_records, of_places = _key_columns(merge)
    columns = places.frame_columns()
    place_frame = places.frame.select(
        _identifier(places, of_places, merge).alias(_KEY),
        *(pl.col(name).alias(prefix + name) for name in columns),
    ).filter(pl.col(_KEY).is_not_null())
    frame = raw.frame.with_columns(_identifier(raw, of_records, merge).alias(_KEY))
    with reading(path):
        _refuse_repeated_keys(merge, path, place_frame)
        unmatched = _count_unmatched(raw, merge, path, place_frame, frame)
    return replace(
        raw,
        frame=frame.join(place_frame, on=_KEY, how="left", maintain_order="left").drop(_KEY),
        columns=(*raw.columns, *(prefix + name for name in places.columns)),
        labels={**raw.labels, **_prefixed(prefix, places.labels)},
        column_labels={**raw.column_labels, **_prefixed(prefix, places.column_labels)},
        missing_ranges={**raw.missing_ranges, **_prefixed(prefix, places.missing_ranges)},
        plain_text=raw.plain_text | {prefix + name for name in places.plain_text},
        unmatched={**raw.unmatched, merge.name: unmatched},
    )


def _identifier(raw: RawFrame, name: str, merge: MergeSpec) -> pl.Expr:
    return raw_column(raw, raw.column(name, f"source.merge '{merge.name}'")).identifier()


def _prefixed(prefix: str, columns: Mapping[str, T]) -> dict[str, T]:
    return {prefix + name: value for name, value in columns.items()}


def _refuse_repeated_keys(merge: MergeSpec, path: Path, places: pl.LazyFrame) -> None:
    import polars as pl

    repeated = places.group_by(_KEY).agg(n=pl.len()).filter(pl.col("n") > 1)
    if count := int(repeated.select(pl.len()).collect(engine="in-memory").item()):
        raise DataError(
            Fault(
                path.name,
                f"{count:,} keys occur more than once",
                f"one row for each {merge.name}",
                f"Correct the file, or source.merge '{merge.name}'.key.",
            )
        )


def _count_unmatched(
    raw: RawFrame, merge: MergeSpec, path: Path, places: pl.LazyFrame, records: pl.LazyFrame
) -> int:
    """Return how many records have no place.

    Raises
    ------
    DataError
        If none has one: the keys are of different kinds.
    """
    import polars as pl

    alone = records.select(_KEY).join(places.select(_KEY), on=_KEY, how="anti").select(pl.len())
    unmatched = int(alone.collect(engine="in-memory").item())
    if unmatched == raw.n_rows:
        raise DataError(
            Fault(
                path.name,
                f"none of its keys is among the records of {raw.name}",
                f"those of source.merge '{merge.name}'.key",
                "Name the right columns.",
            )
        )
    return unmatched
