"""The indices by name, each with its bounds and its parameter."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

import numpy as np

from engine.arrays import FloatArray
from engine.estimators.sample.group_sample import NEARLY
from engine.kernels.index import indices as codes
from engine.study.indices import NEEDS_PARAMETER

Bounds = tuple[float, float]
_Number = TypeVar("_Number", float, FloatArray)


class IndexKind(NamedTuple):
    """What an index is, whatever the outcome: its code and numerator in the kernels.

    A relative index is undefined where its denominator is 0, as the standard index of a mean of 0 is.
    """

    code: int
    family: int
    is_relative: bool


# `engine.study.indices` says which of them need bounds or a parameter.
KINDS = {
    "standard": IndexKind(codes.STANDARD, codes.MIDRANK_FAMILY, is_relative=True),
    "generalized": IndexKind(codes.GENERALIZED, codes.MIDRANK_FAMILY, is_relative=False),
    "erreygers": IndexKind(codes.ERREYGERS, codes.MIDRANK_FAMILY, is_relative=False),
    "wagstaff": IndexKind(codes.WAGSTAFF, codes.MIDRANK_FAMILY, is_relative=True),
    "modified": IndexKind(codes.MODIFIED, codes.MIDRANK_FAMILY, is_relative=True),
    "extended": IndexKind(codes.EXTENDED, codes.EXTENDED_FAMILY, is_relative=True),
    "generalized_extended": IndexKind(codes.GENERALIZED_EXTENDED, codes.EXTENDED_FAMILY, is_relative=False),
    "symmetric": IndexKind(codes.SYMMETRIC, codes.SYMMETRIC_FAMILY, is_relative=True),
    "generalized_symmetric": IndexKind(
        codes.GENERALIZED_SYMMETRIC, codes.SYMMETRIC_FAMILY, is_relative=False
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """One index of one outcome.

    Attributes
    ----------
    name
        Name of the index, as in the study file.
    bounds
        The outcome's theoretical bounds; NaN where it has none.
    parameter
        v of the extended, beta of the symmetric index; 0 of the others.
    origin
        What means are measured from. Where the outcome lies around a billion, its rounded mean has few digits
        of the distance to a bound; a mean that is measured from close by has all of them.
    """

    name: str
    bounds: tuple[float, float]
    parameter: float
    origin: float = 0.0

    def measured_from(self, origin: float) -> Index:
        """Return the same index for means that are measured from `origin`."""
        return replace(self, origin=origin)

    @property
    def family(self) -> int:
        """The number of its numerator in the kernels."""
        return KINDS[self.name].family

    @property
    def own_parameter(self) -> float | None:
        """The parameter of an index that has one."""
        return self.parameter if self.name in NEEDS_PARAMETER else None

    @property
    def is_midrank(self) -> bool:
        """Whether the index is built on the generalized index, which one sweep gives for all outcomes."""
        return self.family == codes.MIDRANK_FAMILY

    @property
    def is_relative(self) -> bool:
        """Whether the index is undefined where its denominator is 0."""
        return KINDS[self.name].is_relative

    @property
    def _is_of_distances(self) -> bool:
        """Whether the index depends on the mean through its distances to bounds."""
        return KINDS[self.name].code in (codes.WAGSTAFF, codes.MODIFIED)

    @property
    def needs_positive_mean(self) -> bool:
        """Whether the index is a share of the mean, which an outcome with negative values has not."""
        return KINDS[self.name].code in (codes.STANDARD, codes.EXTENDED, codes.SYMMETRIC)

    def snapped(self, mean: FloatArray, largest: float) -> FloatArray:
        """Set means (r,) to 0 or a bound if they differ from it by rounding only: there it is undefined.

        `largest` is the largest absolute value of the outcome.
        """
        snapped = np.ascontiguousarray(mean)
        for level in (0.0, *self.bounds):
            if np.isfinite(level):
                place = level - self.origin
                snapped = np.where(abs(snapped - place) <= NEARLY * largest, place, snapped)
        return snapped

    @property
    def formula(self) -> codes.IndexFormula:
        """The index as kernels take it."""
        kind = KINDS[self.name]
        return codes.IndexFormula(kind.code, kind.family, *self.bounds, self.parameter)

    def value(self, N: float, mean: float) -> float:
        """Return the index, given numerator and mean; NaN or infinite where it is undefined."""
        return codes.index_value(self._from_origin, N, self._mean(mean))

    def values(self, N: FloatArray, mean: FloatArray) -> FloatArray:
        """Return the index in each replicate (r,)."""
        return codes.index_values(self._from_origin, N, self._mean(mean))

    def gradients(self, N: FloatArray, mean: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the derivatives by numerator and by mean in each replicate, (r,) each."""
        return codes.index_gradients(self._from_origin, N, self._mean(mean))

    def gradient(self, N: float, mean: float) -> tuple[float, float]:
        """Return the derivatives by numerator and by mean."""
        return codes.index_gradient(self._from_origin, N, self._mean(mean))

    @property
    def _from_origin(self) -> codes.IndexFormula:
        """The index as kernels take it, with bounds that are measured from where its mean is."""
        a, b = self.bounds
        is_moved = self._is_of_distances and self.origin != 0.0
        return self.formula._replace(a=a - self.origin, b=b - self.origin) if is_moved else self.formula

    def _mean(self, mean: _Number) -> _Number:
        return mean if self._is_of_distances else mean + self.origin


def requested_index(name: str, bounds: Bounds | None = None, parameter: float | None = None) -> Index:
    """Return an index of an outcome with these theoretical bounds, if it has any."""
    return Index(name=name, bounds=bounds or (np.nan, np.nan), parameter=parameter or 0.0)
