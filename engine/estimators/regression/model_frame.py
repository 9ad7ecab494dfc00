"""Complete rows and terms of a regression -> a design matrix of patterns, in the units of the study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.arrays import FloatArray, IntArray, VariableArrays
from engine.errors import EstimationError
from engine.estimators.decomposition.covariates import ModelColumn
from engine.estimators.regression.terms import ModelTerm, PatternVariable, design_matrix
from engine.estimators.sample.variables import distinct, numbers_of

CONSTANT = "(constant)"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFrame:
    """A design matrix by pattern.

    Attributes
    ----------
    terms
        The terms, in the order of the columns.
    columns
        The q - 1 columns after the constant.
    term_of_column
        (q,) int64: number of the column's term, -1 for the constant.
    X
        (p, q) float64: the matrix of the patterns.
    pattern
        (n,) int32: each row's pattern.
    levels
        Factor -> names of the levels that occur, the reference first; numbers have no entry.
    """

    terms: tuple[ModelTerm, ...]
    columns: tuple[ModelColumn, ...]
    term_of_column: IntArray
    X: FloatArray
    pattern: NDArray[np.int32]
    levels: Mapping[str, tuple[str, ...]]
    _variables: Mapping[str, PatternVariable]

    @property
    def labels(self) -> list[tuple[str, str | None]]:
        """Term and level of each of the q columns, the constant first."""
        return [(CONSTANT, None), *((column.term, column.level) for column in self.columns)]

    def at_level(self, name: str, level: str) -> FloatArray:
        """Return the matrix (p, q) with everybody at one level of a factor."""
        return self._with(name, self._variables[name].at_level(level))

    def raised(self, name: str) -> FloatArray:
        """Return the matrix (p, q) with a number raised by 1 for everybody."""
        return self._with(name, self._variables[name].raised())

    def _with(self, name: str, variable: PatternVariable) -> FloatArray:
        return design_matrix(self.terms, {**self._variables, name: variable})[0]


def model_frame(
    terms: Sequence[ModelTerm], variables: Mapping[str, VariableArrays], rows: IntArray
) -> ModelFrame:
    """Build the design matrix of some complete rows.

    The first level of a factor that occurs in these rows is its reference; levels that do not occur have no
    column.

    Parameters
    ----------
    terms
        The terms of the model.
    variables
        Name -> variable of the sample, every name of the terms.
    rows
        (n,) int64: numbers of the rows.

    Raises
    ------
    EstimationError
        If a variable does not vary.
    """
    row_codes, values_seen = [], {}
    for name, variable in variables.items():
        codes, values_seen[name] = _codes(variable, rows)
        if len(values_seen[name]) < 2:
            raise EstimationError(
                f"term '{name}' is constant in the rows that have all variables; expected two values. "
                "Leave it out."
            )
        row_codes.append(codes)
    pattern, example = distinct(row_codes)
    at = rows[example]
    by_pattern = {name: _at_patterns(variable, at, values_seen[name]) for name, variable in variables.items()}
    X, columns, term_of_column = design_matrix(terms, by_pattern)
    return ModelFrame(
        terms=tuple(terms),
        columns=columns,
        term_of_column=term_of_column,
        X=X,
        pattern=pattern,
        levels={name: variable.levels for name, variable in by_pattern.items() if variable.levels},
        _variables=by_pattern,
    )


def constant_only(n: int) -> ModelFrame:
    """Return the design matrix of n rows without terms."""
    return ModelFrame(
        terms=(),
        columns=(),
        term_of_column=np.array([-1]),
        X=np.ones((1, 1)),
        pattern=np.zeros(n, np.int32),
        levels={},
        _variables={},
    )


def _codes(variable: VariableArrays, rows: IntArray) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return a code of each row's value (n,), and the values that occur: codes of levels, or numbers."""
    if variable.codes is None:
        numbers, codes = np.unique(numbers_of(variable)[rows], return_inverse=True)
        return codes, numbers
    levels = variable.codes[rows]
    return levels, np.flatnonzero(np.bincount(levels, minlength=len(variable.levels)))


def _at_patterns(variable: VariableArrays, at: IntArray, values_seen: NDArray[Any]) -> PatternVariable:
    """Return a variable by pattern; at (p,) is a row with each pattern."""
    if variable.codes is None:
        return PatternVariable(values=numbers_of(variable)[at].astype(np.float64))
    return PatternVariable(
        values=variable.codes[at].astype(np.float64),
        levels=tuple(variable.levels[code] for code in values_seen),
        codes=tuple(int(code) for code in values_seen),
        scores=variable.scores,
    )
