"""Terms of a regression (variables and their products) and the columns that they add to a design matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np

from engine.arrays import FloatArray, IntArray
from engine.estimators.decomposition.covariates import ModelColumn

_BLOCK = 512  # rows
LevelColumn = tuple[str | None, FloatArray]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelTerm:
    """One term: a variable, or a product of several, as dummies or by the scores of their levels."""

    names: tuple[str, ...]
    by_scores: bool = False

    @property
    def label(self) -> str:
        """The term's name in results."""
        return " x ".join(self.names) + (" (scores)" if self.by_scores else "")

    @property
    def is_product(self) -> bool:
        """Whether the term multiplies several variables."""
        return len(self.names) > 1


def model_terms(
    terms: Sequence[str | tuple[str, ...]], scores: Sequence[tuple[str, str]] = ()
) -> tuple[ModelTerm, ...]:
    """Return variables and their products in the order of the study, then products of scores."""
    plain = [ModelTerm(names=(term,) if isinstance(term, str) else term) for term in terms]
    return (*plain, *(ModelTerm(names=pair, by_scores=True) for pair in scores))


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternVariable:
    """The values of one variable in each pattern.

    Attributes
    ----------
    values
        (p,) float64: numbers, or the codes of a factor's levels.
    levels
        Names of the factor's levels that occur, the reference first; empty for a number.
    codes
        The code of each of these levels.
    scores
        The score of every code of the factor.
    """

    values: FloatArray
    levels: tuple[str, ...] = ()
    codes: tuple[int, ...] = ()
    scores: tuple[int, ...] = ()

    def at_level(self, level: str) -> PatternVariable:
        """Return the factor with every pattern at one level."""
        code = float(self.codes[self.levels.index(level)])
        return replace(self, values=np.full(len(self.values), code))

    def raised(self) -> PatternVariable:
        """Return the number raised by 1 in every pattern."""
        return replace(self, values=self.values + 1.0)

    def columns(self, *, by_scores: bool) -> list[LevelColumn]:
        """Return the number, the factor's scores, or a dummy of each level but the reference."""
        if not self.levels:
            return [(None, self.values)]
        if by_scores:
            return [(None, np.array(self.scores, np.float64)[self.values.astype(np.int64)])]
        dummies = zip(self.levels[1:], self.codes[1:], strict=True)
        return [(level, (self.values == code).astype(np.float64)) for level, code in dummies]


def design_matrix(
    terms: Sequence[ModelTerm], variables: Mapping[str, PatternVariable]
) -> tuple[FloatArray, tuple[ModelColumn, ...], IntArray]:
    """Return the matrix (p, q), its q - 1 columns after the constant, and the term of each column.

    The terms (q,) are numbered from 0; the constant, which comes first, has -1.
    """
    p = len(next(iter(variables.values())).values)
    X, columns, term_of_column = [np.ones(p)], [], [-1]
    for t, term in enumerate(terms):
        operands = [variables[name].columns(by_scores=term.by_scores) for name in term.names]
        for level, column in reduce(_products, operands):
            X.append(column)
            columns.append(ModelColumn(term=term.label, level=level))
            term_of_column.append(t)
    matrix = np.empty((p, len(X)))
    for start in range(0, p, _BLOCK):  # so that the columns of a block stay in the cache
        block = slice(start, start + _BLOCK)
        np.stack([column[block] for column in X], axis=1, out=matrix[block])
    return matrix, tuple(columns), np.array(term_of_column, np.int64)


def _products(left: list[LevelColumn], right: list[LevelColumn]) -> list[LevelColumn]:
    """Multiply every column on the left by every column on the right, and join the names of their levels."""
    return [
        (" x ".join(level for level in (a, b) if level is not None) or None, x * z)
        for a, x in left
        for b, z in right
    ]
