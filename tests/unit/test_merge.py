"""Variables of communities and cities merged from files of their own."""

import polars as pl
import pytest

from engine.batch.check import check_study
from engine.batch.run import run
from engine.errors import DataError, MissingFileError

STUDY = """
[study]
name = "places"
[source]
path = "people.parquet"
[[source.merge]]
name = "community"
path = "community.csv"
key = "CID2016"
[[source.merge]]
name = "city"
path = "city.parquet"
key = { CITY = "code" }
[variables.ill]
from = "ill"
levels = { no = [0], yes = [1] }
event = "yes"
[variables.beds]
from = "city.beds"
[variables.minority]
from = "community.C7_1"
levels = { few = ["few"], many = ["many"] }
[[analysis]]
name = "who"
kind = "describe"
"""


@pytest.fixture
def folder(tmp_path):
    # Ids of 16 digits stored as numbers, as CLDS has them.
    ids = [1_234_567_890_123_451, 1_234_567_890_123_452, 1_234_567_890_123_453]
    pl.DataFrame(
        {
            "CID2016": [float(ids[k % 3]) for k in range(12)],
            "CITY": [110 + k % 2 for k in range(12)],
            "ill": [k % 2 for k in range(12)],
        }
    ).write_parquet(tmp_path / "people.parquet")
    pl.DataFrame({"CID2016": ids, "C7_1": ["few", "many", "few"]}).write_csv(tmp_path / "community.csv")
    pl.DataFrame({"code": ["110", "111", "112"], "beds": [40.0, 60.0, 99.0]}).write_parquet(
        tmp_path / "city.parquet"
    )
    (tmp_path / "places.toml").write_text(STUDY)
    return tmp_path


def values(folder):
    result = run(folder / "places.toml", out=folder / "run")
    return {(row.term, row.level, row.measure): row.estimate for row in result.rows}, result.manifest


def test_variables_of_places__are_those_of_the_records_place(folder):
    found, manifest = values(folder)
    assert found["minority", "many", "count"] == 4
    assert found["beds", None, "mean"] == 50.0
    assert manifest["warnings"] == []
    assert check_study(folder / "places.toml") == ()


def test_records_without_a_place__are_blank_and_told(folder):
    pl.DataFrame({"code": ["110"], "beds": [40.0]}).write_parquet(folder / "city.parquet")
    found, manifest = values(folder)
    assert found["beds", None, "mean"] == 40.0
    assert manifest["missing"]["beds"]["blank"] == 6
    assert any("6 rows have no record of their city" in warning for warning in manifest["warnings"])


def test_a_changed_place_file__makes_a_new_panel(folder):
    before, _ = values(folder)
    pl.DataFrame({"code": ["110", "111"], "beds": [41.0, 61.0]}).write_parquet(folder / "city.parquet")
    after, manifest = values(folder)
    assert (before["beds", None, "mean"], after["beds", None, "mean"]) == (50.0, 51.0)
    assert not manifest["panel_reused"]


def test_bad_places__are_refused(folder):
    pl.DataFrame({"code": ["110", "110"], "beds": [40.0, 41.0]}).write_parquet(folder / "city.parquet")
    with pytest.raises(
        DataError, match=r"city.parquet: 1 keys occur more than once; expected one row for each city"
    ):
        values(folder)
    pl.DataFrame({"code": ["a"], "beds": [40.0]}).write_parquet(folder / "city.parquet")
    with pytest.raises(DataError, match=r"none of its keys is among the records of people.parquet"):
        values(folder)
    pl.DataFrame({"cod": ["110"], "beds": [40.0]}).write_parquet(folder / "city.parquet")
    with pytest.raises(DataError, match=r"no column 'code', wanted by source.merge 'city'"):
        values(folder)
    (folder / "city.parquet").unlink()
    with pytest.raises((DataError, MissingFileError), match=r"city.parquet"):
        values(folder)
