"""Opens a data file together with what is known of its places: variables of communities or cities, merged by key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.data.harmonise import wanted_columns
from engine.data.raw_column import RawColumn
from engine.data.sources import RawFrame, SourceFile, open_frame, reading
from engine.errors import DataError
from engine.study import MergeSpec, StudySpec

if TYPE_CHECKING:
    import polars as pl

_KEY = "key of a place"


def open_source(spec: StudySpec, file: SourceFile, scratch: Path) -> RawFrame:
    """Open a file of the study as a lazy frame; columns of merged files are called ``name.column``.

    Raises
    ------
    DataError
        If a file cannot be read, has no such key, holds a key twice, or shares none with the records.
    """
    wanted = wanted_columns(spec, file.wave)
    own = tuple(
        name for name in wanted if not any(name.startswith(f"{merge.name}.") for merge in spec.source.merge)
    )
    keys = tuple(_keys(merge)[0] for merge in spec.source.merge)
    raw = open_frame(file, (*own, *keys), spec.source.encoding, scratch)
    for merge, path in zip(spec.source.merge, file.places, strict=True):
        raw = _merged(raw, merge, path, wanted, spec.source.encoding, scratch)
    return raw


def _keys(merge: MergeSpec) -> tuple[str, str]:
    """Return the key's column among the records and in the merged file."""
    return (merge.key, merge.key) if isinstance(merge.key, str) else next(iter(merge.key.items()))


def _merged(
    raw: RawFrame, merge: MergeSpec, path: Path, wanted: Sequence[str], encoding: str | None, scratch: Path
) -> RawFrame:
    import polars as pl

    prefix, (ours, theirs) = f"{merge.name}.", _keys(merge)
    asked = [name.removeprefix(prefix) for name in wanted if name.startswith(prefix)]
    other = open_frame(SourceFile(path=path), (theirs, *asked), encoding, scratch)
    key = RawColumn(other, other.column(theirs, f"source.merge '{merge.name}'")).identifier()
    columns = other.columns_of_frame()
    places = other.frame.select(key.alias(_KEY), *(pl.col(name).alias(prefix + name) for name in columns))
    places = places.filter(pl.col(_KEY).is_not_null())
    own = RawColumn(raw, raw.column(ours, f"source.merge '{merge.name}'")).identifier()
    frame = raw.frame.with_columns(own.alias(_KEY))
    with reading(path):
        unmatched = _check_keys(raw, merge, path, places, frame)
    return replace(
        raw,
        frame=frame.join(places, on=_KEY, how="left", maintain_order="left").drop(_KEY),
        columns=(*raw.columns, *(prefix + name for name in other.columns)),
        labels={**raw.labels, **{prefix + name: labels for name, labels in other.labels.items()}},
        column_labels={
            **raw.column_labels,
            **{prefix + name: own for name, own in other.column_labels.items()},
        },
        missing_ranges={
            **raw.missing_ranges,
            **{prefix + name: own for name, own in other.missing_ranges.items()},
        },
        unmatched={**raw.unmatched, merge.name: unmatched},
    )


def _check_keys(
    raw: RawFrame, merge: MergeSpec, path: Path, places: pl.LazyFrame, frame: pl.LazyFrame
) -> int:
    """Return how many records have no place; refuse keys that stand twice, or are of another kind."""
    import polars as pl

    twice = places.group_by(_KEY).agg(n=pl.len()).filter(pl.col("n") > 1)
    if count := int(twice.select(pl.len()).collect(engine="in-memory").item()):
        raise DataError(
            f"{path.name}: {count:,} keys stand more than once; expected one row for each {merge.name}. Correct the "
            f"file, or source.merge '{merge.name}'.key."
        )
    alone = frame.select(_KEY).join(places.select(_KEY), on=_KEY, how="anti").select(pl.len())
    unmatched = int(alone.collect(engine="in-memory").item())
    if unmatched == raw.n_rows:
        raise DataError(
            f"{path.name}: none of its keys is among the records of {raw.name}; expected those of source.merge "
            f"'{merge.name}'.key. Name the right columns."
        )
    return unmatched
