"""A store for tests of its rooms."""

import pytest

from engine.store.layout import writing


@pytest.fixture
def store(tmp_path):
    """A store without a run."""
    with writing(tmp_path / "store") as store:
        pass
    return store


@pytest.fixture
def parts(monkeypatch):
    """Every part of a store is there."""
    from engine.nights import judge, stale_files

    for module in (stale_files, judge):
        monkeypatch.setattr(module, "read_part", lambda _: True)
