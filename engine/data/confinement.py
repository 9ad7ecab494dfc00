"""What a process that reads a foreign file may still do; the system forbids the rest (Linux).

The kernel's Landlock confines a process for good: it can read its file and this program, and write in the
folders that were made for its answer. It can neither start programs nor open connections. Where the system
has no Landlock (macOS, Windows, Linux before 5.13), or the library is missing, processes read as before.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from engine.data.forbidden_calls import forbid_calls
from engine.data.queries import query_folder

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


def can_confine() -> bool:
    """Whether the system can confine a process, and nobody has turned it off."""
    if os.environ.get(SWITCH) == "off" or sys.platform != "linux":
        return False
    try:
        import landlockpy
    except ImportError:
        return False
    try:
        return bool(landlockpy.supported())
    except OSError:
        return False


def confine(*, reads: Iterable[Path], writes: Iterable[Path]) -> None:
    """Confine this process for good, where `can_confine` says that the system can.

    Threads that run already stay free, so this comes before a library starts any.

    Parameters
    ----------
    reads
        The files that it may read; those that are not there are left out.
    writes
        The folders in which it may do what it likes with files and folders.
    """
    from landlockpy import Ruleset, Scope

    with (
        suppress(OSError),  # a container may forbid the calls themselves
        Ruleset(scoped=Scope.ABSTRACT_UNIX_SOCKET | Scope.SIGNAL) as rules,
    ):
        _allow(rules, reads, writes)
        rules.restrict()
    forbid_calls()


def _allow(rules: Ruleset, reads: Iterable[Path], writes: Iterable[Path]) -> None:
    from landlockpy import AccessFS

    look = AccessFS.READ_FILE | AccessFS.READ_DIR
    for name in (*OF_PROGRAMS, *SINGLE_FILES, *_of_python()):
        _allow_path(rules, Path(name), look)
    _allow_path(rules, query_folder(), look)
    for path in reads:
        if path.is_file():
            rules.allow_path(path, AccessFS.READ_FILE)
    _allow_path(rules, Path(NOWHERE), AccessFS.READ_FILE | AccessFS.WRITE_FILE)
    change = AccessFS.WRITE_FILE | AccessFS.TRUNCATE | AccessFS.REFER
    change |= AccessFS.MAKE_REG | AccessFS.MAKE_DIR | AccessFS.REMOVE_FILE | AccessFS.REMOVE_DIR
    for path in writes:
        _allow_path(rules, path, look | change)


def _of_python() -> Iterator[str]:
    """Yield where Python and its packages lie.

    Other folders of the search path, such as a checkout, may hold data too: of these, only the packages that
    are imported already.
    """
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix}
    yield from prefixes
    others = []
    for place in filter(None, sys.path):
        if Path(place).name in ("site-packages", "dist-packages") or Path(place).is_file():
            yield place
        elif not any(Path(place).is_relative_to(prefix) for prefix in prefixes):
            others.append(place)
    for name, module in [*sys.modules.items()]:
        file = getattr(module, "__file__", None)
        if "." not in name and file is not None and any(Path(file).is_relative_to(one) for one in others):
            yield str(Path(file).parent if Path(file).stem == "__init__" else file)


def _allow_path(rules: Ruleset, path: Path, access: AccessFS) -> None:
    from landlockpy import AccessFS

    of_file = AccessFS.READ_FILE | AccessFS.WRITE_FILE
    if path.exists():
        rules.allow_path(path, access if path.is_dir() else access & of_file)
