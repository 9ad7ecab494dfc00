"""What a look into an inbox finds: files of the study, in its order, complete or still being written."""

import os
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine.errors import DataError, UsageError
from engine.nights import inbox
from engine.nights.inbox import look_into


def study(path, merge=()):
    merged = tuple(SimpleNamespace(path=one) for one in merge)
    return SimpleNamespace(source=SimpleNamespace(path=path, merge=merged), study=SimpleNamespace(name="s"))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(inbox, "SETTLED", 0.0)
    for name in ("wave_2.csv", "wave_10.csv", "wave_1.csv", "a[1].csv", "towns.csv"):
        (tmp_path / name).write_text("x")
    return tmp_path


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("wave_*.csv", ["wave_1.csv", "wave_10.csv", "wave_2.csv"]),
        ("wave_2.csv", ["wave_2.csv"]),
        (("wave_2.csv", "wave_*.csv"), ["wave_2.csv", "wave_1.csv", "wave_10.csv"]),
        ("a[1].csv", ["a[1].csv"]),  # a name, though it looks like a pattern
        ("/data/wave_1.csv", ["wave_1.csv"]),
        ("wave_3.csv", []),
        ({"b": "elsewhere/wave_2.csv", "a": "wave_1.csv", "c": "wave_3.csv"}, ["wave_2.csv", "wave_1.csv"]),
    ],
)
def test_files__are_those_that_the_study_names_in_its_order(folder, path, names):
    found = look_into(study(path), folder)
    assert list(found.names) == names
    assert [one.name for one in found.files] == names
    assert [one.source.path for one in found.files] == [folder / name for name in names]
    assert list(found.sources) == names
    assert found.growing == ()
    waves = [one.source.wave for one in found.files]
    assert waves == (["b", "a"] if isinstance(path, dict) else [None] * len(names))
    stamp = found.files[0].stamp[0] if names else None
    if stamp is not None:
        facts = (folder / names[0]).stat()
        assert stamp == (1, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino)


def test_files_that_are_merged__are_places_and_no_waves(folder):
    found = look_into(study("*.csv", ["towns.csv"]), folder)
    assert list(found.names) == ["a[1].csv", "wave_1.csv", "wave_10.csv", "wave_2.csv"]
    assert {one.source.places for one in found.files} == {(folder / "towns.csv",)}
    assert [len(one.stamp) for one in found.files] == [2] * 4
    assert found.strays == ()
    with pytest.raises(DataError, match=r"lost\.csv: is not in the inbox; expected the file of source.merge"):
        look_into(study("*.csv", ["sub/lost.csv"]), folder)


def test_inbox__is_a_folder_that_may_be_read(folder, monkeypatch):
    for place in (folder / "nowhere", folder / "towns.csv"):
        with pytest.raises(UsageError, match="is no folder that you may read"):
            look_into(study("*.csv"), place)
    asked = []
    monkeypatch.setattr(os, "access", lambda path, how: asked.append(how))
    with pytest.raises(UsageError, match="is no folder that you may read"):
        look_into(study("*.csv"), folder)
    assert asked == [os.R_OK | os.X_OK]
    monkeypatch.undo()
    with pytest.raises(UsageError, match="study 's': it reads no files"):
        look_into(study(None), folder)


def test_what_is_no_plain_file__is_passed_over(folder):
    (folder / "wave_3.csv").mkdir()
    (folder / "wave_4.csv").symlink_to(folder / "wave_1.csv")
    os.mkfifo(folder / "wave_5.csv")
    (folder / "wave_6.docx").touch()
    Path(os.fsdecode(os.fsencode(folder) + b"/wave_\xff.csv")).touch()
    (folder / "wave_7.csv\n").touch()
    found = look_into(study("wave_*"), folder)
    assert list(found.names) == ["wave_1.csv", "wave_10.csv", "wave_2.csv"]
    of_files = [note for note in found.notes if note.startswith("wave_")]
    assert [note.split(";")[0] for note in of_files[:5]] == [
        "wave_3.csv: a folder",
        "wave_4.csv: a link",
        "wave_5.csv: no plain file",
        "wave_6.docx: an unknown format",
        "wave_7.csv\\n: an unknown format",
    ]
    assert "expected one of .parquet, .csv" in of_files[3]
    assert of_files[5] == "wave_\\udcff.csv: a name that is no text; expected UTF-8. Rename the file"
    assert [note.split(":")[0] for note in found.strays] == ["a[1].csv", "towns.csv"]
    assert found.notes == (*of_files, *found.strays)
    assert inbox._why_no_plain_file(folder / "gone.csv") == "gone while the inbox was looked at"
    assert inbox._why_no_plain_file(folder / "towns.csv") is None


def test_file_that_is_open_or_changes_meanwhile__is_growing(folder, monkeypatch):
    def changed(_):
        (folder / "wave_1.csv").write_text("longer")
        (folder / "wave_10.csv").unlink()

    monkeypatch.setattr(inbox, "_wait_until_settled", changed)
    with (folder / "wave_2.csv").open("a"):
        found = look_into(study("wave_*.csv"), folder)
    assert found.growing == ("wave_1.csv", "wave_10.csv", "wave_2.csv")
    assert found.files == ()
    assert list(found.names) == ["wave_1.csv", "wave_10.csv", "wave_2.csv"]


def test_file_that_became_shorter_or_older__is_growing(folder, monkeypatch):
    def changed(_):
        (folder / "wave_2.csv").write_text("")
        os.utime(folder / "wave_2.csv", (0, 0))

    monkeypatch.setattr(inbox, "_wait_until_settled", changed)
    assert look_into(study("wave_*.csv"), folder).growing == ("wave_2.csv",)


def test_file_whose_merged_file_is_open__is_growing(folder):
    with (folder / "towns.csv").open("a"):
        assert look_into(study("wave_*.csv", ["towns.csv"]), folder).growing == (
            "wave_1.csv",
            "wave_10.csv",
            "wave_2.csv",
        )
    assert look_into(study("wave_*.csv", ["towns.csv"]), folder).growing == ()


def test_file_of_somebody_else__is_open_until_it_was_silent_for_a_minute(folder, monkeypatch):
    path = folder / "wave_1.csv"

    def told(error):
        def refuse(*_):
            raise error

        monkeypatch.setattr(inbox.fcntl, "fcntl", refuse)
        return inbox.is_open_for_writing(path)

    for age, is_open in ((50, True), (70, False)):
        os.utime(path, (time.time() - age, time.time() - age))
        assert told(PermissionError()) is is_open
    assert told(OSError()) is False
    assert told(BlockingIOError()) is True
    monkeypatch.undo()
    assert inbox.is_open_for_writing(path) is False
    assert inbox.is_open_for_writing(folder / "nowhere") is False
    os.mkfifo(folder / "pipe")
    assert inbox.is_open_for_writing(folder / "pipe") is False  # and does not wait for its other end
    (folder / "link").symlink_to(path)
    with path.open("a"):
        assert inbox.is_open_for_writing(path) is True
        assert inbox.is_open_for_writing(folder / "link") is False  # a link is not followed
    before = len([*Path("/proc/self/fd").iterdir()])
    for _ in range(5):
        inbox.is_open_for_writing(path)
    assert len([*Path("/proc/self/fd").iterdir()]) == before
    monkeypatch.delattr(inbox.fcntl, "F_SETLEASE")
    with path.open("a"):
        assert inbox.is_open_for_writing(path) is False  # the system cannot tell


@pytest.mark.parametrize(
    ("name", "shown"), [("波.dta", "波.dta"), ("a\tb\x1b", "a\\tb\\x1b"), ("a\udcff", "a\\udcff")]
)
def test_names__are_printable(name, shown):
    assert inbox.printable(name) == shown
    assert inbox.is_text(name) == ("\udcff" not in name)
