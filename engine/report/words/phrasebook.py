"""Finds the Chinese of English texts by a list of phrases that have places, such as `{n} rows`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping


class Phrasebook:
    """Phrases in English and Chinese; a text with places stands for all texts that differ there only.

    Parameters
    ----------
    phrases
        English -> Chinese, the more particular before the more general. `{n}` and `{m}` are whole numbers.
    inner
        Place -> what translates the text found there; at other places it stays as it is.
    """

    def __init__(
        self, phrases: Mapping[str, str], inner: Mapping[str, Callable[[str], str]] | None = None
    ) -> None:
        self._phrases = phrases
        self._inner = inner or {}
        self._patterns = [
            (re.compile(re.sub(r"\\\{(\w+)\\\}", _place, re.escape(english))), chinese)
            for english, chinese in phrases.items()
            if "{" in english
        ]

    def chinese(self, text: str) -> str | None:
        """Return a text in Chinese, None if no phrase fits it.

        Examples
        --------
        >>> Phrasebook({"{n} rows": "{n} 行"}).chinese("12 rows")
        '12 行'
        """
        if text in self._phrases:
            return self._phrases[text]
        for pattern, chinese in self._patterns:
            found = pattern.fullmatch(text)
            if found:
                parts = {
                    place: self._inner[place](part) if place in self._inner else part
                    for place, part in found.groupdict().items()
                }
                return chinese.format(**parts)
        return None


def _place(found: re.Match[str]) -> str:
    """Return the pattern of a place."""
    name = found[1]
    return rf"(?P<{name}>[\d,]+)" if name in ("n", "m") else rf"(?P<{name}>.+?)"
