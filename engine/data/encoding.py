"""Which encoding the text of a file is in: found from its bytes, recorded, and told where the file says otherwise.

Every text of a file must decode; a byte sequence cut off at the end of a long text (labels of fixed width) is forgiven.
UTF-8 is nearly impossible by accident. GB18030 accepts much, so bytes are taken for Chinese only if most of them come
in pairs; what is left is Western (cp1252), and the manifest doubts it. `source.encoding` always wins.
"""

from __future__ import annotations

import codecs
import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from engine.errors import DataError

TRANSPARENT = "ISO-8859-1"  # every byte is a character and comes back
SHORTEST_CUT = 79  # bytes of a text that a fixed width may have cut: Stata's labels have 80
MOST_INFLATED = 200  # times the compressed size: records pack to a tenth or a thirtieth
_PIECE = 1 << 20
_ENOUGH = 4 << 20  # bytes beyond ASCII that settle whether they are Chinese


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """An encoding, and how it is known: ``given``, ``declared`` by the file, or ``found`` from its bytes.

    `declared` is what the file says of itself, None if nothing.
    """

    name: str
    how: str
    declared: str | None = None

    @property
    def is_mislabelled(self) -> bool:
        """Whether the file says another encoding than its bytes have."""
        return self.declared is not None and not _same(self.declared, self.name) and self.how == "found"

    def __str__(self) -> str:
        told = f", the file says {self.declared}" if self.is_mislabelled else ""
        return f"{self.name} ({self.how}{told})"


def undecodable(name: str) -> DataError:
    """Return the error of a file whose text has no encoding that is known here."""
    return DataError(
        f"{name}: its text is neither UTF-8 nor GB18030 nor Western; expected one of these. Give source.encoding."
    )


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
    found = [text for text in texts if not text.isascii()]
    if not found:
        return Encoding(name="ascii", how="found", declared=declared)
    for name in ("utf-8", "gb18030", "cp1252"):
        if all(_decodes(text, name) for text in found) and (
            name != "gb18030" or _is_chinese(b"\n".join(found))
        ):
            return Encoding(name=name, how="found", declared=declared)
    return None


def _decodes(text: bytes, name: str) -> bool:
    try:
        # An incomplete character at the end is no error where the file cut the text off.
        codecs.getincrementaldecoder(name)().decode(text, final=len(text) < SHORTEST_CUT)
    except UnicodeDecodeError:
        return False
    return True


def _is_chinese(text: bytes) -> bool:
    """Whether the bytes beyond ASCII come in pairs, as in Chinese; in Western text they stand alone among letters."""
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


def find_text_encoding(path: Path) -> Encoding | None:
    """Return the encoding of a text file (plain or gzip), read a piece at a time; None if no candidate fits.

    Raises
    ------
    DataError
        If a compressed file unpacks to far more than records ever do.
    """
    most = max(MOST_INFLATED * path.stat().st_size, MOST_INFLATED * _PIECE)
    decoders = {name: codecs.getincrementaldecoder(name)() for name in ("utf-8", "gb18030", "cp1252")}
    sample = bytearray()
    with path.open("rb") as file:
        stream: IO[bytes] = cast("IO[bytes]", gzip.GzipFile(fileobj=file)) if path.suffix == ".gz" else file
        while piece := stream.read(_PIECE):
            most -= len(piece)
            if most < 0:
                raise DataError(
                    f"{path.name}: unpacks to more than {MOST_INFLATED} times its size; expected records. Is it "
                    "another file? Unpack it yourself if it is right."
                )
            if not sample and piece.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
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
