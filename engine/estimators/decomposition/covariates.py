"""Covariates of a model: factors to dummies, numbers to a spread of 1, equal rows to patterns."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.arrays import FloatArray, IntArray, VariableArrays
from engine.errors import EstimationError
from engine.kernels.regression.glm import Patterns


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a model: a number, or a factor's level against its reference."""

    term: str
    level: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Coded:
    """A variable by the number of its value.

    Attributes
    ----------
    name
        The variable.
    code
        (N,) int64, -1 where missing.
    column, value
        (v,): the column that each value sets, -1 for a factor's reference, and to what.
    """

    name: str
    code: IntArray
    column: IntArray
    value: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Covariates:
    """The covariates of N rows.

    Attributes
    ----------
    variables
        As they were given.
    columns
        The q - 1 columns after the constant.
    centre, spread
        (q,) float64: a number's column is (value - centre) / spread; 0 and 1 otherwise.
    factor
        (q,) int64: number of a dummy's factor, -1 for numbers and the constant.
    is_need
        (q,) bool.
    pattern
        (N,) int32: which pattern a row has, -1 where a covariate is missing.
    patterns
        The distinct sets of covariates.
    row_of_pattern
        (p,) int64: a row with each pattern.
    references
        Factor -> the level that the others are compared with.
    need_of_pattern, example
        (p,) int32 number of a pattern's need covariates, and (m,) int64 a pattern with each; empty without need.
    """

    variables: tuple[Coded, ...]
    columns: tuple[Column, ...]
    centre: FloatArray
    spread: FloatArray
    factor: IntArray
    is_need: NDArray[np.bool_]
    pattern: NDArray[np.int32]
    patterns: Patterns
    row_of_pattern: IntArray
    references: Mapping[str, str]
    need_of_pattern: NDArray[np.int32]
    example: IntArray


def complete_rows(variables: Sequence[VariableArrays]) -> NDArray[np.bool_]:
    """Say which rows (N,) have all variables."""
    present = np.ones(len(variables[0].missing), np.bool_)
    for variable in variables:
        present &= variable.codes >= 0 if variable.codes is not None else ~np.isnan(numbers_of(variable))
    return present


def covariates_of(
    variables: Sequence[VariableArrays], rows: IntArray, need: Collection[str] = ()
) -> Covariates:
    """Turn variables into the columns of a model of some complete rows (their numbers).

    The first level of a factor that occurs in these rows is its reference; levels that do not are left out.

    Raises
    ------
    EstimationError
        If a covariate does not vary.
    """
    columns, coded = [Column(term="", level=None)], []
    centre, spread, factor = [0.0], [1.0], [-1]
    references: dict[str, str] = {}
    for f, variable in enumerate(variables):
        first = len(columns)
        given: NDArray[Any] = variable.codes if variable.codes is not None else numbers_of(variable)
        seen: NDArray[Any]
        seen, place = np.unique(given[rows], return_inverse=True)
        if len(seen) < 2:
            raise EstimationError(
                f"term '{variable.name}' is constant in the rows that have all covariates; expected two values. "
                "Leave it out."
            )
        code = np.full(len(given), -1, np.int64)
        code[rows] = place
        if variable.codes is not None:
            columns += [Column(term=variable.name, level=variable.levels[level]) for level in seen[1:]]
            references[variable.name] = variable.levels[seen[0]]
            column, value = np.r_[-1, first : first + len(seen) - 1], np.ones(len(seen))
            centre, spread, factor = (
                [*a, *[b] * (len(seen) - 1)] for a, b in ((centre, 0.0), (spread, 1.0), (factor, f))
            )
        else:
            middle, scale = _moments(seen, np.bincount(place))
            columns.append(Column(term=variable.name, level=None))
            column, value = np.full(len(seen), first), (seen - middle) / scale
            centre, spread, factor = [*centre, middle], [*spread, scale], [*factor, -1]
        coded.append(Coded(name=variable.name, code=code, column=column.astype(np.int64), value=value))
    number, example = distinct([own.code[rows] for own in coded])
    pattern = np.full(len(coded[0].code), -1, np.int32)
    pattern[rows] = number
    at = rows[example]
    wanted = [own.code[at] for own in coded if own.name in need]
    need_of_pattern, need_example = (
        distinct(wanted) if wanted else (np.empty(0, np.int32), np.empty(0, np.int64))
    )
    return Covariates(
        variables=tuple(coded),
        columns=tuple(columns[1:]),
        centre=np.array(centre),
        spread=np.array(spread),
        factor=np.array(factor, np.int64),
        is_need=np.array([column.term in need for column in columns]),
        pattern=pattern,
        patterns=Patterns(
            *sparse([(own.column[own.code[at]], own.value[own.code[at]]) for own in coded], constant=True)
        ),
        row_of_pattern=at,
        references=references,
        need_of_pattern=need_of_pattern,
        example=need_example,
    )


def numbers_of(variable: VariableArrays) -> FloatArray:
    """Return the values (n,) of a variable that is no factor."""
    assert variable.values is not None  # noqa: S101 - told to mypy: a variable has codes or values
    return variable.values


def distinct(codes: Sequence[NDArray[Any]]) -> tuple[NDArray[np.int32], IntArray]:
    """Number the distinct combinations of codes (n,) each; returns the numbers and a row with each."""
    key, size = codes[0].astype(np.int64), int(codes[0].max()) + 1
    for own in codes[1:]:
        width = int(own.max()) + 1
        if size * width >= 2**62:
            key = np.unique(key, return_inverse=True)[1]
            size = int(key.max()) + 1
        key *= width
        key += own
        size *= width
    if size > 4 * len(key):
        _, example, number = np.unique(key, return_index=True, return_inverse=True)
        return number.astype(np.int32), example.astype(np.int64)
    # Few combinations are possible: look them up, without a sort.
    first = np.full(size, -1, np.int64)
    first[key[::-1]] = np.arange(len(key))[::-1]
    found = np.flatnonzero(first >= 0)
    place = np.empty(size, np.int32)
    place[found] = np.arange(len(found))
    return place[key], first[found]


def _moments(numbers: FloatArray, counts: IntArray) -> tuple[float, float]:
    """Return mean and spread, with sums that do not depend on the order of the rows."""
    n = int(counts.sum())
    middle = math.fsum(numbers * counts) / n
    return middle, math.sqrt(math.fsum((numbers - middle) ** 2 * counts) / n)


def sparse(
    parts: Sequence[tuple[IntArray, FloatArray]], *, constant: bool = False
) -> tuple[IntArray, IntArray, FloatArray]:
    """Stack columns and values (n,) into sparse rows (indptr, column, value); column -1 is no entry."""
    n = len(parts[0][0])
    own = [(np.zeros(n, np.int64), np.ones(n)), *parts] if constant else parts
    column, value = (np.stack([part[i] for part in own], axis=1) for i in (0, 1))
    kept = column >= 0
    indptr = np.concatenate([[0], np.cumsum(kept.sum(axis=1))]).astype(np.int64)
    return indptr, column[kept].astype(np.int64), value[kept].astype(np.float64)


def sparse_rows(X: FloatArray) -> tuple[IntArray, IntArray, FloatArray]:
    """Return a dense matrix (p, q) as sparse rows (indptr, column, value)."""
    row, column = np.nonzero(X)
    indptr = np.searchsorted(row, np.arange(len(X) + 1)).astype(np.int64)
    return indptr, column.astype(np.int64), X[row, column]
