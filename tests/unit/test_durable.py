"""Files that survive a crash: what is flushed, who may read it, and which errors are those of a disk."""

import errno
import os
import stat
from pathlib import Path

import pytest

from engine import durable


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(
    ("error", "is_of_disk", "is_full"),
    [
        (OSError(errno.ENOSPC, "x"), True, True),
        (OSError(errno.EIO, "x"), True, False),
        (OSError(errno.ENOENT, "x"), False, False),
        (ValueError(f"IO: {os.strerror(errno.EDQUOT)}"), True, True),
        (ValueError(f"polars (os error {errno.EROFS})"), True, True),
        (ValueError("os error"), False, False),
        (None, False, False),
    ],
)
def test_disk_errors__are_known_by_number_text_and_cause(error, is_of_disk, is_full):
    assert durable.is_disk_error(error) is is_of_disk
    assert durable.is_disk_error(error, durable.FULL) is is_full
    outer = RuntimeError("outer")
    outer.__context__ = error
    assert durable.is_disk_error(outer) is is_of_disk


def test_files__are_private_and_whole(tmp_path, monkeypatch):
    path, work = tmp_path / "file", tmp_path / "work"
    work.mkdir()
    path.write_bytes(b"longer than what comes")
    path.chmod(0o644)
    durable.private_file(path)
    assert (path.read_bytes(), mode(path)) == (b"", 0o600)
    synced = []
    real = os.fsync
    monkeypatch.setattr(
        os,
        "fsync",
        lambda handle: (synced.append(str(Path(f"/proc/self/fd/{handle}").readlink())), real(handle)),
    )
    durable.write_file(path, b"content", work)
    assert (path.read_bytes(), mode(path), [*work.iterdir()]) == (b"content", 0o600, [])
    assert synced == [str(work / f"file.{os.getpid()}"), str(tmp_path)]
    synced.clear()
    folder = work / "folder"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "a").touch()
    (folder / "b").touch()
    durable.move_folder(folder, tmp_path / "folder")
    assert (tmp_path / "folder" / "deep" / "a").is_file()
    below = [str(folder / name) for name in ("b", "deep", "deep/a")]
    assert synced == [*below, str(folder), str(tmp_path)]
    durable.remove_folder(tmp_path / "folder", work)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["file", "work"]
    assert [*work.iterdir()] == []


def test_folder_that_cannot_be_deleted__is_out_of_its_place(tmp_path, monkeypatch):
    (tmp_path / "part").mkdir()
    work = tmp_path / "work"
    work.mkdir()
    removed = []
    monkeypatch.setattr(durable.shutil, "rmtree", removed.append)
    durable.remove_folder(tmp_path / "part", work)
    assert removed == [work / f"part.{os.getpid()}.removed"]
    assert Path(removed[0]).is_dir()
    assert not (tmp_path / "part").exists()
