"""Labels of the files: as levels, as the default label, and as a guard against factors taken for numbers."""

import polars as pl
import pyreadstat
import pytest

from engine.batch.check import check_study
from engine.study import load_study
from tests.functional.nights import put
from tests.study_texts import analysis, study_text

LABELS = {
    "race": {1: "white", 2: "black", 9: "refused"},
    "income": {0: "none", 99: "99 or more"},
    "sick": {0: "no", 1: "yes"},
}
FRAME = pl.DataFrame(
    {
        "race": [1.0, 2.0] * 50,
        "income": [float(i) for i in range(100)],
        "sick": [0.0, 1.0, 1.0, 0.0] * 25,
    }
)
PLAIN = {"race": {"missing": [9]}, "income": {}, "sick": {"levels": "file", "event": "yes"}}


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Write a .sav file with labels, and a study of it; returns the study's path."""
    monkeypatch.chdir(tmp_path)
    pyreadstat.write_sav(
        FRAME, "people.sav", variable_value_labels=LABELS, column_labels={"income": "Income of the household"}
    )

    def write(**variables):
        text = study_text(
            source="people.sav",
            variables={**PLAIN, **variables},
            analyses=[analysis("describe"), analysis("rates", outcome="sick")],
        )
        (tmp_path / "study.toml").write_text(text)
        return tmp_path / "study.toml"

    return write


def test_factor_taken_for_a_number__is_refused(study, cli):
    (fault,) = check_study(study())
    assert fault.place == "variables.race"
    assert "the file has a label for every value (1 = white, 2 = black)" in fault.found
    assert fault.remedy == (
        'Write levels = "file" or the levels. If the values are amounts, write numeric = true.'
    )
    code, _, err = cli("run", "study.toml", "--out", "run")
    assert (code, "the study uses variables.race as a number" in err) == (11, True)


def test_number_with_some_labels__runs_with_a_warning(study, cli):
    study(race={"numeric": True})
    code, out, err = cli("run", "study.toml", "--out", "run", "--json")
    assert code == 0, err
    warning = "people.sav: income is taken for a number, though some of its values have labels"
    assert f"{warning} (0 = none, 99 = 99 or more); numeric = true if it is one" in out
    assert "race is taken" not in out


def test_levels_of_the_file__are_its_labels(study, cli):
    study(race={"levels": "file", "missing": [9]}, income={"numeric": True})
    assert cli("run", "study.toml", "--out", "run")[0] == 0
    rows = pl.read_parquet("run/results.parquet").filter(term="race", measure="count")
    assert dict(rows.select("level", "estimate").iter_rows())["white"] == 50


def test_label_of_the_file__is_the_default(study, cli):
    study(race={"numeric": True}, income={"numeric": True}, sick={"levels": "file", "event": "yes"})
    assert cli("run", "study.toml", "--out", "run")[0] == 0
    assert "Income of the household" in cli("show", "run")[1]


def test_event__must_be_a_label(study, cli):
    study(race={"numeric": True}, sick={"levels": "file", "event": "yse"})
    code, _, err = cli("run", "study.toml", "--out", "run")
    assert code == 10
    assert "variables.sick.event: found the unknown level 'yse'; expected a level. Did you mean 'yes'?" in err


def test_levels_of_the_file__need_labels(study, cli):
    study(race={"numeric": True})
    text = load_study("study.toml")
    FRAME.write_csv("people.csv")
    code, _, err = cli("run", "study.toml", "--data", "people.csv", "--out", "run")
    assert text.variables["sick"].levels == "file"
    assert code == 10
    assert "'file', but no file has labels of its values" in err


def test_night__needs_written_levels(night):
    put(night, 2015)
    text = (night.root / "study.toml").read_text()
    start = text.index("levels = ")
    end = text.index("\n", start)
    (night.root / "study.toml").write_text(text[:start] + 'levels = "file"' + text[end:])
    code, _, err = night()
    assert code == 10
    assert "expected the levels, for nightly runs" in err


def test_open_names__come_all_at_once_as_toml(study, cli):
    study(
        race={"from": "rce", "search": "rac", "levels": "file"},
        income={"from": "inc", "search": "Income", "numeric": True},
    )
    block = (
        '[variables.race]\nfrom = "race"  # or: race\n\n'
        '[variables.income]\nfrom = "income"  # or: income (Income'
    )
    code, _, err = cli("run", "study.toml", "--out", "run")
    assert (code, block in err) == (11, True), err
    code, out, _ = cli("check", "study.toml")
    assert (code, block in out) == (10, True), out
