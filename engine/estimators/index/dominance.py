"""Dominance tests of concentration curves, against the diagonal or between two groups.

After O'Donnell et al. (2008, chapter 7), at 19 points: by the multiple comparison rule (some difference is
significant in one direction and none in the other, by the critical value of the studentized maximum modulus),
and by the stricter intersection-union rule (every difference is significant).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from scipy.special import stdtrit

from engine.arrays import FloatArray
from engine.estimators.index.bands import studentized_maximum_modulus
from engine.estimators.replicates.replicate_weights import UNDEFINED_REPLICATES
from engine.estimators.sample.design_variance import NO_DEGREES, NO_ERROR
from engine.results import TidyRow

DOMINANCE_POINTS = np.arange(1, 20) / 20.0


def dominance_rows(
    base: TidyRow, difference: FloatArray, errors: FloatArray, degrees: int, conf_level: float
) -> Iterator[TidyRow]:
    """Yield the verdict of both rules on the differences (m,) of two curves, with their standard errors (m,).

    The estimate is 1 above, -1 below, 0 neither.
    """
    base = replace(base, measure="dominance", conf_level=conf_level)
    t = np.divide(difference, errors, out=np.zeros_like(difference), where=errors > NO_ERROR)
    if degrees < 1:
        yield replace(base, status=NO_DEGREES)
        return
    if not np.isfinite(errors).all():
        yield replace(base, status=UNDEFINED_REPLICATES)
        return
    modulus = studentized_maximum_modulus(len(t), degrees, conf_level)
    pointwise = float(stdtrit(degrees, 0.5 + conf_level / 2.0))
    above, below = bool((t > modulus).any()), bool((t < -modulus).any())
    multiple = 1 if above and not below else -1 if below and not above else 0
    union = 1 if (t > pointwise).all() else -1 if (t < -pointwise).all() else 0
    neither = "crosses" if above and below else "not significant"
    for rule, verdict in (("multiple comparison", multiple), ("intersection-union", union)):
        text = {1: "above", -1: "below"}.get(verdict, neither)
        yield replace(base, term=text, estimate=float(verdict), method=rule)
