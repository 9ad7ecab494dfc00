"""The page of trust is what its table says, and every proof is there to be run."""

import pytest

from tests.docs.trust import GOALS, OPEN, PAGE, ROOT, page, split


def test_page__is_what_the_table_says():
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python -m tests.docs.trust`"


def test_goals__are_complete():
    assert list(GOALS) == [f"G{number}" for number in range(1, 27)]


@pytest.mark.parametrize("name", GOALS)
def test_proof__can_be_run(name):
    goal = GOALS[name]
    paths = [ROOT / part for part in split(goal.proof) if part.startswith("tests")]
    assert all(path.exists() for path in paths)
    assert goal.state != OPEN or not paths
