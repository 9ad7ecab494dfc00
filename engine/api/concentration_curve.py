"""The Python function of a concentration curve: one frame, no study file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack, overload

import numpy as np

from engine.api.arguments import CurveArguments, checked, number
from engine.api.frame_arrays import ranked_sample
from engine.api.options import CurveOptions
from engine.arrays import Group, SinglePsu
from engine.data.frame_reader import as_polars
from engine.estimators.index.curve import curves
from engine.results import CurveResult, GroupedResult, TidyRow
from engine.study import CurveSpec


@overload
def concentration_curve(
    frame: Any,  # noqa: ANN401 - any of four frame libraries
    outcome: str,
    rank_by: str,
    weight: str | None = None,
    stratum: str | None = None,
    cluster: str | None = None,
    *,
    by: None = None,
    **options: Unpack[CurveOptions],
) -> CurveResult: ...


@overload
def concentration_curve(
    frame: Any,  # noqa: ANN401 - any of four frame libraries
    outcome: str,
    rank_by: str,
    weight: str | None = None,
    stratum: str | None = None,
    cluster: str | None = None,
    *,
    by: str | Sequence[str],
    **options: Unpack[CurveOptions],
) -> GroupedResult[CurveResult]: ...


def concentration_curve(
    frame: Any,
    outcome: str,
    rank_by: str,
    weight: str | None = None,
    stratum: str | None = None,
    cluster: str | None = None,
    *,
    by: str | Sequence[str] | None = None,
    points: int = 20,
    conf_level: float = 0.95,
    nested: bool = False,
    single_psu: SinglePsu = "fail",
    replicate_weights: Mapping[str, object] | None = None,
    seed: int = 0,
) -> CurveResult | GroupedResult[CurveResult]:
    """Estimate a concentration curve: the share of the outcome held by the lowest ranked share of people.

    Parameters
    ----------
    frame, outcome, rank_by, weight, stratum, cluster, nested, single_psu, replicate_weights
        As in `concentration_index`.
    by
        Factors whose levels are groups with their own curves; a column called ``wave`` is the wave.
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
        also hold the dominance tests against the diagonal. With `by` a GroupedResult: ``.groups`` has a
        CurveResult for each group, without points where the group has no curve; ``.differences()`` has the
        dominance tests between groups.

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
    if not given.by:
        return _curve(rows, conf_level)
    found = {
        group.label: _curve(tuple(row for row in rows if _is_of(row, group)), conf_level)
        for group in arrays.groups
    }
    return GroupedResult(kind="curve", groups=found, rows=rows)


def _is_of(row: TidyRow, group: Group) -> bool:
    return (row.wave, row.subgroup) == (group.wave, group.subgroup)


def _curve(rows: tuple[TidyRow, ...], conf_level: float) -> CurveResult:
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
