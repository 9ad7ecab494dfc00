"""Round values for a logarithmic axis."""

from __future__ import annotations

from collections.abc import Sequence

_TICKS = ((0.5, 0.7, 1.0, 1.4, 2.0), (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0), (0.01, 0.1, 1.0, 10.0, 100.0))
_MOST_TICKS = 4


def log_ticks(low: float, high: float) -> tuple[float, ...]:
    """Return round values around all intervals, few enough to be read.

    Examples
    --------
    >>> log_ticks(0.8, 1.3), log_ticks(0.3, 4.0)
    ((0.7, 1.0, 1.4), (0.5, 1.0, 2.0))
    """
    for ticks in _TICKS:
        inside = tuple(tick for tick in ticks if low <= tick <= high or tick == 1.0)
        if ticks[0] <= low and high <= ticks[-1] and (len(inside) <= _MOST_TICKS or ticks == _TICKS[0]):
            return inside if len(inside) > 2 else _with_neighbours(inside, ticks)
    return _TICKS[-1]


def _with_neighbours(inside: Sequence[float], ticks: Sequence[float]) -> tuple[float, ...]:
    """Add the tick before and the one after, so that a scale can be read off.

    Examples
    --------
    >>> _with_neighbours((1.0, 2.0), (0.5, 1.0, 2.0, 5.0))
    (0.5, 1.0, 2.0, 5.0)
    """
    first, last = ticks.index(inside[0]), ticks.index(inside[-1])
    return tuple(ticks[max(first - 1, 0) : last + 2])
