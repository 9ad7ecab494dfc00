"""What stands in a cell that is no value: texts of missing, dates, lists; and a record that is no header."""

import datetime as dt
import decimal
import os

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest

from engine.batch.check import check_study
from engine.batch.request import study_files
from engine.data.codebook import file_codebook
from engine.data.panel import build_panel
from engine.data.source_file import SourceFile
from engine.draft.columns import read_files
from engine.errors import DataError
from engine.study import parse_study
from engine.study.load import study_as_dict, study_from_dict
from engine.study.source import MISSING_TEXTS
from tests.study_texts import analysis, factor, study_text


def panel_of(path, variables, **source):
    spec = parse_study(
        study_text(source={"path": path.name, **source}, variables=variables, analyses=[analysis("describe")])
    )
    return pl.read_parquet(build_panel(spec, [SourceFile(path=path)]).parts)


def test_quote_in_the_name_of_a_column__is_read_as_one(tmp_path):
    (tmp_path / "p.csv").write_text('"a""b",select\n1,2\n3,4\n')
    panel = panel_of(tmp_path / "p.csv", {"x": {"from": 'a"b'}, "select": {}})
    assert panel["x"].to_list() == [1.0, 3.0]


def ages_of(tmp_path, *cells, variables=None, **source):
    path = tmp_path / "people.csv"
    path.write_text("age,id\n" + "".join(f"{cell},{row}\n" for row, cell in enumerate(cells)))
    return panel_of(path, variables or {"age": {}}, **source)


@pytest.mark.parametrize("text", MISSING_TEXTS)
def test_missing_text_of_other_programs__is_an_empty_cell(tmp_path, text):
    frame = ages_of(tmp_path, "40", text, f" {text} ", "")
    assert frame["age"].to_list() == [40.0, None, None, None]
    assert frame["age__missing"].to_list() == [0, 1, 1, 1]


def test_missing_text__that_a_variable_names__is_what_the_variable_says(tmp_path):
    frame = ages_of(tmp_path, "NA", "ZA", ".", variables={"age": factor(namibia=["NA"], south_africa=["ZA"])})
    assert frame["age"].to_list() == ["namibia", "south_africa", None]
    frame = ages_of(tmp_path, "NA", "1", variables={"age": {"missing": {"skipped": ["NA"]}}})
    assert frame["age__missing"].to_list() == [3, 0]


def test_missing_texts__are_those_of_the_study(tmp_path):
    frame = ages_of(tmp_path, "40", "kA", missing=["kA"])
    assert frame["age"].to_list() == [40.0, None]
    with pytest.raises(DataError, match="1 rows hold text where a number belongs;"):
        ages_of(tmp_path, "40", "NA", missing=[])


def test_missing_text__of_a_parquet_file__is_a_value(tmp_path):
    path = tmp_path / "people.parquet"
    pl.DataFrame({"age": ["1", "NA"]}).write_parquet(path)
    with pytest.raises(DataError, match="text where a number belongs"):
        panel_of(path, {"age": {}})


def test_missing_text__is_no_id_and_no_weight(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("age,psu,w\n1,7,2\n2,NA,.\n")
    spec = parse_study(
        study_text(
            source="people.csv",
            design={"weight": "w", "cluster": "psu"},
            variables={"age": {}},
            analyses=[analysis("describe")],
        )
    )
    frame = pl.read_parquet(build_panel(spec, [SourceFile(path=path)]).parts)
    assert frame["design__cluster"].to_list() == ["7", None]
    assert frame["design__weight"].to_list() == [2.0, None]


def test_text_where_a_number_belongs__short_words_of_many_people_are_named(tmp_path):
    cells = ["40", *["refused"] * 10, *["dk"] * 9, *["1,200"] * 20, *["a long answer"] * 20]
    with pytest.raises(DataError) as caught:
        ages_of(tmp_path, *(f'"{cell}"' for cell in cells))
    message = str(caught.value)
    assert "59 rows hold text where a number belongs ('refused'); expected numbers" in message
    assert not any(word in message for word in ("dk", "1,200", "answer"))


def test_infinity_that_is_listed_as_missing__is_missing(tmp_path):
    path = tmp_path / "people.parquet"
    pl.DataFrame({"age": [40.0, -np.inf, None, np.inf]}).write_parquet(path)
    listed = {"missing": {"missing": ["INFINITE"]}}
    text = study_text(source=path.name, variables={"age": listed}, analyses=[analysis("describe")])
    spec = parse_study(text.replace('"INFINITE"', "inf, -inf"))
    assert study_from_dict(study_as_dict(spec)) == spec
    (part,) = build_panel(spec, [SourceFile(path=path)]).parts
    assert pl.read_parquet(part)["age"].to_list() == [40.0, None, None, None]


def test_infinity_where_a_number_belongs__is_called_so(tmp_path):
    path = tmp_path / "people.parquet"
    pl.DataFrame({"age": [40.0, -np.inf, None, np.nan, np.inf]}).write_parquet(path)
    with pytest.raises(DataError, match="2 rows hold an infinite number; expected finite numbers"):
        panel_of(path, {"age": {}})


def test_date_as_a_number__is_called_a_date(tmp_path):
    path = tmp_path / "people.parquet"
    pl.DataFrame({"born": [dt.date(1980, 1, 2), None]}).write_parquet(path)
    with pytest.raises(DataError, match=r"1 rows hold a date where a number belongs.*Set date = true"):
        panel_of(path, {"born": {}})
    frame = panel_of(path, {"born": {"date": True}})
    assert frame["born"].to_list() == [3653.0, None]  # R: as.numeric(as.Date("1980-01-02"))


def test_date_and_moment_of_a_stata_file__are_days(tmp_path):
    path = tmp_path / "people.dta"
    moment = dt.datetime(1980, 1, 2, 12)  # noqa: DTZ001 - Stata has no time zones
    pyreadstat.write_dta(pl.DataFrame({"born": [dt.date(1980, 1, 2)], "seen": [moment]}), path)
    frame = panel_of(path, {"born": {"date": True}, "seen": {"date": True}})
    assert frame["born"].to_list() == [3653.0]
    assert frame["seen"].to_list() == [3653.5]


def test_text_that_is_no_date(tmp_path):
    variables = {"age": {"date": "%d.%m.%Y"}}
    assert ages_of(tmp_path, "02.01.1980", variables=variables)["age"].to_list() == [3653.0]
    with pytest.raises(DataError, match="1 rows hold text that is no date"):
        ages_of(tmp_path, "1980-01-02", variables=variables)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (pl.Series([[1], [2]]), r"list\(int64\)"),
        (pl.Series([{"a": 1}, {"a": 2}]), "struct"),
        (pl.Series([b"x", b"y"]), "binary"),
        (pl.Series([dt.timedelta(1), dt.timedelta(2)]), "duration"),
    ],
)
def test_column_whose_cells_are_no_values__is_named_with_its_type(tmp_path, values, kind):
    path = tmp_path / "people.parquet"
    pl.DataFrame({"age": values}).write_parquet(path)
    with pytest.raises(DataError, match=f"people.parquet: column 'age' holds {kind}"):
        panel_of(path, {"age": {}})


def test_column_of_256_bit_decimals__is_named_with_its_type(tmp_path):
    path = tmp_path / "people.parquet"
    ages = pa.array([decimal.Decimal("1.5")], pa.decimal256(50, 2))
    pq.write_table(pa.table({"age": ages, "income": [1.0]}), path)
    assert panel_of(path, {"income": {}})["income"].to_list() == [1.0]
    with pytest.raises(DataError, match=r"column 'age' holds decimal"):
        panel_of(path, {"age": {}})


@pytest.mark.parametrize("header", ["28,4,KANARI0", "KANARI0,3,", "KANARI0,x,urban"])
def test_file_without_header__shows_no_value(tmp_path, header):
    path = tmp_path / "people.csv"
    path.write_text(f"{header}\n29,5,urban\n30,6,KANARI2\n")
    with pytest.raises(DataError, match="has the file a header") as caught:
        panel_of(path, {"kanari": {}})
    assert not any(word in str(caught.value) for word in ("28", "KANARI0", "urban", "Known"))


def test_file_without_header__with_a_value_twice__shows_no_value(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("28,28,KANARI0\n29,5,KANARI1\n")
    with pytest.raises(DataError, match="has the file a header") as caught:
        panel_of(path, {"age": {}})
    assert "28" not in str(caught.value)


@pytest.mark.parametrize("show", [file_codebook, lambda path: read_files([path], None)])
def test_file_without_header__has_no_codebook_and_no_draft(tmp_path, show):
    path = tmp_path / "people.csv"
    path.write_text("28,4,KANARI0\n29,5,KANARI1\n")
    with pytest.raises(DataError, match="2 of 3 names of columns are numbers") as caught:
        show(path)
    assert not any(word in str(caught.value) for word in ("28", "KANARI0"))


def test_file_with_header__still_lists_its_names(tmp_path):
    with pytest.raises(DataError, match="Known: age, id"):
        ages_of(tmp_path, "40", variables={"zzz": {}})


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes")
def test_pipe_as_merged_file__is_refused(tmp_path):
    (tmp_path / "people.csv").write_text("age,city\n1,1\n")
    os.mkfifo(tmp_path / "city.csv")
    text = study_text(
        source="people.csv",
        variables={"age": {}},
        analyses=[analysis("describe")],
        extra='[[source.merge]]\nname = "city"\npath = "city.csv"\nkey = "city"\n',
    )
    with pytest.raises(DataError, match=r"city.csv: no such file in .*; expected the file of source.merge"):
        study_files(parse_study(text), tmp_path, None)


def test_files_of_wrong_kinds__are_faults_of_check(tmp_path):
    pl.DataFrame({"age": [[1]]}).write_parquet(tmp_path / "people.parquet")
    text = study_text(source="people.parquet", variables={"age": {}}, analyses=[analysis("describe")])
    (tmp_path / "study.toml").write_text(text)
    (fault,) = check_study(tmp_path / "study.toml")
    assert "column 'age' holds list" in str(fault)


def test_codebook__of_a_file_with_lists__still_names_the_type(tmp_path):
    pl.DataFrame({"age": [[1]]}).write_parquet(tmp_path / "people.parquet")
    assert "List" in file_codebook(tmp_path / "people.parquet").entries[0].kind
