"""A measured number against its target."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A measured number and its target, with the harder stretch target if there is one.

    Attributes
    ----------
    work
        What is measured; a baseline is compared by this name.
    value, unit
        The measured number.
    target, stretch
        In the same unit.
    at_most
        Whether the target is an upper limit; otherwise it is a lower one.
    compared_with
        What a ratio refers to, or how an absolute number is measured.
    """

    work: str
    value: float
    unit: str
    target: float
    stretch: float | None
    at_most: bool
    compared_with: str

    @property
    def met(self) -> bool:
        """Whether the target is reached."""
        return self._reaches(self.target)

    @property
    def stretched(self) -> bool:
        """Whether the stretch target is reached too."""
        return self.stretch is not None and self._reaches(self.stretch)

    def _reaches(self, target: float) -> bool:
        return self.value <= target if self.at_most else self.value >= target


def at_least(
    work: str, value: float, unit: str, *, target: float, stretch: float | None = None, compared_with: str
) -> Check:
    """Return a check whose target is a lower limit."""
    return Check(
        work=work,
        value=value,
        unit=unit,
        target=target,
        stretch=stretch,
        at_most=False,
        compared_with=compared_with,
    )


def at_most(
    work: str, value: float, unit: str, *, target: float, stretch: float | None = None, compared_with: str
) -> Check:
    """Return a check whose target is an upper limit."""
    return Check(
        work=work,
        value=value,
        unit=unit,
        target=target,
        stretch=stretch,
        at_most=True,
        compared_with=compared_with,
    )
