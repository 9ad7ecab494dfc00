"""What a night keeps, removes, gives back and says of a disk: each step by itself."""

import errno
import hashlib
import json
import tempfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine.data import part as parts
from engine.errors import StoreError, UsageError
from engine.nights import compute, refresh, rollback
from engine.nights.night import Night, NightOptions
from engine.nights.stale_tasks import TaskPlan
from engine.nights.task_keys import TaskKey
from engine.store import run_damage
from engine.store.ledger import COMPUTED, FAILED
from tests.unit.ledger_entries import entry, task_entry, version
from tests.unit.stores import add_run
from tests.unit.tidy_rows import rows


@pytest.fixture
def catalogs(monkeypatch):
    """How often the catalog was built."""
    built = []
    for module in (rollback, refresh):
        monkeypatch.setattr(module, "rebuild", built.append, raising=False)
    monkeypatch.setattr("engine.nights.catalog.rebuild", built.append)
    monkeypatch.setattr("engine.nights.catalog.is_current", lambda _: True)
    return built


def job(store, **options):
    """A job that keeps what it was told."""
    told = []
    return SimpleNamespace(
        store=store,
        spec=SimpleNamespace(analysis=()),
        options=NightOptions(**options),
        told=told,
        log=lambda event, **facts: told.append((event, facts)),
    )


@pytest.fixture
def earlier(monkeypatch):
    """Which runs were compared, of a rollback."""
    compared = []
    monkeypatch.setattr(rollback, "read_run", lambda run: SimpleNamespace(results=run.name))
    monkeypatch.setattr(rollback, "compare", lambda *runs: compared.append(runs))
    monkeypatch.setattr(
        rollback, "change_report", lambda before, after, _: f"{before['seed']} {after['seed']}"
    )
    return compared


def test_rollback__publishes_the_run_before_or_the_one_named(store, catalogs, earlier):
    for number in (1, 2, 3):
        add_run(store, f"00000{number}", seed=number)
    (store.root / "runs" / "000002" / "tables").mkdir()
    (store.root / "runs" / "000002" / "tables" / "a.csv").touch()
    run = rollback.rollback(store.root)
    assert run == store.root / "runs" / "000004"
    manifest = json.loads((run / "manifest.json").read_text())
    assert (manifest["seed"], manifest["run_before"], manifest["rolled_back_to"]) == (2, "000003", "000002")
    assert (run / "manifest.json").read_text().endswith("}\n")
    assert (run / "changes.md").read_text() == "Rolled back from run 000003 to run 000002.\n\n3 2"
    assert (run / "tables" / "a.csv").is_file()
    assert (earlier, catalogs) == ([("000003", "000002")], [store])
    assert json.loads((rollback.rollback(store.root, "000001") / "manifest.json").read_text())["seed"] == 1
    assert [*store.work.iterdir()] == []


def test_rollback__needs_two_runs(store, catalogs, earlier):
    add_run(store, "000001", seed=1)
    add_run(store, "000002", seed=2)
    with pytest.raises(UsageError, match=r"--to 000002: .* one of 000001"):
        rollback.rollback(store.root, "000002")
    assert json.loads((rollback.rollback(store.root) / "manifest.json").read_text())["seed"] == 1


def test_rollback__is_to_an_earlier_whole_run_only(store, catalogs, earlier):
    with pytest.raises(UsageError, match=r"--to None: is no earlier run of the store; .* two runs or more"):
        rollback.rollback(store.root)
    add_run(store, "000001")
    with pytest.raises(UsageError, match="a store with two runs or more"):
        rollback.rollback(store.root)
    for number in (2, 3):
        add_run(store, f"00000{number}")
    for name in ("000003", "000004", "1"):
        with pytest.raises(UsageError, match=f"--to {name}: .* one of 000001, 000002"):
            rollback.rollback(store.root, name)
    (store.root / "runs" / "000002" / "results.parquet").write_bytes(b"")
    with pytest.raises(UsageError, match=r"000002: results.parquet is not the file"):
        rollback.rollback(store.root)
    assert (len(store.runs), catalogs, earlier) == (3, [], [])


def night(store, *files, tasks=(), is_new=True):
    return Night(run=store.newest, is_new=is_new, files=files, tasks=tasks)


def left(store):
    return sorted(path.name for folder in (store.parts, store.tasks) for path in folder.iterdir())


def filled(store, n_runs=3):
    for number in range(n_runs):
        add_run(store, f"00000{number + 1}")
    for name in ("behind", "gone"):
        (store.parts / name).mkdir()
        (store.tasks / f"{name}.parquet").write_bytes(b"rows")


def test_what_is_not_behind_the_current_run__is_removed(store, catalogs):
    filled(store)
    files = [entry(version=version(part="behind")), entry("b", version=None)]
    tasks = [task_entry(key="behind"), task_entry("b", key=None)]
    assert refresh._tidy(job(store), night(store, *files, tasks=tasks)) == []
    assert left(store) == ["behind", "behind.parquet"]
    assert len(store.runs) == 3
    assert catalogs == [store]


@pytest.mark.parametrize(("keep", "kept"), [(400, 3), (3, 3), (2, 2), (1, 1), (0, 1), (-5, 1)])
def test_old_runs__go_and_the_current_one_stays(store, catalogs, keep, kept):
    filled(store)
    refresh._tidy(job(store, keep_runs=keep), night(store, entry(version=version(part="behind"))))
    assert [run.name for run in store.runs] == ["000001", "000002", "000003"][-kept:]


def test_idle_night__builds_no_catalog_that_is_current(store, catalogs, monkeypatch):
    filled(store)
    idle = night(store, entry(version=version(part="behind")), is_new=False)
    refresh._tidy(job(store), idle)
    assert catalogs == []
    monkeypatch.setattr("engine.nights.catalog.is_current", lambda _: False)
    refresh._tidy(job(store), idle)
    assert catalogs == [store]


def test_run_whose_files_have_left__keeps_its_parts(store, catalogs):
    filled(store)
    assert refresh._tidy(job(store), night(store, entry(version=None))) == []
    assert left(store) == ["behind", "behind.parquet", "gone", "gone.parquet"]
    assert catalogs == []


def test_store_without_a_run__keeps_no_part_and_needs_no_catalog(store, catalogs):
    filled(store, n_runs=0)
    assert refresh._tidy(job(store), night(store, entry(version=None))) == []
    assert (left(store), catalogs) == ([], [])


def test_damaged_runs__are_told_and_set_aside(store, catalogs):
    filled(store)
    (store.root / "runs" / "000002" / "results.parquet").write_bytes(b"")
    one = job(store)
    assert refresh._set_runs_aside(one, all_runs=False) == []
    notes = refresh._tidy(one, night(store, entry(version=version(part="behind"))))
    damage = "results.parquet is not the file that was published"
    place = store.root / "damaged"
    assert notes == [f"run 000002 is damaged ({damage}); it was set aside in {place}"]
    assert one.told == [("damaged", {"run": "000002", "why": damage})]
    assert run_damage.run_damage(place / "000002") == damage


def test_disk__is_told_whichever_library_met_it(tmp_path):
    def through(error):
        with refresh._disk_errors_as_such(tmp_path):
            raise error

    for error in (OSError(errno.ENOSPC, "x"), ValueError("(os error 28)")):
        with pytest.raises(StoreError, match="the disk refuses what is written"):
            through(error)
    for error in (StoreError("own"), ValueError("other")):
        with pytest.raises(type(error), match=str(error)):
            through(error)


def test_temporary_files__lie_in_the_store_during_a_night(tmp_path):
    before = tempfile.tempdir
    with refresh._spilling_into(tmp_path):
        assert tempfile.gettempdir() == str(tmp_path)
    assert tempfile.tempdir == before
    with pytest.raises(ZeroDivisionError), refresh._spilling_into(tmp_path):
        raise ZeroDivisionError
    assert tempfile.tempdir == before


def test_damaged_part__is_removed_and_its_file_read_again(store, monkeypatch):
    class Part:
        def __init__(self, folder):
            self.records, self.is_intact = folder / "part.parquet", folder.name == "whole"

    for name in ("whole", "broken", "other"):
        (store.parts / name).mkdir()
    monkeypatch.setattr(parts, "read_part", lambda folder: Part(folder) if folder.exists() else None)
    monkeypatch.setattr("engine.data.panel.whole_panel", lambda found: SimpleNamespace(parts=found))
    monkeypatch.setattr(refresh, "replace", lambda panel, before_reading: (panel, before_reading))
    files = [
        entry("a", version=version(part="whole")),
        entry("b", version=version(part="broken")),
        entry("c", version=None),
    ]
    one = job(store)
    panel, compare = refresh._checked_panel(one, files)
    assert [part.records.parent.name for part in panel.parts] == ["whole", "broken"]
    compare(str(store.parts / "whole" / "part.parquet"))
    compare(str(store.parts / "whole" / "part.parquet"))
    with pytest.raises(refresh._DamagedPart):
        compare(str(store.parts / "broken" / "part.parquet"))
    assert sorted(path.name for path in store.parts.iterdir()) == ["other", "whole"]
    assert one.told == [("damaged", {"file": "b"})]
    with pytest.raises(refresh._DamagedPart):  # it is lost now
        refresh._checked_panel(one, files)
    assert refresh._checked_panel(one, files[:1])[0].parts[0].is_intact


KEY = TaskKey(method="m", study="s", seed="1", data="d")


def task_plan(name, data, why="data", known=None):
    key = replace(KEY, data=data)
    task = SimpleNamespace(name=name, analysis=SimpleNamespace(name=name))
    return TaskPlan(task=task, key=key, entry=known, why=why)


def test_stale_tasks__are_computed_once_and_failures_keep_their_rows(store, monkeypatch):
    kept = task_entry("kept")
    plans = [
        task_plan("kept", "1", known=kept),
        task_plan("computed", "2"),
        task_plan("there", "3"),
        task_plan("lost", "4", why="lost"),
        task_plan("failed", "5"),
        task_plan("never", "6", why="new"),
    ]
    for one in (plans[2], plans[3]):
        compute._path(store, one).write_bytes(b"of a killed night")
    asked = []

    def results(_, missing, *__):
        asked.extend(one.task.name for one in missing)
        for one in missing:
            failure = ValueError("No.") if one.task.name in ("failed", "never") else None
            found = SimpleNamespace(failure=failure, seconds=1.23456, rows=tuple)
            yield one, found

    monkeypatch.setattr(compute, "_results", results)
    monkeypatch.setattr(compute, "_content", lambda _: b"tonight")
    one = job(store)
    before = {"failed": task_entry("failed", key="old", sha256="of old")}
    entries = compute.compute_tasks(one, plans, None, None, before)
    assert asked == ["computed", "lost", "failed", "never"]
    tonight, killed = (hashlib.sha256(text).hexdigest() for text in (b"tonight", b"of a killed night"))
    told = [(entry.name, entry.state, entry.why, entry.sha256) for entry in entries]
    assert told == [
        ("kept", COMPUTED, "data", "h"),
        ("computed", COMPUTED, "data", tonight),
        ("there", COMPUTED, "data", killed),
        ("lost", COMPUTED, "lost", tonight),
        ("failed", FAILED, "No.", "of old"),
        ("never", FAILED, "No.", None),
    ]
    keys = [plan.key.key for plan in plans]
    assert [entry.key for entry in entries] == ["k", *keys[1:4], "old", None]
    assert [entry.wanted for entry in entries] == ["k", *keys[1:]]
    assert entries[5].inputs == plans[5].key.as_dict()
    assert one.told == [
        ("computed", {"task": "computed", "why": "data", "seconds": 1.235}),
        ("computed", {"task": "lost", "why": "lost", "seconds": 1.235}),
        ("failed", {"task": "failed", "reason": "No."}),
        ("failed", {"task": "never", "reason": "No."}),
        ("computed", {"task": "there", "why": "data", "seconds": 0.0}),
    ]


def test_stored_rows__are_those_that_were_stored(store):
    rows({}, {"level": "b"}).write_parquet(store.tasks / "k.parquet")
    rows({"level": "c"}).write_parquet(store.tasks / "m.parquet")

    def stored(name, key):
        content = (store.tasks / f"{key}.parquet").read_bytes()
        return task_entry(name, key=key, sha256=hashlib.sha256(content).hexdigest())

    spec = SimpleNamespace(analysis=())
    entries = [stored("b", "m"), task_entry("waiting", key=None), stored("a", "k")]
    found = compute.rows_of(entries, store, spec)
    assert [(row.level, row.estimate) for row in found] == [("c", 0.5), (None, 0.5), ("b", 0.5)]
    for digest in ("0", "z"):
        with pytest.raises(StoreError, match="the rows of 'a' have changed since they were stored"):
            compute.rows_of([replace(entries[2], sha256=digest)], store, spec)


def test_place_of_rows__is_the_key_of_their_inputs(store):
    assert compute._path(store, task_plan("a", "1")) == store.tasks / f"{replace(KEY, data='1').key}.parquet"
    assert Path(compute._path(store, task_plan("a", "1"))).parent == store.root / "tasks"
