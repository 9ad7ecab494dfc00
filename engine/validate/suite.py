"""The whole validation: every comparison on this machine, and the verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from engine.validate.against_closed_form import compare_with_closed_form
from engine.validate.against_duckdb import compare_with_duckdb
from engine.validate.against_exact import compare_with_exact
from engine.validate.against_statsmodels import compare_with_statsmodels
from engine.validate.digits import Accuracy
from engine.validate.nist import compare_with_nist
from engine.validate.samples import hard_samples, whole_samples
from engine.version import VERSION

Progress = Callable[[str], None]
COPIES, COPIES_WHEN_QUICK = 5, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """The digits of every statistic against every oracle."""

    lines: tuple[Accuracy, ...]

    @property
    def broken(self) -> tuple[Accuracy, ...]:
        """The lines with fewer digits than promised."""
        return tuple(line for line in self.lines if not line.is_kept)

    def as_dict(self) -> dict[str, Any]:
        """Return the validation for JSON."""
        return {
            "version": VERSION,
            "kept": not self.broken,
            "digits": [line.as_dict() for line in self.lines],
        }


def validate(*, quick: bool = False, progress: Progress = lambda _: None) -> Validation:
    """Compare the numbers of this installation with certified, exact and independent ones.

    Parameters
    ----------
    quick
        A fifth of the samples.
    progress
        Called with the name of the next comparison.
    """
    return Validation(lines=tuple(_lines(COPIES_WHEN_QUICK if quick else COPIES, progress)))


def _lines(copies: int, progress: Progress) -> Iterator[Accuracy]:
    progress("NIST's reference data sets")
    yield from compare_with_nist()
    progress("rational arithmetic")
    yield from compare_with_exact(hard_samples(copies))
    progress("DuckDB")
    yield from compare_with_duckdb(whole_samples(copies))
    progress("closed forms")
    yield from compare_with_closed_form()
    progress("statsmodels")
    yield from compare_with_statsmodels(copies)
