"""Marked values of people are followed through everything that commands print and leave behind."""

import gzip
import io
import os
import re
import zipfile

import duckdb
import numpy as np
import polars as pl
import pytest

from tests.functional.nights import put, wave
from tests.study_texts import analysis, event, factor, study_text

# Every person has an id, an income and a weight that nobody else has, and that no other number looks like.
MARK = re.compile(r"KANARI\d+|7\d{5}\.371|1\.3\d{5}73")
STUDY = study_text(
    name="marked",
    source={"path": "wave_*.parquet", "wave": "wave", "key": ["id"]},
    design={"weight": "weight", "cluster": "psu"},
    variables={
        "ill": event("ill", well=[0], ill=[1]),
        "income": {"range": [0, 799_999]},
        "third": {"from": "income", "quantiles": ["low", "middle", "high"]},
        "sex": factor(male=[1], female=[2]),
    },
    sample={"Income known": "income IS NOT NULL"},
    analyses=[
        analysis("describe", by="sex"),
        analysis("rates", outcome="ill", rows=["sex", "third"], by="wave"),
        analysis("concentration", outcome="ill", rank_by="income", bootstrap={"replicates": 40}),
        analysis("curve", outcome="ill", rank_by="income"),
        analysis("logit", outcome="ill", terms=["income", "sex"]),
    ],
)


def marked(number):
    frame = wave(number, 60)
    row = np.arange(frame.height) + 100 * number
    return frame.with_columns(
        id=pl.Series([f"KANARI{one}" for one in row]),
        income=pl.Series(700_000.371 + 31 * row),
        weight=pl.Series(1.30000073 + row / 1e5),
    )


def contents(path):
    """Yield what a file says: of formats that compress, what is inside."""
    data = path.read_bytes()
    if path.suffix == ".parquet":
        yield pl.read_parquet(io.BytesIO(data)).write_json()
    elif path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as connection:
            for (name,) in connection.sql("SELECT table_name FROM information_schema.tables").fetchall():
                yield connection.table(name).pl().write_json()
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield from (archive.read(name).decode("latin-1") for name in archive.namelist())
    else:
        yield (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("latin-1")


def is_private(path, root):
    """Whether nobody but the owner can read a file: by its own mode and by that of a folder above it."""
    above = [folder for folder in path.parents if folder.is_relative_to(root) and folder != root]
    return path.stat().st_mode & 0o077 == 0 and any(one.stat().st_mode & 0o077 == 0 for one in above)


def told(root, *given):
    """The files below a folder in which a mark can be read by others."""
    found = []
    for path in sorted(root.rglob("*")):
        if path.is_file() and not any(path.is_relative_to(one) for one in given):
            shown = any(MARK.search(text) for text in contents(path)) or MARK.search(path.name)
            if shown and not is_private(path, root):
                found.append(str(path.relative_to(root)))
    return found


@pytest.fixture
def open_world(night, monkeypatch):
    """The folder of a night whose umask lets others read, with caches and temporary files inside it."""
    for variable, name in (("EQUIRANK_CACHE", "cache"), ("TMPDIR", "tmp")):
        (night.root / name).mkdir(mode=0o755)
        monkeypatch.setenv(variable, str(night.root / name))
    monkeypatch.setattr("tempfile.tempdir", str(night.root / "tmp"))
    (night.root / "study.toml").write_text(STUDY)
    before = os.umask(0o022)
    yield night
    os.umask(before)


def test_marks__are_found_where_they_are(tmp_path):
    """The search itself: in every kind of file that a command writes."""
    frame = marked(1)
    frame.write_parquet(tmp_path / "a.parquet")
    frame.write_csv(tmp_path / "b.csv")
    (tmp_path / "c.gz").write_bytes(gzip.compress(frame.write_csv().encode()))
    with zipfile.ZipFile(tmp_path / "d.docx", "w") as archive:
        archive.writestr("word/document.xml", frame.write_csv())
    with duckdb.connect(str(tmp_path / "e.duckdb")) as connection:
        connection.sql("CREATE TABLE t AS SELECT * FROM frame")
    for column in ("id", "income", "weight"):
        frame.select(column).write_parquet(tmp_path / f"{column}.parquet")
    assert len(told(tmp_path)) == 8


def test_no_mark__is_printed_or_left_where_others_can_read(cli, open_world, monkeypatch):
    follow(cli, open_world, monkeypatch, formats="csv,md")


@pytest.mark.slow
@pytest.mark.usefixtures("whole_reports")
def test_no_mark__is_in_reports_pages_and_documents(cli, open_world, monkeypatch):
    follow(cli, open_world, monkeypatch, formats="csv,md,html,tex,xlsx,docx,pdf", pages=True)


def follow(cli, open_world, monkeypatch, formats, *, pages=False):
    """Run commands that succeed, that refuse files and that fail; look at all they say and leave."""
    root, said = open_world.root, []

    def ask(code, *arguments):
        got, out, err = cli(*arguments)
        assert got == code, err
        said.append(out + err)

    put(open_world, 1, marked(1))
    night = ("refresh", "study.toml", "--inbox", "inbox", "--store", "store")
    ask(0, *night)
    put(open_world, 2, marked(2).with_columns(income=pl.col("income") + 100_000))  # outside the range
    put(open_world, 3, pl.concat([marked(3), marked(3).head(2)]))  # two people twice
    ask(11, *night)
    put(open_world, 2, marked(2))
    (open_world.inbox / "wave_3.parquet").unlink()
    ask(0, *night)
    ask(0, "run", "study.toml", "--data", "inbox", "--out", "run")
    ask(0, "tables", "run", "--to", formats, "--out", "tables")
    ask(0, "codebook", "inbox/wave_1.parquet")
    if pages:
        ask(0, "init", "inbox/wave_1.parquet")
        ask(0, "site", "store", "--out", "site")
        ask(0, "report", "run", "--pdf", "report.pdf")
    headless = open_world.inbox / "wave_9.csv"
    headless.write_text("\n".join(marked(9).write_csv().splitlines()[1:]))
    ask(11, "run", "study.toml", "--data", "inbox/wave_9.csv", "--out", "none")

    def fails(*_arguments, **_options):
        raise RuntimeError(f"could not convert {marked(1)['income'][5]} of {marked(1)['id'][5]}")

    with monkeypatch.context() as patched:
        patched.setattr("engine.batch.tasks.run_tasks", fails)
        ask(1, "run", "study.toml", "--data", "inbox/wave_1.parquet", "--out", "none")
    assert [MARK.search(text) for text in said] == [None] * len(said)
    assert told(root, open_world.inbox) == []
    assert list((root / "tmp").iterdir()) == []
    private = [path for path in (root / "store").rglob("*.parquet") if is_private(path, root)]
    assert any(MARK.search(text) for path in private for text in contents(path)), (
        "the store holds the records"
    )
