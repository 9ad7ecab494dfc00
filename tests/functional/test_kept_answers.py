"""What is asked about the records of a file is kept beside it: a night reads the new file alone."""

import os
import time

import polars as pl
import pytest

import engine
from engine.data import cells, queries, records, sample_reader
from engine.data.part import RECORDS
from engine.data.records import ANSWERS, Records
from engine.nights.refresh import refresh
from tests.functional.nights import RANKED, newest, wave
from tests.study_texts import analysis, event, factor, study_text

MEN = analysis("concentration", name="men", **RANKED, where="sex = 'male'")


def study(*more):
    return study_text(
        name="nights",
        seed=3,
        source={"path": "wave_*.parquet", "wave": "wave"},
        design={"weight": "weight", "stratum": "stratum", "cluster": "psu", "independent_waves": True},
        variables={
            "ill": event("ill", well=[0], ill=[1]),
            "income": {"range": [0, 1000]},
            "sex": factor(male=[1], female=[2]),
        },
        sample={"Income known": "income IS NOT NULL"},
        analyses=[
            analysis("describe", name="people", by="wave"),
            analysis("rates", outcome="ill", rows="sex", by="wave"),
            analysis("concentration", name="trend", by="wave", **RANKED, compare=True),
            analysis("concentration", name="women", **RANKED, where="sex = 'female'"),
            analysis("curve", **RANKED),
            *more,
        ],
    )


def few_incomes(number):
    return wave(number, 600).with_columns(pl.col("income") // 10)


@pytest.fixture
def large(monkeypatch):
    """Every sample counts as large, and is read as cells."""
    monkeypatch.setattr(records, "FEWEST_ROWS", 1)
    monkeypatch.setattr(cells, "MOST_CELLS", 64.0)


def spoilt(part):
    """Put something else in place of the records, of the same size."""
    records = part / RECORDS
    records.write_bytes(b"?" * records.stat().st_size)
    return part


@pytest.fixture
def night(tmp_path):
    """A study, its inbox, and a function that puts a wave there and has a night."""
    (tmp_path / "inbox").mkdir()
    (tmp_path / "study.toml").write_text(study())

    def put_and_refresh(*numbers):
        for number in numbers:
            path = tmp_path / "inbox" / f"wave_{number}.parquet"
            few_incomes(number).write_parquet(path)
            os.utime(path, (time.time() - 3600, time.time() - 3600))
        refresh(tmp_path / "study.toml", tmp_path / "inbox", tmp_path / "store")
        return newest(tmp_path / "store") / "results.parquet"

    return put_and_refresh


def test_night__reads_the_records_of_the_new_wave_alone(large, night, tmp_path):
    night(1, 2, 3)
    old = [spoilt(part) for part in (tmp_path / "store" / "parts").iterdir()]
    assert len(old) == 3
    results = night(4)
    assert all(part.is_dir() for part in old)
    once = engine.run(tmp_path / "study.toml", data=tmp_path / "inbox", out=tmp_path / "once")
    assert results.read_bytes() == (once.path / "results.parquet").read_bytes()


def test_damaged_answer__is_made_again(large, night, tmp_path):
    before = pl.read_parquet(night(1, 2))
    answers = sorted(tmp_path.glob(f"store/parts/*/{ANSWERS}/*.parquet"))
    for answer in answers:
        content = bytearray(answer.read_bytes())
        content[len(content) // 2] ^= 1
        answer.write_bytes(bytes(content))
    (tmp_path / "study.toml").write_text(study(MEN))
    after = pl.read_parquet(night())
    assert after.filter(pl.col("analysis") != "men").equals(before)
    assert len(after) > len(before)


def test_units_that_other_code_found__are_asked_again(large, night, tmp_path, monkeypatch):
    night(1, 2)
    kept = f"store/parts/*/{ANSWERS}/*.parquet"
    before = len([*tmp_path.glob(kept)])
    monkeypatch.setattr(sample_reader, "code_of_units", lambda: "other code")
    (tmp_path / "study.toml").write_text(study(analysis("curve", name="again", **RANKED)))
    night()
    assert len([*tmp_path.glob(kept)]) == before + 2


def test_damaged_records__are_read_again_when_they_are_needed(large, night, tmp_path):
    night(1, 2)
    for part in (tmp_path / "store" / "parts").iterdir():
        spoilt(part)
    (tmp_path / "study.toml").write_text(study(MEN))
    assert "men" in pl.read_parquet(night())["analysis"].to_list()


def test_small_sample__keeps_no_answers(night, tmp_path):
    night(1)
    assert not list(tmp_path.glob(f"store/parts/*/{ANSWERS}"))


def test_division_into_files__moves_no_bit(large, tmp_path):
    (tmp_path / "study.toml").write_text(study())
    people = pl.concat([few_incomes(number) for number in (1, 2)]).sample(fraction=1.0, shuffle=True, seed=1)
    results = []
    for name, frames in {"one": [people], "three": [people[:100], people[100:900], people[900:]]}.items():
        (tmp_path / name).mkdir()
        for number, frame in enumerate(frames):
            frame.write_parquet(tmp_path / name / f"wave_{number}.parquet")
        run = engine.run(tmp_path / "study.toml", data=tmp_path / name, out=tmp_path / f"run-{name}")
        results.append((run.path / "results.parquet").read_bytes())
    assert results[0] == results[1]


def test_answer_about_files_together__is_kept_until_a_day_after_others_are_asked(tmp_path):
    files = []
    for number in (1, 2, 3):
        (tmp_path / f"part-{number}").mkdir()
        files.append(tmp_path / f"part-{number}" / RECORDS)
        pl.DataFrame({"sex": ["m", "f", "f"]}).write_parquet(files[-1])

    def ask(some):
        with queries.database() as connection:
            found = Records(files=tuple(map(str, some)))
            keys = "sex, CAST(1 AS DOUBLE) AS cell_weight"
            return found.ask_together(connection, "cells", "TRUE", keys, {"scale": 1.0})

    first = ask(files[:2])
    assert pl.read_parquet(first)["cell_rows"].to_list() == [4, 2]
    spoilt(files[0].parent)
    assert ask(files[:2]) == first
    pl.DataFrame({"sex": ["m", "f", "f"]}).write_parquet(files[0])
    assert pl.read_parquet(ask(files))["cell_rows"].to_list() == [6, 3]
    assert first.exists()
    os.utime(first, (time.time() - 2 * 24 * 3600,) * 2)
    ask([files[0], files[2]])
    assert not first.exists()
