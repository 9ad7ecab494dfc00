"""What can be computed of counts that are not shown: a linear program over all that is shown.

The attacker knows how sets add up, every number that is shown, and that no set has fewer than 0 people.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.disclosure.boxes import Box, Count, Relation

TOLERANCE = 1e-6
UNBOUNDED = 3  # status of scipy.optimize.milp, which solves linear programs too
FloatArray = NDArray[np.float64]
Secret = Box | int
"""A set that is not shown, or the rest of a relation by its number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """The smallest and the largest number of people that a set may have, for all that is shown."""

    low: float
    high: float

    @property
    def width(self) -> float:
        """How much is unknown."""
        return self.high - self.low


@dataclass(frozen=True, slots=True, kw_only=True)
class _Equation:
    """``sum of secrets with their signs = value``."""

    signs: Mapping[Secret, float]
    value: float


def intervals(
    secrets: Collection[Secret],
    counts: Mapping[Box, Count],
    relations: Sequence[Relation],
    shown: Collection[Box],
    *,
    enough: float,
) -> dict[Secret, Interval]:
    """Return what is known of each secret: people, or weights in units of mean weight.

    Of both it is the narrower interval.

    Parameters
    ----------
    secrets
        What is looked at.
    counts, relations
        All sets, and how they add up.
    shown
        The sets with a number that is shown.
    enough
        The width from which on an interval need not be looked at more closely: it may be wider still.
    """
    found: dict[Secret, Interval] = dict.fromkeys(secrets, Interval(low=0.0, high=np.inf))
    for weighted in (False, True):
        for group in _connected([*_equations(relations, counts, shown, weighted=weighted)]):
            members = {secret for one in group for secret in one.signs}
            inside = [secret for secret in secrets if secret in members]
            for secret, interval in _bounds(group, inside, enough).items() if inside else ():
                if interval.width < found[secret].width:
                    found[secret] = interval
    return found


def _equations(
    relations: Sequence[Relation], counts: Mapping[Box, Count], shown: Collection[Box], *, weighted: bool
) -> Iterator[_Equation]:
    """Yield what the relations say of the secrets, without equations that have none."""
    weighty = [count for count in counts.values() if count.weight]
    if weighted and not weighty:
        return
    largest = max(weighty, key=lambda count: count.people) if weighty else None
    scale = 1.0 if largest is None else (largest.weight or 1.0) / max(largest.people, 1)
    for number, relation in enumerate(relations):
        if relation.follows:
            continue
        signs: dict[Secret, float] = {}
        value = 0.0
        is_known = True
        for box, sign in ((relation.whole, 1.0), *((part, -1.0) for part in relation.parts)):
            weight = counts[box].weight
            if box not in shown:
                signs[box] = signs.get(box, 0.0) + sign
            elif weighted:
                is_known = is_known and weight is not None
                value -= sign * (weight or 0.0) / scale
            else:
                value -= sign * counts[box].people
        if relation.rest:
            signs[number] = -1.0
        if signs and is_known:
            yield _Equation(signs=signs, value=value)


def _connected(equations: Sequence[_Equation]) -> list[list[_Equation]]:
    """Return the equations in groups that share no secret."""
    parent = [*range(len(equations))]

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    first: dict[Secret, int] = {}
    for place, equation in enumerate(equations):
        for secret in equation.signs:
            parent[root(place)] = root(first.setdefault(secret, place))
    groups: dict[int, list[_Equation]] = defaultdict(list)
    for place, equation in enumerate(equations):
        groups[root(place)].append(equation)
    return [*groups.values()]


def _bounds(
    equations: Sequence[_Equation], wanted: Sequence[Secret], enough: float
) -> dict[Secret, Interval]:
    """Return the interval of each secret; one of width 0 where the equations contradict each other."""
    columns = {secret: k for k, secret in enumerate(dict.fromkeys(s for one in equations for s in one.signs))}
    solve = _solver(equations, columns)
    low = np.full(len(columns), np.inf)
    high = np.full(len(columns), -np.inf)
    for secret in wanted:
        k = columns[secret]
        for sign in (1.0, -1.0):
            if high[k] - low[k] >= enough:  # solutions for other secrets have shown it
                break
            solution, status = solve(k, sign)
            if solution is not None:
                low, high = np.minimum(low, solution), np.maximum(high, solution)
            elif status == UNBOUNDED:
                low[k], high[k] = 0.0, np.inf
    return {
        secret: Interval(low=float(low[k]), high=float(high[k]))
        if high[k] >= low[k]
        else Interval(low=0.0, high=0.0)
        for secret in wanted
        for k in (columns[secret],)
    }


def _solver(
    equations: Sequence[_Equation], columns: Mapping[Secret, int]
) -> Callable[[int, float], tuple[FloatArray | None, int]]:
    """Return what solves for the smallest (sign 1) or largest (-1) value of a column."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import lil_array

    matrix = lil_array((len(equations), len(columns)))
    for line, equation in enumerate(equations):
        for secret, sign in equation.signs.items():
            matrix[line, columns[secret]] = sign
    values = np.array([one.value for one in equations])
    equal = LinearConstraint(matrix.tocsr(), values, values)
    bounds = Bounds(np.array([_lowest(secret) for secret in columns]), np.inf)

    def solve(column: int, sign: float) -> tuple[FloatArray | None, int]:
        objective = np.zeros(len(columns))
        objective[column] = sign
        solved = milp(objective, constraints=equal, bounds=bounds)
        return (solved.x if solved.status == 0 else None), int(solved.status)

    return solve


def _lowest(secret: Secret) -> float:
    """Return the fewest people of a set: a kind of missing has a row only where somebody is missing."""
    if isinstance(secret, int):
        return 0.0
    return 1.0 if any(value.startswith("(") for _, value in secret) else 0.0
