"""What a night has published as a hash, entries of older versions, and what changed in study and versions."""

from engine.store.ledger import file_entries, signature
from engine.store.study_changes import run_changes, study_changes, version_changes
from tests.unit.ledger_entries import entry, task_entry, version


def test_signature__is_that_of_all_that_is_published():
    places = {"study": "s", "inbox": "i"}
    own = signature("study", places, [entry()], [task_entry()])
    same_files = [entry(looked_at=9, stamp=[[1]], retry=True)]
    same_tasks = [task_entry(state="reused", why="other"), task_entry(sha256="other")]
    assert signature("study", dict(reversed(places.items())), same_files, [task_entry()]) == own
    for task in same_tasks:
        assert signature("study", places, [entry()], [task]) == own
    others = [
        signature("other", places, [entry()], [task_entry()]),
        signature("study", {**places, "inbox": "j"}, [entry()], [task_entry()]),
        signature("study", places, [], [task_entry()]),
        signature("study", places, [entry()], []),
    ]
    of_files = (
        {"file": "other"},
        {"sha256": "b"},
        {"state": "duplicate"},
        {"reason": "why"},
        {"version": None},
        {"version": version(sha256="b")},
        {"version": version(part="b")},
    )
    of_tasks = ({"name": "b"}, {"key": "b"}, {"wanted": "b"}, {"state": "failed"}, {"state": "waiting"})
    others += [signature("study", places, [entry(**changed)], [task_entry()]) for changed in of_files]
    others += [signature("study", places, [entry()], [task_entry(**changed)]) for changed in of_tasks]
    assert len({own, *others}) == len(others) + 1


def test_entries__of_version_0_1_have_the_names_of_today():
    today = entry().as_dict()
    former = {"retry": "again", "depends_on_others": "beside", "reading_key": "reading"}
    former |= {"looked_at": "seen", "version": "used"}
    old = {former.get(name, name): value for name, value in today.items()}
    old["used"] = {{"study_key": "asked"}.get(name, name): value for name, value in today["version"].items()}
    assert file_entries({"files": [old]}) == {"wave_1": entry()}
    assert file_entries(None) == {}


def test_study__is_told_key_by_key():
    before = {"a": {"b": 1, "c": [1, 2], "d": {"e": 1}}, "f": 1, "sample": [{"label": "x", "keep": "1"}]}
    after = {"a": {"b": 1, "c": [2, [3]], "g": {"h": 1}}, "i": 5, "sample": [{"label": "x", "keep": "2"}, 7]}
    assert study_changes(before, after) == [
        "a.c: 1, 2 -> 2, 3",
        "a.d: removed",
        "a.g: added",
        "f: removed",
        "sample.x.keep: 1 -> 2",
        "i: 5, added",
    ]
    assert study_changes({"x": {"a": 1, "b": 2}}, {"x": {"b": 2, "a": 1}}) == []
    assert study_changes({"x": {"a": 1, "b": 2}}, {"x": {"b": 2, "c": 1}}) == [
        "x.a: removed",
        "x.c: 1, added",
    ]
    assert study_changes({"analysis": 5}, {"analysis": [{"name": "a"}]})[0].startswith("analysis: 5 -> ")


def test_versions_and_seeds__are_told_once():
    def run(seed=1, method="m", asked=None, **versions):
        return {"seed": seed, "method": method, "versions": versions, "study": {"asked": asked or {}}}

    assert version_changes(run(a="1", b="2", c="3"), run(a="1", b="3", d="4")) == [
        "b 2 -> 3",
        "d absent -> 4",
        "c 3 -> absent",
    ]
    assert version_changes(run(a="1"), run(a="1")) == []
    for method in ("k", "n"):
        assert version_changes(run(a="1"), run(a="1", method=method)) == ["the code of equirank"]
        assert version_changes(run(a="1"), run(a="2", method=method)) == ["a 1 -> 2"]
    for seed in (0, 2):
        assert run_changes(run(a="1"), run(a="2", seed=seed)) == [f"seed: 1 -> {seed}", "versions: a 1 -> 2"]
    asked = {"study": {"seed": 2}}
    assert run_changes(run(asked={"study": {"seed": 1}}), run(2, asked=asked)) == ["study.seed: 1 -> 2"]
