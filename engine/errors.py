"""One tree of errors, each with the exit code a scheduler sees.

Every message names the place, what was found there, what was expected and what to do. A message never
holds a data value of a person.
"""

from __future__ import annotations

from dataclasses import dataclass


class EngineError(Exception):
    """A failure the user can act on; shown without a traceback."""

    exit_code = 1


class UsageError(EngineError):
    """The command line or a function call asks for something impossible."""

    exit_code = 2


class DataError(EngineError):
    """A data file or the values in it were rejected."""

    exit_code = 11


class MissingFileError(DataError):
    """A data file is not where the study looks for it."""


class EstimationError(EngineError):
    """A statistic is not defined on this sample."""

    exit_code = 12


class StoreError(EngineError):
    """The store, or the disk it is on, does not take what is written: nothing counts that is not safely there."""

    exit_code = 74


class LockedError(EngineError):
    """Another process works on the store."""

    exit_code = 75


class Enough(Exception):  # noqa: N818 - no error
    """Raised by a progress callback: stop replicating and keep what is done."""


class Interrupted(EngineError):  # noqa: N818 - no error of anybody
    """The user stopped a run (Ctrl-C)."""

    exit_code = 130


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a study file.

    Attributes
    ----------
    path
        Where in the study file, as a TOML path such as ``analysis[1].rank_by``.
    found
        What stands there.
    expected
        What should stand there.
    remedy
        What to do about it.
    """

    path: str
    found: str
    expected: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path}: found {self.found}; expected {self.expected}. {self.remedy}"


class StudyError(EngineError):
    """A study file has one or more faults; all of them are told at once."""

    exit_code = 10

    def __init__(self, source: str, faults: tuple[Fault, ...]) -> None:
        self.source = source
        self.faults = faults
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        super().__init__("\n".join([f"{source}: {count}", *(f"  {fault}" for fault in faults)]))


def nearest(name: str, known: list[str]) -> str:
    """Say which known name is closest to `name`, as a remedy.

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
    shown = sorted(known)
    return f"Known: {', '.join(shown[:20])}{', ...' if len(shown) > 20 else ''}."
