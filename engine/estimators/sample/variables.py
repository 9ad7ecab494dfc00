"""Variables of a model: their numbers, their complete rows and their distinct combinations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.arrays import FloatArray, IntArray, VariableArrays


def numbers_of(variable: VariableArrays) -> FloatArray:
    """Return the values (N,) of a variable that is not a factor."""
    assert variable.values is not None  # noqa: S101 - narrowing for mypy: a variable has codes or values
    return variable.values


def complete_rows(variables: Sequence[VariableArrays]) -> NDArray[np.bool_]:
    """Say which rows (N,) have a value of every variable."""
    present = np.ones(len(variables[0].missing), np.bool_)
    for variable in variables:
        present &= variable.codes >= 0 if variable.codes is not None else ~np.isnan(numbers_of(variable))
    return present


def sort_keys(variables: Sequence[VariableArrays]) -> list[FloatArray | IntArray]:
    """Return what tells rows (N,) of these variables apart, as keys of a sort."""
    return [
        numbers_of(variable) if variable.codes is None else variable.codes.astype(np.int64)
        for variable in variables
    ]


def distinct(codes: Sequence[NDArray[Any]]) -> tuple[NDArray[np.int32], IntArray]:
    """Number the distinct combinations of codes, (n,) each and 0 or more.

    Returns the number of each row's combination (n,) and a row with each combination (p,).
    """
    key, size = codes[0].astype(np.int64), int(codes[0].max()) + 1
    for code in codes[1:]:
        width = int(code.max()) + 1
        if size * width >= 2**62:
            key = np.unique(key, return_inverse=True)[1]
            size = int(key.max()) + 1
        key *= width
        key += code
        size *= width
    if size > 4 * len(key):
        _, example, number = np.unique(key, return_index=True, return_inverse=True)
        return number.astype(np.int32), example.astype(np.int64)
    # Few combinations are possible: look them up, without a sort.
    first_row = np.full(size, -1, np.int64)
    first_row[key[::-1]] = np.arange(len(key))[::-1]
    occurring = np.flatnonzero(first_row >= 0)
    number_of_key = np.empty(size, np.int32)
    number_of_key[occurring] = np.arange(len(occurring))
    return number_of_key[key], first_row[occurring]
