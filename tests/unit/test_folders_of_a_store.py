"""The folders of a store and its files: names, marks and locks."""

import errno
import hashlib
import json
import stat

import pytest

from engine.errors import LockedError, StoreError, UsageError
from engine.store import layout
from engine.store.layout import STORE_FORMAT, Store, open_store, read_mark, run_of, writing
from tests.unit.stores import add_run


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_new_store__is_for_its_owner_and_has_a_key_of_its_own(store, tmp_path):
    assert sorted(path.name for path in store.root.iterdir()) == [
        "lock",
        "parts",
        "quarantine",
        "runs",
        "store.json",
        "tasks",
        "tmp",
    ]
    assert {mode(path) for path in [store.root, *store.root.iterdir()] if path.is_dir()} == {0o700}
    assert mode(store.root / "store.json") == 0o600
    assert len(bytes.fromhex(store.salt)) == 32
    with writing(tmp_path / "other") as other:
        assert other.salt != store.salt
    with writing(store.root) as again:
        assert again.salt == store.salt
    assert (store.parts, store.tasks) == (store.root / "parts", store.root / "tasks")
    assert store.work == store.root / "tmp"
    assert (store.newest, store.current(), store.runs, store.damaged_runs) == (None, None, (), ())


def test_what_a_killed_writer_left__is_removed(store):
    (store.work / "records").write_bytes(b"people")
    (store.work / "deep" / "er").mkdir(parents=True)
    (store.work / "deep" / "er" / "records").write_bytes(b"people")
    (store.parts / "kept").mkdir()
    with layout.locked(store.root):
        assert [*store.work.iterdir()] == []
    assert (store.parts / "kept").is_dir()


def test_runs__are_in_the_order_of_their_numbers(store):
    for name in ("000002", "1000000", "000010", "999999", "12345", ".building-000003", "x000004", "000004x"):
        add_run(store, name)
    assert [run.name for run in store.runs] == ["000002", "000010", "999999", "1000000"]
    assert store.newest.name == "1000000"
    assert store.current()["seed"] == 1
    assert run_of(store.root) == store.newest
    assert run_of(store.newest) == store.newest


def test_next_run__has_a_number_that_no_run_had(store):
    def published():
        working = store.work / "run"
        working.mkdir()
        (working / "results.parquet").write_bytes(b"rows")
        run = store.publish(working)
        assert (run / "results.parquet").read_bytes() == b"rows"
        assert not working.exists()
        return run

    assert published().name == "000001"
    second = published()
    assert second.name == "000002"
    store.set_run_aside(second)
    assert [run.name for run in store.runs] == ["000001"]
    assert [run.name for run in store.damaged_runs] == ["000002"]
    assert second.parent.parent.joinpath("damaged", "000002", "results.parquet").is_file()
    assert mode(store.root / "damaged") == 0o700
    third = published()
    assert third.name == "000003"  # 2 is never used again
    store.set_run_aside(third)
    store.set_run_aside(store.root / "runs" / "000001")
    assert published().name == "000004"
    assert published().name == "000005"


def test_reason_of_a_quarantine__is_written_once_and_again_when_it_changes(store):
    folder = store.root / "quarantine"

    def told(file, digest, reason):
        store.set_aside(file, digest, {"reason": reason})
        return {path.name: path.stat().st_ino for path in folder.iterdir()}

    first = told("wave_1", "a", "m")
    (name,) = first
    assert name == hashlib.sha256(b"wave_1|a").hexdigest()[:32] + ".json"
    assert json.loads((folder / name).read_text()) == {"reason": "m"}
    assert mode(folder / name) == 0o600
    assert told("wave_1", "a", "m") == first
    for other in ("a", "z"):
        second = told("wave_1", "a", other)
        assert second != first
        assert json.loads((folder / name).read_text()) == {"reason": other}
        first = told("wave_1", "a", "m")
    assert len(told("wave_1", "b", "m")) == 2
    assert len(told("wave_2", "a", "m")) == 3
    assert len(told("wave_\udcff", "a", "m")) == 4  # a name that is no text


@pytest.mark.parametrize(
    ("mark", "error", "words"),
    [
        ("{", StoreError, "it is damaged"),
        ("[]", StoreError, "it is damaged"),
        ("{}", StoreError, "it is damaged"),
        ({"format": STORE_FORMAT}, StoreError, "it is damaged"),
        ({"format": STORE_FORMAT, "salt": ""}, StoreError, "it is damaged"),
        ({"format": STORE_FORMAT, "salt": "no number"}, StoreError, "it is damaged"),
        ({"format": "equirank-store-0"}, UsageError, "found the format 'equirank-store-0'; expected"),
        ({"format": "equirank-store-2", "salt": "aa"}, UsageError, "found the format 'equirank-store-2'"),
    ],
)
def test_mark__is_whole_and_of_this_version(store, mark, error, words):
    (store.root / "store.json").write_text(mark if isinstance(mark, str) else json.dumps(mark))
    for look in (read_mark, open_store):
        with pytest.raises(error, match=words):
            look(store.root)


def test_folder__is_a_store_or_is_refused(store, tmp_path):
    assert open_store(store.root) == Store(root=store.root)
    with pytest.raises(UsageError, match="is a store without a run"):
        run_of(store.root)
    assert run_of(tmp_path) == tmp_path
    with pytest.raises(UsageError, match="is no store; expected a folder"):
        open_store(tmp_path)
    add_run(store, "000001")
    (store.root / "store.json").unlink()
    with pytest.raises(StoreError, match="it is lost"):
        open_store(store.root)
    with pytest.raises(StoreError, match="it is lost"), writing(store.root):
        pass
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "file").touch()
    with pytest.raises(UsageError, match="is a folder with other files in it"), writing(foreign):
        pass
    with pytest.raises(UsageError, match="is no folder; expected a new folder"), writing(foreign / "file"):
        pass
    assert [path.name for path in foreign.iterdir()] == ["file"]
    (foreign / "file").rename(foreign / "lock")  # of a night that ended before its first file
    with writing(foreign) as made:
        assert made.salt


def test_folder_that_may_not_be_looked_into__is_no_store(store, monkeypatch):
    def refuse(_):
        raise PermissionError

    assert layout.is_store(store.root)
    monkeypatch.setattr(type(store.root), "is_file", refuse)
    assert not layout.is_store(store.root)


def test_lock__is_for_one_writer_and_free_after_it(store):
    with (
        writing(store.root),
        pytest.raises(LockedError, match="another process is writing to it"),
        writing(store.root),
    ):
        pass
    with writing(store.root):
        pass
    assert mode(store.root / "lock") == 0o600


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PermissionError(errno.EACCES, "no", "/there"), "--store /there: you may not write to it"),
        (PermissionError(errno.EACCES, "no"), "store: you may not write to it"),
        (OSError(errno.ENOSPC, "No space left"), r"cannot be written \(No space left\)"),
        (OSError(), r"cannot be written \(OSError\)"),
    ],
)
def test_disk_that_fails__is_told(store, error, words):
    def fail():
        raise error

    with pytest.raises(StoreError, match=words), layout.locked(store.root):
        fail()
