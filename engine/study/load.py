"""From TOML text to a frozen study, or to all of its faults."""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from engine.errors import Fault, StudyError, nearest
from engine.study.calibration_totals import margins_with_files, read_totals
from engine.study.cross_check import cross_check
from engine.study.faults import faults_of, with_name
from engine.study.imputations import filled
from engine.study.study_spec import StudySpec
from engine.study.toml_faults import toml_fault

MAX_BYTES = 1_000_000
MOST_EXTENDED = 5


def shipped_studies() -> dict[str, Path]:
    """Return the studies that ship with the program: name -> file."""
    folder = Path(str(resources.files("engine"))) / "studies"
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def load_study(study: str | Path) -> StudySpec:
    """Load a shipped study by name, or a study file.

    Parameters
    ----------
    study
        A shipped name such as ``"cmds"``, or the path of a TOML file.

    Returns
    -------
    StudySpec
        The frozen study.

    Raises
    ------
    StudyError
        With every fault of the file: its TOML path, what was found, what was expected, what to do.

    Examples
    --------
    >>> load_study("cmds").study.name
    'cmds'
    """
    path = study_path(study)
    return parse_study(read_study(path), str(path.name), path.parent)


def study_path(study: str | Path) -> Path:
    """Return the file of a shipped name or a path."""
    shipped = shipped_studies()
    if str(study) in shipped:
        return shipped[str(study)]
    path = Path(study)
    try:
        is_file = path.is_file()
    except (OSError, ValueError):  # too long, or no possible name
        is_file = False
    if not is_file:
        remedy = nearest(str(study), list(shipped))
        raise StudyError(
            str(study),
            (Fault("study", "no such file", "a study file or the name of a shipped study", remedy),),
        )
    return path


def read_study(path: Path) -> str:
    """Read a study file as text; a study is never larger than a megabyte."""
    if path.stat().st_size > MAX_BYTES:
        fault = Fault(
            "study file", f"{path.stat().st_size:,} bytes", f"at most {MAX_BYTES:,}", "Is it a study file?"
        )
        raise StudyError(path.name, (fault,))
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        fault = Fault("study file", type(error).__name__, "readable UTF-8 text", "Save it as UTF-8.")
        raise StudyError(path.name, (fault,)) from None


def raw_study(text: str, source: str, folder: Path, depth: int = 0) -> dict[str, Any]:
    """Return the tables of a study file, completed by those of the study it extends.

    Raises
    ------
    StudyError
        If the text is no TOML, or extends what is not there or extends itself.
    """
    try:
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        deep = Fault("study file", "tables nested too deeply", "a few levels", "Is it a study file?")
        fault = deep if isinstance(error, RecursionError) else toml_fault(text, error)
        raise StudyError(source, (fault,)) from None
    base = raw.get("extends")
    if not isinstance(base, str):
        return raw
    if depth >= MOST_EXTENDED:
        fault = Fault(
            "extends", "a chain that does not end", f"at most {MOST_EXTENDED} studies", "Is it circular?"
        )
        raise StudyError(source, (fault,))
    try:
        path = study_path(base if base in shipped_studies() else folder / base)
    except StudyError:
        remedy = nearest(base, [*shipped_studies()])
        fault = Fault("extends", f"'{base}'", "a shipped study, or a file beside this one", remedy)
        raise StudyError(source, (fault,)) from None
    extended = raw_study(read_study(path), path.name, path.parent, depth + 1)
    beside = os.path.relpath(path.parent.resolve(), folder.resolve())
    for table, key in (("source", "path"), ("imputations", "files")):
        files = extended.get(table)
        if isinstance(files, dict) and key in files and path not in shipped_studies().values():
            files[key] = _seen_from(files[key], beside)
    for margin in margins_with_files(extended):
        margin["file"] = _seen_from(margin["file"], beside)
    return _completed(extended, raw)


def _seen_from(path: Any, folder: str) -> Any:  # noqa: ANN401 - raw TOML
    """Return the paths of a study in another folder, relative to the folder of the study that extends it."""
    if isinstance(path, str):
        return path if folder == "." or Path(path).is_absolute() else (Path(folder) / path).as_posix()
    if isinstance(path, list):
        return [_seen_from(item, folder) for item in path]
    return {wave: _seen_from(item, folder) for wave, item in path.items()} if isinstance(path, dict) else path


def _completed(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Lay the tables of `over` over those of `base`, key by key; an empty text or table removes a key.

    Examples
    --------
    >>> _completed({"a": {"b": 1, "c": 2}, "d": [1], "e": {"f": 1}}, {"a": {"b": 3}, "d": [2], "e": {}})
    {'a': {'b': 3, 'c': 2}, 'd': [2]}
    """
    both = dict(base)
    for key, value in over.items():
        before = both.get(key)
        if value in ({}, ""):
            both.pop(key, None)
        elif isinstance(before, dict) and isinstance(value, dict):
            both[key] = _completed(before, value)
        else:
            both[key] = value
    return both


def parse_study(text: str, source: str = "study file", folder: Path | None = None) -> StudySpec:
    r"""Parse the text of a study file.

    Examples
    --------
    >>> parse_study("[study]\nname = 'x'\nsed = 1")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    engine.errors.StudyError: study file: 4 faults
      study.sed: found the unknown key 'sed'; expected a known key. Did you mean 'seed'?
    ...
    """
    raw = filled(raw_study(text, source, folder or Path.cwd()))
    unread = [*read_totals(raw, folder or Path.cwd())]
    faults: list[Fault] = []
    spec: StudySpec | None = None
    try:
        # JSON in strict mode: lists become tuples, but "5" never becomes 5.
        spec = StudySpec.model_validate_json(json.dumps(raw, default=str), strict=True)
    except ValidationError as error:
        faults = faults_of(error, raw)
    faults += unread
    places = {fault.place for fault in faults}
    faults += [fault for fault in cross_check(raw) if fault.place not in places]
    if faults or spec is None:
        raise StudyError(source, tuple(with_name(fault, raw) for fault in faults))
    return spec


def study_from_dict(stored: Mapping[str, Any]) -> StudySpec:
    """Return the study that `study_as_dict` wrote, as manifests hold it under ``study.asked``."""
    return StudySpec.model_validate_json(json.dumps(stored))


def study_hash(spec: StudySpec) -> str:
    """Return the SHA-256 of a study: of every key, defaults included.

    `disclosure` and `imputations` count if they are there: studies of before have the hash of then.
    """
    off = {name for name in ("disclosure", "imputations") if getattr(spec, name) is None}
    return hashlib.sha256(spec.model_dump_json(exclude=off).encode()).hexdigest()


def study_as_dict(spec: StudySpec) -> dict[str, Any]:
    """Return a study without its defaults, ready for JSON."""
    stored: dict[str, Any] = json.loads(spec.model_dump_json(by_alias=True, exclude_defaults=True))
    return stored


def study_seed(spec: StudySpec) -> int:
    """Return the study's seed; without one, a number derived from its name, recorded in the manifest."""
    if spec.study.seed is not None:
        return spec.study.seed
    return int.from_bytes(hashlib.sha256(spec.study.name.encode()).digest()[:4], "big")
