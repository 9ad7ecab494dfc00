"""The results of parts of an expression, and how one kind becomes another."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, NoReturn

from engine.draft.script import Untaken

OR, AND, NOT, COMPARISON, SUM, PRODUCT, ATOM = range(7)
Kind = Literal["number", "boolean", "text", "null", "label"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """An expression as SQL; `level` says how strongly it binds, an empty text is always true.

    A label is a text as a result: it stands as a number, its place in the labels of the expression.
    """

    sql: str
    kind: Kind = "number"
    level: int = ATOM


class Results:
    """Turns results of one kind into another; `labels` holds the texts that became numbers."""

    def __init__(self, text: str, what: str) -> None:
        self.text, self.what, self.labels = text.strip(), what, list[str]()

    def refuse(self) -> NoReturn:
        """Say that the study file has no words for the text."""
        raise Untaken(f"the {self.what} '{self.text}' is more than a study file can say")

    def results(self, values: list[Written]) -> tuple[list[Written], Kind]:
        """Return values of which one is chosen, in one kind; texts become numbers."""
        kinds = {one.kind for one in values} - {"null"}
        if kinds & {"text", "label"}:
            if not kinds <= {"text", "label"}:
                self.refuse()
            return [self.label(one) for one in values], "label"
        if kinds == {"boolean"}:
            return values, "boolean"
        return [one if one.kind == "null" else self.number(one) for one in values], "number"

    def label(self, written: Written) -> Written:
        """Return a text as a number."""
        if written.kind != "text":
            return written
        text = written.sql[1:-1].replace("''", "'")
        if text not in self.labels:
            self.labels.append(text)
        return Written(sql=str(self.labels.index(text) + 1), kind="label")

    def condition(self, written: Written) -> Written:
        """Return what is true or false; a number is true where it is not 0."""
        if written.kind == "boolean":
            return written
        if written.kind != "number" or re.fullmatch(r"-?[\d.]+", written.sql):
            self.refuse()
        return Written(sql=f"{bracketed(written, SUM)} <> 0", kind="boolean", level=COMPARISON)

    def number(self, written: Written) -> Written:
        """Return a number; what is true or false becomes 1 or 0."""
        if written.kind == "number":
            return written
        if written.kind != "boolean" or not written.sql:
            self.refuse()
        return Written(sql=f"CASE WHEN {written.sql} THEN 1 WHEN NOT ({written.sql}) THEN 0 END")

    def comparable(self, written: Written) -> Written:
        """Return a text, or a number."""
        return written if written.kind == "text" else self.number(written)


def bracketed(written: Written, level: int) -> str:
    """Return the SQL, in brackets where it binds less strongly than a level."""
    return f"({written.sql})" if written.level < level else written.sql
