"""Sample rules: a small part of SQL passes, everything else is refused by name."""

import pytest

from engine.data.expressions import RuleColumn, check_rule
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
    "sex LIKE 'm%'",
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
    "CASE WHEN age = 1 THEN TRUE ELSE FALSE END",
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
]


@pytest.mark.parametrize("rule", ALLOWED)
def test_rule__passes(rule):
    assert isinstance(check_rule("sample[1].keep", rule, COLUMNS), str)


@pytest.mark.parametrize("rule", REFUSED)
def test_rule__is_refused_with_reason(rule):
    fault = check_rule("sample[1].keep", rule, COLUMNS)
    assert isinstance(fault, Fault)
    assert all((fault.found, fault.expected, fault.remedy))


def test_rule__is_written_anew_from_its_tree():
    sql = check_rule(
        "r", "sex = 'it''s' or age>1 -- ; drop table x", {**COLUMNS, "sex": RuleColumn(is_factor=True)}
    )
    assert sql == "((\"sex\" = 'it''s') OR (\"age\" > 1))"
