"""The file formats a study can read, in one table.

A new format is a module with a reader and one line of `FORMATS`; suffixes, messages, row counts and checks
follow from the table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.data.excel_file import open_excel
from engine.data.labelled_file import count_spss_rows, count_stata_rows, open_spss, open_stata
from engine.data.parquet_file import open_parquet, refuse_damaged_pages
from engine.data.raw_frame import RawFrame
from engine.data.source_file import SourceFile, reading
from engine.data.text_file import open_text
from engine.data.zip_file import unpacked
from engine.errors import DataError, Fault

Opener = Callable[[SourceFile, tuple[str, ...], str | None, Path], RawFrame]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFormat:
    """A format of data files.

    Attributes
    ----------
    suffixes
        Endings of file names, in lower case.
    open
        Opens a file as a lazy frame, see `open_frame`.
    rows_in_header
        Returns the number of rows that the header holds; None if the file must be opened to count them.
    has_encoding
        Whether the encoding of the text is not fixed by the format.
    has_labels
        Whether its files may label variables and codes.
    refuse_damage
        Compares the wanted columns of a file with checksums inside it; None if the format has none.
    """

    suffixes: tuple[str, ...]
    open: Opener
    rows_in_header: Callable[[Path], int] | None = None
    has_encoding: bool = True
    has_labels: bool = False
    refuse_damage: Callable[[Path, tuple[str, ...]], None] | None = None

    @property
    def remedy(self) -> str:
        """What to do about a file that cannot be read."""
        checks = "path, the format and source.encoding" if self.has_encoding else "path and the format"
        return f"Check the {checks}."


_PLAIN = (
    FileFormat(
        suffixes=(".parquet",),
        open=open_parquet,
        has_encoding=False,
        refuse_damage=refuse_damaged_pages,
    ),
    FileFormat(suffixes=(".csv", ".csv.gz", ".tsv", ".tsv.gz"), open=open_text),
    FileFormat(suffixes=(".xlsx",), open=open_excel, has_encoding=False),
    FileFormat(suffixes=(".dta",), open=open_stata, rows_in_header=count_stata_rows, has_labels=True),
    FileFormat(suffixes=(".sav",), open=open_spss, rows_in_header=count_spss_rows, has_labels=True),
)
ARCHIVE = ".zip"
_UNPACKED = tuple(suffix for one in _PLAIN for suffix in one.suffixes)


def _open_archive(file: SourceFile, wanted: tuple[str, ...], encoding: str | None, scratch: Path) -> RawFrame:
    """Open the one data file of an archive under the archive's name."""
    inside = replace(file, path=unpacked(file.path, scratch, _UNPACKED))
    return replace(open_frame(inside, wanted, encoding, scratch), name=file.path.name)


FORMATS: tuple[FileFormat, ...] = (*_PLAIN, FileFormat(suffixes=(ARCHIVE,), open=_open_archive))
SUFFIXES = (*_UNPACKED, ARCHIVE)


def format_of(path: Path) -> FileFormat | None:
    """Return the format of a file by its name, None if it is unknown.

    Examples
    --------
    >>> format_of(Path("WAVE.CSV.GZ")).suffixes, format_of(Path("wave.gz"))
    (('.csv', '.csv.gz', '.tsv', '.tsv.gz'), None)
    """
    name = path.name.lower()
    return next((one for one in FORMATS if name.endswith(one.suffixes) and name not in one.suffixes), None)


def open_frame(file: SourceFile, wanted: tuple[str, ...], encoding: str | None, scratch: Path) -> RawFrame:
    """Open a file as a lazy frame of raw columns.

    Parameters
    ----------
    file
        The file.
    wanted
        Columns the study uses, in any case, or glob patterns. Formats that must be converted first convert
        only these.
    encoding
        Of the text; None to find it from the bytes.
    scratch
        Private folder for converted files.

    Raises
    ------
    DataError
        If the file cannot be read.
    """
    file_format = _known_format(file.path)
    with reading(file.path, file_format.remedy):
        return file_format.open(file, wanted, encoding, scratch)


def count_rows(file: SourceFile, encoding: str | None) -> int:
    """Return the rows of a file, from the header where it holds them.

    Raises
    ------
    DataError
        If the file cannot be read.
    """
    file_format = _known_format(file.path)
    if file_format.rows_in_header is not None:
        with reading(file.path, file_format.remedy):
            return file_format.rows_in_header(file.path)
    with TemporaryDirectory(prefix="equirank-") as scratch:
        return open_frame(file, (), encoding, Path(scratch)).n_rows


def _known_format(path: Path) -> FileFormat:
    file_format = format_of(path)
    if file_format is None:
        raise DataError(unknown_format(path))
    return file_format


def unknown_format(path: Path) -> Fault:
    """Return the fault of a file whose name has none of the known suffixes."""
    expected = f"one of {', '.join(SUFFIXES)}"
    return Fault(path.name, f"unknown format '{path.suffix.lower()}'", expected, "Convert the file.")
