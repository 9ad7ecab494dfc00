"""The content of a part as hashes, by wave and column, so that only what changed is computed again."""

from __future__ import annotations

import hmac
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.data.design_columns import KEY

if TYPE_CHECKING:
    import polars as pl

SLICE_ROWS = 2**18  # written at a time


def part_contents(records: Path, salt: str) -> dict[str, Any]:
    """Return the waves of a part with their rows and a hash of each column.

    Equal hashes mean equal values in equal order. They are keyed by the salt of the store, because the column
    of a few people could be guessed. Keys of records have no hash: no result depends on them.

    Returns
    -------
    dict
        ``waves``: a list of ``wave`` (None for records without one), ``rows`` and ``columns`` (name -> hash).
        ``order``: a hash of the wave of each row, since the last bits of sums over several waves depend on
        it.
    """
    import polars as pl

    columns = pl.scan_parquet(records, glob=False).collect_schema().names()
    names = [name for name in columns if not name.startswith(KEY)]
    waves = pl.scan_parquet(records, glob=False).select("wave").collect(engine="in-memory")
    masks = _wave_masks(waves["wave"])
    contents: list[dict[str, Any]] = [
        {"wave": wave, "rows": int(mask.sum()), "columns": {}} for wave, mask in masks
    ]
    for name in names:
        column = pl.scan_parquet(records, glob=False).select(name).collect(engine="in-memory")
        for content, (_, mask) in zip(contents, masks, strict=True):
            content["columns"][name] = _digest(column.filter(mask), salt)
    return {"order": _digest(waves, salt), "waves": contents}


def _wave_masks(wave: pl.Series) -> list[tuple[str | None, pl.Series]]:
    """Return which rows (n,) belong to each wave, the waves sorted."""
    return [
        (name, wave.is_null() if name is None else wave.eq_missing(name)) for name in wave.unique().sort()
    ]


def _digest(column: pl.DataFrame, salt: str) -> str:
    """Hash a column as Parquet writes it: whatever memory holds behind a null is not written."""
    sha = hmac.new(bytes.fromhex(salt), digestmod="sha256")
    for piece in column.iter_slices(SLICE_ROWS):
        buffer = io.BytesIO()
        piece.write_parquet(buffer, compression="uncompressed", statistics=False)
        sha.update(buffer.getbuffer())
    return sha.hexdigest()
