"""Find the encoding of a file's text from its bytes, and report where the file claims another.

Every text of a file must decode. A byte sequence cut off at the end of a long text is allowed: labels have a
fixed width. Other encodings are almost never valid UTF-8 by accident. GB18030 accepts nearly anything, so
bytes count as Chinese only if most of them come in pairs; the rest is Western (cp1252), and the manifest
warns of it. `source.encoding` always takes precedence.
"""

from __future__ import annotations

import codecs
import gzip
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from engine.errors import DataError, Fault

TRANSPARENT = "ISO-8859-1"  # every byte decodes to one character, and encodes back to the same byte
CANDIDATES = ("utf-8", "gb18030", "cp1252")
SHORTEST_CUT = 79  # bytes of a text that a fixed width may have cut: Stata's labels have 80
MOST_INFLATED = 200  # times the compressed size: records shrink to a tenth or a thirtieth
_PIECE = 1 << 20
_ENOUGH = 4 << 20  # bytes from the first one beyond ASCII that settle whether the text is Chinese
_BOMS_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """An encoding of text.

    Attributes
    ----------
    name
        Python's name of it.
    how
        ``given`` by the study, or ``found`` from the bytes.
    declared
        The encoding the file claims, None if it claims none.
    """

    name: str
    how: str
    declared: str | None = None

    @property
    def is_mislabelled(self) -> bool:
        """Whether the file claims another encoding than its bytes have."""
        return self.declared is not None and not _same(self.declared, self.name) and self.how == "found"

    def __str__(self) -> str:
        claim = f", the file says {self.declared}" if self.is_mislabelled else ""
        return f"{self.name} ({self.how}{claim})"


def undecodable(name: str) -> DataError:
    """Return the error for a file whose text fits no candidate."""
    found = "its text is neither UTF-8 nor GB18030 nor Western"
    return DataError(Fault(name, found, "one of these", "Give source.encoding."))


def _same(one: str, other: str) -> bool:
    """Whether two names mean one encoding; ASCII is part of all.

    Examples
    --------
    >>> _same("UTF-8", "utf8"), _same("utf-8", "gb18030"), _same("windows-1252", "ascii")
    (True, False, True)
    """
    try:
        names = {codecs.lookup(one).name, codecs.lookup(other).name}
    except LookupError:
        return False
    return len(names) == 1 or "ascii" in names


def find_encoding(texts: Iterable[bytes], declared: str | None = None) -> Encoding | None:
    """Return the encoding of some texts, None if no candidate decodes all of them.

    Examples
    --------
    >>> find_encoding(["性别".encode("gb18030")]).name, find_encoding(["é".encode("cp1252")]).name
    ('gb18030', 'cp1252')
    >>> find_encoding(["性别".encode()], declared="windows-1252").is_mislabelled
    True
    """
    foreign = [text for text in texts if not text.isascii()]
    if not foreign:
        return Encoding(name="ascii", how="found", declared=declared)
    for name in CANDIDATES:
        fits = all(_decodes(text, name) for text in foreign)
        if fits and (name != "gb18030" or _is_chinese(b"\n".join(foreign))):
            return Encoding(name=name, how="found", declared=declared)
    return None


def _decodes(text: bytes, name: str) -> bool:
    try:
        # An incomplete character at the end of a long text is allowed: the file may have cut it off.
        codecs.getincrementaldecoder(name)().decode(text, final=len(text) < SHORTEST_CUT)
    except UnicodeDecodeError:
        return False
    return True


def _is_chinese(text: bytes) -> bool:
    """Whether bytes beyond ASCII come in pairs, as in Chinese; in Western text they stand among letters."""
    pairs = common = 0
    place = 0
    while place < len(text) - 1:
        if text[place] < 0x80:
            place += 1
            continue
        pairs += 1
        common += text[place + 1] >= 0x80
        place += 2
    return pairs > 0 and common >= 0.5 * pairs


def is_gzip(path: Path) -> bool:
    """Whether a text file is compressed, by its name."""
    return path.suffix.lower() == ".gz"


def find_file_encoding(path: Path) -> Encoding | None:
    """Return the encoding of a text file (plain or gzip), None if no candidate fits.

    The file is read a piece at a time.

    Raises
    ------
    DataError
        If a compressed file expands to far more than records ever do.
    """
    decoders = {name: codecs.getincrementaldecoder(name)() for name in CANDIDATES}
    sample = bytearray()  # the text from its first byte beyond ASCII
    for piece in _pieces(path):
        if not sample and piece.startswith(_BOMS_UTF16):
            return Encoding(name="utf-16", how="found")  # what spreadsheets call Unicode text
        if piece.isascii() and not sample:
            continue
        if len(sample) < _ENOUGH:
            sample += piece
        for name in [*decoders]:
            try:
                decoders[name].decode(piece)
            except UnicodeDecodeError:
                del decoders[name]
        if not decoders:
            return None
    if not sample:
        return Encoding(name="ascii", how="found")
    if "gb18030" in decoders and not _is_chinese(bytes(sample)):
        del decoders["gb18030"]
    return next((Encoding(name=name, how="found") for name in decoders), None)


def _pieces(path: Path) -> Iterator[bytes]:
    """Yield the text of a file; one that expands too far is refused before its end."""
    remaining = max(MOST_INFLATED * path.stat().st_size, MOST_INFLATED * _PIECE)
    with path.open("rb") as file:
        stream: IO[bytes] = cast("IO[bytes]", gzip.GzipFile(fileobj=file)) if is_gzip(path) else file
        while piece := stream.read(_PIECE):
            remaining -= len(piece)
            if remaining < 0:
                found = f"unpacks to more than {MOST_INFLATED} times its size"
                remedy = "Is it another file? Unpack it yourself if it is right."
                raise DataError(Fault(path.name, found, "records", remedy))
            yield piece
