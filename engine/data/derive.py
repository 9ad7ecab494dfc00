"""Computes the derived variables of a part, and adds them to its records."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine.data import queries
from engine.data.derived_specs import Derived
from engine.data.design_columns import shared_key
from engine.data.harmonise import KIND_SUFFIX, value_and_reason, with_values
from engine.data.raw_column import raw_column
from engine.data.raw_frame import RawFrame
from engine.durable import private_file
from engine.study import MISSING_KINDS, StudySpec

if TYPE_CHECKING:
    import polars as pl

BLANK, MISSING = (MISSING_KINDS.index(kind) + 1 for kind in ("blank", "missing"))
_VALUE, _REASON = "value", "reason"


def add_derived(
    spec: StudySpec, variables: Sequence[Derived], wave: str | None, records: Path, scratch: Path
) -> Mapping[str, int]:
    """Add the derived variables to the records of a part.

    A value that is missing because a part of it is has the reason of that part. Aggregates are those of the
    records of the file that share wave and key; a missing key has none.

    Returns
    -------
    Mapping
        Variable -> records in which it has no value although all of its parts do.
    """
    import polars as pl

    if not variables:
        return {}
    frame = pl.scan_parquet(records, glob=False).collect(engine="in-memory")
    undefined = {}
    for derived in variables:
        if derived.sql is None:
            raw = _aggregates(spec, derived, frame)
        else:
            raw = _values(derived, frame, scratch / "parts.parquet")
            missing = raw[_VALUE].is_null() & (_reasons(derived.parts, frame) == 0)
            undefined[derived.name] = int(missing.sum())
        frame = frame.with_columns(_harmonised(derived, raw, wave))
    temporary = records.with_suffix(".derived")
    private_file(temporary)
    frame.write_parquet(temporary, compression="zstd", compression_level=1)
    os.replace(temporary, records)  # noqa: PTH105 - atomic
    return {name: n for name, n in undefined.items() if n}


def _values(derived: Derived, frame: pl.DataFrame, path: Path) -> pl.DataFrame:
    """Return the value of an expression in each record, and the reason where it is missing."""
    import polars as pl

    private_file(path)
    frame.select(derived.parts).write_parquet(path)
    with queries.database() as connection:
        text = queries.query_text("derived_value", derived.sql)
        value = connection.sql(text, params={"records": str(path)}).pl()[_VALUE]
    if value.dtype.is_float():
        value = value.set(~value.is_finite().fill_null(value=True), None)
    reason = _reasons(derived.parts, frame)
    return pl.DataFrame({_VALUE: value, _REASON: reason.set(reason == 0, MISSING)})


def _reasons(parts: Sequence[str], frame: pl.DataFrame) -> pl.Series:
    """Return why the first missing part of each record is missing, 0 where none is."""
    import polars as pl

    kinds = [name + KIND_SUFFIX for name in parts if name != "wave"]
    cases = [pl.when(pl.col(kind) > 0).then(pl.col(kind)) for kind in kinds]
    first = pl.coalesce([*cases, pl.lit(0)])
    return frame.select(wave="wave", reason=first.cast(pl.UInt8))[_REASON]


def _aggregates(spec: StudySpec, derived: Derived, frame: pl.DataFrame) -> pl.DataFrame:
    """Return the aggregate of each record's household, and the reason where it is missing."""
    import polars as pl

    key, name = shared_key(derived.name), derived.spec.of
    of: pl.Expr = pl.lit(1.0)
    reason: pl.Expr = pl.lit(MISSING)
    if name is not None:
        event = spec.variables[name].event
        of = pl.col(name).cast(pl.String).is_in(list(event)) if event else pl.col(name)
        reason = pl.col(name + KIND_SUFFIX)
    values = frame.select("wave", key, of.cast(pl.Float64).alias("of"), reason.cast(pl.UInt8).alias(_REASON))
    known = pl.col("of").is_not_null().sum()
    how = {
        "max": pl.col("of").max(),
        "min": pl.col("of").min(),
        "sum": pl.when(known > 0).then(pl.col("of").sum()),
        "mean": pl.col("of").mean(),
        "count": known.cast(pl.Float64),
    }[str(derived.spec.aggregate)]
    has_key = pl.col(key).is_not_null()
    return values.select(
        pl.when(has_key).then(how.over("wave", key)).alias(_VALUE),
        pl.when(has_key & (pl.col(_REASON) > 0)).then(pl.col(_REASON)).otherwise(BLANK).alias(_REASON),
    )


def _harmonised(derived: Derived, raw: pl.DataFrame, wave: str | None) -> list[pl.Series]:
    """Return value and reason of a derived variable as those of a column of a file."""
    import polars as pl

    source = RawFrame(name=derived.name, frame=raw.lazy(), columns=(_VALUE, _REASON), n_rows=raw.height)
    variable = {derived.name: (derived.spec, raw_column(source, _VALUE))}
    value, kind = value_and_reason(derived.name)
    is_missing = pl.col(_VALUE).is_null()
    kind = pl.when(is_missing).then(pl.col(_REASON)).otherwise(kind).cast(pl.UInt8)
    columns = (value, kind.alias(derived.name + KIND_SUFFIX))
    return with_values(source.frame, variable, wave).select(columns).collect(engine="in-memory").get_columns()
