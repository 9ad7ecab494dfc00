"""Thirty ways in which a wave's file can be bad: file, how it is made, the message, broken rules."""

import io

import polars as pl
import pyarrow.parquet as pq
import pyreadstat

from tests.functional.nights import wave

NUMBER = 2


def changed(**columns):
    return wave(NUMBER).with_columns(**columns)


def parquet(frame):
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


def cut(content, share):
    return content[: int(len(content) * share)]


def csv(frame=None):
    return (wave(NUMBER) if frame is None else frame).write_csv().encode()


def written(writer, folder):
    path = folder / "written"
    writer(wave(NUMBER).to_pandas(), path)
    return path.read_bytes()


def with_page_checksums(folder):
    """A Parquet file with checksums of its pages, and a flipped bit in one."""
    buffer = io.BytesIO()
    pq.write_table(
        wave(NUMBER).to_arrow(), buffer, write_page_checksum=True, compression="none", use_dictionary=False
    )
    content = bytearray(buffer.getvalue())
    content[len(content) // 3] ^= 4
    return bytes(content)


def row(text, number, new):
    """CSV text with one line replaced."""
    lines = text.split(b"\n")
    lines[number] = new(lines[number])
    return b"\n".join(lines)


def rule(place, name, rows):
    return [{"place": place, "rule": name, "rows": rows}]


UNREADABLE = "expected a readable"
NULL = pl.lit(None, pl.Int64)
BAD = {
    "parquet cut at 1 %": ("wave_2.parquet", lambda _: cut(parquet(wave(2)), 0.01), UNREADABLE, []),
    "parquet cut in half": ("wave_2.parquet", lambda _: cut(parquet(wave(2)), 0.5), UNREADABLE, []),
    "parquet cut at 99 %": ("wave_2.parquet", lambda _: cut(parquet(wave(2)), 0.99), UNREADABLE, []),
    "parquet without its last byte": ("wave_2.parquet", lambda _: parquet(wave(2))[:-1], UNREADABLE, []),
    "parquet with a damaged footer": (
        "wave_2.parquet",
        lambda _: parquet(wave(2))[:-40] + b"\xff" * 30 + parquet(wave(2))[-10:],
        UNREADABLE,
        [],
    ),
    "parquet with a damaged page": (
        "wave_2.parquet",
        with_page_checksums,
        "does not agree with its checksum",
        [],
    ),
    "parquet that is another format": ("wave_2.parquet", lambda _: csv(), UNREADABLE, []),
    "empty file": ("wave_2.parquet", lambda _: b"", UNREADABLE, []),
    "no rows": ("wave_2.parquet", lambda _: parquet(wave(2).head(0)), "expected", []),
    "no column": ("wave_2.parquet", lambda _: parquet(wave(2).drop("ill")), "no column 'ill'", []),
    "column twice but for case": (
        "wave_2.parquet",
        lambda _: parquet(changed(Sex="sex", SEX="sex").drop("sex")),
        "differ only in",
        [],
    ),
    "unseen category": (
        "wave_2.parquet",
        lambda _: parquet(changed(sex=pl.lit(7))),
        "300 rows hold a value",
        rule("variables.sex", "levels", 300),
    ),
    "text for numbers": (
        "wave_2.parquet",
        lambda _: parquet(changed(income=pl.lit("much"))),
        "300 rows hold text",
        rule("variables.income", "number", 300),
    ),
    "infinite": (
        "wave_2.parquet",
        lambda _: parquet(changed(income=pl.lit(float("inf")))),
        "expected finite numbers",
        rule("variables.income", "number", 300),
    ),
    "out of range": (
        "wave_2.parquet",
        lambda _: parquet(changed(income=-pl.col("income"))),
        "lie outside the range",
        rule("variables.income", "range", 285),
    ),
    "records twice": (
        "wave_2.parquet",
        lambda _: parquet(pl.concat([wave(2), wave(2).head(4)])),
        "share their key",
        rule("source.key", "unique key", 8),
    ),
    "records of another file": (
        "wave_2.parquet",
        lambda _: parquet(wave(1).head(7)),
        "share their key",
        rule("source.key", "unique key", 7),
    ),
    "no key": (
        "wave_2.parquet",
        lambda _: parquet(changed(id=NULL)),
        "have no key",
        rule("source.key", "key", 300),
    ),
    "negative weights": (
        "wave_2.parquet",
        lambda _: parquet(changed(weight=-pl.col("weight"))),
        "no weight of 0 or more",
        rule("design.weight", "weight", 285),
    ),
    "no weights": (
        "wave_2.parquet",
        lambda _: parquet(changed(weight=pl.lit(None, pl.Float64))),
        "no weight of 0 or more",
        rule("design.weight", "weight", 285),
    ),
    "no clusters": (
        "wave_2.parquet",
        lambda _: parquet(changed(psu=NULL)),
        "no id",
        rule("design.cluster", "id", 285),
    ),
    "blank column": (
        "wave_2.parquet",
        lambda _: parquet(changed(sex=NULL)),
        "hold nothing",
        rule("variables.sex", "values", 300),
    ),
    "csv with a longer row": (
        "wave_2.csv",
        lambda _: row(csv(), 77, lambda line: line + b",1,2"),
        UNREADABLE,
        [],
    ),
    "csv with an open quote": (
        "wave_2.csv",
        lambda _: row(csv(), 5, lambda line: b'"' + line),
        "expected",
        [],
    ),
    "csv with a header only": ("wave_2.csv", lambda _: csv().split(b"\n")[0] + b"\n", "expected", []),
    "csv with another separator": ("wave_2.csv", lambda _: csv().replace(b",", b";"), "delimiter = ", []),
    "csv with NUL bytes": (
        "wave_2.csv",
        lambda _: csv()[:3000] + b"\0" * 200 + csv()[3200:],
        "no weight of 0 or more",
        rule("design.weight", "weight", 1),
    ),
    "dta cut in half": (
        "wave_2.dta",
        lambda folder: cut(written(pyreadstat.write_dta, folder), 0.5),
        UNREADABLE,
        [],
    ),
    "dta that is a csv": ("wave_2.dta", lambda _: csv(), UNREADABLE, []),
    "sav cut in half": (
        "wave_2.sav",
        lambda folder: cut(written(pyreadstat.write_sav, folder), 0.5),
        UNREADABLE,
        [],
    ),
}
