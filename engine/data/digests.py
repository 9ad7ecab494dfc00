"""What a part holds, as hashes: wave by wave and column by column, so that only what changed is computed anew."""

from __future__ import annotations

import hmac
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.data.harmonise import KEY

if TYPE_CHECKING:
    import polars as pl

SLICE = 2**18  # rows written at a time


def part_contents(records: Path, salt: str) -> dict[str, Any]:
    """Return the waves of a part (None: records without one) with their rows and a hash of each column there.

    ``order`` is a hash of the waves row by row: sums over several waves depend on it in their last bits. Equal hashes
    mean equal values in equal order. They are keyed by the salt of the store, since a column of few people could be
    guessed. The key of the records has none: no result depends on it.
    """
    import polars as pl

    names = [name for name in pl.scan_parquet(records, glob=False).collect_schema().names() if name != KEY]
    waves = pl.scan_parquet(records, glob=False).select("wave").collect(engine="in-memory")
    wave = waves["wave"]
    rows_of = [
        (name, wave.is_null() if name is None else wave.eq_missing(name)) for name in wave.unique().sort()
    ]
    found: list[dict[str, Any]] = [
        {"wave": name, "rows": int(rows.sum()), "columns": {}} for name, rows in rows_of
    ]
    for name in names:
        column = pl.scan_parquet(records, glob=False).select(name).collect(engine="in-memory")
        for own, (_, rows) in zip(found, rows_of, strict=True):
            own["columns"][name] = _digest(column.filter(rows), salt)
    return {"order": _digest(waves, salt), "waves": found}


def _digest(column: pl.DataFrame, salt: str) -> str:
    """Hash a column as Parquet has it, some rows at a time: what memory holds behind a null is not written."""
    sha = hmac.new(bytes.fromhex(salt), digestmod="sha256")
    for piece in column.iter_slices(SLICE):
        buffer = io.BytesIO()
        piece.write_parquet(buffer, compression="uncompressed", statistics=False)
        sha.update(buffer.getbuffer())
    return sha.hexdigest()
