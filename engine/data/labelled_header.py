"""The header of a Stata or SPSS file: names, labels and types, and the encoding of its text.

Text is read byte by byte (ISO-8859-1) and decoded here once its encoding is known: pyreadstat would stop at
the first invalid text, and would trust the encoding that the file claims.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.data.encoding import TRANSPARENT, Encoding, find_encoding, undecodable

_UTF8_FROM = 118  # Stata's file format


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledFormat:
    """What distinguishes Stata files from SPSS files.

    Attributes
    ----------
    function
        The function of pyreadstat that reads them.
    declared
        Returns the encoding that a file claims, None if it claims none.
    has_letters
        Whether a number can be one of the missing values ``.a`` to ``.z``.
    """

    function: str
    declared: Callable[[Path], str | None]
    has_letters: bool

    def read(self, path: Path, **options: object) -> tuple[Any, Any]:
        """Return a frame and the header, every text byte by byte."""
        import pyreadstat

        frame, meta = getattr(pyreadstat, self.function)(path, encoding=TRANSPARENT, **options)
        return frame, meta


def _declared_by_stata(path: Path) -> str | None:
    """Return UTF-8 for files of format 118 or later; older ones do not say."""
    with path.open("rb") as stream:
        start = stream.read(64)
    release = start.partition(b"<release>")[2].partition(b"<")[0]
    return "UTF-8" if release.isdigit() and int(release) >= _UTF8_FROM else None


def _declared_by_spss(path: Path) -> str | None:
    """Return the encoding that the file names."""
    import pyreadstat

    try:
        declared = pyreadstat.read_sav(path, metadataonly=True)[1].file_encoding
    except (pyreadstat.ReadstatError, UnicodeError):  # the text is not in the encoding it claims
        return "UTF-8"
    return str(declared) if declared else None


STATA = LabelledFormat(function="read_dta", declared=_declared_by_stata, has_letters=True)
SPSS = LabelledFormat(function="read_sav", declared=_declared_by_spss, has_letters=False)


def count_labelled_rows(path: Path, file_format: LabelledFormat) -> int:
    """Return the rows of a file from its header alone."""
    return int(file_format.read(path, metadataonly=True)[1].number_rows or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The header of a file, its texts byte by byte."""

    meta: Any
    declared: str | None

    def texts(self) -> Iterator[bytes]:
        """Yield names and labels."""
        meta = self.meta
        labels = (text for by_code in meta.variable_value_labels.values() for text in by_code.values())
        for text in (*meta.column_names, *meta.column_labels, meta.file_label, *labels):
            if isinstance(text, str):
                yield _bytes(text)

    def is_text(self, column: str) -> bool:
        """Whether a column holds text."""
        return bool(self.meta.readstat_variable_types[column] == "string")


def read_header(path: Path, file_format: LabelledFormat) -> Header:
    """Read the header of a file."""
    _, meta = file_format.read(path, metadataonly=True)
    return Header(meta=meta, declared=file_format.declared(path))


def find_labelled_encoding(name: str, header: Header, texts: Iterable[str], given: str | None) -> Encoding:
    """Return the encoding of a file's names, labels and `texts`; one that is given is not questioned.

    Raises
    ------
    DataError
        If no known encoding fits.
    """
    if given is not None:
        return Encoding(name=given, how="given", declared=header.declared)
    encoding = find_encoding([*header.texts(), *(_bytes(text) for text in texts)], header.declared)
    if encoding is None:
        raise undecodable(name)
    return encoding


def decoded(text: str, encoding: str) -> str:
    """Decode a text that was read byte by byte; invalid bytes become U+FFFD, a cut-off end is dropped.

    Examples
    --------
    >>> decoded("性别".encode("gb18030").decode("latin-1"), "gb18030")
    '性别'
    """
    if text.isascii():
        return text
    return codecs.getincrementaldecoder(encoding)(errors="replace").decode(_bytes(text), final=False)


def _bytes(text: str) -> bytes:
    return text.encode("latin-1", errors="replace")
