"""The rules that a wave's records can break. A message has place, rule and number of rows, never a value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.errors import DataError, Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A rule that a file breaks.

    Attributes
    ----------
    place
        Where the study states the rule, such as ``variables.age``.
    rule
        Its name, one of `CLAUSES` unless the error brings faults.
    rows
        How many rows break it; for labels, how many codes.
    """

    place: str
    rule: str
    rows: int


class RuleError(DataError):
    """A file breaks rules of its study; the message lists all of them.

    Parameters
    ----------
    file
        Name of the file.
    broken
        The rules.
    faults
        What the message says of them; by default the text of `CLAUSES`.
    """

    def __init__(self, file: str, broken: Sequence[Broken], faults: Sequence[Fault] = ()) -> None:
        super().__init__(*(faults or [_fault(file, one) for one in broken]))
        self.broken = tuple(broken)


# Rule -> what its rows do, what was expected, remedy.
CLAUSES = {
    "range": ("lie outside the range", "numbers inside", "List the codes under missing, or widen range."),
    "values": (
        "hold nothing",
        "a value somewhere",
        "Is it the wrong column, or should the study say blank = 'skipped'?",
    ),
    "unique key": ("share their key with another row", "every record once", "Is the file joined twice?"),
    "key of one file": (
        "share the key of an aggregate with rows of another file",
        "each household in one file",
        "Put a wave's records into one file.",
    ),
    "key": ("have no key", "one for every record", "Correct source.key."),
    "weight": (
        "of the sample have no weight of 0 or more",
        "finite weights",
        "Correct the file, or add a sample rule.",
    ),
    "id": ("of the sample have no id", "one for every record", "Correct the file, or add a sample rule."),
    "replicate weight": (
        "of the sample have no replicate weight of 0 or more",
        "finite weights",
        "Correct the file.",
    ),
    "rows": (
        "of the version before are missing",
        "a version that is not much shorter",
        "If it is right: --accept-revision.",
    ),
    "labels": (
        "have other labels than before",
        "the labels of the files before",
        "Use levels_by_wave, or labels = 'any'.",
    ),
}


def _fault(file: str, broken: Broken) -> Fault:
    clause, expected, remedy = CLAUSES[broken.rule]
    counted = "codes" if broken.rule == "labels" else "rows"
    return Fault(f"{file} ({broken.place})", f"{broken.rows:,} {counted} {clause}", expected, remedy)
