"""Derived variables: values of one record, values of a household, and why they are missing."""

import math

import polars as pl
import pytest

from engine.batch.check import check_study
from engine.data.panel import build_panel
from engine.data.source_file import SourceFile
from engine.errors import DataError, StudyError
from engine.study import parse_study
from tests.study_texts import analysis, event, factor, study_text

PEOPLE = """wave,hhid,age,income,persons,born,seen,sex
1,a,40,1000,4,1975-06-30,2015-06-29,1
1,a,3,1000,4,2012-01-01,2015-06-29,2
1,b,70,9,0,1945-06-29,2015-06-29,2
1,b,NA,9,0,,2015-06-29,1
1,c,,500,1,x,2015-06-29,2
2,a,10,100,2,2005-06-29,2015-06-29,1
2,,12,100,2,2005-06-29,2015-06-29,1
"""
VARIABLES = {
    "age": {"missing": ["NA"]},
    "income": {},
    "persons": {},
    "born": {"date": True, "missing": ["x"]},
    "seen": {"date": "%Y-%m-%d"},
    "sex": factor(male=[1], female=[2]),
}


def derived(tmp_path, text=PEOPLE, parts=1, **variables):
    """Return the panel of a study with these derived variables."""
    lines = text.splitlines()
    files = []
    for number in range(parts):
        path = tmp_path / f"people{number}.csv"
        path.write_text("\n".join([lines[0], *lines[1 + number :: parts]]) + "\n")
        files.append(SourceFile(path=path))
    own = {**VARIABLES, **{name: {"from": "", **lines} for name, lines in variables.items()}}
    spec = parse_study(
        without_from(
            study_text(
                source={"path": "people*.csv", "wave": "wave"}, variables=own, analyses=[analysis("describe")]
            )
        )
    )
    panel = build_panel(spec, files)
    return pl.read_parquet(panel.parts), panel


def about(value):
    return value if value is None else pytest.approx(value, rel=1e-15)


def without_from(text):
    return text.replace('from = ""\n', "")


@pytest.mark.parametrize(
    ("lines", "values", "reasons"),
    [
        (
            {"expression": "log(income / persons)"},
            [math.log(250), math.log(250), None, None, math.log(500), math.log(50), math.log(50)],
            [0, 0, 2, 2, 0, 0, 0],
        ),
        ({"expression": "age * 2"}, [80, 6, 140, None, None, 20, 24], [0, 0, 0, 2, 1, 0, 0]),
        ({"expression": "coalesce(age, 0)"}, [40, 3, 70, 0, 0, 10, 12], [0] * 7),
        ({"expression": "least(income, persons)"}, [4, 4, 0, 0, 1, 2, 2], [0] * 7),
        (
            {"expression": "years_between(born, seen)"},
            [39, 3, 70, None, None, 10, 10],
            [0, 0, 0, 1, 2, 0, 0],
        ),
        (
            {"expression": "age", "cut": {"young": [0, 18], "old": [18, 99]}},
            ["old", "young", "old", None, None, "young", "young"],
            [0, 0, 0, 2, 1, 0, 0],
        ),
        (
            {"expression": "sex = 'female' AND wave = 1", **event("yes", no=[0], yes=[1])},
            ["no", "yes", "yes", "no", "yes", "no", "no"],
            [0] * 7,
        ),
        (
            {
                "expression": "CASE WHEN sex LIKE 'f%' THEN 'F' ELSE wave END",
                **factor(f=["F"], first=["1"], second=["2"]),
            },
            ["first", "f", "f", "first", "f", "second", "second"],
            [0] * 7,
        ),
        (
            {"aggregate": "max", "of": "age", "by": "hhid"},
            [40, 40, 70, 70, None, 10, None],
            [0, 0, 0, 0, 1, 0, 1],
        ),
        ({"aggregate": "sum", "of": "age", "by": "hhid"}, [43, 43, 70, 70, None, 10, None], None),
        ({"aggregate": "mean", "of": "age", "by": "hhid"}, [21.5, 21.5, 70, 70, None, 10, None], None),
        ({"aggregate": "min", "of": "age", "by": ["hhid", "sex"]}, [40, 3, 70, None, None, 10, None], None),
        ({"aggregate": "count", "of": "age", "by": "hhid"}, [2, 2, 1, 1, 0, 1, None], None),
        ({"aggregate": "count", "by": "hhid"}, [2, 2, 2, 2, 1, 1, None], [0] * 6 + [1]),
    ],
)
def test_derived__has_the_values_and_reasons_of_arithmetic_by_hand(tmp_path, lines, values, reasons):
    frame, _ = derived(tmp_path, x=lines)
    found = frame["x"].to_list()
    assert found == [value if isinstance(value, str) else about(value) for value in values]
    if reasons is not None:
        assert frame["x__missing"].to_list() == reasons


def test_derived__of_derived__in_any_order_of_the_study(tmp_path):
    frame, _ = derived(
        tmp_path,
        has_child={"aggregate": "max", "of": "is_child", "by": "hhid", **event("yes", no=[0], yes=[1])},
        poor_child={"expression": "has_child = 'yes' AND income < 500", **event("yes", no=[0], yes=[1])},
        is_child={"expression": "age < 15", **event("yes", no=[0], yes=[1])},
    )
    assert frame["has_child"].to_list() == ["yes", "yes", "no", "no", None, "yes", None]
    assert frame["poor_child"].to_list() == ["no", "no", "no", "no", "no", "yes", None]  # by SQL's AND


def test_derived__keeps_the_order_of_many_rows(tmp_path):
    n = 300_000  # more than a row group
    text = "wave,hhid,age,income,persons,born,seen,sex\n" + "".join(
        f"1,{i},{i % 97},{i},1,,2015-01-01,1\n" for i in range(n)
    )
    frame, _ = derived(tmp_path, text, x={"expression": "income + age"})
    assert (frame["x"] == frame["income"] + frame["age"]).all()
    assert frame["income"].to_list() == list(range(n))


def test_derived__division_by_0_is_missing_and_counted(tmp_path):
    _, panel = derived(tmp_path, ratio={"expression": "income / persons"})
    (doubt,) = [doubt for doubt in panel.sources[0]["doubts"] if "ratio" in doubt]
    assert "2 rows have no ratio although all of its parts are there" in doubt


def test_aggregate__by_a_key_that_has_another_name_in_each_wave(tmp_path):
    (tmp_path / "one.csv").write_text("hh,age\n1,2\n1,40\n2,50\n")
    (tmp_path / "two.csv").write_text("family,age\n1,60\n")
    text = study_text(
        source={"path": {"1": "one.csv", "2": "two.csv"}},
        variables={
            "age": {},
            "youngest": {"from": "", "aggregate": "min", "of": "age", "by": {"1": "hh", "2": "family"}},
        },
        analyses=[analysis("describe")],
    )
    spec = parse_study(without_from(text))
    files = [
        SourceFile(path=tmp_path / f"{name}.csv", wave=wave) for name, wave in (("one", "1"), ("two", "2"))
    ]
    frame = pl.read_parquet(build_panel(spec, files).parts)
    assert frame["youngest"].to_list() == [2.0, 2.0, 50.0, 60.0]
    with pytest.raises(StudyError, match=r"variables.youngest.by: found no column for wave 2"):
        parse_study(without_from(text).replace('2 = "family"', '3 = "family"'))


def test_aggregate__of_a_household_in_two_files_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"variables.x.by.*share the key of an aggregate"):
        derived(tmp_path, parts=2, x={"aggregate": "max", "of": "age", "by": "hhid"})


def test_derived__value_outside_levels_and_range__is_refused(tmp_path):
    with pytest.raises(DataError, match=r"people0.csv \(variables.x\): 2 rows hold a value that no level"):
        derived(tmp_path, x={"expression": "persons", **factor(few=[1, 2], many=[4])})
    with pytest.raises(DataError, match=r"variables.x\): 2 rows lie outside the range"):
        derived(tmp_path, x={"expression": "persons * 2", "range": [1, 8]})


@pytest.mark.parametrize(
    ("lines", "place", "words"),
    [
        ({"expression": "agee + 1"}, "variables.x.expression", "Did you mean 'age'"),
        ({"expression": "x + 1"}, "variables.x", "the variable itself"),
        ({"expression": "read_csv('/etc/passwd')"}, "variables.x.expression", "'read_csv'"),
        ({"expression": "(SELECT 1)"}, "variables.x.expression", "subquery"),
        ({"expression": "sex"}, "variables.x.expression", "levels"),
        ({"expression": "age", "from": "age"}, "variables.x.from", "Drop one"),
        ({"expression": "age", "aggregate": "max"}, "variables.x", "one of them"),
        ({"aggregate": "max", "by": "hhid"}, "variables.x.of", "aggregated"),
        ({"aggregate": "max", "of": "age"}, "variables.x.by", "household"),
        ({"aggregate": "max", "of": "sex", "by": "hhid"}, "variables.x.of", "an event"),
        ({"aggregate": "max", "of": "aeg", "by": "hhid"}, "variables.x.of", "Did you mean 'age'"),
        ({"of": "age", "from": "age"}, "variables.x.of", "without aggregate"),
    ],
)
def test_derived__faults_are_told_by_check(tmp_path, lines, place, words):
    own = {**VARIABLES, "x": {"from": "", **lines}}
    text = study_text(
        source={"path": "p.csv", "wave": "wave"}, variables=own, analyses=[analysis("describe")]
    )
    (tmp_path / "study.toml").write_text(without_from(text))
    faults = {fault.place: str(fault) for fault in check_study(tmp_path / "study.toml")}
    assert place in faults, faults
    assert words in faults[place]


def test_derived__circle_is_a_fault():
    own = {**VARIABLES, "x": {"from": "", "expression": "y"}, "y": {"from": "", "expression": "x"}}
    text = study_text(source="p.csv", variables=own, analyses=[analysis("describe")])
    from engine.data.derived_specs import derived_variables

    with pytest.raises(StudyError, match="computed from 'x'"):
        derived_variables(parse_study(without_from(text)))
