"""What a process that reads foreign files may still do; the system forbids the rest (Linux).

The kernel's Landlock confines a process for good: it can read the folders of its files and this program, and
write where its answers go. It can neither start programs nor open connections. Where the system has no
Landlock (macOS, Windows, Linux before 5.13), or the library is missing, processes read as before.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from engine.data.read_request import Request

if TYPE_CHECKING:
    from landlockpy import AccessFS, Ruleset

SWITCH = "EQUIRANK_CONFINEMENT"
"""The variable that turns it off, if it is `off`: for systems whose libraries lie in odd places."""
OF_PROGRAMS = (
    "/usr",
    "/lib",
    "/lib32",
    "/lib64",
    "/opt",
    "/nix",
    "/gnu",
    "/sys/devices/system",
    "/sys/fs/cgroup",
)
SINGLE_FILES = (
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/timezone",
    "/proc/self",
    "/proc/cpuinfo",
    "/proc/filesystems",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/sys/kernel",
    "/proc/sys/vm",
    "/dev/random",
    "/dev/urandom",
    "/dev/zero",
)
NOWHERE = "/dev/null"


@dataclass(frozen=True, slots=True, kw_only=True)
class Confinement:
    """The folders that a process may read, and those in which it may change files."""

    reads: frozenset[str]
    writes: frozenset[str]

    @classmethod
    def of(cls, requests: Iterable[Request]) -> Self:
        """Return what the requests need."""
        reads, writes = set(), set()
        for request in requests:
            files = (request.source.path, *request.source.places)
            reads |= {str(file.resolve().parent) for file in files}
            writes |= {str(folder.resolve()) for folder in request.writes}
        return cls(reads=frozenset(reads), writes=frozenset(writes))

    def covers(self, other: Confinement) -> bool:
        """Whether a process confined in this way can do what another one can."""
        return other.reads <= self.reads | self.writes and other.writes <= self.writes

    def as_dict(self) -> dict[str, list[str]]:
        """Return the folders, ready for JSON."""
        return {"reads": sorted(self.reads), "writes": sorted(self.writes)}


def confine(folders: Mapping[str, Sequence[str]]) -> bool:
    """Confine this process to folders for good; return whether the system could.

    Threads that run already stay free, so this comes before the first file is read.
    """
    if os.environ.get(SWITCH) == "off" or sys.platform != "linux":
        return False
    try:
        import landlockpy
    except ImportError:
        return False
    try:
        if not landlockpy.supported():
            return False
        others = landlockpy.Scope.ABSTRACT_UNIX_SOCKET | landlockpy.Scope.SIGNAL
        with landlockpy.Ruleset(scoped=others) as rules:
            _allow(rules, folders)
            rules.restrict()
    except OSError:  # a container may forbid the calls themselves
        return False
    return True


def _allow(rules: Ruleset, folders: Mapping[str, Sequence[str]]) -> None:
    from landlockpy import AccessFS

    look = AccessFS.READ_FILE | AccessFS.READ_DIR
    python = (sys.prefix, sys.base_prefix, sys.exec_prefix, *filter(None, sys.path))
    for path in (*OF_PROGRAMS, *SINGLE_FILES, *python, *folders["reads"]):
        _allow_path(rules, path, look)
    _allow_path(rules, NOWHERE, AccessFS.READ_FILE | AccessFS.WRITE_FILE)
    for path in folders["writes"]:
        _allow_path(rules, path, rules.handled_fs & ~AccessFS.EXECUTE)


def _allow_path(rules: Ruleset, path: str, access: AccessFS) -> None:
    from landlockpy import AccessFS

    of_file = AccessFS.READ_FILE | AccessFS.WRITE_FILE
    if Path(path).exists():
        rules.allow_path(path, access if Path(path).is_dir() else access & of_file)
