"""The survey's files, as simulated: Chinese labels in every encoding, names by wave, refusals."""

import json
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pyreadstat
import pytest

from engine.simulate.cmds import simulate_cmds
from engine.simulate.wave_files import FILES, write_wave_files

ROWS, SEED = 3000, 5


@pytest.fixture(scope="module")
def handed_out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("waves")
    write_wave_files(simulate_cmds(ROWS, SEED), folder, SEED)
    return folder


@pytest.fixture
def waves(handed_out, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(handed_out, tmp_path / "files")
    return tmp_path / "files"


def table_1(cli, study, out):
    code, _, err = cli("run", study, "--out", out, "--only", "table-1")
    assert code == 0, err
    return pl.read_parquet(Path(out) / "results.parquet")


def manifest(out):
    return json.loads((Path(out) / "manifest.json").read_text())


def rewrite(waves, wave, writer, name, encoding="gb18030"):
    """Write one wave anew in another format, decoding the bytes that the first writer left."""
    frame, meta = pyreadstat.read_dta(waves / FILES[wave], encoding=encoding, output_format="polars")
    writer(
        frame,
        waves / name,
        column_labels=meta.column_names_to_labels,
        variable_value_labels=meta.variable_value_labels,
    )
    study = waves / "study.toml"
    study.write_text(study.read_text(encoding="utf-8").replace(FILES[wave], name), encoding="utf-8")


def test_wave_files__have_gb18030_bytes_and_the_panel_of_the_simulation(cli, waves):
    raw = (waves / FILES["2017"]).read_bytes()
    assert "受教育程度".encode("gb18030") in raw
    assert "受教育程度".encode() not in raw
    found = table_1(cli, waves / "study.toml", "run")
    simulated = simulate_cmds(ROWS, SEED)
    names = {
        "male": ("sex", 1),
        "65+": ("age", 6),
        "college": ("education", 3),
        "6-10 years": ("duration", 2),
        "out of province": ("range", 2),
        "west": ("region", 3),
        "work or business": ("reason", 2),
    }
    for wave in simulated:
        counts = found.filter((pl.col("wave") == wave.wave) & (pl.col("measure") == "count"))
        for level, (column, code) in names.items():
            row = counts.filter((pl.col("term") == column) & (pl.col("level") == level))
            assert row["estimate"].item() == (wave.columns[column] == code).sum(), (wave.wave, level)
        asked = counts.filter(pl.col("term") == "record")
        skipped = asked.filter(pl.col("level") == "(skipped)")["estimate"].to_list()
        assert skipped == ([(wave.columns["health_record"] == -8).sum()] if wave.wave == "2017" else [])
    sources = manifest("run")["sources"]
    assert [source["encoding"] for source in sources] == ["gb18030 (found)"] * 3
    assert any("SIMULATED" in warning for warning in manifest("run")["warnings"])
    assert manifest("run")["simulated"] is True


def test_every_twin__gives_the_same_panel(cli, waves):
    first = table_1(cli, waves / "study.toml", "gb18030")
    # Format 114 has no place for an encoding: bytes in UTF-8 are found as such.
    shutil.rmtree(waves)
    write_wave_files(simulate_cmds(ROWS, SEED), waves, SEED, encoding="utf-8")
    assert table_1(cli, waves / "study.toml", "utf8").equals(first)
    assert manifest("utf8")["sources"][0]["encoding"] == "utf-8 (found)"
    rewrite(waves, "2014", pyreadstat.write_sav, "wave2014.sav", "utf-8")
    rewrite(waves, "2016", pyreadstat.write_dta, "wave2016.dta", "utf-8")
    assert table_1(cli, waves / "study.toml", "sav").equals(first)


def test_mislabelled_text__is_read_and_told(cli, waves):
    # An SPSS file that claims UTF-8 while its bytes are GB18030: "女" has 3 bytes in one and 2 in the other.
    rewrite(waves, "2017", pyreadstat.write_sav, "wave2017.sav")
    first = table_1(cli, waves / "study.toml", "first")
    path = waves / "wave2017.sav"
    raw = path.read_bytes()
    _, meta = pyreadstat.read_sav(path, metadataonly=True)
    labels = {label for own in meta.variable_value_labels.values() for label in own.values()}
    for text in sorted(
        {*labels, *meta.column_labels}, key=len, reverse=True
    ):  # of the same length, with blanks
        raw = raw.replace(text.encode(), text.encode("gb18030").ljust(len(text.encode()), b" "))
    path.write_bytes(raw)
    assert table_1(cli, waves / "study.toml", "second").equals(first)
    assert manifest("second")["sources"][2]["encoding"] == "gb18030 (found, the file says UTF-8)"
    assert any("though the file says UTF-8" in warning for warning in manifest("second")["warnings"])


def test_csv_with_label_text__in_gb18030_gives_the_same_panel(cli, waves):
    first = table_1(cli, waves / "study.toml", "first")
    for number, name in enumerate(FILES.values()):
        frame, meta = pyreadstat.read_dta(waves / name, encoding="gb18030", output_format="polars")
        labelled = frame.with_columns(
            pl.col(column)
            .cast(pl.Int64)
            .replace_strict(labels, default=None, return_dtype=pl.String)
            .alias(column)
            for column, labels in meta.variable_value_labels.items()
        )
        # Headers padded as they circulate, text instead of codes.
        text = labelled.rename(lambda column: f"{column}  ").write_csv()
        (waves / f"wave{number}.csv").write_bytes(text.encode("gb18030"))
        study = waves / "study.toml"
        study.write_text(
            study.read_text(encoding="utf-8").replace(name, f"wave{number}.csv"), encoding="utf-8"
        )
    found = table_1(cli, study, "csv")
    assert found.drop("study").equals(first.drop("study"))  # a csv file cannot say that it is simulated
    assert manifest("csv")["sources"][0]["encoding"] == "gb18030 (found)"


def edited(waves, change, wave="2017"):
    frame, meta = pyreadstat.read_dta(waves / FILES[wave], encoding="gb18030", output_format="polars")
    frame = change(frame)
    pyreadstat.write_dta(
        frame,
        waves / FILES[wave],
        variable_value_labels=meta.variable_value_labels,
        column_labels=list(meta.column_labels),
    )


def refusal(cli, waves):
    code, _, err = cli("run", waves / "study.toml", "--out", "run")
    assert code == 11
    assert not Path("run").exists()
    return err


def test_partial_copy__is_refused(cli, waves):
    edited(waves, lambda frame: frame.head(500))
    assert "found 500 rows; expected the 945 of wave 2017. Is it a partial copy?" in refusal(cli, waves)


def test_shipped_counts__are_those_published(cli, waves):
    code, _, err = cli("run", "cmds", "--data", waves, "--out", "run")
    assert code == 11
    assert "expected the 200,937 of wave 2014" in err


def test_swapped_waves__are_told(cli, waves):
    first, second = (waves / FILES[wave] for wave in ("2016", "2017"))
    aside = waves / "aside.dta"
    first.rename(aside), second.rename(first), aside.rename(second)
    assert "That is the count of wave 2017: are the files swapped?" in refusal(cli, waves)


def test_unknown_education_code__is_refused(cli, waves):
    codes = pl.Series([9.0] * 12 + [None] * 10_000)
    edited(
        waves, lambda frame: frame.with_columns(q101e1=codes.head(frame.height).fill_null(frame["q101e1"]))
    )
    told = refusal(cli, waves)
    assert "column 'q101e1' (variables.education): 12 rows hold a value that no level names (code 9)" in told


def test_missing_outcome__is_refused_with_candidates(cli, waves):
    edited(waves, lambda frame: frame.rename({"Q403": "Q4_3"}))
    told = refusal(cli, waves)
    assert "the column of 1 variable is not known" in told
    assert '[variables.record.from]\n2017 = "Q4_3"  # or: Q4_3 (您在本地是否建立了居民健康档案)' in told


def test_arrival_after_the_survey__is_refused(cli, waves):
    edited(waves, lambda frame: frame.with_columns(q101m1y=pl.col("q101m1y") + 40))
    assert "rows lie outside every interval of cut" in refusal(cli, waves)


def test_ages__are_completed_years_at_the_survey(cli, waves):
    # Born in June 2002, a person is 14 in May 2017: not of the survey; born in May 2002, 15.
    def born(month):
        return lambda frame: frame.with_columns(q101c1y=pl.lit(2002.0), q101c1m=pl.lit(float(month)))

    untouched = (waves / FILES["2017"]).read_bytes()
    edited(waves, born(6))
    assert "column 'q101c1y' (variables.age): 945 rows lie outside" in refusal(cli, waves)
    (waves / FILES["2017"]).write_bytes(untouched)
    edited(waves, born(5))
    found = table_1(cli, waves / "study.toml", "run").filter(
        (pl.col("wave") == "2017") & (pl.col("term") == "age") & (pl.col("measure") == "count")
    )
    assert dict(found.select("level", "estimate").iter_rows())["15-24"] == 945


def test_codebook__lists_labels_and_no_rare_code(cli, waves):
    code, out, _ = cli("codebook", waves / FILES["2017"], "--search", "健康档案|权重")
    assert code == 0
    assert "Q403  您在本地是否建立了居民健康档案  [number, 4 different, 86 blank]" in out
    assert "3  已经建立" in out
    assert "w_l  权重  [number, 945 different]" in out
    secret = pl.DataFrame(
        {"id": range(100), "rare": [7] * 3 + [1] * 97, "name": [f"person {i}" for i in range(100)]}
    )
    secret.write_csv("small.csv")
    code, out, _ = cli("codebook", "small.csv", "--json")
    book = json.loads(out)
    # Three others could be told by subtraction, so the common count is not told either.
    assert [entry["codes"] for entry in book["entries"]] == [[], [["1", "", None]], []]
    assert "person" not in out


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("absent.dta",), 11, "no such file"),
        (("study.toml",), 2, "unknown format"),
        (("small.csv", "--search", "("), 2, "a pattern that cannot be read"),
    ],
)
def test_codebook__tells_what_is_wrong(cli, waves, monkeypatch, arguments, code, told):
    monkeypatch.chdir(waves)
    Path("small.csv").write_text("a\n1\n")
    found, _, err = cli("codebook", *arguments)
    assert (found, told in err) == (code, True), err


def test_folder__must_be_empty(cli, waves):
    code, _, err = cli("simulate", "cmds", "--out", waves, "--rows", 500)
    assert code == 2
    assert "the folder is not empty" in err


def test_truth__stands_beside_the_files(waves):
    truth = json.loads((waves / "truth.json").read_text())
    ratios = {(row["term"], row["level"]): np.exp(row["coefficient"]) for row in truth["model_1"]}
    assert ratios["sex", "female"] == pytest.approx(1.14, rel=1e-7)
    assert ratios["range", "out of province"] == pytest.approx(0.72, rel=1e-7)
