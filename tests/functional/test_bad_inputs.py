"""The list of bad inputs is whole, and names tests that are there."""

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.functional.bad_inputs import BAD_INPUTS

TESTS = Path(__file__).parents[1]


@cache
def names_in(file):
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def is_slow(file, name):
    text = (TESTS / file).read_text(encoding="utf-8")
    return f"@pytest.mark.slow\ndef {name}(" in text


def test_list__has_112_inputs():
    assert list(BAD_INPUTS) == [*range(1, 113)]
    told = [words for words, *_ in BAD_INPUTS.values()]
    assert len(set(told)) == len(told)


@pytest.mark.parametrize("number", BAD_INPUTS)
def test_input__has_a_test_in_every_run(number):
    _, *names = BAD_INPUTS[number]
    assert names
    for whole in names:
        file, _, name = whole.partition("::")
        assert name in names_in(file), whole
        assert not is_slow(file, name), f"{whole} is a long run"
