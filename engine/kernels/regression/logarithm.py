"""Natural logarithms by sums, products and quotients: the same bits on any processor and C library."""

from __future__ import annotations

import numpy as np

from engine.kernels.jit import inlined

_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_BITS_OF_ROOT_HALF = 0x3FE6A09E667F3BCD
_LARGEST = 1.7976931348623157e308


@inlined
def logarithm(x: float) -> float:
    """Return log x of a positive x to 1 ulp: x = 2^k m, and a polynomial for m from root 1/2 to root 2.

    With s = (m - 1) / (m + 1), log m = 2 s + 2/3 s^3 + 2/5 s^5 + ...; the coefficients are those of fdlibm,
    which make the largest error smallest. Infinity stays infinity, NaN stays NaN.
    """
    bits = np.float64(x).view(np.int64)
    k = (bits - _BITS_OF_ROOT_HALF) >> 52
    f = np.int64(bits - (k << 52)).view(np.float64) - 1.0
    s = f / (2.0 + f)
    z = s * s
    p = 1.479819860511658591e-01
    p = p * z + 1.531383769920937332e-01
    p = p * z + 1.818357216161805012e-01
    p = p * z + 2.222219843214978396e-01
    p = p * z + 2.857142874366239149e-01
    p = p * z + 3.999999999940941908e-01
    p = p * z + 6.666666666666735130e-01
    half_square = 0.5 * f * f
    value = k * _LN2_HIGH - ((half_square - (s * (half_square + p * z) + k * _LN2_LOW)) - f)
    return float(value if x <= _LARGEST else x)


@inlined
def logarithm_of_one_plus(x: float) -> float:
    """Return log(1 + x) of x >= 0, to 2 ulp: what 1 + x rounds away is added as a first term."""
    u = 1.0 + x
    return float(logarithm(u) + (x - (u - 1.0)) / u)
