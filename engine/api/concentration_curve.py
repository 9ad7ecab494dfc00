"""The Python function of a concentration curve: one frame, no study file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.api.arguments import CurveArguments, checked, number
from engine.api.frame_arrays import ranked_sample
from engine.arrays import SinglePsu
from engine.data.frame_reader import as_polars
from engine.estimators.index.curve import curves
from engine.results import CurveResult
from engine.study import CurveSpec


def concentration_curve(
    frame: Any,  # noqa: ANN401 - any of four frame libraries
    outcome: str,
    rank_by: str,
    weight: str | None = None,
    stratum: str | None = None,
    cluster: str | None = None,
    *,
    points: int = 20,
    conf_level: float = 0.95,
    nested: bool = False,
    single_psu: SinglePsu = "fail",
    replicate_weights: Mapping[str, object] | None = None,
    seed: int = 0,
) -> CurveResult:
    """Estimate a concentration curve: the share of the outcome held by the lowest ranked share of people.

    Parameters
    ----------
    frame, outcome, rank_by, weight, stratum, cluster, nested, single_psu, replicate_weights
        As in `concentration_index`.
    points
        Intervals of the curve.
    conf_level
        Of the pointwise interval and the simultaneous band.
    seed
        Of the simulation behind the band's critical value.

    Returns
    -------
    CurveResult
        ``.to_frame()`` has share of people, share of outcome, standard error, interval and band; ``.rows``
        also hold the dominance tests against the diagonal.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"income": [1, 2, 3, 4], "visits": [4, 3, 2, 1]})
    >>> curve = concentration_curve(frame, "visits", "income", points=4)
    >>> curve.share_of_outcome.round(12).tolist()
    [0.0, 0.4, 0.7, 0.9, 1.0]
    """
    given = checked(CurveArguments, locals())
    arrays = ranked_sample(as_polars(frame), given, None)
    rows = curves(arrays, given.spec(CurveSpec), seed=given.seed)
    pointwise = [row for row in rows if str(row.method).endswith(", pointwise")]
    band = [row for row in rows if str(row.method).endswith(", simultaneous")]
    return CurveResult(
        share_of_people=np.array([number(float(row.level or "nan")) for row in pointwise]),
        share_of_outcome=np.array([number(row.estimate) for row in pointwise]),
        std_error=np.array([number(row.std_error) for row in pointwise]),
        conf_low=np.array([number(row.conf_low) for row in pointwise]),
        conf_high=np.array([number(row.conf_high) for row in pointwise]),
        band_low=np.array([number(row.conf_low) for row in band]),
        band_high=np.array([number(row.conf_high) for row in band]),
        conf_level=conf_level,
        n_obs=int(rows[0].n_obs or 0),
        rows=rows,
    )
