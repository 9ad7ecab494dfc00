"""`equirank advise`: every answer is an analysis that a study takes."""

import itertools

import pytest

from engine.study import parse_study
from engine.study.advice import QUESTIONS, advice
from engine.study.advice_beyond_ranks import advice_about

VARIABLES = """
[study]
name = "x"
[source]
path = "x.csv"
[design.levels]
village = "village"
[variables.income]
from = "income"
[variables.event]
from = "ill"
levels = { no = [0], yes = [1] }
event = "yes"
[variables.bounded]
from = "score"
bounds = [0, 100]
[variables.amount]
from = "visits"
[variables.age]
from = "age"
levels = { young = [0], old = [1] }
[variables.region]
from = "region"
levels = { north = [0], south = [1] }
"""
ANSWERS = list(
    itertools.product(("event", "bounded", "amount"), ("relative", "absolute"), ("all", "bottom", "ends"))
)


@pytest.mark.parametrize(("outcome", "view", "weight"), ANSWERS)
def test_advice__is_an_analysis(outcome, view, weight):
    text = advice(outcome, view, weight)
    table = text[text.index("[[analysis]]") :].partition("\n\n")[0]
    table = table.replace('outcome = "..."', f'outcome = "{outcome}"').replace(
        'rank_by = "..."', 'rank_by = "income"'
    )
    (analysis,) = parse_study(VARIABLES + table).analysis
    assert f'index = "{analysis.index[0]}":' in text
    assert (analysis.parameter is None) == (weight == "all")
    assert "Source: " in text


def test_advise__asks_without_answers(cli):
    assert cli("advise")[:2] == (0, QUESTIONS + "\n")
    assert 'index = "standard"' in cli("advise", "--outcome", "amount", "--view", "relative")[1]


def test_advise_about_missing__is_a_table_that_a_study_takes(cli):
    code, printed, _ = cli("advise", "--about", "missing")
    assert (code, printed) == (0, advice_about("missing") + "\n")
    table = printed[printed.index("\n[imputations]") :].partition("\n\n")[0]
    described = '\n[[analysis]]\nname = "people"\nkind = "describe"\n'
    assert parse_study(VARIABLES + table + described).imputations.count == 3
    assert " missing " in QUESTIONS


@pytest.mark.parametrize(
    ("subject", "kind", "named"),
    [
        ("payments", "financing", {"outcome": "amount", "resources": "income"}),
        ("benefits", "financing", {"outcome": "amount", "resources": "income"}),
        ("parts", "disparity", {"outcome": "amount", "decompose_by": "region"}),
        ("rates", "rates", {"outcome": "event", "rows": "region", "by": "age"}),
        ("models", "regression", {"outcome": "amount", "terms": "region"}),
        ("clusters", "multilevel", {"outcome": "event", "terms": "region", "levels": "village"}),
    ],
)
def test_advise_about__is_an_analysis(cli, subject, kind, named):
    code, printed, _ = cli("advise", "--about", subject)
    assert (code, printed) == (0, advice_about(subject) + "\n")
    table = printed[printed.index("[[analysis]]") :].partition("\n\n")[0]
    for key, name in named.items():
        table = table.replace(f'{key} = "..."', f'{key} = "{name}"')
        table = table.replace(f'{key} = ["..."]', f'{key} = ["{name}"]')
    assert '= "..."' not in table.replace('event = "..."', "")
    (analysis,) = parse_study(VARIABLES + table).analysis
    assert analysis.kind == kind
    assert "Source: " in printed
    assert f" {subject} " in QUESTIONS


def test_advise_about__refuses_answers_that_only_an_index_needs(cli):
    code, _, error = cli("advise", "--about", "payments", "--view", "relative")
    assert code == 2
    assert "--view: found 'relative' with --about payments" in error
