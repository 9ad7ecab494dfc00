"""Damage of manifests, runs, parts and rows of a store: how it is found and what repair does."""

import hashlib
import json

import duckdb
import pytest

from engine.errors import StoreError, UsageError
from engine.nights import catalog, repair
from engine.store import manifests, run_damage
from engine.store.layout import locked
from tests.unit.ledger_entries import entry, task_entry, version
from tests.unit.stores import MANIFEST, add_run


@pytest.mark.parametrize("name", sorted({*manifests.NEEDED, *manifests.OF_NIGHT} - {"study"}))
def test_manifest__lacks_what_is_gone_or_of_another_kind(name):
    assert manifests.manifest_damage(MANIFEST, of_night=True) is None
    without = {key: value for key, value in MANIFEST.items() if key != name}
    of_night = name in manifests.OF_NIGHT
    for damaged in (without, {**MANIFEST, name: None}):
        assert manifests.manifest_damage(damaged, of_night=True) == f"it lacks {name}"
        assert (manifests.manifest_damage(damaged, of_night=False) is None) == of_night


def test_manifest__tells_all_that_it_lacks():
    study = {"name": "s", "title": 5, "asked": {}}
    damaged = {**MANIFEST, "study": study, "seed": "1"}
    assert manifests.manifest_damage(damaged, of_night=True) == "it lacks seed, study.title, study.sha256"
    assert manifests.manifest_damage({**MANIFEST, "study": 1}, of_night=False) == "it lacks study"
    assert manifests.manifest_damage([], of_night=True) == "it holds no table"
    for ledger in ({"files": [{"file": "a"}]}, {"files": [5]}, {"tasks": [{"name": "a"}]}, {"tasks": [5]}):
        told = manifests.manifest_damage({**MANIFEST, **ledger}, of_night=True)
        assert told == "its ledger of files and analyses is not whole"
        assert manifests.manifest_damage({**MANIFEST, **ledger}, of_night=False) is None


def test_run__is_damaged_where_a_byte_differs(store):
    run = add_run(store, "000001")
    assert run_damage.run_damage(run) is None
    for content in (b"row", b"sows", b"a"):
        (run / "results.parquet").write_bytes(content)
        assert run_damage.run_damage(run) == "results.parquet is not the file that was published"
    (run / "results.parquet").unlink()
    assert run_damage.run_damage(run) == "results.parquet cannot be read (FileNotFoundError)"
    (run / "manifest.json").write_text("{")
    assert run_damage.run_damage(run) == "manifest.json: it cannot be read (JSONDecodeError)"
    (run / "manifest.json").write_text("5")
    assert run_damage.run_damage(run) == "manifest.json: it holds no table"


def test_run_of_a_store__has_a_ledger(store):
    run = add_run(store, "000001")
    manifest = json.loads((run / "manifest.json").read_text())
    assert manifests.read_manifest(run) == manifest
    del manifest["tasks"]
    (run / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(StoreError, match="it lacks tasks"):
        manifests.read_manifest(run)


@pytest.mark.parametrize(
    ("all_runs", "aside"), [(False, ["000005", "000004"]), (True, ["000005", "000004", "000002"])]
)
def test_damaged_runs__are_set_aside_up_to_the_newest_whole_one_or_all(store, all_runs, aside):
    for number in range(1, 6):
        run = add_run(store, f"00000{number}")
        if number in (2, 4, 5):
            (run / "results.parquet").write_bytes(b"")
    told = run_damage.set_damaged_runs_aside(store, all_runs=all_runs)
    assert [*told] == aside
    assert {*told.values()} == {"results.parquet is not the file that was published"}
    assert [run.name for run in store.damaged_runs] == sorted(aside)
    assert len(store.runs) == 5 - len(aside)


def test_damage_of_a_store__is_found_in_every_room_and_cured(store, monkeypatch):
    monkeypatch.setattr(repair, "is_current", lambda _: True)
    with pytest.raises(UsageError, match="is no store"):
        repair.store_damage(store.root / "runs")
    assert repair.store_damage(store.root) == []
    digest = hashlib.sha256(b"rows").hexdigest()
    tasks = [
        task_entry("right", key="right", sha256=digest),
        task_entry("lost", key="lost", sha256=digest),
        task_entry("other", key="other", sha256=digest),
        task_entry("waiting", key=None, sha256=None),
    ]
    files = [entry("a", version=version(part="lost")), entry("b", version=None)]
    ledger = {"files": [one.as_dict() for one in files], "tasks": [one.as_dict() for one in tasks]}
    add_run(store, "000001", **ledger)
    damaged = add_run(store, "000002")
    (damaged / "results.parquet").write_bytes(b"other")
    (store.tasks / "right.parquet").write_bytes(b"rows")
    (store.tasks / "other.parquet").write_bytes(b"cows")
    (store.root / "quarantine" / "1.json").write_text("{")
    (store.root / "quarantine" / "2.json").write_text("{}")
    (store.root / "store.json").write_text("{")
    (store.parts / "some").mkdir()
    monkeypatch.setattr(repair, "read_part", lambda _: None)
    found = repair.store_damage(store.root)
    assert [(str(one.path.relative_to(store.root)), one.found) for one in found] == [
        ("store.json", "it is lost or damaged"),
        ("runs/000002", "results.parquet is not the file that was published"),
        ("parts/lost", "the records of a are lost"),
        ("tasks/lost.parquet", "the rows of 'lost' are lost"),
        ("tasks/other.parquet", "the rows of 'other' are not what was written"),
        ("quarantine/1.json", "the reason of a quarantine cannot be read"),
    ]
    assert str(found[0]) == f"{store.root / 'store.json'}: it is lost or damaged"
    assert [*repair.repair(store.root)] == found
    left = repair.store_damage(store.root)
    assert [str(one.path.relative_to(store.root)) for one in left] == [
        "parts/lost",
        "tasks/lost.parquet",
        "tasks/other.parquet",
    ]
    assert [run.name for run in store.damaged_runs] == ["000002"]
    assert [*store.parts.iterdir()] == []  # their hashes were keyed by what was lost
    assert (store.tasks / "right.parquet").is_file()
    assert [path.name for path in (store.root / "quarantine").iterdir()] == ["2.json"]


def test_whole_store__needs_no_repair_and_no_lock(store):
    with locked(store.root):
        assert repair.repair(store.root) == []


def test_parts__are_lost_or_not_what_was_written(store, monkeypatch):
    files = [entry("a", version=version(part="a")), entry("b", version=version(part="b"))]
    add_run(store, "000001", files=[one.as_dict() for one in files])

    class Part:
        def __init__(self, folder):
            self.is_intact = folder.name == "a"

    monkeypatch.setattr(repair, "read_part", Part)
    assert [one.found for one in repair._of_parts(store)] == ["the records of b are not what was written"]


def test_catalog_on_a_bad_disk__is_named(store, monkeypatch):
    def refuse(*_):
        raise duckdb.IOException("no room")

    monkeypatch.setattr(catalog, "_write", refuse)
    with pytest.raises(StoreError, match=r"could not be written to the disk \(IOException\)") as refused:
        catalog.rebuild(store)
    assert refused.value.fault.place == str(store.root / "catalog.duckdb")


def test_catalog__is_current_while_it_holds_the_runs_of_the_store(store):
    mark = store.root / "catalog.json"
    add_run(store, "000001")
    assert not catalog.is_current(store)
    expected = {"runs": ["000001"], "views": ["latest", "changes"], "format": "equirank-run-2"}
    mark.write_text(json.dumps(expected))
    assert not catalog.is_current(store)  # the file itself is not there
    (store.root / "catalog.duckdb").touch()
    assert catalog.is_current(store)
    for key in expected:
        mark.write_text(json.dumps({**expected, key: "other"}))
        assert not catalog.is_current(store), key
    mark.write_text("{")
    assert not catalog.is_current(store)
    mark.write_text(json.dumps(expected))
    add_run(store, "000002")
    assert not catalog.is_current(store)
    assert repair.store_damage(store.root)[-1].found == "does not hold the runs"
