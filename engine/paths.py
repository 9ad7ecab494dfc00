"""Where the engine keeps files it can make again: harmonised panels, simulated panels, compiled kernels."""

from __future__ import annotations

import os
from pathlib import Path

from engine.errors import Fault, UsageError

CACHE_VARIABLE = "EQUIRANK_CACHE"


def cache_folder(kind: str) -> Path:
    """Return the private cache folder for `kind`, made on first use.

    The environment variable ``EQUIRANK_CACHE`` moves the whole cache; without it, the platform's user cache
    folder is used. Panels hold microdata, so only the owner may read the folder.

    Raises
    ------
    UsageError
        If the folder cannot be made.
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
    return folder


def _cache_base() -> Path:
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(chosen)
    from platformdirs import user_cache_path

    return user_cache_path("equirank", appauthor=False)
