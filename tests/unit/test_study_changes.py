"""What is told of two studies: changed keys, and another order only where the order is another."""

from engine.store.study_changes import run_changes, study_changes, version_changes

BEFORE = {"seed": 1, "analysis": [{"name": "a", "rows": "sex"}, {"name": "b", "rows": "sex"}]}


def test_changed_value__is_no_other_order():
    after = {"seed": 1, "analysis": [{"name": "a", "rows": "age"}, {"name": "b", "rows": "sex"}]}
    assert study_changes(BEFORE, after) == ["analysis.a.rows: sex -> age"]


def test_other_order__is_told_alone():
    after = {"seed": 1, "analysis": BEFORE["analysis"][::-1]}
    assert study_changes(BEFORE, after) == ["analysis: in another order"]
    assert study_changes(BEFORE, BEFORE) == []


def test_added_and_removed__are_told_with_their_place():
    after = {"analysis": [{"name": "b", "rows": ["sex", "age"]}, {"name": "c"}], "seed": 1, "note": "new"}
    assert study_changes(BEFORE, after) == [
        "analysis.a: removed",
        "analysis.b.rows: sex -> sex, age",
        "analysis.c: added",
        "note: new, added",
    ]


def manifest(**changed):
    found = {"study": {"asked": BEFORE}, "seed": 1, "versions": {"numpy": "2"}, "method": "m1"}
    return found | changed


def test_runs__differ_in_versions_seed_and_code():
    assert run_changes(manifest(), manifest()) == []
    assert run_changes(manifest(), manifest(seed=2)) == ["seed: 1 -> 2"]
    assert run_changes(manifest(), manifest(method="m2")) == ["versions: the code of equirank"]
    newer = manifest(versions={"numpy": "3", "polars": "1"}, method="m2")
    assert version_changes(manifest(), newer) == ["numpy 2 -> 3", "polars absent -> 1"]
    assert version_changes(newer, manifest()) == ["numpy 3 -> 2", "polars 1 -> absent"]
