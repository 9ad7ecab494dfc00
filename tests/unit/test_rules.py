"""Sample rules: a small part of SQL passes, everything else is refused by name."""

import duckdb
import pytest

from engine.data.expressions import RuleColumn, check_rule, check_value
from engine.errors import Fault

COLUMNS = {
    "age": RuleColumn(is_factor=False),
    "income": RuleColumn(is_factor=False),
    "sex": RuleColumn(is_factor=True, levels=("male", "female")),
    "wave": RuleColumn(is_factor=True),
}

ALLOWED = [
    "income IS NOT NULL",
    "age >= 18 AND age < 65",
    "NOT (age BETWEEN 1 AND 2) OR sex = 'male'",
    "sex IN ('male', 'female')",
    "sex <> 'male'",
    "wave = 2015",
    "wave IN ('2015', '2016')",
    "age / 2 + 1.5 > -3 % 2",
    "AGE IS DISTINCT FROM 3",
    "income > 1e5",
    '"age" = 1',
    "age IS NULL -- a comment",
    "TRUE",
    "abs(age - 40) <= 5",
    "round(age / 10) = 4",
    "round(income, -2) = 100",
    "floor(age) = ceil(age)",
    "greatest(age, income) > least(age, 3, income)",
    "coalesce(age, 0) > 30",
    "coalesce(sex, 'none') = 'male'",
    "CASE WHEN age = 1 THEN TRUE ELSE FALSE END",
    "CASE /* c */ WHEN age = 1 THEN 2 ELSE NULL END > 1 -- CASE x",
    "case when sex = 'male' then age end > 1",
    "sex LIKE 'm%'",
    "sex NOT LIKE '_emale'",
    "wave LIKE '201_'",
    "age % income = 0",
    "income / age > 2",
    "9223372036854775807 + 1 > age",
]
REFUSED = [
    "(SELECT 1) = 1",
    "age IN (SELECT 1)",
    "EXISTS (SELECT 1)",
    "read_csv('/etc/passwd') = 1",
    "age = 1; DROP TABLE x",
    "1) OR (1 = 1",
    "TRUE) UNION SELECT 1 FROM t WHERE (TRUE",
    "getenv('HOME') = 'x'",
    "lower(sex) = 'male'",
    "sleep_ms(1000) > 0",
    "CAST(age AS VARCHAR) = '1'",
    "random() > 0.5",
    "row_number() OVER () = 1",
    "age = $1",
    "age = ?",
    "COLUMNS(*) > 1",
    "* = 1",
    "t.age = 1",
    "age[1] = 2",
    "x -> x + 1",
    "age = 1 GROUP BY age",
    "age = 1 LIMIT 1",
    "current_setting('home_directory') = 'x'",
    "age COLLATE NOCASE = 1",
    "(age, income) = (1, 2)",
    "sum(age) > 1",
    "age = ANY([1])",
    "'/etc/passwd'",
    "query('select 1') = 1",
    "",
    "age",
    "age + 1",
    "sex",
    "NULL + 1",
    "sex > 'male'",
    "sex BETWEEN 'a' AND 'b'",
    "wave >= '2015'",
    "income < 1e400",
    "sex = 1",
    "age = 'x'",
    "sex = 'mal'",
    "agee = 1",
    "age = 1\x00",
    "a" * 5000,
    "age == == 1",
    "{{ age }}",
    "age > 1) AND (age < 9",
    "age > 1)) OR ((age < 9",
    "wave <> 1 % 0",
    "1 % 0 = 1",
    "age / 0 > 1",
    "age = NULL",
    "NOT age IN (1, NULL)",
    "wave = TRUE",
    "wave = (wave = 1)",
    "1 = 2",
    "FALSE",
    "NULL",
    "'male' = 'femal'",
    "abs(sex) = 1",
    "abs(DISTINCT age) = 1",
    "abs(age) FILTER (WHERE age > 1) = 1",
    "abs(age) OVER () = 1",
    "main.abs(age) = 1",
    "abs(x := age) = 1",
    "abs(age, 2) = 1",
    "abs((SELECT 1)) = 1",
    "coalesce((SELECT 1), 1) = 1",
    "CASE WHEN EXISTS (SELECT 1) THEN TRUE END",
    "CASE WHEN age THEN TRUE END",
    "CASE age WHEN 1 THEN 2 ELSE NULL END > 1",
    "'ä' = sex OR CASE/**/age WHEN 1 THEN TRUE END",
    "least(" * 400 + "age" + ", 1)" * 400 + " = 1",
    "CASE (" * 100 + "age" + ") WHEN 1 THEN 1 WHEN 2 THEN 2 END" * 100 + " = 1",
    "CASE WHEN age = 1 THEN 1 ELSE 'x' END = 1",
    "greatest(age, 'x') > 1",
    "coalesce(age, 'x') = 1",
    "round(age, income) = 1",
    "round(age, 0.5) = 1",
    "sex LIKE 'x%'",
    "sex LIKE sex",
    "age LIKE '1%'",
    "sex ILIKE 'm%'",
    "sex LIKE 'm!%' ESCAPE '!'",
    "sex SIMILAR TO 'm'",
    "sex ~ 'm'",
    "ln(income) > 1",
    "exp(age) > 1",
    "list_aggregate([age], 'sum') > 1",
    "abs(COLUMNS(*)) > 1",
    "least(*COLUMNS(*)) > 1",
    "coalesce(read_text('/etc/passwd'), '') = ''",
    "NOT " * 900 + "TRUE",
    "(" * 1500 + "age = 1" + ")" * 1500,
]


@pytest.mark.parametrize("rule", ALLOWED)
def test_rule__passes(rule):
    assert isinstance(check_rule("sample[1].keep", rule, COLUMNS), str)


@pytest.mark.parametrize("rule", REFUSED)
def test_rule__is_refused_with_reason(rule):
    fault = check_rule("sample[1].keep", rule, COLUMNS)
    assert isinstance(fault, Fault)
    assert all((fault.found, fault.expected, fault.remedy))


@pytest.mark.parametrize("rule", ["age > 1) AND (age < 9", "(age > 1", "age > 1)"])
def test_rule__that_closes_what_it_has_not_opened__is_refused_as_unbalanced(rule):
    found = check_rule("sample[1].keep", rule, COLUMNS).found
    assert found in ("unbalanced parentheses", "text that is no SQL condition")


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        ("abs(age - 40) <= 5", [1]),
        ("income / age > 2", [1]),  # 7 / 0 has no value
        ("age % 0.5 = 0 AND income % age = 20", [1]),
        ("greatest(age, income) > 90", [1]),  # a missing age: no greatest
        ("coalesce(age, 0) < 1", [0, 2]),
        ("CASE WHEN age IS NULL THEN income > 1 ELSE age > 1 END", [1, 2]),
        ("sex LIKE 'f%'", [0, 2]),
        ("round(income / 10) = 10", [1, 2]),
        ("9223372036854775807 + 1 > income", [0, 1, 2]),
        ("least(income, 8) = 8", [1, 2]),
    ],
)
def test_rule__keeps_the_rows_that_arithmetic_by_hand_keeps(rule, kept):
    rows = "(VALUES (0, 0.0, 7.0, 'female'), (1, 40.0, 100.0, 'male'), (2, NULL, 100.0, 'female'))"
    sql = check_rule("r", rule, COLUMNS)
    with duckdb.connect() as connection:
        found = connection.sql(f"SELECT n FROM {rows} AS t(n, age, income, sex) WHERE {sql} ORDER BY n")  # noqa: S608
        assert [n for (n,) in found.fetchall()] == kept


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("ln(income)", 4.605170185988092),  # R: log(100)
        ("log(income)", 4.605170185988092),
        ("log10(income)", 2.0),
        ("exp(age / 40)", 2.718281828459045),
        ("sqrt(income)", 10.0),
        ("power(income, 0.5)", 10.0),
        ("log(age - 40)", None),
        ("log(age - 41)", None),
        ("sqrt(age - 41)", None),
        ("exp(income * income)", None),
        ("power(age - 50, 0.5)", None),
        ("income / (age - 40)", None),
        ("years_between(age, income * 10)", 2),
        ("years_between(age, 1e300)", None),
        ("least(income, NULL)", None),
    ],
)
def test_value__is_that_of_other_programs_and_missing_where_undefined(expression, value):
    sql, kind = check_value("v", expression, COLUMNS)
    assert kind == "number"
    with duckdb.connect() as connection:
        ((found,),) = connection.sql(
            f"SELECT {sql} FROM (SELECT 40.0::DOUBLE age, 100.0::DOUBLE income)"  # noqa: S608
        ).fetchall()
    assert found == (value if value is None else pytest.approx(value, rel=1e-15))


@pytest.mark.parametrize("expression", ["1 + 1", "sum(age)", "age, income", "read_text('x')", "age) + (age"])
def test_value__that_is_none_of_variables_of_one_row__is_refused(expression):
    assert isinstance(check_value("v", expression, COLUMNS), Fault)


def test_levels__may_hold_the_words_of_the_language():
    columns = {"job": RuleColumn(is_factor=True, levels=("case worker", "ämter case 'x'"))}
    assert isinstance(check_rule("r", "job IN ('case worker', 'ämter case ''x''')", columns), str)


def test_rule__is_written_anew_from_its_tree():
    sql = check_rule(
        "r", "sex = 'it''s' or age>1 -- ; drop table x", {**COLUMNS, "sex": RuleColumn(is_factor=True)}
    )
    assert sql == "((\"sex\" = 'it''s') OR (\"age\" > 1))"
