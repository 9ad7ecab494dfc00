"""How many random cases a rule is tried in: few in every run, `pytest --cases 200` for a long one."""

import os

from hypothesis import settings

VARIABLE = "EQUIRANK_TEST_CASES"


def cases(few):
    """Return the settings of a rule: so many cases, or as many as `--cases` asks for."""
    return settings(max_examples=max(few, int(os.environ.get(VARIABLE, "0"))), deadline=None)
