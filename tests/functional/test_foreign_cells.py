"""A file of cells comes from elsewhere: whatever it holds, it is refused with one sentence."""

import hashlib
import io
import json
import zipfile
from dataclasses import replace

import polars as pl
import pytest

from engine.batch.cells_export import LEAST, export_cells
from engine.data import foreign_answers, foreign_cells
from engine.data.cell_key import CellKey
from engine.data.cells import read_cells
from engine.data.foreign_answers import MOST_ROWS
from engine.data.foreign_cells import parts_of_cells, refuse_foreign_cells
from engine.data.sample import draw_sample
from engine.data.shared_cells import VERSIONS, unpack_cells
from engine.data.source_file import SourceFile
from engine.errors import DataError, UsageError
from engine.study import load_study
from tests.functional.test_shared_cells import people, study
from tests.study_texts import analysis

WITHOUT_WEIGHT = (pl.col("psu") == 0) & (pl.col("sex") == 1) & (pl.col("ill") == 1) & (pl.col("wave") == 1)
UNWEIGHTED = analysis("logit", name="model", outcome="ill", terms=["sex"], weighted=False)


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
        frame, stream = pl.read_parquet(content), io.BytesIO()
        new = change(frame)
        if new is frame:
            return content
        new.write_parquet(stream)
        return stream.getvalue()

    return answers(rewritten)


def only(column, change):
    """The answers with a column changed."""
    return columns(lambda frame: change(frame) if column in frame.columns else frame)


def with_columns(column, **of_answer):
    return only(column, lambda frame: frame.with_columns(**of_answer))


def swapped(members):
    """Two answers, each under the name of the other."""
    first, second = [name for name in members if name.endswith(".parquet")][:2]
    return {**members, first: members[second], second: members[first]}


def without_sex(cells):
    sums = cells.drop("sex", "sex__missing", strict=False)
    counts = [name for name in sums.columns if name.startswith("cell_")]
    sums = sums.group_by([name for name in sums.columns if name not in counts]).agg(pl.col(counts).sum())
    carried = [
        (
            pl.col(f"cell_{what}_high") + pl.col(f"cell_{what}_low") // 2**40,
            pl.col(f"cell_{what}_low") % 2**40,
        )
        for what in ("weight", "square")
    ]
    return sums.with_columns(expression for halves in carried for expression in halves)


def half_the_weight(cells):
    counts_as_one = (cells["cell_weight_high"] == cells["cell_rows"] * 2**14).all()
    halved = cells.with_columns(cell_weight_high=pl.col("cell_weight_high") // 2)
    return halved if counts_as_one else cells


CELLS, FLOW, UNITS, FACTS = "cell_rows", "n", "rows", "largest"
HOSTILE = {
    "more parts": (changed(parts=10**9), "parts that are not there"),
    "no part": (changed(parts=0), "parts that are not there"),
    "no study": (changed(study={"a": 1}), ""),
    "no versions": (changed(versions={}), ""),
    "version that writes to a terminal": (
        changed(versions=dict.fromkeys(VERSIONS, "\x1b[2J")),
        "no versions",
    ),
    "another format": (changed(format="equirank-cells-1"), "another format"),
    "deep": (lambda members: {**members, "cells.json": "[" * 200_000}, ""),
    "deep facts": (lambda members: {**members, "0/part.json": "[" * 200_000}, ""),
    "no facts": (
        lambda members: {k: v for k, v in members.items() if k != "0/part.json"},
        "parts that are not",
    ),
    "rows in words": (facts(rows="many"), "counts that cannot be"),
    "negative rows": (facts(rows=-1), "counts that cannot be"),
    "other rows": (facts(rows=5, missing={}), "sampling units of another number"),
    "doubts": (facts(doubts=["<script>"]), "facts that cannot be"),
    "missing": (facts(missing={"ill": {"a": 1}}), "counts that cannot be"),
    "missing values": (facts(missing={"ill": {"0": 1}}), "missing values of another number"),
    "name": (facts(file="<b>part 1</b>"), "a name of a file"),
    "wave": (facts(wave="\x1b[2J"), "a name that cannot be"),
    "label": (facts(labels={"ill": {"ill = 1": 7}}), "a label that is no text"),
    "records": (lambda members: {**members, "0/part.parquet": b""}, "a member of another name"),
    "path": (lambda members: {**members, "../x": b""}, "a member of another name"),
    "parent": (lambda members: {**members, "0/..": b""}, "a member of another name"),
    "no Parquet": (answers(lambda _: b"PAR1"), ""),
    "cut off": (answers(lambda content: content[: len(content) // 2]), ""),
    "content of another name": (swapped, "an answer that was changed"),
    "columns": (columns(lambda frame: frame.select(x=1)), "an answer with other columns"),
    "more columns": (with_columns(CELLS, age=1), "an answer with other columns"),
    "fewer columns": (only(UNITS, lambda frame: frame.select("rows")), "an answer with other columns"),
    "negative sums": (columns(lambda frame: frame.with_columns(-pl.col(pl.Int64))), "that cannot be"),
    "no counts": (columns(lambda frame: frame.with_columns(pl.col(pl.Int64).cast(str))), "of another type"),
    "nested": (with_columns(UNITS, cluster=pl.concat_list("cluster")), "a column of another type"),
    "structs": (
        only("income", lambda frame: frame.with_columns(income=pl.struct("income"))),
        "of another type",
    ),
    "wave as number": (only("sex", lambda f: f.with_columns(sex=pl.lit(1))), "a column of another type"),
    "level": (only("sex", lambda frame: frame.with_columns(sex=pl.lit("x"))), ""),
    "not finite": (
        with_columns(
            "income", income=pl.when(pl.col("income") != 1.0).then("income").otherwise(float("nan"))
        ),
        "a number that is not finite",
    ),
    "infinite weight": (with_columns(FACTS, largest=float("inf")), "facts that cannot be"),
    "negative weight": (with_columns(FACTS, largest=-1.0), "facts that cannot be"),
    "marks": (with_columns(FACTS, marks=pl.Series([[1]], dtype=pl.List(pl.UInt64))), "facts that cannot be"),
    "facts of others": (
        with_columns(FACTS, sample_rows=pl.col("sample_rows") * 2),
        "facts of another number",
    ),
    "more people": (
        with_columns(CELLS, cell_rows=pl.col("cell_rows") * 2),
        "cells of another number of people",
    ),
    "half of the cells": (only(CELLS, lambda f: f.head(f.height // 2)), "cells of another number of people"),
    "cells twice": (only(CELLS, lambda f: pl.concat([f, f])), "the same cell, unit or wave twice"),
    "counts that overflow": (with_columns(CELLS, cell_rows=2**62), "sums that no weights have"),
    "sums that overflow": (with_columns(CELLS, cell_weight_high=2**62), "sums that no weights have"),
    "halves": (with_columns(CELLS, cell_weight_low=2**60), "sums that no weights have"),
    "twice the weight": (
        with_columns(CELLS, cell_weight_high=pl.col("cell_weight_high") * 2),
        "squared weights",
    ),
    "no squares": (
        with_columns(CELLS, cell_square_high=pl.col("cell_square_high") * 0),
        "sums of squared weights",
    ),
    "another wave": (
        only("ill__missing", lambda f: f.with_columns(wave="wave" + pl.col("wave")) if "wave" in f else f),
        "more people of a wave",
    ),
    "reasons": (with_columns("ill__missing", ill__missing=pl.lit(1, pl.UInt8)), "reasons of missing values"),
    "other ids": (
        with_columns(CELLS, design__cluster="x" + pl.col("design__cluster")),
        "cells of sampling units that there are not",
    ),
    "long ids": (
        with_columns(UNITS, cluster=pl.col("cluster") + "x" * 2_000),
        "a text of more than a thousand",
    ),
    "units of few": (
        with_columns(
            UNITS, rows=pl.when(pl.int_range(pl.len()) == 0).then(1).otherwise("rows").cast(pl.UInt32)
        ),
        "sampling units of another number",
    ),
    "people moved": (
        with_columns(UNITS, rows=(pl.col("rows").cast(int) + pl.Series([300, -300, 0, 0])).cast(pl.UInt32)),
        "sampling units of fewer people",
    ),
    "flow": (with_columns(FLOW, n=pl.col("n") - 1), "a sample flow of another number"),
    "flow that grows": (with_columns(FLOW, n=pl.col("n") * 2), ""),
}


@pytest.fixture(scope="module")
def members(tmp_path_factory):
    folder = tmp_path_factory.mktemp("members")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EQUIRANK_CACHE", str(folder / "cache"))
        (folder / "study.toml").write_text(study(UNWEIGHTED))
        weight = pl.when(WITHOUT_WEIGHT).then(0.0).otherwise("weight")
        people(0).with_columns(weight=weight).write_parquet(folder / "north.parquet")
        export_cells(folder / "study.toml", folder / "north.cells", folder)
    with zipfile.ZipFile(folder / "north.cells") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def written(members, path):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return SourceFile(path=path)


def test_file_as_it_was_written__passes(members, tmp_path):
    (part,) = parts_of_cells(written(members, tmp_path / "a.cells"))
    assert part.rows == 3_000
    without = people(0).filter(WITHOUT_WEIGHT).height
    assert json.loads(members["0/part.json"])["without_weight"] == without > LEAST
    assert part.units == {("0", "0"), ("0", "1"), ("1", "2"), ("1", "3")}


@pytest.mark.parametrize(("change", "found"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_file__is_refused(members, tmp_path, change, found):
    file = written(change(members), tmp_path / "a.cells")
    with pytest.raises(UsageError) as error:
        parts_of_cells(file)
    text = str(error.value)
    assert text.startswith("a.cells: not a whole file of cells")
    assert found in text
    assert text.endswith("expected one that `equirank cells` wrote. Write it again with `equirank cells`.")
    assert "\x1b" not in text


@pytest.mark.parametrize(("name", "most"), [("MOST_ROWS", 3), ("MOST_VALUES", 30)])
def test_answer_of_too_many_rows__is_refused(members, tmp_path, monkeypatch, name, most):
    monkeypatch.setattr(foreign_answers, name, most)
    with pytest.raises(UsageError, match="an answer of too many rows"):
        parts_of_cells(written(members, tmp_path / "a.cells"))


def test_billions_of_rows_in_few_bytes__are_not_read(members, tmp_path):
    stream = io.BytesIO()
    pl.DataFrame({"wave": pl.repeat("1", MOST_ROWS + 1, eager=True), "n": 1}).write_parquet(stream)
    bomb = stream.getvalue()
    assert len(bomb) < 100_000
    with pytest.raises(UsageError, match="an answer of too many rows"):
        parts_of_cells(written(answers(lambda _: bomb)(members), tmp_path / "a.cells"))


def refused(members, *others, tmp_path, monkeypatch):
    """The message about several files, checked in this process."""
    monkeypatch.setattr(foreign_cells, "call_with_files", lambda check, files: [check(one) for one in files])
    files = [written(one, tmp_path / f"{n}.cells").path for n, one in enumerate([members, *others])]
    with pytest.raises(UsageError) as error:
        refuse_foreign_cells(files)
    return str(error.value)


def test_sites_whose_sampling_units_have_the_same_ids__are_refused(members, tmp_path, monkeypatch):
    of_others = with_columns(CELLS, cell_weight_low=pl.col("cell_weight_low") // 2)(members)
    told = refused(members, of_others, tmp_path=tmp_path, monkeypatch=monkeypatch)
    assert told.startswith("1.cells: 4 sampling units with the ids of sampling units of 0.cells; expected")


def test_same_people_with_another_largest_weight__are_refused(members, tmp_path, monkeypatch):
    again = with_columns(FACTS, largest=pl.col("largest") * 1.5)(members)
    told = refused(members, again, tmp_path=tmp_path, monkeypatch=monkeypatch)
    assert told.startswith("1.cells: records that 0.cells holds too; expected every record once")


def test_more_people_than_counts_hold__are_refused(members, tmp_path, monkeypatch):
    monkeypatch.setattr(foreign_answers, "MOST_PEOPLE", 3_000)
    there = foreign_cells.parts_of_cells(written(members, tmp_path / "a.cells"))
    other = replace(there[0], answers={}, units=frozenset())
    monkeypatch.setattr(foreign_cells, "call_with_files", lambda *_: [there, (other,)])
    with pytest.raises(UsageError, match="cells: more people; expected at most 3,000"):
        refuse_foreign_cells([tmp_path / "a.cells"] * 2)


AT_ANSWERS = {
    "no people": (
        with_columns(FACTS, sample_rows=pl.lit(0, pl.Int64)),
        {},
        "cells: the answers do not agree",
    ),
    "another key": (only("sex", without_sex), {}, "a.cells: the answers do not agree"),
    "weights of people who count as one": (
        only(CELLS, half_the_weight),
        {"weighted": False},
        "cells: the answers do not agree",
    ),
}


@pytest.mark.parametrize(("change", "asked", "found"), AT_ANSWERS.values(), ids=AT_ANSWERS)
def test_answers_to_another_question__are_refused(members, tmp_path, change, asked, found):
    """Nothing in a file says what question it answers: they are compared when it is asked."""
    file = written(change(members), tmp_path / "a.cells")
    parts_of_cells(file)
    (tmp_path / "study.toml").write_text(study())
    spec = load_study(tmp_path / "study.toml")
    panel = unpack_cells([file.path], tmp_path / "unpacked")
    with pytest.raises(DataError) as error:
        read_cells(spec, draw_sample(spec, panel, tmp_path), CellKey(names=("ill", "sex"), **asked), None)
    assert str(error.value).startswith(found)


def test_command__tells_one_message_and_exits_with_2(members, tmp_path, cli, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.toml").write_text(study())
    (tmp_path / "a.cells").write_bytes(written(members, tmp_path / "b.cells").path.read_bytes()[:-100])
    code, out, err = cli("run", "study.toml", "--cells", "a.cells", "--out", "run")
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith("equirank: a.cells: not a whole file of cells; expected one")
    assert "Traceback" not in err
    assert not (tmp_path / "run").exists()
