"""The files of a study in an inbox: complete or still being written, and what they hold, as a hash."""

from __future__ import annotations

import fcntl
import os
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.data.formats import SUFFIXES, format_of
from engine.data.source_file import SourceFile, content_hash
from engine.errors import DataError, UsageError
from engine.nights.strays import stray_files
from engine.store.ledger import FileEntry
from engine.study import StudySpec

SETTLED = 2.0  # seconds without a change before a file counts as complete
QUIET = 60.0  # the same for files of other users
Stamp = tuple[tuple[int, ...], ...]
"""Size, times and inode of a file and of those merged with it (ns)."""
F_SETSIG = 10  # of Linux; Python's fcntl does not name it
SIGNAL_NOBODY_MINDS = 23  # SIGURG: the default action is none


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxFile:
    """A complete file of the study: its printable name relative to the inbox, and its stamp."""

    name: str
    source: SourceFile
    stamp: Stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox:
    """Complete and growing files of an inbox, names and sources of both in the order of the study, notes.

    `strays` are notes too: files that no path of the study names.
    """

    files: tuple[InboxFile, ...]
    growing: tuple[str, ...]
    names: tuple[str, ...]
    sources: Mapping[str, SourceFile]
    notes: tuple[str, ...]
    strays: tuple[str, ...] = ()


def is_text(name: str) -> bool:
    """Whether a name is proper text: the readers take no other."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def printable(name: str) -> str:
    r"""Return a name with control characters and undecodable bytes as escapes.

    Examples
    --------
    >>> printable("a\nb"), printable("波.dta")
    ('a\\nb', '波.dta')
    """
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in name)


def look_into(spec: StudySpec, inbox: Path) -> Inbox:
    """Return the files of a study in an inbox: complete ones, and those that are still being written.

    A file that changed in the last two seconds is looked at again after them. A file is growing if it is open
    for writing, or changes between the two looks.

    Raises
    ------
    UsageError
        If the inbox is no folder, or the study reads no files.
    DataError
        If a file that is merged with the records is missing.
    """
    if not inbox.is_dir() or not os.access(inbox, os.R_OK | os.X_OK):
        raise UsageError(
            f"--inbox {inbox}: is no folder that you may read; expected the one with the survey files. "
            "Is it mounted?"
        )
    sources, notes = {}, []
    candidates = [*_candidates(spec, inbox)]
    for source in candidates:
        fault = _why_no_plain_file(source.path)
        if fault is None:
            sources[_name(source, inbox)] = source
        else:
            notes.append(f"{_name(source, inbox)}: {fault}")
    known = {path for source in candidates for path in (source.path, *source.places)}
    strays = tuple(
        f"{printable(str(path.relative_to(inbox)))}: no path of the study names it; {guess}"
        for path, guess in stray_files(spec, inbox, known)
    )
    first_stamps = {name: _stamp(source) for name, source in sources.items()}
    _wait_until_settled([stamp for stamp in first_stamps.values() if stamp])
    files, growing = [], []
    for name, source in sources.items():
        stamp = _stamp(source)
        is_open = any(map(is_open_for_writing, (source.path, *source.places)))
        if stamp is None or stamp != first_stamps[name] or is_open:
            growing.append(name)
        else:
            files.append(InboxFile(name=name, source=source, stamp=stamp))
    return Inbox(
        files=tuple(files),
        growing=tuple(growing),
        names=tuple(sources),
        sources=sources,
        notes=(*notes, *strays),
        strays=strays,
    )


def _wait_until_settled(stamps: Sequence[Stamp]) -> None:
    """Wait until the youngest file has not changed for two seconds; the clock of its disk may be ahead."""
    youngest = max((stamp[0][1] for stamp in stamps), default=0) / 1e9
    wait = youngest + SETTLED - time.time()
    if 0 < wait <= SETTLED:
        time.sleep(wait)


def _name(source: SourceFile, inbox: Path) -> str:
    return printable(str(source.path.relative_to(inbox)))


def _candidates(spec: StudySpec, inbox: Path) -> Iterator[SourceFile]:
    """Yield every file that the study's path names, in its order and once."""
    path = spec.source.path
    if path is None:
        raise UsageError(
            f"study '{spec.study.name}': it reads no files; expected source.path, such as 'wave_*.dta'. "
            "Name the files."
        )
    places = tuple(inbox / merge.path for merge in spec.source.merge)
    for place in places:
        if not place.is_file():
            raise DataError(
                f"{place.name}: is not in the inbox; expected the file of source.merge. Put it there."
            )
    if isinstance(path, dict):
        for wave, name in path.items():
            if os.path.lexists(inbox / Path(name).name):
                yield SourceFile(path=inbox / Path(name).name, wave=wave, places=places)
        return
    seen = set()
    for pattern in path if isinstance(path, tuple) else (path,):
        name = Path(pattern).name if Path(pattern).is_absolute() else pattern
        for one in [inbox / name] if os.path.lexists(inbox / name) else sorted(inbox.glob(name)):
            if one not in seen and one not in places:
                seen.add(one)
                yield SourceFile(path=one, places=places)


def _why_no_plain_file(path: Path) -> str | None:
    """Return why something of the right name is passed over: a pipe would block, a link may lead anywhere."""
    if not is_text(path.name):
        return "a name that is no text; expected UTF-8. Rename the file"
    try:
        mode = path.lstat().st_mode
    except OSError:
        return "gone while the inbox was looked at"
    if stat.S_ISLNK(mode):
        return "a link; expected the file itself"
    if not stat.S_ISREG(mode):
        return "a folder" if stat.S_ISDIR(mode) else "no plain file"
    if format_of(path) is None:
        return f"an unknown format; expected one of {', '.join(SUFFIXES)}"
    return None


def _stamp(source: SourceFile) -> Stamp | None:
    """Return size, times and inode of a file and those merged with it, None if one has gone."""
    try:
        found = [path.stat() for path in (source.path, *source.places)]
    except OSError:
        return None
    return tuple((one.st_size, one.st_mtime_ns, one.st_ctime_ns, one.st_ino) for one in found)


def is_unchanged(file: InboxFile) -> bool:
    """Whether a file is still as it was when the inbox was looked at."""
    return _stamp(file.source) == file.stamp


def is_open_for_writing(path: Path) -> bool:
    """Whether some process of this machine has a file open for writing; False where the system cannot tell.

    The kernel grants a read lease only on a file that nobody writes, and to its owner or root only.
    """
    if not hasattr(fcntl, "F_SETLEASE"):
        return False
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.fcntl(handle, F_SETSIG, SIGNAL_NOBODY_MINDS)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except PermissionError:  # a file of somebody else: the kernel does not tell, a longer silence must do
        return time.time() - path.stat().st_mtime < QUIET
    except OSError:
        return False
    finally:
        os.close(handle)
    return False


def fingerprint(file: InboxFile, known: FileEntry | None) -> str | None:
    """Return the SHA-256 of a file, None if it cannot be read.

    The ledger's is returned where nothing can have changed since the last look. A file that changed in the
    two seconds before that look may have changed again within the same tick of the clock.
    """
    stamp = [list(one) for one in file.stamp]
    if known is not None and known.stamp == stamp:
        newest = max(time for one in file.stamp for time in one[1:3])
        if known.looked_at > newest + SETTLED * 1e9:
            return known.sha256
    try:
        return content_hash((file.source.path, *file.source.places))
    except OSError:
        return None
