"""Damage of a store or a run is told with the name of the file, and never stops the nights for ever."""

import json

import pytest

from tests.functional.nights import put

DAMAGED = {"empty": "", "table": "{}", "list": "[]", "cut": '{"format": "equirank-run-1", "stu'}


@pytest.mark.parametrize("damage", DAMAGED)
@pytest.mark.parametrize(
    "command", [("show", "run"), ("diff", "run", "run"), ("verify", "run", "--data", ".")]
)
def test_damaged_manifest_of_a_run(cli, project, damage, command):
    assert cli("run", "study.toml", "--out", "run")[0] == 0
    (project / "run" / "manifest.json").write_text(DAMAGED[damage])
    code, out, err = cli(*command)
    assert (code, out) == (11, "")
    assert err.startswith("equirank: run/manifest.json: ")
    assert "internal" not in err


def test_manifest__without_any_one_key(cli, project):
    assert cli("run", "study.toml", "--out", "run")[0] == 0
    path = project / "run" / "manifest.json"
    whole = json.loads(path.read_text())
    for key in whole:
        path.write_text(json.dumps({name: value for name, value in whole.items() if name != key}))
        for command in (("show", "run"), ("diff", "run", "run"), ("verify", "run", "--data", ".")):
            code, _, err = cli(*command)
            assert code in (0, 11, 13), (key, command, err)
            assert "internal" not in err, (key, command)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": "equirank-store-1"}', '{"salt": "00"}'])
def test_damaged_mark_of_a_store(cli, night, content):
    put(night, 1)
    assert night()[0] == 0
    (night.store / "store.json").write_text(content)
    for command in (("status", "--store", "store"), ("show", "store"), ("verify", "store")):
        code, _, err = cli(*command)
        assert code == 74, err
        assert "store/store.json: it is damaged" in err
    code, _, err = night()
    assert code == 74
    assert "store/store.json: it is damaged" in err
    assert "internal" not in err
