"""A store for tests of its rooms."""

import pytest

from engine.store.layout import writing


@pytest.fixture
def store(tmp_path):
    """A store without a run."""
    with writing(tmp_path / "store") as store:
        pass
    return store
