"""`equirank advise`: every answer is an analysis that a study takes."""

import itertools

import pytest

from engine.study import parse_study
from engine.study.advice import QUESTIONS, advice

VARIABLES = """
[study]
name = "x"
[source]
path = "x.csv"
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
