"""The indices by name, each with its bounds and its parameter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.arrays import FloatArray
from engine.kernels.index import indices as codes

Bounds = tuple[float, float]
CODES = {
    "standard": codes.STANDARD,
    "generalized": codes.GENERALIZED,
    "erreygers": codes.ERREYGERS,
    "wagstaff": codes.WAGSTAFF,
    "modified": codes.MODIFIED,
    "extended": codes.EXTENDED,
    "generalized_extended": codes.GENERALIZED_EXTENDED,
    "symmetric": codes.SYMMETRIC,
    "generalized_symmetric": codes.GENERALIZED_SYMMETRIC,
}
RELATIVE = ("standard", "wagstaff", "modified", "extended", "symmetric")


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
    """

    name: str
    bounds: tuple[float, float]
    parameter: float

    @property
    def code(self) -> int:
        """The number of the index in the kernels."""
        return CODES[self.name]

    @property
    def family(self) -> int:
        """The number of its numerator in the kernels."""
        return codes.family(self.code)

    def value(self, N: float, mu: float) -> float:
        """Return the index, given numerator and mean; NaN or infinite where it is undefined."""
        return codes.index_value(self.code, N, mu, *self.bounds, self.parameter)

    def values(self, N: FloatArray, mu: FloatArray) -> FloatArray:
        """Return the index in each replicate (r,)."""
        return codes.index_values(self.code, N, mu, *self.bounds, self.parameter)

    def gradients(self, N: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the derivatives by numerator and by mean in each replicate, (r,) each."""
        return codes.index_gradients(self.code, N, mu, *self.bounds, self.parameter)

    def gradient(self, N: float, mu: float) -> tuple[float, float]:
        """Return the derivatives by numerator and by mean."""
        return codes.index_gradient(self.code, N, mu, *self.bounds, self.parameter)


def requested_index(name: str, bounds: Bounds | None = None, parameter: float | None = None) -> Index:
    """Return an index of an outcome with these theoretical bounds, if it has any."""
    return Index(name=name, bounds=bounds or (np.nan, np.nan), parameter=parameter or 0.0)
