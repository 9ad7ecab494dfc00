"""Types of the arrays and columns of a simulated panel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Columns = dict[str, FloatArray | IntArray]
"""Name -> (n,) values; float columns hold NaN where blank."""
