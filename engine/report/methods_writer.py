"""Says the sentences of the methods in a language, and numbers the works that they cite."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.report.row_groups import Row, method_of_one
from engine.report.words.method_names import method_name
from engine.report.words.methods import METHODS
from engine.report.words.methods_of_measures import METHODS_OF_MEASURES
from engine.report.words.sentences import Language

SENTENCES = {**METHODS, **METHODS_OF_MEASURES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """What the methods are written from, and the works that they have cited so far, in order.

    Attributes
    ----------
    manifest
        Of the run.
    rows
        Its tidy rows.
    labels
        Labels of variables by name.
    language
        Of the sentences.
    works
        Keys of the works cited.
    """

    manifest: Mapping[str, Any]
    rows: Sequence[Row]
    labels: Mapping[str, str]
    language: Language
    works: list[str] = field(default_factory=list)

    @property
    def design(self) -> Mapping[str, Any]:
        """What the study says of its design."""
        return self.manifest["study"].get("asked", {}).get("design", {}) or {}

    def analyses(self, *kinds: str) -> list[Mapping[str, Any]]:
        """Return what the study asks of the analyses that have rows, of some kinds or of all."""
        present = {row["analysis"] for row in self.rows}
        asked = self.manifest["study"].get("asked", {}).get("analysis", ())
        return [one for one in asked if one["name"] in present and (not kinds or one["kind"] in kinds)]

    def say(self, key: str, **parts: object) -> str:
        """Return a sentence or a part of one."""
        return SENTENCES[key][self.language == "zh"].format(**parts)

    def cite(self, *works: str) -> str:
        """Return the numbers of works, which count from the first that is cited."""
        self.works.extend(work for work in dict.fromkeys(works) if work not in self.works)
        return ", ".join(str(self.works.index(work) + 1) for work in dict.fromkeys(works))

    def method(self, text: object) -> str:
        """Return the entry of a row's column `method` in words of the language."""
        return method_name(self.language, method_of_one(text))

    def joined(self, texts: Iterable[object]) -> str:
        """Return texts with commas between them, each once."""
        return ("、" if self.language == "zh" else ", ").join(dict.fromkeys(map(str, texts)))

    def labelled(self, names: Iterable[str | None]) -> str:
        """Return the labels of variables; a name that is None is left out."""
        return self.joined(self.labels.get(name, name) for name in names if name is not None)


def as_list(value: object) -> list[Any]:
    """Return the entries of a list of a study, or the one that stands alone.

    Examples
    --------
    >>> as_list("sii"), as_list(["sii", "rii"]), as_list(None)
    (['sii'], ['sii', 'rii'], [])
    """
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]
