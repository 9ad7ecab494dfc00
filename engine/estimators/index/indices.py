"""The indices by name, with the bounds and the parameter they are computed with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.arrays import FloatArray
from engine.kernels.index import indices as codes
from engine.study import ConcentrationSpec

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
        As in the study file.
    bounds
        The outcome's theoretical bounds; NaN where the index needs none.
    parameter
        v or beta; 0 where the index has none.
    """

    name: str
    bounds: tuple[float, float]
    parameter: float

    @property
    def code(self) -> int:
        """The kernels' number of the index."""
        return CODES[self.name]

    @property
    def family(self) -> int:
        """The kernels' number of the numerator."""
        return codes.family(self.code)

    def value(self, N: float, mu: float) -> float:
        """Return the index of a numerator and a mean."""
        return codes.index_value(self.code, N, mu, *self.bounds, self.parameter)

    def values(self, N: FloatArray, mu: FloatArray) -> FloatArray:
        """Return the index of each replicate (b,)."""
        return codes.index_values(self.code, N, mu, *self.bounds, self.parameter)

    def gradients(self, N: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the derivatives in each replicate, (b,) each."""
        return codes.index_gradients(self.code, N, mu, *self.bounds, self.parameter)

    def gradient(self, N: float, mu: float) -> tuple[float, float]:
        """Return the derivatives by numerator and mean."""
        return codes.index_gradient(self.code, N, mu, *self.bounds, self.parameter)


def requested_indices(
    spec: ConcentrationSpec, outcome: str, bounds: Mapping[str, tuple[float, float] | None]
) -> tuple[Index, ...]:
    """Return the indices a study asks of an outcome."""
    own = spec.bounds or bounds.get(outcome) or (np.nan, np.nan)
    return tuple(
        Index(name=name, bounds=own, parameter=spec.parameter if spec.parameter is not None else 0.0)
        for name in spec.index
    )
