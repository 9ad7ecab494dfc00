"""Writes the pages of a store beside their folder and moves them there whole."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path

from engine.errors import UsageError
from engine.report.site.pages import site_pages
from engine.store.layout import open_store

MARK = "site.json"
FORMAT = "equirank-site-1"


def write_site(root: Path, folder: Path) -> Path:
    """Write the pages of a store into a folder, and return its first page.

    An earlier site is replaced as a whole; the same store gives the same bytes.

    Raises
    ------
    UsageError
        If there is no store or no run in it, the folder holds something else or cannot be written, or
        vl-convert is not installed.
    """
    store = open_store(root)
    if store.newest is None:
        raise UsageError(
            f"{root}: is a store without a run; expected one that `equirank refresh` has published. Run it."
        )
    folder = folder.resolve()
    _refuse_foreign(folder)
    pages = {**site_pages(store), MARK: json.dumps({"format": FORMAT}) + "\n"}
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        working = Path(tempfile.mkdtemp(prefix=f".{folder.name}.writing-", dir=folder.parent))
        try:
            for name, text in pages.items():
                path = working / name
                path.parent.mkdir(exist_ok=True)
                path.write_text(text, encoding="utf-8")
            _move(working, folder)
        finally:
            shutil.rmtree(working, ignore_errors=True)
    except OSError as error:
        raise UsageError(
            f"--out {folder}: cannot be written ({type(error).__name__}); "
            "expected a folder you may write to. Choose another one."
        ) from None
    return folder / "index.html"


def _refuse_foreign(folder: Path) -> None:
    """Only an empty folder or an earlier site may be replaced."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    try:
        is_site = json.loads((folder / MARK).read_text(encoding="utf-8"))["format"] == FORMAT
    except (OSError, ValueError, KeyError, TypeError):
        is_site = False
    if not is_site:
        raise UsageError(
            f"--out {folder}: it holds other files; expected a new folder, or one that holds only pages of a "
            "store. Choose another one."
        )


def _move(working: Path, target: Path) -> None:
    mask = os.umask(0)
    os.umask(mask)
    working.chmod(0o777 & ~mask)
    if not target.exists():
        working.rename(target)
        return
    earlier = working.with_name(f"{working.name}.earlier")
    target.rename(earlier)
    try:
        working.rename(target)
    except OSError:
        earlier.rename(target)
        raise
    shutil.rmtree(earlier, ignore_errors=True)
