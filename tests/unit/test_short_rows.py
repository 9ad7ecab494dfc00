"""Rows of a text file with too few cells are refused with their place, and without a value."""

import gzip

import polars as pl
import pytest

from engine.data import short_rows
from engine.data.source_file import SourceFile
from engine.data.text_file import open_text
from engine.errors import DataError

HEADER = "id,name,note\n"


def opened(tmp_path, text, name="people.csv", **encoded):
    path = tmp_path / name
    content = text.encode(**encoded)
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return open_text(SourceFile(path=path), (), encoded.get("encoding"), tmp_path)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("1,a,b\n2,KANARI\n3,c,d\n", "row 2 (line 3) has 2 of 3 cells"),
        ("1,a,b\n2,c,d\n3", "row 3 (line 4) has 1 of 3 cells"),
        ("1,a,b\n\n3,c,d\n", "row 2 (line 3) has 0 of 3 cells"),
        ("1,a,b\n2,c,d\n\n", "row 3 (line 4) has 0 of 3 cells"),
        ('1,"a\n, ""or"" A",b\n2,"c, C"\n', "row 2 (line 4) has 2 of 3 cells"),
        ('1,"a,A",b\n2,c\n3\n', "2 rows have too few cells; the first, row 2 (line 3) has 2 of 3 cells"),
        ("1,a,b\r\n2,c\r\n", "row 2 (line 3) has 2 of 3 cells"),
    ],
)
@pytest.mark.parametrize("name", ["people.csv", "people.csv.gz"])
def test_short_row__is_refused_with_its_place(tmp_path, rows, told, name):
    with pytest.raises(DataError) as caught:
        opened(tmp_path, HEADER + rows, name)
    assert str(caught.value).startswith(f"{name}: {told}; expected one for each column.")
    assert "KANARI" not in str(caught.value)


@pytest.mark.parametrize(
    "rows",
    [
        "1,a,b\n2,,\n",
        '1,"a\n, ""or"" A",b\n2,"c, C",\n',
        '1,a,b\n2,a 5" nail,b',
        "1,a,b\r\n2,c,d\r\n",
        '"1","a","b"\n"2","",""\n',
    ],
)
@pytest.mark.parametrize("piece", [1 << 20, 3])
def test_row__with_a_cell_for_each_column_is_read(tmp_path, monkeypatch, rows, piece):
    monkeypatch.setattr(short_rows, "PIECE", piece)
    assert opened(tmp_path, HEADER + rows).n_rows == 2


def test_file_of_one_column__may_have_empty_cells(tmp_path):
    assert opened(tmp_path, "age\n40\n\n41\n").frame.select(pl.len()).collect().item() == 3


def test_short_row__of_another_encoding_and_delimiter(tmp_path):
    path = tmp_path / "people.tsv"
    path.write_text("id\tname\n1\t性别, 年龄\n2\n", encoding="gb18030")
    with pytest.raises(DataError, match=r"people.tsv: row 2 \(line 3\) has 1 of 2 cells"):
        open_text(SourceFile(path=path), (), None, tmp_path)
