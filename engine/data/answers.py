"""How a refusal travels from the process that reads a file to the one that asked for it: as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from engine.data.broken_rules import Broken, RuleError
from engine.errors import DataError, EngineError, Fault, MissingFileError, StudyError, UsageError

KINDS: Mapping[str, type[EngineError]] = {
    one.__name__: one for one in (DataError, MissingFileError, UsageError)
}


def refusal(error: EngineError) -> dict[str, Any]:
    """Return an error as JSON: its kind, faults, text, and the rules that a file breaks."""
    broken = error.broken if isinstance(error, RuleError) else ()
    return {
        "kind": type(error).__name__,
        "faults": [asdict(fault) for fault in error.faults],
        "text": str(error),
        "broken": [asdict(rule) for rule in broken],
    }


def refused(stored: Mapping[str, Any]) -> EngineError:
    """Return the error that `refusal` wrote.

    Examples
    --------
    >>> fault = Fault("a.csv", "no column 'x'", "one of its 3 columns", "Did you mean 'y'?")
    >>> again = refused(refusal(MissingFileError(fault)))
    >>> type(again).__name__, again.fault == fault
    ('MissingFileError', True)
    """
    faults = tuple(Fault(**fault) for fault in stored["faults"])
    if stored["kind"] == RuleError.__name__:
        return RuleError("", [Broken(**rule) for rule in stored["broken"]], faults)
    if stored["kind"] == StudyError.__name__:
        return StudyError(stored["text"].partition(":")[0], faults)
    kind = KINDS.get(stored["kind"], DataError)
    told = kind(*faults)
    return told if str(told) == stored["text"] else kind(stored["text"])
