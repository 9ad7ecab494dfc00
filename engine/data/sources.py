"""Which files a study reads, and what they look like: lazy frames of raw columns with their labels."""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.data.encoding import Encoding, find_text_encoding, undecodable
from engine.errors import DataError, MissingFileError, nearest
from engine.study import StudySpec

if TYPE_CHECKING:
    import polars as pl

SUFFIXES = (".parquet", ".csv", ".csv.gz", ".dta", ".sav")


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def content_hash(paths: Sequence[Path]) -> str:
    """Return the SHA-256 of a file, or of the hashes of several."""
    return _joined([file_hash(path) for path in paths])


def _joined(digests: Sequence[str]) -> str:
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """One data file, the wave it holds if the study says so, and the files of places merged with it."""

    path: Path
    wave: str | None = None
    places: tuple[Path, ...] = ()

    @property
    def suffix(self) -> str:
        """The format, from the name."""
        name = self.path.name.lower()
        return ".csv.gz" if name.endswith(".csv.gz") else self.path.suffix.lower()

    def digest(self) -> str:
        """SHA-256 of the content, and of that of merged files."""
        digests = []
        for path in (self.path, *self.places):
            with reading(path):
                digests.append(file_hash(path))
        return _joined(digests)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawFrame:
    """A file as a lazy frame.

    Attributes
    ----------
    name
        File name for messages.
    frame
        Raw columns; text as text.
    columns
        Their names.
    labels
        Column -> code -> label, for files that carry them.
    column_labels
        Column -> what the file says it is.
    missing_ranges
        Column -> (low, high) codes that the file itself declares missing.
    n_rows
        Rows of the file.
    encoding
        Of its text, None for formats that leave no doubt.
    n_undecodable
        Different texts with bytes that this encoding does not have.
    file_label
        What the file says it holds.
    unmatched
        Merged file -> rows without a record there.
    """

    name: str
    frame: pl.LazyFrame
    columns: tuple[str, ...]
    labels: Mapping[str, Mapping[float | str, str]] = field(default_factory=dict)
    column_labels: Mapping[str, str] = field(default_factory=dict)
    missing_ranges: Mapping[str, tuple[tuple[float, float], ...]] = field(default_factory=dict)
    n_rows: int
    encoding: Encoding | None = None
    n_undecodable: int = 0
    file_label: str = ""
    unmatched: Mapping[str, int] = field(default_factory=dict)

    def columns_of_frame(self) -> tuple[str, ...]:
        """Return every column of the lazy frame, with those a converted file brought along."""
        return tuple(self.frame.collect_schema().names())

    def has(self, name: str) -> bool:
        """Whether there is a column of this name, in any case."""
        return any(column.strip().casefold() == name.strip().casefold() for column in self.columns)

    def matching(self, pattern: str) -> list[tuple[str, str]]:
        """Return the columns (name, label) whose name or label matches a regular expression."""
        found = [(column, self.column_labels.get(column, "")) for column in self.columns]
        return [
            pair
            for pair in found
            if re.search(pattern, pair[0], re.IGNORECASE) or re.search(pattern, pair[1])
        ]

    def column(self, name: str, place: str) -> str:
        """Return the file's own spelling of a column, matched without regard to case.

        Raises
        ------
        DataError
            If there is none, or two that differ only in case.
        """
        if name in self.columns:
            return name
        same = [column for column in self.columns if column.strip().casefold() == name.strip().casefold()]
        if len(same) == 1:
            return same[0]
        if same:
            raise DataError(
                f"{self.name}: columns {', '.join(same)} differ only in case; expected one for {place}. "
                "Write it exactly as in the file."
            )
        raise DataError(
            f"{self.name}: no column '{name}', wanted by {place}; expected one of its {len(self.columns)} columns. "
            f"{nearest(name, list(self.columns))}"
        )


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn any failure of a reader into a DataError that names the file and never a value."""
    import polars as pl
    from pyreadstat import PyreadstatError, ReadstatError

    # A Polars panic is no Exception; errors of our own code must pass. LookupError: an unknown encoding.
    expected = (
        OSError,
        LookupError,
        EOFError,
        UnicodeError,
        pl.exceptions.PolarsError,
        pl.exceptions.PanicException,
        PyreadstatError,
        ReadstatError,
    )
    try:
        yield
    except expected as error:
        reason = {"FileNotFoundError": "is not there", "PermissionError": "may not be read"}.get(
            type(error).__name__, f"cannot be read ({type(error).__name__})"
        )
        raise DataError(
            f"{path.name}: the file {reason}; expected a readable {path.suffix.lstrip('.') or 'data'} file. "
            "Check the path, the format and, for text, source.encoding."
        ) from None


def source_files(spec: StudySpec, base: Path, override: Path | None = None) -> tuple[SourceFile, ...]:
    """Return the files of a study, in order.

    Parameters
    ----------
    spec
        The study.
    base
        Folder that relative paths start from.
    override
        ``--data``: a file, a folder in which the study's own names are looked for, or a glob.

    Raises
    ------
    DataError
        If a file is not there, or its format is unknown.
    """
    path = spec.source.path
    if isinstance(path, dict):
        folder = base if override is None else override
        if not folder.is_dir():
            raise DataError(
                f"--data {folder}: is no folder; expected the folder of the study's {len(path)} files."
            )
        names = {wave: Path(name).name if override is not None else name for wave, name in path.items()}
        found = [SourceFile(path=_one(folder / name, name), wave=wave) for wave, name in names.items()]
    else:
        patterns = list(path) if isinstance(path, tuple) else [path] if path else []
        if override is not None and override.is_dir():
            patterns = [
                Path(pattern).name if Path(pattern).is_absolute() else pattern for pattern in patterns
            ]
        if override is not None and not override.is_dir():
            patterns, base = [override.name], override.parent
        elif override is not None:
            base = override
        if not patterns:
            raise MissingFileError(
                f"study '{spec.study.name}': it names no file; expected source.path or --data PATH. "
                "Give the data file or folder."
            )
        # Overlapping patterns name a file once.
        files = dict.fromkeys(file.resolve() for pattern in patterns for file in _matching(base, pattern))
        found = [SourceFile(path=file) for file in files]
    for file in found:
        if file.suffix not in SUFFIXES:
            raise DataError(
                f"{file.path.name}: unknown format '{file.suffix}'; expected one of {', '.join(SUFFIXES)}. "
                "Convert the file."
            )
    return tuple(found)


def _one(path: Path, name: str) -> Path:
    if not path.is_file():
        raise MissingFileError(
            f"{name}: no such file in '{path.parent}'; expected a data file. Use --data PATH."
        )
    return path


def _matching(base: Path, pattern: str) -> list[Path]:
    direct = base / pattern
    if direct.is_file():
        return [direct]
    found = _glob(base, pattern)
    if not found:
        if base.name == "studies" and base.parent.name == "engine":
            raise MissingFileError(
                f"{pattern}: a shipped study reads your own files; expected --data with their folder or file."
            )
        raise MissingFileError(
            f"{pattern}: no such file in '{base}'; expected one or more data files. Give --data PATH, or correct "
            "source.path."
        )
    return found


def _glob(base: Path, pattern: str) -> list[Path]:
    """Return the files of a pattern, sorted; an absolute pattern has its own base."""
    path = Path(pattern)
    if path.is_absolute():
        base, pattern = Path(path.anchor), str(path.relative_to(path.anchor))
    return sorted(file for file in base.glob(pattern) if file.is_file())


def open_frame(file: SourceFile, wanted: tuple[str, ...], encoding: str | None, scratch: Path) -> RawFrame:
    """Open a file as a lazy frame of raw columns.

    `wanted` names the columns the study uses (any case, or glob patterns); formats that must be converted
    first (.dta, .sav) convert only these, in chunks, into `scratch`.
    """
    import polars as pl

    from engine.data.labelled import open_labelled

    text: Encoding | None = None
    with reading(file.path):
        if file.suffix in (".dta", ".sav"):
            return open_labelled(file, wanted, encoding, scratch)
        if file.suffix == ".parquet":
            frame = pl.scan_parquet(file.path, glob=False)
        else:
            text = _text_encoding(file, encoding)
            is_utf8 = codecs.lookup(text.name).name in ("utf-8", "ascii")
            path = file.path if is_utf8 else _as_utf8(file.path, text.name, scratch)
            frame = pl.scan_csv(path, infer_schema=False, glob=False)
        schema: dict[str, Any] = dict(frame.collect_schema())
        n_rows = int(frame.select(pl.len()).collect(engine="streaming").item())
    twice = [name for name in schema if name.endswith("_duplicated_0") and file.suffix.startswith(".csv")]
    if twice:
        raise DataError(
            f"{file.path.name}: column '{twice[0].removesuffix('_duplicated_0')}' is there twice; expected one. "
            "Rename one of them."
        )
    return RawFrame(name=file.path.name, frame=frame, columns=tuple(schema), n_rows=n_rows, encoding=text)


def _text_encoding(file: SourceFile, given: str | None) -> Encoding:
    found = Encoding(name=given, how="given") if given is not None else find_text_encoding(file.path)
    if found is None:
        raise undecodable(file.path.name)
    return found


def _as_utf8(path: Path, encoding: str, scratch: Path) -> Path:
    """Rewrite a text file as UTF-8, a piece at a time."""
    import gzip
    import shutil

    target = scratch / f"{path.stem}.utf8.csv"
    with ExitStack() as stack:
        if path.suffix == ".gz":
            source = stack.enter_context(gzip.open(path, "rt", encoding=encoding))
        else:
            source = stack.enter_context(path.open(encoding=encoding))
        shutil.copyfileobj(source, stack.enter_context(target.open("w", encoding="utf-8")))
    return target
