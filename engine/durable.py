"""Files that survive a crash: written beside their place, pushed to the disk, and moved into it whole."""

from __future__ import annotations

import os
import shutil
from errno import EDQUOT, EFBIG, EIO, ENOSPC, EROFS
from pathlib import Path

DISK = {ENOSPC, EDQUOT, EIO, EROFS, EFBIG}


def is_of_the_disk(error: BaseException | None) -> bool:
    """Whether a full or broken disk is behind an error; libraries tell the number in their text."""
    while error is not None:
        said = str(error)
        if (isinstance(error, OSError) and error.errno in DISK) or "No space left on device" in said:
            return True
        if any(f"(os error {number})" in said for number in DISK):
            return True
        error = error.__context__
    return False


def sync_folder(folder: Path) -> None:
    """Push the names of a folder to the disk: without it a file that was moved there can be gone after a crash."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_tree(folder: Path) -> None:
    """Push every file of a folder, and the folder itself, to the disk."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as stream:
                os.fsync(stream.fileno())
        elif path.is_dir():
            sync_folder(path)
    sync_folder(folder)


def write_file(path: Path, content: bytes, beside: Path) -> None:
    """Write a file whole or not at all, for its owner only; `beside` is a folder on the same disk for the work."""
    temporary = beside / f"{path.name}.{os.getpid()}"
    with temporary.open("xb") as stream:
        os.fchmod(stream.fileno(), 0o600)
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(temporary, path)  # noqa: PTH105 - atomic
    sync_folder(path.parent)


def move_folder(working: Path, target: Path) -> None:
    """Move a finished folder to its place: it is there whole or not there."""
    sync_tree(working)
    working.rename(target)
    sync_folder(target.parent)


def remove_folder(folder: Path, beside: Path) -> None:
    """Take a folder out of its place at once, then remove it piece by piece; `beside` is on the same disk."""
    away = beside / f"{folder.name}.{os.getpid()}.removed"
    folder.rename(away)
    shutil.rmtree(away)
