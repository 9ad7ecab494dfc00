"""Conditions that no record can satisfy are found from the study alone, and no other is called so."""

import itertools

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.batch.check import check_study
from engine.data.contradictions import impossible_variables
from engine.data.expressions import RuleColumn, check_rule
from tests.study_texts import analysis, event, factor, study_text

COLUMNS = {
    "age": RuleColumn(is_factor=False),
    "income": RuleColumn(is_factor=False),
    "sex": RuleColumn(is_factor=True, levels=("male", "female")),
    "region": RuleColumn(is_factor=True),  # its levels are those of the file
    "wave": RuleColumn(is_factor=True),
}
NEVER = [
    (["age > 5 AND age < 3"], ("age",)),
    (["age > 5 AND Age <= 5"], ("age",)),
    (["age > 5", "age < 3"], ("age",)),
    (["age BETWEEN 9 AND 2"], ("age",)),
    (["age IN (1, 2) AND age NOT BETWEEN 1 AND 2"], ("age",)),
    (["age IS NULL AND age > 1"], ("age",)),
    (["age <> age"], ("age",)),
    (["abs(income) > 1 AND age = 1 AND age = 2"], ("age",)),
    (["sex = 'male' AND sex = 'female'"], ("sex",)),
    (["sex = 'male' AND NOT sex LIKE 'm%'"], ("sex",)),
    (["sex <> 'male' AND sex <> 'female'"], ("sex",)),
    (["region = 'north' AND region <> 'north'"], ("region",)),
    (["wave = 2015 AND wave > 2016"], ("wave",)),
    (["wave = '2015' AND wave > 2016"], ("wave",)),
    (["(age > 5 OR income > 5) AND age < 5 AND income < 5"], ("age", "income")),
    (["age > 1 AND 1 = 2"], ()),
]
SOMETIMES = [
    ["age > 5 OR age < 3"],
    ["age > 5 AND age < 5.0000001"],
    ["age >= 5 AND age <= 5"],
    ["age <> 1 AND age <> 2 AND age IS DISTINCT FROM NULL"],
    ["age > 5", "income < 3"],
    ["age > income AND age < income"],  # a comparison of variables is not looked at
    ["sex IS NULL"],
    ["sex <> 'male'"],
    ["region <> 'north' AND region <> 'south'"],
    ["region LIKE 'n%' AND region = 'south'"],
    ["wave > 2015 AND wave < 2016.5"],
    ["wave = 2015 AND wave <> '2015'"],  # '2015.0'
    ["wave <> 2015"],
    ["age > -1e300 AND age < 1e300 AND age <> 0"],
    ["TRUE"],
    [],
]


@pytest.mark.parametrize(("conditions", "names"), NEVER, ids=str)
def test_condition__that_no_record_satisfies__names_its_variables(conditions, names):
    found = impossible_variables(conditions, COLUMNS)
    assert found is not None
    assert set(found) == set(names)


@pytest.mark.parametrize("conditions", SOMETIMES, ids=str)
def test_condition__that_a_record_may_satisfy__is_not_called_impossible(conditions):
    assert impossible_variables(conditions, COLUMNS) is None


def test_rules_of_many_variables__are_looked_at_without_all_combinations_of_their_values():
    columns = {f"v{i}": RuleColumn(is_factor=False) for i in range(60)}
    rules = [f"v{i} > 1 AND v{i} < 9" for i in range(60)]
    assert impossible_variables(rules, columns) is None
    assert impossible_variables([*rules, "v7 = 0"], columns) == ("v7",)


ATOMS = [
    "a > {}",
    "a <= {}",
    "b = {}",
    "b <> {}",
    "a BETWEEN {} AND 2",
    "b IN ({}, 0)",
    "a IS NULL",
    "NOT b < {}",
]
CONDITION = st.recursive(
    st.tuples(st.sampled_from(ATOMS), st.integers(-2, 2)).map(lambda one: one[0].format(one[1])),
    lambda inner: st.tuples(inner, st.sampled_from([" AND ", " OR "]), inner).map(
        lambda s: f"({''.join(s)})"
    ),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def database():
    with duckdb.connect() as connection:
        yield connection


@settings(max_examples=40, deadline=None)
@given(condition=CONDITION)
def test_answer__is_that_of_trying_every_half_number(database, condition):
    columns = {name: RuleColumn(is_factor=False) for name in "ab"}
    values = ["NULL", *(str(i / 2) for i in range(-6, 7))]
    rows = ", ".join(f"({a}, {b})" for a, b in itertools.product(values, values))
    sql = check_rule("r", condition, columns)
    query = f"SELECT count(*) FROM (VALUES {rows}) AS t(a, b) WHERE {sql}"  # noqa: S608
    ((n,),) = database.sql(query).fetchall()
    assert (impossible_variables([condition], columns) is None) == (n > 0)


def faults(tmp_path, sample, where=None, **income):
    """The faults of a study with sample rules and the domain of an analysis."""
    path = tmp_path / "study.toml"
    inequality = analysis("describe", variables=["age", "sex"])
    if where is not None:
        inequality["where"] = where
    variables = {"ill": event("yes", no=[0], yes=[1]), "age": income, "sex": factor(male=[1], female=[2])}
    path.write_text(
        study_text(source={"path": "x.csv"}, variables=variables, sample=sample, analyses=[inequality])
    )
    return [(fault.place, fault.found) for fault in check_study(path)]


def test_check__names_the_rule_that_contradicts_itself_or_those_before_it(tmp_path):
    never = "a condition that can never hold"
    ((place, found),) = faults(tmp_path, {"Adults": "age > 5 AND age < 3", "All": "age > 1"})
    assert "sample[1]" in place or "Adults" in place
    assert found == f"{never}, whatever the values of 'age'"
    ((place, found),) = faults(
        tmp_path, {"Adults": "age >= 18", "Men": "sex = 'male'", "Children": "age < 15"}
    )
    assert "sample[3]" in place or "Children" in place
    assert found == f"{never} after the rules before it, whatever the values of 'age'"


def test_check__names_the_domain_that_is_empty_in_the_sample(tmp_path):
    ((place, found),) = faults(tmp_path, {"Adults": "age >= 18"}, where="age < 15 OR sex IS NULL AND age < 3")
    assert place.endswith("where")
    assert found == "a condition that can never hold in the sample, whatever the values of 'age', 'sex'"
    ((_, found),) = faults(tmp_path, {}, where="sex = 'male' AND sex = 'female'")
    assert found == "a condition that can never hold, whatever the values of 'sex'"


def test_check__lets_a_domain_use_what_the_sample_imputes(tmp_path):
    assert faults(tmp_path, {"Unknown": "age IS NULL"}, where="age > 5", impute="mean") == []
    rules = {"Grown": "age > 100"}
    assert faults(tmp_path, rules, where="age = 'low'", quantiles=["low", "high"]) == []
