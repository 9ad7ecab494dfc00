"""Files that survive a crash: written in a work folder, flushed to disk, then moved into place whole."""

from __future__ import annotations

import os
import shutil
from errno import EDQUOT, EFBIG, EIO, ENOSPC, EROFS
from pathlib import Path

DISK_ERRORS = {ENOSPC, EDQUOT, EIO, EROFS, EFBIG}


def is_disk_error(error: BaseException | None) -> bool:
    """Whether a full or broken disk caused an error; some libraries name its number only in their text."""
    while error is not None:
        text = str(error)
        if (isinstance(error, OSError) and error.errno in DISK_ERRORS) or "No space left on device" in text:
            return True
        if any(f"(os error {number})" in text for number in DISK_ERRORS):
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


def write_file(path: Path, content: bytes, work: Path) -> None:
    """Write a file whole or not at all, readable by its owner only; `work` is a folder on the same disk."""
    temporary = work / f"{path.name}.{os.getpid()}"
    with temporary.open("xb") as stream:
        os.fchmod(stream.fileno(), 0o600)
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
