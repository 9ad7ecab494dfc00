"""Terms of a regression -> a design matrix of covariate patterns, in the units of the study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.arrays import FloatArray, IntArray, VariableArrays
from engine.errors import EstimationError
from engine.estimators.decomposition.covariates import ModelColumn
from engine.estimators.sample.variables import distinct, numbers_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelTerm:
    """One term: a variable, or a product of several, as dummies or by the scores of their levels."""

    names: tuple[str, ...]
    by_scores: bool = False

    @property
    def label(self) -> str:
        """The term's name in results."""
        return " x ".join(self.names) + (" (scores)" if self.by_scores else "")


def model_terms(
    terms: Sequence[str | tuple[str, ...]], scores: Sequence[tuple[str, str]] = ()
) -> tuple[ModelTerm, ...]:
    """Return single variables and their products, then products of scores."""
    plain = [ModelTerm(names=(term,) if isinstance(term, str) else term) for term in terms]
    return (*plain, *(ModelTerm(names=pair, by_scores=True) for pair in scores))


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFrame:
    """A design matrix by pattern.

    Attributes
    ----------
    terms
        The t terms.
    columns
        The q - 1 columns after the constant.
    term_of_column
        (q,) number of the column's term, -1 for the constant.
    X
        (p, q): the matrix of the patterns.
    pattern
        (n,) int32: each row's pattern.
    levels
        Factor -> names of the levels that occur, the reference first; nothing for a number.
    """

    terms: tuple[ModelTerm, ...]
    columns: tuple[ModelColumn, ...]
    term_of_column: IntArray
    X: FloatArray
    pattern: NDArray[np.int32]
    levels: Mapping[str, tuple[str, ...]]
    _values: Mapping[str, FloatArray]
    _variables: Mapping[str, VariableArrays]

    def switched(self, name: str, to: float | None = None) -> FloatArray:
        """Return the matrix (p, q) with a variable set to a level's code for everybody, or a number raised by 1."""
        values = dict(self._values)
        own = values[name]
        values[name] = own + 1.0 if to is None else np.full(len(own), to)
        return _matrix(self.terms, self._variables, values, self.levels)[0]

    def code_of(self, name: str, level: str) -> float:
        """Return the number that stands for a factor's level."""
        return float(self._variables[name].levels.index(level))


def model_frame(
    terms: Sequence[ModelTerm], variables: Mapping[str, VariableArrays], rows: IntArray
) -> ModelFrame:
    """Build the matrix of some complete rows (their numbers).

    The first level of a factor that occurs in these rows is its reference; levels that do not are left out.

    Raises
    ------
    EstimationError
        If a variable does not vary.
    """
    codes, levels = [], {}
    for name, variable in variables.items():
        if variable.codes is not None:
            own: NDArray[Any] = variable.codes[rows]
            seen = np.flatnonzero(np.bincount(own, minlength=len(variable.levels)))
            levels[name] = tuple(variable.levels[level] for level in seen)
        else:
            seen, own = np.unique(numbers_of(variable)[rows], return_inverse=True)
        if len(seen) < 2:
            raise EstimationError(
                f"term '{name}' is constant in the rows that have all variables; expected two values. Leave it out."
            )
        codes.append(own)
    pattern, example = distinct(codes)
    at = rows[example]
    values = {
        name: (variable.codes if variable.codes is not None else numbers_of(variable))[at].astype(np.float64)
        for name, variable in variables.items()
    }
    X, columns, term_of_column = _matrix(tuple(terms), variables, values, levels)
    return ModelFrame(
        terms=tuple(terms),
        columns=columns,
        term_of_column=term_of_column,
        X=X,
        pattern=pattern,
        levels=levels,
        _values=values,
        _variables=variables,
    )


def constant_only(n: int) -> ModelFrame:
    """Return the matrix of n rows without terms."""
    return ModelFrame(
        terms=(),
        columns=(),
        term_of_column=np.array([-1]),
        X=np.ones((1, 1)),
        pattern=np.zeros(n, np.int32),
        levels={},
        _values={},
        _variables={},
    )


def _matrix(
    terms: tuple[ModelTerm, ...],
    variables: Mapping[str, VariableArrays],
    values: Mapping[str, FloatArray],
    levels: Mapping[str, tuple[str, ...]],
) -> tuple[FloatArray, tuple[ModelColumn, ...], IntArray]:
    n = len(next(iter(values.values())))
    found, columns, owner = [np.ones(n)], [], [-1]
    for t, term in enumerate(terms):
        parts = [
            _columns_of(variables[name], values[name], levels.get(name, ()), term.by_scores)
            for name in term.names
        ]
        for level, own in reduce(_products, parts[1:], parts[0]):
            found.append(own)
            columns.append(ModelColumn(term=term.label, level=level))
            owner.append(t)
    return np.ascontiguousarray(np.stack(found, axis=1)), tuple(columns), np.array(owner, np.int64)


Part = list[tuple[str | None, FloatArray]]


def _columns_of(
    variable: VariableArrays,
    values: FloatArray,
    levels: tuple[str, ...],
    by_scores: bool,  # noqa: FBT001
) -> Part:
    """Return a variable's columns: itself, its scores, or a dummy for each level but the reference."""
    if variable.codes is None:
        return [(None, values)]
    if by_scores:
        scores = np.array(variable.scores, np.float64)
        return [(None, scores[values.astype(np.int64)])]
    return [(level, (values == variable.levels.index(level)).astype(np.float64)) for level in levels[1:]]


def _products(left: Part, right: Part) -> Part:
    return [
        (" x ".join(level for level in (a, b) if level is not None) or None, x * z)
        for a, x in left
        for b, z in right
    ]
