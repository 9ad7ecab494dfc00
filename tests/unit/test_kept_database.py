"""One database for the queries of a file: the same while it is kept, a new one otherwise."""

import pytest

from engine.data import contradictions, queries
from engine.errors import DataError


def test_queries_of_a_block__share_a_database():
    with queries.kept_database():
        with queries.database() as first:
            pass
        with queries.database() as again, queries.database(2) as of_two_threads:
            assert again is first
            assert of_two_threads is not first
        with pytest.raises(DataError, match="a query stopped with"), queries.database() as failing:
            failing.sql("SELECT no_column").fetchall()
        with queries.database() as after:
            assert after is first
            assert after.sql("SELECT current_setting('lock_configuration')").fetchall() == [(True,)]
    with queries.database() as outside:
        assert outside is not first
    with pytest.raises(Exception, match="closed"):
        first.sql("SELECT 1")


def test_study_without_rules__opens_no_database(monkeypatch):
    monkeypatch.setattr(contradictions, "locked_database", None)
    assert contradictions.impossible_variables([], {}) is None
