"""What a calibration refuses: at `check` what the study file shows, at the run what the records show."""

import polars as pl
import pytest

import engine
from engine.batch.check import check_study
from engine.batch.plan import make_plan
from engine.errors import DataError, StudyError
from engine.report.methods_text import methods_text
from tests.study_texts import analysis, event, factor, study_text

FRAME = pl.DataFrame(
    {
        "psu": [1, 1, 2, 2, 3, 3, 4, 4],
        "w": [2.0, 3.0, 1.0, 2.0, 4.0, 1.0, 2.0, 3.0],
        "sex": [*"fmfmffmm"],
        "area": [*"nnssnsns"],
        "size": [1.0, 2.0, 4.0, 3.0, 2.0, 5.0, 1.0, 2.0],
        "ill": [0, 1, 0, 1, 1, 0, 0, 1],
        "income": [3.0, 1.0, 2.0, 5.0, 4.0, 6.0, 8.0, 7.0],
    }
)
SEX = {"by": "sex", "totals": {"f": 60, "m": 40}}
AREA = {"by": "area", "totals": {"n": 55, "s": 45}}


def study(folder, *margins, method="raking", analyses=None, frame=FRAME, design=None, **calibration):
    frame.write_parquet(folder / "people.parquet")
    calibration = {"method": method, "margins": [*margins], **calibration}
    path = folder / "study.toml"
    path.write_text(
        study_text(
            source="people.parquet",
            design={"weight": "w", "cluster": "psu", "calibration": calibration, **(design or {})},
            variables={
                "ill": event("yes", no=[0], yes=[1]),
                "sex": factor(f=["f"], m=["m"]),
                "area": factor(n=["n"], s=["s"]),
                "size": {},
                "income": {},
                "rich": {"from": "income", "quantiles": ["poor", "rich"]},
            },
            analyses=analyses or [analysis("describe", variables="sex")],
        )
    )
    return path


STATIC = {
    "unknown variable": ([{"by": "sx", "totals": {"f": 60}}], "margins[1].by", "'sx'"),
    "number by levels": ([{"by": "size", "totals": {"1": 60}}], "margins[1].by", "the number 'size'"),
    "quantiles": (
        [{"by": "rich", "totals": {"poor": 6, "rich": 4}}],
        "margins[1].by",
        "made with the weights",
    ),
    "unknown level": ([{"by": "sex", "totals": {"f": 60, "x": 40}}], "margins[1].totals", "'x'"),
    "negative total": ([{"by": "sex", "totals": {"f": 60, "m": -4}}], "margins[1].totals", "-4 for m"),
    "two populations": (
        [SEX, {"by": "area", "totals": {"n": 55, "s": 46}}],
        "margins[2].totals",
        "101 people",
    ),
    "a level twice": (
        [{"by": "sex", "totals": [["f", 60], ["f", 40]]}],
        "margins[1].totals",
        "f twice",
    ),
    "too few levels": ([{"by": ["sex", "area"], "totals": [["f", 60]]}], "margins[1].totals", "2 entries"),
    "no totals": ([{"by": "sex"}], "margins[1].totals", "none"),
    "neither": ([{"totals": [[100]]}], "margins[1]", "neither by nor number"),
    "no waves": ([{"by": ["wave", "sex"], "totals": [["1", "f", 6]]}], "margins[1].by", "'wave'"),
    "no file": ([{"by": "sex", "file": "none.csv"}], "margins[1].file", "cannot be read"),
}


@pytest.mark.parametrize("case", STATIC)
def test_check__names_place_and_finding(tmp_path, case):
    margins, place, found = STATIC[case]
    with pytest.raises(StudyError) as caught:
        engine.load_study(study(tmp_path, *margins))
    faults = {fault.place: fault for fault in caught.value.faults}
    fault = faults[f"design.calibration.{place}"]
    assert found in fault.found
    assert fault.remedy


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        ({"kind": "concentration", "bootstrap": {"interval": "bca"}}, "bootstrap.interval"),
        ({"kind": "concentration", "bootstrap": {"method": "iid"}}, "bootstrap.method"),
        ({"kind": "concentration", "peer": "conindex"}, "peer"),
        ({"kind": "logit", "covariance": "cluster"}, "covariance"),
        ({"kind": "multilevel", "weights": "cluster-size"}, "weights"),
    ],
)
def test_check__refuses_errors_that_would_leave_the_calibration_out(tmp_path, settings, place):
    kind = settings.pop("kind")
    asked = {
        "concentration": {"outcome": "ill", "rank_by": "income"},
        "logit": {"outcome": "ill", "terms": ["sex"]},
        "multilevel": {"outcome": "ill", "levels": ["psu"]},
    }[kind]
    path = study(
        tmp_path, SEX, analyses=[analysis(kind, **asked, **settings)], design={"levels": {"psu": "psu"}}
    )
    with pytest.raises(StudyError) as caught:
        engine.load_study(path)
    assert [fault.place for fault in caught.value.faults] == [f"analysis[1].{place}"]


def test_check__finds_a_condition_that_is_none(tmp_path):
    path = study(tmp_path, SEX, where="siz > 1")
    assert "design.calibration.where" in str(check_study(path))


ONLY_F = FRAME.filter(pl.col("sex") == "f")
LACKING = FRAME.with_columns(sex=pl.when(pl.col("psu") > 1).then(pl.col("sex")))
OF_RECORDS = {
    "level without total": ([{"by": "sex", "totals": {"f": 60}}], FRAME, "no total of m"),
    "empty cell": ([SEX], ONLY_F, "nobody in m"),
    "missing margin": ([SEX], LACKING, "2 records with a weight without sex"),
    "no cluster": (
        [SEX],
        FRAME.with_columns(psu=pl.when(pl.col("sex") == "f").then(pl.col("psu"))),
        "without stratum or cluster",
    ),
    "collinear": (
        [
            {
                "by": ["sex", "area"],
                "totals": [["f", "n", 30], ["f", "s", 30], ["m", "n", 25], ["m", "s", 15]],
            },
            SEX,
        ],
        FRAME,
        "follow from those of the others",
    ),
    "two totals": (
        [
            {
                "by": ["sex", "area"],
                "totals": [["f", "n", 30], ["f", "s", 30], ["m", "n", 25], ["m", "s", 15]],
            },
            {"by": "sex", "totals": {"f": 61, "m": 39}},
        ],
        FRAME,
        "a total of 61 where 60 follows",
    ),
    "out of reach": ([SEX, {"number": "size", "totals": [[600]]}], FRAME, "no weights that meet all totals"),
}


@pytest.mark.parametrize("case", OF_RECORDS)
def test_run__names_what_the_records_cannot_meet(tmp_path, case):
    margins, frame, found = OF_RECORDS[case]
    with pytest.raises(DataError, match=r"design\.calibration") as caught:
        engine.run(study(tmp_path, *margins, frame=frame), out=tmp_path / "run")
    assert found in str(caught.value)


def test_run__linear_weights_below_0_are_refused(tmp_path):
    margins = [SEX, {"number": "size", "totals": [[440]]}]
    with pytest.raises(DataError, match="Use method = 'raking'"):
        engine.run(study(tmp_path, *margins, method="linear"), out=tmp_path / "run")


def test_file__gives_the_same_totals_and_stands_in_for_them(tmp_path):
    (tmp_path / "census.csv").write_text("sex,total\nf,60\nm,40\n")
    of_file = engine.load_study(study(tmp_path, {"by": "sex", "file": "census.csv"}))
    written = engine.load_study(study(tmp_path, SEX))
    assert of_file.design.calibration.margins[0].totals == written.design.calibration.margins[0].totals
    (tmp_path / "census.csv").write_text("sex,people\nf,60\nm,40\n")
    with pytest.raises(StudyError, match=r"no column 'total' in census\.csv"):
        engine.load_study(study(tmp_path, {"by": "sex", "file": "census.csv"}))


def test_where__the_others_keep_their_weight(tmp_path):
    asked = [analysis("describe", variables=["sex", "area"])]
    totals = {"by": "area", "totals": {"n": 30, "s": 20}}
    path = study(tmp_path, totals, analyses=asked, where="sex = 'f'")
    rows = engine.run(path, out=tmp_path / "run", report=False).to_frame()
    count = rows.filter(pl.col("measure") == "weighted_count", pl.col("term") == "sex")
    assert count["estimate"].to_list() == pytest.approx([50.0, 10.0])


def test_quantiles__are_groups_of_equal_calibrated_weight(tmp_path):
    frame = pl.concat([FRAME.with_columns(pl.col("income") + k / 100) for k in range(50)])
    margin = {"by": "sex", "totals": {"f": 9000, "m": 1000}}
    path = study(tmp_path, margin, frame=frame, analyses=[analysis("describe", variables="rich")])
    rows = engine.run(path, out=tmp_path / "run", report=False).to_frame()
    counts = rows.filter(pl.col("measure") == "weighted_count", pl.col("level").is_in(["poor", "rich"]))
    assert counts["estimate"].to_list() == pytest.approx([5000, 5000], rel=0.02)


def test_plan__says_that_no_analysis_reads_cells(tmp_path):
    plan = make_plan(study(tmp_path, SEX, AREA))
    assert (
        plan.weights == "raking to totals of sex, area; so every analysis reads the records, none reads cells"
    )
    assert not any("cell_rows" in text for text in plan.sql)


def test_manifest_and_methods__tell_of_the_adjustment(tmp_path):
    path = study(tmp_path, SEX, AREA, source="Census 2020")
    engine.run(path, out=tmp_path / "run")
    run = engine.read_run(tmp_path / "run")
    told = run.manifest["calibration"]
    assert told["margins"] == ["sex", "area"]
    assert told["smallest_factor"] < told["largest_factor"]
    assert told["sum_of_weights"] == pytest.approx([18.0, 100.0])
    for language, said in (
        ("en", "Weights: raking to known totals of sex, area (Census 2020)"),
        ("zh", "按 sex、area 的已知总数（Census 2020）作迭代比例调整"),
    ):
        assert said in " ".join(methods_text(run.manifest, [], {}, language)[0])
