"""The table of file formats, and errors that carry their fault."""

import gzip
import pickle
import zipfile
from pathlib import Path

import polars as pl
import pyreadstat
import pytest

from engine.batch.check import check_study
from engine.batch.plan import make_plan
from engine.data.formats import FORMATS, SUFFIXES, count_rows, format_of, open_frame
from engine.data.source_file import SourceFile
from engine.errors import DataError, Fault
from engine.simulate.write import WRITERS

FRAME = pl.DataFrame({"a": [1.0, 2.0, 3.0], "名": ["一", "二", "三"]})
STUDY = """
[study]
name = "x"
[source]
path = "wave.csv"
[variables.b]
from = "b"
[[analysis]]
name = "d"
kind = "describe"
"""


def write(path):
    suffix = "".join(path.suffixes).lower()
    if suffix.startswith(".csv"):
        text = FRAME.write_csv().encode("gb18030")
        path.write_bytes(gzip.compress(text) if suffix.endswith(".gz") else text)
    elif suffix.startswith(".tsv"):
        text = FRAME.write_csv(separator="\t").encode("gb18030")
        path.write_bytes(gzip.compress(text) if suffix.endswith(".gz") else text)
    elif suffix == ".parquet":
        FRAME.write_parquet(path)
    elif suffix == ".xlsx":
        FRAME.write_excel(path)
    elif suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("inside/wave.csv", FRAME.write_csv().encode("gb18030"))
            archive.writestr("readme.txt", "about")
    else:
        writer = pyreadstat.write_dta if suffix == ".dta" else pyreadstat.write_sav
        writer(FRAME.rename({"名": "name"}), path)


@pytest.mark.parametrize("suffix", [*SUFFIXES, *(suffix.upper() for suffix in SUFFIXES)])
def test_every_suffix__is_opened_and_counted(tmp_path, suffix):
    path = tmp_path / f"wave{suffix}"
    write(path)
    (tmp_path / "scratch").mkdir()
    raw = open_frame(SourceFile(path=path), ("*",), None, tmp_path / "scratch")
    assert raw.frame.collect().row(1)[:2] == (
        ("2.0", "二") if suffix.lower().startswith((".csv", ".tsv", ".zip")) else (2.0, "二")
    )
    assert count_rows(SourceFile(path=path), None) == raw.n_rows == 3
    assert format_of(path).has_encoding == (raw.encoding is not None)


def test_suffixes__belong_to_one_format_each():
    assert len(SUFFIXES) == len(set(SUFFIXES)) == sum(len(one.suffixes) for one in FORMATS)
    assert set(WRITERS) <= set(SUFFIXES)
    assert format_of(Path("wave.gz")) is format_of(Path(".csv")) is format_of(Path("wave")) is None


SEMICOLONS = "a;b;c\n1;1.234,5;x\n2;2,5;y\n3;300;z\n"


def test_semicolons__are_told_and_read(tmp_path, monkeypatch, cli):
    monkeypatch.chdir(tmp_path)
    Path("wave.csv").write_text(SEMICOLONS)
    Path("x.toml").write_text(STUDY)
    (fault,) = check_study("x.toml")
    assert "one column, whose name holds semicolons" in fault.found
    assert fault.remedy.startswith('Write delimiter = ";" under [source].')
    source = 'path = "wave.csv"\ndelimiter = ";"\n'
    Path("x.toml").write_text(STUDY.replace('path = "wave.csv"\n', source))
    assert 'Perhaps the study needs source.decimal = ","' in cli("run", "x.toml", "--out", "run")[2]
    numbers = 'decimal = ","\nthousands = "."\n'
    Path("x.toml").write_text(STUDY.replace('path = "wave.csv"\n', source + numbers))
    assert cli("run", "x.toml", "--out", "run")[0] == 0
    mean = pl.read_parquet("run/results.parquet").filter(measure="mean")["estimate"][0]
    assert mean == pytest.approx((1234.5 + 2.5 + 300) / 3)
    assert 'delimiter = ";"' in cli("init", "wave.csv")[1]


def test_archive__holds_one_data_file(tmp_path):
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.csv", "a\n1\n")
        archive.writestr("b.csv", "a\n1\n")
    with pytest.raises(DataError, match="it holds 2 data files; expected one"):
        open_frame(SourceFile(path=tmp_path / "two.zip"), ("*",), None, tmp_path)


def test_plan__leaves_nothing_beside_the_data(tmp_path, monkeypatch):
    monkeypatch.setenv("EQUIRANK_CACHE", str(tmp_path / "cache"))
    (tmp_path / "data").mkdir()
    write(tmp_path / "data" / "wave.csv")
    (tmp_path / "x.toml").write_text(STUDY)
    assert make_plan(tmp_path / "x.toml", tmp_path / "data").files == (("wave.csv", 3),)
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["wave.csv"]


def test_fault_of_a_file__is_a_fault_of_the_study(tmp_path):
    write(tmp_path / "wave.csv")
    (tmp_path / "x.toml").write_text(STUDY)
    (fault,) = check_study(tmp_path / "x.toml")
    found = "in wave.csv: no column 'b', wanted by variables.b"
    assert fault == Fault("variables.b", found, "one of its 2 columns", "Known: a, 名.")
    assert str(fault) == f"variables.b: found {found}; expected one of its 2 columns. Known: a, 名."


def test_error__keeps_its_fault_and_its_text():
    fault = Fault("a.csv", "the file does not exist", "a readable csv file", "Check the path.")
    error = DataError(fault)
    text = "a.csv: the file does not exist; expected a readable csv file. Check the path."
    assert (str(error), error.fault, error.faults) == (text, fault, (fault,))
    assert (str(DataError("plain")), DataError("plain").fault) == ("plain", None)
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - errors travel between processes
    assert (str(copy), copy.fault) == (text, fault)
