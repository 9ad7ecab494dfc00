"""Which files a study reads: from the paths in the study, or from ``--data``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from engine.data.formats import format_of, unknown_format
from engine.data.source_file import SourceFile
from engine.errors import DataError, Fault, MissingFileError
from engine.study import StudySpec


def source_files(spec: StudySpec, base: Path, override: Path | None = None) -> tuple[SourceFile, ...]:
    """Return the files of a study, in order.

    Parameters
    ----------
    spec
        The study.
    base
        Folder that relative paths start from.
    override
        ``--data``: a file, a folder that holds the study's files, or a glob.

    Raises
    ------
    DataError
        If a file does not exist, or its format is unknown.
    """
    path = spec.source.path
    if isinstance(path, dict):
        files = _files_by_wave(path, base, override)
    else:
        patterns = list(path) if isinstance(path, tuple) else [path] if path else []
        files = _files_by_pattern(spec.study.name, patterns, base, override)
    for file in files:
        if format_of(file.path) is None:
            raise DataError(unknown_format(file.path))
    return tuple(files)


def _files_by_wave(names: Mapping[str, str], base: Path, override: Path | None) -> list[SourceFile]:
    """Return the file of each wave; in the folder of ``--data`` only the names count, not their folders."""
    folder = base if override is None else override
    if not folder.is_dir():
        expected = f"the folder of the study's {len(names)} files"
        raise DataError(Fault(f"--data {folder}", "is not a folder", expected, "Name that folder."))
    files = []
    for wave, name in names.items():
        file = folder / (name if override is None else Path(name).name)
        if not file.is_file():
            shown = name if override is None else file.name
            raise MissingFileError(
                Fault(shown, f"no such file in '{file.parent}'", "a data file", "Use --data PATH.")
            )
        files.append(SourceFile(path=file, wave=wave))
    return files


def _files_by_pattern(
    study: str, patterns: Sequence[str], base: Path, override: Path | None
) -> list[SourceFile]:
    """Return the files of all patterns; overlapping patterns name a file once."""
    if override is not None and override.is_dir():
        base = override
        patterns = [Path(one).name if Path(one).is_absolute() else one for one in patterns]
    elif override is not None:
        base, patterns = override.parent, [override.name]
    if not patterns:
        raise MissingFileError(
            Fault(
                f"study '{study}'",
                "it names no file",
                "source.path or --data PATH",
                "Give the data file or folder.",
            )
        )
    unique = dict.fromkeys(file.resolve() for pattern in patterns for file in _matches(base, pattern))
    return [SourceFile(path=file) for file in unique]


def _matches(base: Path, pattern: str) -> list[Path]:
    """Return the files that a name or a glob stands for, sorted.

    A name with ``[``, ``*`` or ``?`` in it can be that of a file.
    """
    exact = base / pattern
    if exact.is_file():
        return [exact]
    path = Path(pattern)
    folder, glob = (
        (Path(path.anchor), str(path.relative_to(path.anchor))) if path.is_absolute() else (base, pattern)
    )
    files = sorted(file for file in folder.glob(glob) if file.is_file())
    if not files:
        raise MissingFileError(_missing(base, pattern))
    return files


def _missing(base: Path, pattern: str) -> Fault:
    if base.name == "studies" and base.parent.name == "engine":
        return Fault(
            pattern,
            "a shipped study reads your own files",
            "--data with their folder or file",
            "Give --data.",
        )
    return Fault(
        pattern,
        f"no such file in '{base}'",
        "one or more data files",
        "Give --data PATH, or correct source.path.",
    )
