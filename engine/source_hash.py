"""Hash the source code behind a result, found by its imports: an edit anywhere in it gives another hash.

Stored rows, harmonised parts and compiled kernels are reused only while the code that made them is the same.
A list of files would silently miss what is moved or added; imports cannot be missed, because the code does
not run without them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent

# Patterns and not `ast`, which takes a fifth of a second for the package; a test compares the two.
_FOR_TYPES_ONLY = re.compile(r"^if TYPE_CHECKING:\n(?:(?:[ \t].*)?\n)+", re.MULTILINE)
_FROM = re.compile(r"^[ \t]*from[ \t]+([\w.]+)[ \t]+import[ \t]+(?:\(([^)]*)\)|(.*))", re.MULTILINE)
_IMPORT = re.compile(r"^[ \t]*import[ \t]+(.*)", re.MULTILINE)
_COMMENT = re.compile(r"#.*")


class UnknownModuleError(Exception):
    """A module of the package is named, but has no file: its code would be left out of the hash."""


def hash_of_files(paths: Iterable[Path]) -> str:
    """Return a hash of the content of files, in the order given, as 16 hexadecimal digits."""
    sha = hashlib.sha256()
    for path in paths:
        content = path.read_bytes()
        sha.update(len(content).to_bytes(8, "big"))
        sha.update(content)
    return sha.hexdigest()[:16]


@cache
def imported_files(
    modules: tuple[str, ...], without: tuple[str, ...] = (), package: Path = PACKAGE
) -> list[Path]:
    """Return the files of some modules and of all that they import, directly or not, sorted.

    Imports inside functions count; those under ``if TYPE_CHECKING`` never run and do not. The package's own
    ``__init__.py`` holds names only and is left out.

    Parameters
    ----------
    modules
        Dotted names, such as ``engine.batch.tasks``.
    without
        Modules and packages that are not followed.
    package
        Folder of the package; its name is the first part of every dotted name.

    Raises
    ------
    UnknownModuleError
        If one of `modules`, or an imported module, has no file.

    Examples
    --------
    >>> [path.name for path in imported_files(("engine.durable",))]
    ['durable.py']
    """
    found: set[Path] = set()
    waiting = [*modules]
    while waiting:
        name = waiting.pop()
        if any(name == one or name.startswith(f"{one}.") for one in without):
            continue
        for path in _files_of(name, package):
            if path not in found:
                found.add(path)
                waiting.extend(imported_modules(path, package))
    return sorted(found)


def _files_of(name: str, package: Path) -> Iterator[Path]:
    """Yield the file of a module, and the ``__init__.py`` of each package around it, which run with it."""
    first, *steps = name.split(".")
    if first != package.name or not steps:
        raise UnknownModuleError(
            f"{name}: expected a module of {package.name}, such as {package.name}.arrays."
        )
    files, place = _modules_there(package), first
    for step in steps:
        place = f"{place}.{step}"
        if place not in files:
            raise UnknownModuleError(f"{name}: there is no file {place.replace('.', '/')}.py.")
        yield files[place]


@cache
def _modules_there(package: Path) -> dict[str, Path]:
    """Return dotted name -> file of every module; one look at all folders is quicker than one a name."""
    files = {}
    for path in package.rglob("*.py"):
        steps = path.relative_to(package.parent).with_suffix("").parts
        files[".".join(steps[:-1] if steps[-1] == "__init__" else steps)] = path
    return files


@cache
def imported_modules(path: Path, package: Path = PACKAGE) -> frozenset[str]:
    """Return the dotted names of the package's modules that a file imports when it runs."""
    text = _FOR_TYPES_ONLY.sub("", path.read_text(encoding="utf-8"))
    inside = f"{package.name}."
    found: set[str] = set()
    for listed in _IMPORT.findall(text):
        names = [part.split()[0] for part in _COMMENT.sub("", listed).split(",") if part.strip()]
        found.update(name for name in names if name.startswith(inside))
    for base, several, one in _FROM.findall(text):
        if base == package.name or base.startswith(inside):
            names = [part.split()[0] for part in _COMMENT.sub("", several or one).split(",") if part.strip()]
            found.update(_behind(base, name, package) for name in names)
    return frozenset(found - {package.name})


def _behind(base: str, name: str, package: Path) -> str:
    """Return the module behind ``from base import name``: a submodule if there is one, else the base."""
    return f"{base}.{name}" if f"{base}.{name}" in _modules_there(package) else base
