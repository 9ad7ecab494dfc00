"""Bad inputs of the list in `tests/functional/bad_inputs.py` that no other test has."""

import errno
import json
import os
import shutil
import zipfile

import numpy as np
import polars as pl
import pyreadstat
import pytest

import engine
from engine.batch.manifest import _warnings
from engine.data import records, source_file
from engine.data.design_reader import given_weights
from engine.data.formats import open_frame
from engine.data.panel import build_panel, missing_counts
from engine.data.sample import draw_sample
from engine.data.source_file import SourceFile, reading
from engine.data.source_paths import source_files
from engine.errors import DataError, StudyError, UsageError
from engine.paths import cache_folder
from engine.report.words.notices import notice
from engine.study import ReplicateWeightsSpec, parse_study
from tests.functional.conftest import STUDY
from tests.functional.nights import put

SPEC = parse_study(STUDY)
ROW = pl.int_range(pl.len())
TOKEN = 987_654.5  # a value of one person, which no message may show
ONLY = ("run", "study.toml", "--out", "run", "--no-report", "--only", "inequality")


def opened(path):
    """The columns of a file as they are read, every one as text."""
    with reading(path):
        return open_frame(SourceFile(path=path), ("*",), None, path.parent).frame.collect()


def panel(path, frame):
    frame.write_parquet(path / "survey.parquet")
    return build_panel(SPEC, [SourceFile(path=path / "survey.parquet", is_own=True)])


@pytest.fixture(scope="module")
def stata(tmp_path_factory):
    path = tmp_path_factory.mktemp("stata") / "survey.dta"
    pyreadstat.write_dta(pl.DataFrame({"income": [TOKEN, 2.0, 3.0]}), path)
    return path.read_bytes()


@pytest.mark.parametrize("release", [b"102", b"121"])
def test_unknown_stata_release(tmp_path, stata, release):
    mark = b"<release>"
    at = stata.index(mark) + len(mark)
    (tmp_path / "survey.dta").write_bytes(stata[:at] + release + stata[at + 3 :])
    with pytest.raises(DataError, match=r"survey\.dta: the file cannot be read"):
        opened(tmp_path / "survey.dta")


def test_header_of_more_rows_than_the_file_holds(tmp_path, stata):
    at = stata.index(b"<N>") + 3
    content = stata[:at] + (2**31).to_bytes(8, "little") + stata[at + 8 :]
    (tmp_path / "survey.dta").write_bytes(content)
    with pytest.raises(DataError, match=r"survey\.dta: the file cannot be read"):
        opened(tmp_path / "survey.dta")


def test_ends_of_lines__are_no_values(tmp_path, survey):
    lines = survey.write_csv().splitlines()
    found = []
    for number, ends in enumerate((("\n", "\n"), ("\r\n", "\r\n"), ("\r\n", "\n"))):
        path = tmp_path / f"{number}.csv"
        path.write_bytes("".join(line + ends[at % 2] for at, line in enumerate(lines)).encode())
        found.append(opened(path))
    assert found[0].equals(found[1])
    assert found[0].equals(found[2])


def test_line_of_three_million_characters__is_not_repeated(tmp_path, survey):
    lines = survey.write_csv().splitlines()
    at = lines[0].split(",").index("sex")
    cells = lines[300].split(",")
    cells[at] = "987" * 1_000_000
    lines[300] = ",".join(cells)
    (tmp_path / "survey.csv").write_text("\n".join(lines))
    with pytest.raises(DataError, match="a value that no level names") as refused:
        build_panel(SPEC, [SourceFile(path=tmp_path / "survey.csv", is_own=True)])
    assert len(str(refused.value)) < 1000
    assert "987" not in str(refused.value)


def test_archive__writes_nothing_beside_its_scratch_folder(tmp_path, survey):
    (tmp_path / "inner" / "deep").mkdir(parents=True)
    path = tmp_path / "inner" / "deep" / "survey.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../survey.csv", survey.write_csv())
    assert opened(path).height == survey.height
    assert not list(tmp_path.glob("*.csv"))
    assert not list((tmp_path / "inner").glob("*.csv"))


def test_file_that_may_not_be_read(tmp_path, monkeypatch):
    def refused(_path):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(source_file, "file_hash", refused)
    with pytest.raises(DataError, match=r"a\.csv: the file may not be read"):
        SourceFile(path=tmp_path / "a.csv").digest()


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/etc/passwd", "unknown format"),
        ("survey.pkl", "unknown format"),
        ("survey.rds", "unknown format"),
        ("~/survey.parquet", "no such file"),
        ("file:///etc/passwd", "no such file"),
        ("https://127.0.0.1/survey.csv", "no such file"),
        ("s3://bucket/survey.parquet", "no such file"),
    ],
)
def test_sources_that_are_no_files_of_records(tmp_path, path, words):
    for name in ("survey.pkl", "survey.rds"):
        (tmp_path / name).write_bytes(b"\x80\x04.")
    spec = parse_study(STUDY.replace("survey.parquet", path))
    with pytest.raises(DataError, match=words):
        source_files(spec, tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("seed = 5", "seed = -1", "expected 0 or more"),
        ("seed = 5", f"seed = {2**64}", "expected less than"),
        ("seed = 5", 'seed = "seven"', "expected a whole number"),
        ("seed = 5", "seed = 1.5", "expected a whole number"),
        ("replicates = 100", "replicates = 1000000000", "or less"),
        ("replicates = 100", "replicates = -5", "analysis 'inequality', bootstrap.replicates"),
        ("seed = 5", "seed = 5\n" + "# x\n" * 1_250_000, "expected at most 1,000,000"),
        ("[source]", "".join(f"[a{number}]\n" for number in range(2_000)) + "[source]", "unknown key"),
    ],
    ids=["negative", "2^64", "text", "fraction", "1e9 replicates", "-5 replicates", "5 MB", "2,000 tables"],
)
def test_study_out_of_all_measure(tmp_path, old, new, words):
    (tmp_path / "study.toml").write_text(STUDY.replace(old, new))
    with pytest.raises(StudyError, match=words):
        engine.load_study(tmp_path / "study.toml")


def test_nan__is_a_missing_value(tmp_path, survey):
    few = ROW < 5
    null = survey.with_columns(income=pl.when(few).then(None).otherwise("income"))
    nan = survey.with_columns(income=pl.when(few).then(float("nan")).otherwise("income"))
    counts = [missing_counts(panel(tmp_path, frame))["income"] for frame in (null, nan)]
    assert counts[0] == counts[1]


@pytest.mark.parametrize(("changed", "told"), [(pl.col("ill") + 1, "202 rows"), (9, "1 rows")])
def test_outcome_of_other_codes(tmp_path, survey, changed, told):
    new = changed if isinstance(changed, pl.Expr) else pl.when(ROW == 5).then(changed).otherwise("ill")
    with pytest.raises(DataError, match=rf"variables\.ill\): {told} hold a value that no level names"):
        panel(tmp_path, survey.with_columns(ill=new))


def test_blanks_around_a_code__do_not_make_another(tmp_path, survey):
    spec = parse_study(STUDY.replace("male = [1]", 'male = ["m"]').replace('["2"]', '["f"]'))
    letters = pl.when(pl.col("sex") == 1).then(pl.lit("m")).otherwise(pl.lit("f"))
    counts = []
    for sex in (letters, pl.when(ROW % 3 == 0).then(letters + pl.lit(" ")).otherwise(letters)):
        survey.with_columns(sex=sex).write_parquet(tmp_path / "survey.parquet")
        made = build_panel(spec, [SourceFile(path=tmp_path / "survey.parquet", is_own=True)])
        counts.append(pl.read_parquet(made.parts)["sex"].value_counts(sort=True).rows())
    assert counts[0] == counts[1]


def test_numbers_at_the_ends_of_the_range():
    people = pl.DataFrame({"x": [0.0, 1.0, 2.0, 3.0], "y": [0.0, 3.0, 1.0, 2.0]})
    negative = people.with_columns(pl.all().replace(0.0, -0.0))
    found = [engine.concentration_index(frame, "y", "x").rows for frame in (people, negative)]
    assert found[0] == found[1]
    huge = people.with_columns(y=pl.col("y") * 1e300)
    (row,) = (one for one in engine.concentration_index(huge, "y", "x").rows if one.measure == "standard")
    assert row.status != "ok" or row.estimate == pytest.approx(found[0][0].estimate)


def test_half_a_million_people_alike__have_no_rank():
    people = pl.DataFrame({"x": np.ones(540_000), "y": np.ones(540_000)})
    with pytest.raises(engine.EstimationError, match="is constant"):
        engine.concentration_index(people, "y", "x")


def test_groups_of_nobody_one_and_two__are_rows_with_a_reason(cli, changed, project, survey):
    """Groups without a rank, without weights, of one and of two people, and one that nobody has."""
    levels = 'female = ["2"], lost = [3], light = [4], one = [5], two = [6], none = [7]'
    group = pl.when(ROW == 1).then(5).when(ROW.is_in([2, 4])).then(6).when(ROW < 90).then(3)
    frame = survey.with_columns(
        sex=group.when(ROW < 150).then(4).otherwise("sex"),
        weight=pl.when((ROW >= 90) & (ROW < 150)).then(0.0).otherwise("weight"),
        income=pl.when((ROW < 90) & (~ROW.is_in([1, 2, 4])))
        .then(None)
        .otherwise(pl.col("income").fill_null(3)),
    )
    changed(('female = ["2"]', levels), ('by = ["wave", "sex"]', 'by = "sex"'), frame=frame)
    code, _, err = cli(*ONLY)
    assert code == 0, err
    rows = pl.read_parquet(project / "run" / "results.parquet").filter(
        pl.col("measure") == "standard", pl.col("method") == "linearised"
    )
    states = dict(rows.select("subgroup", "status").iter_rows())
    assert [states[f"sex={name}"] for name in ("male", "female")] == ["ok", "ok"]
    assert [states[f"sex={name}"] for name in ("lost", "light", "none")] == ["no observations"] * 3
    assert states["sex=one"] == "a single observation"
    assert states["sex=two"] == "no degrees of freedom"


def test_sample_of_more_units_than_its_population(cli, changed, project, survey):
    changed(
        ('cluster = "psu"', 'cluster = "psu"\npopulation = "n"'),
        ("{ replicates = 100 }", '{ method = "jackknife" }'),
        frame=survey.with_columns(n=2),
    )
    code, _, err = cli(*ONLY)
    assert code == 11, err
    assert "design.population" in err
    assert "not below its sampled PSUs" in err


def test_design_of_a_single_psu(cli, changed, project, survey):
    changed(frame=survey.with_columns(psu=1, stratum=1))
    code, _, err = cli(*ONLY)
    assert code == 11
    assert "1 of 1 strata have a single sampling unit" in err


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.array([[1.0, -987.0], [1.0, 1.0]]), "missing or negative"),
        (np.array([[1.0, 987.0], [1.0, 987.0]]), "all alike"),
    ],
)
def test_replicate_weights_that_tell_nothing(values, words):
    given = ReplicateWeightsSpec(columns="rw*", method="brr")
    with pytest.raises(DataError, match=words) as refused:
        given_weights(given, values)
    assert "987" not in str(refused.value)


@pytest.mark.parametrize("keeps", [False, True], ids=["read each time", "kept"])
def test_record_with_most_of_the_weight__is_a_warning(tmp_path, survey, monkeypatch, keeps):
    monkeypatch.setattr(records, "FEWEST_ROWS", 1 if keeps else 10**9)
    found = []
    for weight in (survey["weight"], pl.when(ROW == 5).then(1e6).otherwise("weight")):
        made = panel(tmp_path, survey.with_columns(weight=weight))
        sample = draw_sample(SPEC, made, tmp_path)
        assert sample.records.keeps_answers == keeps
        missing = {name: {"value": 1, "skipped": 0} for name in SPEC.variables}
        found.append([*_warnings(SPEC, missing, sample)])
    (told,) = found[1]
    assert found[0] == []
    assert "one record has more than half of all weights" in told
    assert notice("zh", told).startswith("一条记录")


def test_cache_of_another_user__is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("EQUIRANK_CACHE", str(tmp_path))
    cache_folder("kernels")
    monkeypatch.setattr(os, "geteuid", lambda: 54_321)
    if tmp_path.stat().st_uid == 0:
        os.chown(tmp_path / "kernels", 12_345, -1)
    with pytest.raises(UsageError, match="belongs to another user"):
        cache_folder("kernels")


def test_cache_that_everybody_may_write__is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("EQUIRANK_CACHE", str(tmp_path))
    cache_folder("kernels").chmod(0o777)
    with pytest.raises(UsageError, match="everybody may write"):
        cache_folder("kernels")


def test_store_that_disappears_in_the_night(night, monkeypatch):
    from engine.nights import publish

    write = publish.write_run

    def lost(*arguments, **options):
        shutil.rmtree(night.store)
        return write(*arguments, **options)

    put(night, 1)
    monkeypatch.setattr(publish, "write_run", lost)
    code, _, err = night()
    assert code == 74, err
    assert "Traceback" not in err
    monkeypatch.setattr(publish, "write_run", write)
    assert night()[0] == 0
    assert json.loads((night.store / "runs" / "000001" / "manifest.json").read_text())["tasks"]
