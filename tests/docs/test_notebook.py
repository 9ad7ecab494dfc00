"""docs/notebook.py runs top to bottom, and its numbers are those of the functions."""

import importlib.util

import pytest

import equirank
from tests.conftest import ROOT

pytestmark = pytest.mark.skipif(importlib.util.find_spec("marimo") is None, reason="marimo is not installed")


def test_notebook__runs_top_to_bottom():
    spec = importlib.util.spec_from_file_location("notebook", ROOT / "docs" / "notebook.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    _, found = module.app.run()
    index, parts, people = found["index"], found["parts"], found["people"]
    alone = equirank.concentration_index(
        people,
        "visited",
        "income",
        weight="weight",
        stratum="region",
        cluster="village",
        index="erreygers",
        bounds=(0, 1),
    )
    assert index.estimate == alone.estimate > 0
    assert index.linearised_std_error == alone.std_error
    assert parts.index == pytest.approx(index.estimate, rel=1e-12)
    assert abs(parts.horizontal_inequity - parts.index) > 1e-3
    assert found["odds"].table().height > 3
    assert found["curve"].to_frame().height > 10
