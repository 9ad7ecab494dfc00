"""Files that survive a crash: written in a work folder, flushed to disk, then moved into place whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Set as AbstractSet
from errno import EDQUOT, EFBIG, EIO, ENOSPC, EROFS
from pathlib import Path

DISK_ERRORS = frozenset({ENOSPC, EDQUOT, EIO, EROFS, EFBIG})
FULL = DISK_ERRORS - {EIO}
"""Errors of writing alone; a disk that fails can fail when it is read."""


def is_disk_error(error: BaseException | None, numbers: AbstractSet[int] = DISK_ERRORS) -> bool:
    """Whether a full or broken disk caused an error; some libraries name it only in their text."""
    texts = [text for number in numbers for text in (os.strerror(number), f"(os error {number})")]
    while error is not None:
        if isinstance(error, OSError) and error.errno in numbers:
            return True
        if any(text in str(error) for text in texts):
            return True
        error = error.__context__
    return False


def sync_folder(folder: Path) -> None:
    """Flush the names in a folder to disk: a file moved there can otherwise be missing after a crash."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_tree(folder: Path) -> None:
    """Flush every file in a folder, and the folder itself, to disk."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as stream:
                os.fsync(stream.fileno())
        elif path.is_dir():
            sync_folder(path)
    sync_folder(folder)


def private_file(path: Path) -> None:
    """Make an empty file that only its owner may read; whoever writes into it later keeps its mode."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.fchmod(handle, 0o600)
    finally:
        os.close(handle)


def write_file(path: Path, content: bytes, work: Path) -> None:
    """Write a file whole or not at all, readable by its owner only; `work` is a folder on the same disk."""
    temporary = work / f"{path.name}.{os.getpid()}"
    private_file(temporary)
    with temporary.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(temporary, path)  # noqa: PTH105 - atomic
    sync_folder(path.parent)


def move_folder(working: Path, target: Path) -> None:
    """Move a finished folder into place: it is there whole or not at all."""
    sync_tree(working)
    working.rename(target)
    sync_folder(target.parent)


def remove_folder(folder: Path, work: Path) -> None:
    """Take a folder out of its place in one step, then delete its files; `work` is on the same disk."""
    removed = work / f"{folder.name}.{os.getpid()}.removed"
    folder.rename(removed)
    shutil.rmtree(removed)
