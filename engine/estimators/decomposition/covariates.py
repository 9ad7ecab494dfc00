"""Covariates of a model: factors become dummies, numbers are standardised, equal rows share a pattern."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.arrays import FloatArray, IntArray, UnitArray, VariableArrays
from engine.errors import EstimationError
from engine.estimators.sample.sparse import sparse
from engine.estimators.sample.variables import distinct, numbers_of
from engine.kernels.regression.glm import Patterns


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelColumn:
    """One column of a model: a number, or a factor's level against its reference level."""

    term: str
    level: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CodedVariable:
    """A variable by the number of its value.

    Attributes
    ----------
    name
        Name of the variable.
    code
        (n,) number of the row's value.
    column, value
        (v,): which column each value sets, -1 for a factor's reference level, and to what.
    """

    name: str
    code: UnitArray | IntArray
    column: IntArray
    value: FloatArray

    def at(self, rows: IntArray) -> CodedVariable:
        """Return it for some rows (their numbers)."""
        return replace(self, code=self.code[rows])

    def entries(self) -> tuple[IntArray, FloatArray]:
        """Return the column and the value (n,) of each row."""
        return self.column[self.code], self.value[self.code]


@dataclass(frozen=True, slots=True, kw_only=True)
class Covariates:
    """The covariates of n complete rows, in the order in which they were asked for.

    Attributes
    ----------
    variables
        The variables in the order of the study.
    columns
        The q - 1 columns after the constant.
    centre, spread
        (q,) float64: a number's column is (value - centre) / spread; 0 and 1 for dummies.
    factor
        (q,) int64: number of a dummy's variable, -1 for numbers and the constant.
    is_need
        (q,) bool: whether a column stands for need.
    pattern
        (n,) int32: number of the row's pattern.
    patterns
        The distinct covariate values.
    row_of_pattern
        (p,) int64: a row with each pattern.
    references
        Factor -> its reference level.
    need_of_pattern, example
        (p,) int32: number of a pattern's need covariates; (m,) int64: a pattern with each number. Both are
        empty without need.
    """

    variables: tuple[CodedVariable, ...]
    columns: tuple[ModelColumn, ...]
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

    def ranges(self) -> tuple[FloatArray, FloatArray]:
        """Return the smallest and the largest value of each column (q,); the constant is 1."""
        low, high = np.zeros(len(self.centre)), np.ones(len(self.centre))
        for variable in self.variables:
            k = int(variable.column.max())
            if self.columns[k - 1].level is None and self.factor[k] < 0:
                numbers = self.centre[k] + self.spread[k] * variable.value
                low[k], high[k] = numbers.min(), numbers.max()
        low[0] = 1.0
        return low, high


@dataclass(frozen=True, slots=True, kw_only=True)
class _VariableColumns:
    """The columns that one variable adds to a model; `reference` is that of a factor.

    `is_dummy` says whether each column is 0 or 1: those of a factor, and a number that takes no other value.
    """

    coded: CodedVariable
    columns: tuple[ModelColumn, ...]
    centre: float = 0.0
    spread: float = 1.0
    reference: str | None = None
    is_dummy: bool = False


def covariates_of(
    variables: Sequence[VariableArrays], rows: IntArray, need: Collection[str] = ()
) -> Covariates:
    """Return the covariates of some complete rows (their numbers), in this order.

    The reference of a factor is its first level that occurs in these rows; levels that do not occur have no
    column.

    Raises
    ------
    EstimationError
        If a covariate does not vary.
    """
    added: list[_VariableColumns] = []
    columns = [ModelColumn(term="", level=None)]
    for variable in variables:
        added.append(_columns_of(variable, rows, first=len(columns)))
        columns += added[-1].columns
    coded = [part.coded for part in added]
    pattern, row_of_pattern = distinct([variable.code for variable in coded])
    at_patterns = [variable.at(row_of_pattern) for variable in coded]
    need_codes = [variable.code for variable in at_patterns if variable.name in need]
    need_of_pattern, need_example = np.empty(0, np.int32), np.empty(0, np.int64)
    if need_codes:
        need_of_pattern, need_example = distinct(need_codes)
    owner = np.repeat(np.arange(len(added)), [len(part.columns) for part in added])
    is_dummy = np.array([part.is_dummy for part in added])
    return Covariates(
        variables=tuple(coded),
        columns=tuple(columns[1:]),
        centre=np.concatenate([[0.0], np.array([part.centre for part in added])[owner]]),
        spread=np.concatenate([[1.0], np.array([part.spread for part in added])[owner]]),
        factor=np.concatenate([[-1], np.where(is_dummy[owner], owner, -1)]).astype(np.int64),
        is_need=np.array([column.term in need for column in columns]),
        pattern=pattern,
        patterns=Patterns(*sparse([variable.entries() for variable in at_patterns], constant=True)),
        row_of_pattern=row_of_pattern,
        references={part.coded.name: part.reference for part in added if part.reference is not None},
        need_of_pattern=need_of_pattern,
        example=need_example,
    )


def _columns_of(variable: VariableArrays, rows: IntArray, first: int) -> _VariableColumns:
    """Return the columns of a variable, numbered from `first`."""
    values, code = _values_and_codes(variable, rows)
    if len(values) < 2:
        raise EstimationError(
            f"term '{variable.name}' is constant in the rows that have all covariates; expected two values. "
            "Leave it out."
        )
    if variable.codes is None and values.tolist() == [0.0, 1.0]:
        return _switch(variable.name, code, first)
    if variable.codes is None:
        return _standardised(variable.name, code, values, np.bincount(code), first)
    return _dummies(variable, code, values, first)


def _values_and_codes(variable: VariableArrays, rows: IntArray) -> tuple[NDArray[Any], UnitArray]:
    """Return the distinct values of some rows, sorted, and the number of each row's value."""
    if variable.codes is None:
        values, place = np.unique(numbers_of(variable)[rows], return_inverse=True)
        return values, place.astype(np.int32)
    given = variable.codes[rows]
    levels = np.flatnonzero(np.bincount(given))  # without a sort
    number = np.zeros(len(variable.levels), np.int32)
    number[levels] = np.arange(len(levels))
    return levels, number[given]


def _dummies(variable: VariableArrays, code: UnitArray, levels: NDArray[Any], first: int) -> _VariableColumns:
    """Return a column for each of the occurring levels (numbers) but the first."""
    column = np.r_[-1, first : first + len(levels) - 1].astype(np.int64)
    return _VariableColumns(
        coded=CodedVariable(name=variable.name, code=code, column=column, value=np.ones(len(levels))),
        columns=tuple(ModelColumn(term=variable.name, level=variable.levels[level]) for level in levels[1:]),
        reference=variable.levels[levels[0]],
        is_dummy=True,
    )


def _switch(name: str, code: UnitArray, first: int) -> _VariableColumns:
    """Return the column of booleans, or of a number that is 0 or 1: it stays as it is, a dummy."""
    return _VariableColumns(
        coded=CodedVariable(name=name, code=code, column=np.array([-1, first]), value=np.ones(2)),
        columns=(ModelColumn(term=name, level=None),),
        is_dummy=True,
    )


def _standardised(
    name: str, code: UnitArray, numbers: FloatArray, counts: IntArray, first: int
) -> _VariableColumns:
    """Return the column of a number with these distinct values and their counts, (v,) each."""
    centre, spread = _mean_and_spread(numbers, counts)
    column = np.full(len(numbers), first, np.int64)
    return _VariableColumns(
        coded=CodedVariable(name=name, code=code, column=column, value=(numbers - centre) / spread),
        columns=(ModelColumn(term=name, level=None),),
        centre=centre,
        spread=spread,
    )


def _mean_and_spread(numbers: FloatArray, counts: IntArray) -> tuple[float, float]:
    """Return mean and standard deviation, by sums that do not depend on the order of the rows."""
    n = int(counts.sum())
    mean = math.fsum(numbers * counts) / n
    return mean, math.sqrt(math.fsum((numbers - mean) ** 2 * counts) / n)
