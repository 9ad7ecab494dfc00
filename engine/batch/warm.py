"""Compiles every kernel a run can need, on a sample of a few rows."""

from __future__ import annotations

import time


def warm_kernels() -> float:
    """Compile the kernels and return the seconds it took; with a filled cache a second or two."""
    import polars as pl

    from engine.batch.functions import concentration_curve, concentration_index

    started = time.perf_counter()
    frame = pl.DataFrame(
        {"x": [1, 2, 2, 3, 4, 5, 6, 7], "y": [1, 0, 0, 1, 1, 0, 1, 1], "s": [1, 1, 1, 1, 2, 2, 2, 2],
         "c": [1, 1, 2, 2, 3, 3, 4, 4]}
    )  # fmt: skip
    for method in ("iid", "rao-wu", "poisson", "jackknife"):
        interval = "normal" if method == "jackknife" else "studentized"
        concentration_index(frame, "y", "x", stratum="s", cluster="c", bootstrap=40, method=method, interval=interval)
    concentration_index(frame, "y", "x", index="extended", parameter=3.0, bootstrap=40)
    concentration_curve(frame, "y", "x")
    return time.perf_counter() - started
