"""Where the engine keeps files it can make again: harmonised panels, simulated panels, compiled kernels."""

from __future__ import annotations

import os
from pathlib import Path

from engine.errors import Fault, UsageError

CACHE_VARIABLE = "EQUIRANK_CACHE"
PANELS = "panels"
"""The kind of cache that holds harmonised files."""


def cache_folder(kind: str) -> Path:
    """Return the private cache folder for `kind`, made on first use.

    The environment variable ``EQUIRANK_CACHE`` moves the whole cache; without it, the platform's user cache
    folder is used. Panels hold microdata, so only the owner may read the folder.

    Raises
    ------
    UsageError
        If the folder cannot be made, or others can write to it: compiled kernels are code.
    """
    base = _cache_base()
    folder = base / kind
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise UsageError(
            Fault(
                f"cache folder {base}",
                f"cannot be made ({type(error).__name__})",
                "a folder you may write to",
                f"Set {CACHE_VARIABLE} to one.",
            )
        ) from None
    _refuse_foreign(folder)
    return folder


def _refuse_foreign(folder: Path) -> None:
    """Refuse a folder of another user, or one that everybody may write to; Windows tells neither."""
    if not hasattr(os, "geteuid"):
        return
    state = folder.stat()
    found = None
    if state.st_uid not in (os.geteuid(), 0):
        found = "belongs to another user"
    elif state.st_mode & 0o002:
        found = "is one that everybody may write to"
    if found is not None:
        remedy = f"Set {CACHE_VARIABLE} to a folder of your own, or correct its owner and mode."
        raise UsageError(
            Fault(f"cache folder {folder}", found, "a folder that only you may write to", remedy)
        )


def _cache_base() -> Path:
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(chosen)
    from platformdirs import user_cache_path

    return user_cache_path("equirank", appauthor=False)
