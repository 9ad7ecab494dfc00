"""Errors that the user can act on: one tree, each class with the exit code a scheduler sees.

A message names the place, what is wrong there, what was expected and what to do. It never holds a data value
of a person.
"""

from __future__ import annotations

from dataclasses import dataclass

MOST_LISTED = 20  # names in a remedy


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at one place, and what to do about it.

    Attributes
    ----------
    place
        Where: a file, a column, an option, or a TOML path of the study such as ``analysis[1].rank_by``.
    found
        What is wrong there. In a study it is a thing (``the unknown key 'sed'``), in an error a clause.
    expected
        What should be there.
    remedy
        What to do about it, as a sentence.
    where
        The place in the reader's words, such as ``analysis 'inequality', rank_by``; empty: `place`.
    """

    place: str
    found: str
    expected: str
    remedy: str
    where: str = ""

    def __str__(self) -> str:
        return f"{self.where or self.place}: found {self.found}; expected {self.expected}. {self.remedy}"

    def message(self) -> str:
        """Return the fault as the text of an error.

        Examples
        --------
        >>> Fault("a.csv", "no column 'x'", "one of its 3 columns", "Did you mean 'y'?").message()
        "a.csv: no column 'x'; expected one of its 3 columns. Did you mean 'y'?"
        """
        return f"{self.where or self.place}: {self.found}; expected {self.expected}. {self.remedy}"


class EngineError(Exception):
    """A failure the user can act on; shown without a traceback.

    Parameters
    ----------
    problems
        What is wrong, as faults or as finished text. Each is a line of the message.

    Attributes
    ----------
    faults
        The faults among the problems, so that nobody has to parse the message.
    """

    exit_code = 1

    def __init__(self, *problems: Fault | str) -> None:
        self.faults = tuple(one for one in problems if isinstance(one, Fault))
        super().__init__("\n".join(one if isinstance(one, str) else one.message() for one in problems))

    @property
    def fault(self) -> Fault | None:
        """The first fault; None if the error was raised with text only."""
        return self.faults[0] if self.faults else None


class UsageError(EngineError):
    """The command line or a function call requests something impossible."""

    exit_code = 2


class DataError(EngineError):
    """A data file or the values in it were rejected."""

    exit_code = 11


class MissingFileError(DataError):
    """A data file is not where the study looks for it."""


class EstimationError(EngineError):
    """A statistic is not defined on this sample."""

    exit_code = 12


class AccuracyError(EngineError):
    """A number of this installation has fewer right digits than are promised."""

    exit_code = 70


class NoMemoryError(EngineError):
    """The system gave the process no more memory."""

    exit_code = 71

    REMEDY = (
        "Give it more memory, or do less at a time: one analysis (`--only`), fewer threads, or shares of the "
        "run. docs/many-machines.md says what needs memory."
    )


class StoreError(EngineError):
    """The store or its disk failed: nothing counts as stored unless it is safely on the disk."""

    exit_code = 74


class LockedError(EngineError):
    """Another process is working on the store."""

    exit_code = 75


class Enough(Exception):  # noqa: N818 - no error
    """Raised by a progress callback: stop replicating and keep what is done."""


class Interrupted(EngineError):  # noqa: N818 - no error of anybody
    """The user stopped a run (Ctrl-C)."""

    exit_code = 130


class StudyError(EngineError):
    """A study file has one or more faults; the message lists all of them."""

    exit_code = 10

    def __init__(self, source: str, faults: tuple[Fault, ...]) -> None:
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        super().__init__(f"{source}: {count}", *(f"  {fault}" for fault in faults))
        self.source = source
        self.faults = faults


def nearest(name: str, known: list[str]) -> str:
    """Return a remedy that names the known name closest to `name`, or lists the known names.

    Examples
    --------
    >>> nearest("incme", ["income", "age"])
    "Did you mean 'income'?"
    >>> nearest("zzz", ["income", "age"])
    'Known: age, income.'
    """
    from difflib import get_close_matches

    folded = {candidate.casefold(): candidate for candidate in known}
    close = get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.6)
    if close:
        return f"Did you mean '{folded[close[0]]}'?"
    listed = ", ".join(sorted(known)[:MOST_LISTED])
    return f"Known: {listed}{', ...' if len(known) > MOST_LISTED else ''}."
