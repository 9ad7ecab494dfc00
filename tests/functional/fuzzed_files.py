"""A wave in every format with seeded damage: flipped bits, overwritten, missing, repeated and cut bytes."""

import gzip
import io

import numpy as np
import polars as pl
import pyreadstat

from tests.functional.nights import wave

LABELS = {"sex": {1: "男 male", 2: "女 female"}, "ill": {0: "well", 1: "ill"}}
NOTES = {"sex": "Sex of the respondent", "ill": "Ill in the last two weeks"}


def people():
    """A wave with a column of text, so that every kind of cell is there."""
    return wave(2, 120).with_columns(place=pl.format("village {}", pl.col("psu")))


def labelled(writer, folder, **more):
    path = folder / "labelled"
    writer(people(), path, variable_value_labels=LABELS, column_labels=NOTES, **more)
    return path.read_bytes()


def parquet(compression):
    buffer = io.BytesIO()
    people().write_parquet(buffer, compression=compression)
    return buffer.getvalue()


FORMATS = {
    "csv": ("csv", lambda _: people().write_csv().encode()),
    "csv.gz": ("csv.gz", lambda _: gzip.compress(people().write_csv().encode(), mtime=0)),
    "dta": ("dta", lambda folder: labelled(pyreadstat.write_dta, folder)),
    "sav": ("sav", lambda folder: labelled(pyreadstat.write_sav, folder, row_compress=True)),
    "sav, ranges": (
        "sav",
        lambda folder: labelled(
            pyreadstat.write_sav, folder, missing_ranges={"income": [{"lo": 997, "hi": 999}]}
        ),
    ),
    "parquet": ("parquet", lambda _: parquet("zstd")),
    "parquet, snappy": ("parquet", lambda _: parquet("snappy")),
}


def damaged(content, seed):
    """Return the content with one to three kinds of damage that the seed chooses."""
    draw = np.random.default_rng(seed)
    bytes_ = bytearray(content)
    for _ in range(draw.integers(1, 4)):
        place = int(draw.integers(len(bytes_)))
        if draw.random() < 0.5:  # headers are where readers are most easily misled
            place = min(place, int(draw.integers(1, 1000)))
        length = int(draw.integers(1, 9))
        kind = draw.integers(6)
        if kind < 2:
            bytes_[place] ^= 1 << int(draw.integers(8))
        elif kind == 2:
            bytes_[place : place + length] = draw.bytes(length)
        elif kind == 3:
            del bytes_[place : place + length]
        elif kind == 4:
            bytes_[place:place] = bytes_[place : place + 40 * length]
        else:
            bytes_[place : place + length] = bytes([int(draw.choice([0, 255]))]) * length
    return bytes(bytes_ if draw.random() < 0.95 else bytes_[: int(draw.integers(1, len(bytes_)))])
