import json

import pytest

from engine.errors import Fault, StudyError
from engine.study import json_schema, load_study, parse_study, shipped_studies
from engine.study.load import study_seed

GOOD = """
[study]
name = "x"
[source]
path = "x.csv"
wave = "year"
[variables.ill]
from = "srh"
levels = { good = [1, 2], poor = 3 }
event = "poor"
missing = 9
[variables.income]
from = "inc"
[[sample]]
label = "Income known"
keep = "income IS NOT NULL"
[[analysis]]
name = "a"
kind = "concentration"
outcome = "ill"
rank_by = "income"
by = "wave"
index = ["standard", "wagstaff"]
"""


def faults_of(text):
    with pytest.raises(StudyError) as caught:
        parse_study(text)
    assert caught.value.exit_code == 10
    return {fault.place: fault for fault in caught.value.faults}


@pytest.mark.parametrize("name", shipped_studies())
def test_shipped_study__has_no_fault(name):
    assert load_study(name).study.name == name


def test_good_study__is_frozen_and_keeps_the_order_of_levels():
    spec = parse_study(GOOD)
    assert spec.variables["ill"].level_names == ("good", "poor")
    assert spec.variables["ill"].theoretical_bounds == (0.0, 1.0)
    assert spec.variables["ill"].missing_codes == {"missing": (9,)}
    with pytest.raises(Exception, match="frozen"):
        spec.study.name = "y"


@pytest.mark.parametrize(
    ("old", "new", "path", "words"),
    [
        ('name = "x"', 'name = "x"\nsede = 1', "study.sede", "Did you mean 'seed'"),
        ('name = "x"', 'name = "x"\nseed = -1', "study.seed", "0 or more"),
        ('name = "x"', 'name = "x"\nseed = "7"', "study.seed", "a whole number"),
        ('event = "poor"', 'event = "por"', "variables.ill.event", "Did you mean 'poor'"),
        ("poor = 3", "poor = 2", "variables.ill.levels.poor", "the code 2, which 'good' has too"),
        ("missing = 9", "missing = 1", "variables.ill.missing", "the code 1, which level 'good' has too"),
        ('rank_by = "income"', 'rank_by = "incme"', "analysis[1].rank_by", "Did you mean 'income'"),
        ('kind = "concentration"', 'kind = "concentrat"', "analysis[1].kind", "Did you mean 'concentration'"),
        ('"wagstaff"', '"wagstaf"', "analysis[1].index[2]", "Did you mean 'wagstaff'"),
        ('"wagstaff"', '"extended"', "analysis[1].parameter", "a number above 1"),
        ('by = "wave"', "parameter = 3", "analysis[1].parameter", "3 with standard, wagstaff, which have no"),
        ('outcome = "ill"', 'outcome = "income"', "analysis[1].index", "never takes them from the data"),
        ('by = "wave"', 'by = "income"', "analysis[1].by", "levels or cut"),
        ('wave = "year"', "", "analysis[1].by", "Give source.wave"),
        ("[variables.ill]", "[variables.wave]", "variables.wave", "reserved name"),
        ('path = "x.csv"', "path = 3", "source.path", "text in quotes"),
        ('rank_by = "income"', "", "analysis[1].rank_by", "Add 'rank_by'"),
    ],
)
def test_fault__names_place_finding_and_remedy(old, new, path, words):
    assert old in GOOD
    fault = faults_of(GOOD.replace(old, new))[path]
    assert words in str(fault)
    assert all((fault.found, fault.expected, fault.remedy))


def test_link_of_a_measure_that_has_none__is_refused():
    asked = 'name = "d"\nkind = "disparity"\noutcome = "ill"\nrank_by = "income"\nlink = "log"\n'
    faults = faults_of(f'{GOOD}[[analysis]]\n{asked}measure = "aci"\n')
    assert "'log' with aci, which have no link" in str(faults["analysis[2].link"])
    parse_study(f'{GOOD}[[analysis]]\n{asked}measure = ["aci", "sii"]\n')


def test_five_faults__are_all_told():
    text = GOOD
    for old, new in [
        ('name = "x"', 'name = "x"\nsede = 1'),
        ('event = "poor"', 'event = "por"'),
        ('rank_by = "income"', 'rank_by = "incme"'),
        ('"wagstaff"', '"wagstaf"'),
        ('by = "wave"', 'by = "wave"\nconf_level = 95'),
    ]:
        text = text.replace(old, new)
    expected = {
        "study.sede",
        "variables.ill.event",
        "analysis[1].rank_by",
        "analysis[1].index[2]",
        "analysis[1].conf_level",
    }
    assert set(faults_of(text)) == expected


def test_duplicate_analysis_name__is_a_fault():
    second = GOOD[GOOD.index("[[analysis]]") :]
    assert "analysis[1]" in faults_of(GOOD + second)["analysis[2].name"].found


def test_bootstrap__faults():
    text = GOOD + "[analysis.bootstrap]\nreplicates = 10\nmethod = 'rao-wu'\n"
    faults = faults_of(text)
    assert "at least 39" in faults["analysis[1].bootstrap.replicates"].expected
    assert "clusters or strata" in faults["analysis[1].bootstrap.method"].expected


def test_broken_toml__tells_the_line():
    fault = faults_of("[study]\nname =\n")["study file"]
    assert "line 2" in fault.found
    assert fault.remedy == "Write a value after =.\n    2 | name =\n      |       ^"


@pytest.mark.parametrize(
    ("old", "new", "remedy"),
    [
        ('path = "x.csv"', "path = x.csv", 'Text needs quotes: "x.csv".'),
        ('path = "x.csv"', 'path = "C:\\new\\x.csv"', "Use / in paths"),
        ("[[sample]]", "[sample]", "Write two brackets."),
        ('name = "x"', 'name: "x"', "Write = between a key and its value."),
        ('name = "x"', "name = “x”", "Write straight quotes"),
        ("[variables.ill]", "[variables.性别]", "need quotes"),
        ("missing = 9", "missing = [9, a]", "Text needs quotes, in lists and tables too."),
        ("missing = 9", "missing = 0,5", "Write a decimal point: 0.5."),
        ("missing = 9", "missing = 09", 'needs quotes: "09"'),
        ("missing = 9", "missing = 9\nmissing = 8", "The table has this key twice"),
        ("missing = 9", "missing = True", "Write true or false, in lower case."),
        ('event = "poor"', 'event = "poor', "Close the quote."),
        ("poor = 3 }", "poor = 3", "must end in the line in which it begins"),
    ],
)
def test_broken_toml__names_the_cause(old, new, remedy):
    assert old in GOOD
    (fault,) = faults_of(GOOD.replace(old, new)).values()
    assert remedy in fault.remedy


def message_of(text):
    """Return what a reader is told about a study; nothing where it is good."""
    try:
        parse_study(text)
    except StudyError as error:
        return str(error)
    return ""


def test_no_phrase_of_pydantic__reaches_a_reader():
    values = ["3", '"x"', "[1, 2, 3]", "{ a = 1 }", "true", "1.5", "[]", '["a"]', "-1"]
    keys = {
        "[source]\n": ["path", "encoding", "rows", "key", "merge"],
        "[variables.income]\n": ["from", "levels", "cut", "missing", "bounds", "impute_most", "quantiles"],
        'rank_by = "income"\n': ["waves", "conf_level", "compare", "parameter", "bounds", "bootstrap"],
    }
    phrases = (
        "Input should",
        "valid ",
        "validation",
        "Value error",
        "Tuple",
        "unable to parse",
        "instance of",
    )
    for place, names in keys.items():
        for name in names:
            for value in values:
                text = GOOD.replace('path = "x.csv"\n', "") if name == "path" else GOOD
                told = message_of(text.replace(place, f"{place}{name} = {value}\n"))
                assert not any(phrase in told for phrase in phrases), told


def test_fault_of_an_analysis__names_it():
    text = GOOD.replace('rank_by = "income"', 'rank_by = "incme"')
    with pytest.raises(StudyError, match="analysis 'a', rank_by: found the unknown variable 'incme'"):
        parse_study(text)


def test_names_of_variables__may_be_chinese():
    text = (
        GOOD.replace("[variables.income]", '[variables."家庭收入"]')
        .replace('rank_by = "income"', 'rank_by = "家庭收入"')
        .replace("income IS", "家庭收入 IS")
    )
    assert parse_study(text).analysis[0].rank_by == "家庭收入"


def test_missing_study__names_the_nearest_shipped_one():
    with pytest.raises(StudyError, match="Did you mean 'cmds'"):
        load_study("cmd")


def test_seed__defaults_to_a_number_of_the_name():
    spec = parse_study(GOOD)
    assert study_seed(spec) == study_seed(parse_study(GOOD + "\n"))
    assert study_seed(spec) != study_seed(parse_study(GOOD.replace('name = "x"', 'name = "y"')))


def test_schema__is_json_and_knows_the_study_file():
    schema = json.loads(json.dumps(json_schema()))
    assert {"study", "source", "variables", "analysis"} <= set(schema["properties"])
    assert "from" in schema["$defs"]["VariableSpec"]["properties"]


def test_schema__describes_every_key():
    schema = json_schema()
    tables = {"StudySpec": schema, **schema["$defs"]}
    silent = [
        f"{table}.{key}"
        for table, definition in tables.items()
        for key, about in definition.get("properties", {}).items()
        if not about.get("description")
    ]
    assert silent == []


def test_fault__reads_as_one_sentence():
    fault = Fault("a.b", "1", "2", "Change it.")
    assert str(fault) == "a.b: found 1; expected 2. Change it."
