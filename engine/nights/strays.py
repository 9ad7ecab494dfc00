"""Files of an inbox that no path of the study names, with a guess of what was meant."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path

from engine.data.damage import CHECKSUM_SUFFIX
from engine.store.layout import MARK
from engine.study import StudySpec

MOST_LOOKED_AT = 10_000  # files of an inbox
MOST_TOLD = 50


def stray_files(spec: StudySpec, inbox: Path, known: Collection[Path]) -> list[tuple[Path, str]]:
    """Return files that no path names, sorted, each with what may have been meant.

    Hidden files are none, and so are the files of a store inside the inbox.
    """
    names = _names(spec)
    present = {path.name for path in known}
    open_names = [name for name in names if name not in present]
    return [(path, _guess(path.name, open_names)) for path in sorted(_unnamed(inbox, known))][:MOST_TOLD]


def _unnamed(inbox: Path, known: Collection[Path]) -> Iterator[Path]:
    seen = {*known, *(path.with_name(path.name + CHECKSUM_SUFFIX) for path in known)}
    paths = [*islice(inbox.rglob("*"), MOST_LOOKED_AT)]
    stores = {path.parent for path in paths if path.name == MARK} - {inbox}
    for path in paths:
        is_hidden = any(part.startswith(".") for part in path.relative_to(inbox).parts)
        is_plain = path.is_file() and not path.is_symlink()
        if path not in seen and not is_hidden and is_plain and stores.isdisjoint(path.parents):
            yield path


def _names(spec: StudySpec) -> tuple[str, ...]:
    """Return the names and patterns of the study's files, without their folders."""
    path = spec.source.path
    paths = path.values() if isinstance(path, dict) else path if isinstance(path, tuple) else (path,)
    return tuple(Path(one).name for one in paths if one is not None)


def _guess(name: str, wanted: Sequence[str]) -> str:
    """Return the wanted name or pattern that a file comes closest to, or all of them.

    Examples
    --------
    >>> _guess("BRFSS2019.DTA", ["brfss_*.dta"]), _guess("notes.txt", ["brfss_*.dta"])
    ("is it meant as 'brfss_*.dta'?", "the study names 'brfss_*.dta'")
    >>> _guess("wave2016.dta", ["wave_2014.dta", "wave_2016.dta"])
    "is it meant as 'wave_2016.dta'?"
    """
    plain = {_plain(one): one for one in wanted}
    alike = [one for pattern, one in plain.items() if fnmatchcase(_plain(name), pattern)]
    close = alike or [plain[one] for one in get_close_matches(_plain(name), list(plain), n=1, cutoff=0.75)]
    if close:
        return f"is it meant as '{close[0]}'?"
    listed = ", ".join(f"'{one}'" for one in wanted[:5])
    return f"the study names {listed}" if listed else "every file that the study names is there"


def _plain(name: str) -> str:
    """Return a name in lower case without signs, so that wave_1.DTA and Wave-1.dta are alike."""
    return "".join(char for char in name.casefold() if char.isalnum() or char in "*?")
