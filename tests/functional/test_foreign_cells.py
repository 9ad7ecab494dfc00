"""A file of cells comes from elsewhere: whatever it holds, it is refused with one sentence."""

import hashlib
import io
import json
import zipfile

import polars as pl
import pytest

from engine.batch.cells_export import export_cells
from engine.data import foreign_cells
from engine.data.foreign_cells import answers_of_parts
from engine.data.source_file import SourceFile
from engine.errors import UsageError
from tests.functional.test_shared_cells import people, study


def changed(**of_contents):
    def change(members):
        return {**members, "cells.json": json.dumps(json.loads(members["cells.json"]) | of_contents)}

    return change


def facts(**of_part):
    def change(members):
        return {**members, "0/part.json": json.dumps(json.loads(members["0/part.json"]) | of_part)}

    return change


def answers(change):
    """Every answer changed, under the name that it has then."""

    def with_answers(members):
        out = {}
        for name, content in members.items():
            if name.endswith(".parquet"):
                new = change(content)
                out[f"{name.partition('-')[0]}-{hashlib.sha256(new).hexdigest()[:16]}.parquet"] = new
            else:
                out[name] = content
        return out

    return with_answers


def columns(change):
    def rewritten(content):
        stream = io.BytesIO()
        change(pl.read_parquet(content)).write_parquet(stream)
        return stream.getvalue()

    return answers(rewritten)


HOSTILE = {
    "more parts": changed(parts=10**9),
    "no part": changed(parts=0),
    "no study": changed(study={"a": 1}),
    "no versions": changed(versions={}),
    "deep": lambda members: {**members, "cells.json": "[" * 200_000},
    "deep facts": lambda members: {**members, "0/part.json": "[" * 200_000},
    "no facts": lambda members: {k: v for k, v in members.items() if k != "0/part.json"},
    "rows in words": facts(rows="many"),
    "negative rows": facts(rows=-1),
    "doubts": facts(doubts=["<script>"]),
    "missing": facts(missing={"ill": {"a": 1}}),
    "records": lambda members: {**members, "0/part.parquet": b""},
    "path": lambda members: {**members, "../x": b""},
    "parent": lambda members: {**members, "0/..": b""},
    "no Parquet": answers(lambda _: b"PAR1"),
    "cut off": answers(lambda content: content[: len(content) // 2]),
    "columns": columns(lambda frame: frame.select(x=1)),
    "negative sums": columns(lambda frame: frame.with_columns(-pl.col(pl.Int64))),
    "no counts": columns(lambda frame: frame.with_columns(pl.col(pl.Int64).cast(str))),
    "level": columns(
        lambda frame: frame.with_columns(pl.lit("x").alias(n) for n in {"sex"} & set(frame.columns))
    ),
    "not finite": columns(lambda frame: frame.with_columns(pl.col(pl.Float64) * float("nan"))),
}


@pytest.fixture(scope="module")
def members(tmp_path_factory):
    folder = tmp_path_factory.mktemp("members")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EQUIRANK_CACHE", str(folder / "cache"))
        (folder / "study.toml").write_text(study())
        people(0).write_parquet(folder / "north.parquet")
        export_cells(folder / "study.toml", folder / "north.cells", folder)
    with zipfile.ZipFile(folder / "north.cells") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def written(members, path):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return SourceFile(path=path)


def test_file_as_it_was_written__passes(members, tmp_path):
    assert len(answers_of_parts(written(members, tmp_path / "a.cells"))) == 1


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE)
def test_hostile_file__is_refused(members, tmp_path, change):
    file = written(change(members), tmp_path / "a.cells")
    with pytest.raises(UsageError, match=r"a\.cells: not a whole file of cells"):
        answers_of_parts(file)


def test_answer_of_too_many_rows__is_refused(members, tmp_path, monkeypatch):
    monkeypatch.setattr(foreign_cells, "MOST_ROWS", 3)
    with pytest.raises(UsageError, match="not a whole file of cells"):
        answers_of_parts(written(members, tmp_path / "a.cells"))
