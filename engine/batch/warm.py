"""Compiles every kernel a run can need, on a sample of a few rows."""

from __future__ import annotations

import time
from typing import Any


def warm_kernels() -> float:
    """Compile the kernels and return the seconds it took; with a filled cache a second or two."""
    import polars as pl

    from engine.batch.decompose import decompose
    from engine.batch.functions import concentration_curve, concentration_index

    started = time.perf_counter()
    n = 24
    frame = pl.DataFrame(
        {"x": [i % 7 for i in range(n)], "y": [i % 3 == 0 for i in range(n)], "z": [i % 5 for i in range(n)],
         "stratum": [i // 12 for i in range(n)], "psu": [i // 3 for i in range(n)]}
    )  # fmt: skip
    design: dict[str, Any] = {"stratum": "stratum", "cluster": "psu", "bootstrap": 40}
    for method in ("iid", "rao-wu", "poisson", "jackknife"):
        interval = "normal" if method == "jackknife" else "studentized"
        for index in ("standard", "extended"):
            concentration_index(
                frame, "y", "x", index=index, parameter=3.0 if index == "extended" else None, method=method,
                interval=interval, **design,
            )  # fmt: skip
        decompose(frame, "y", "x", ["z"], need=["z"], model="logit", method=method, **design)
    for route in ("rows", "cells"):
        concentration_index(frame, "y", "x", bootstrap=40, method="iid", route=route)
    concentration_curve(frame, "y", "x")
    return time.perf_counter() - started
