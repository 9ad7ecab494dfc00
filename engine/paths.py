"""Where the engine keeps what it may throw away: harmonised panels and compiled kernels."""

from __future__ import annotations

import os
from pathlib import Path

from engine.errors import UsageError

CACHE_VARIABLE = "EQUIRANK_CACHE"


def cache_folder(kind: str) -> Path:
    """Return the private cache folder for `kind`, made on first use.

    The environment variable ``EQUIRANK_CACHE`` moves the whole cache; otherwise it is the platform's user
    cache folder. Panels hold microdata, so only the owner may read the folder.
    """
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        base = Path(chosen)
    else:
        from platformdirs import user_cache_path

        base = user_cache_path("equirank", appauthor=False)
    folder = base / kind
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise UsageError(
            f"cache folder {base}: cannot be made ({type(error).__name__}); expected a folder you may write to. "
            f"Set {CACHE_VARIABLE} to one."
        ) from None
    return folder
