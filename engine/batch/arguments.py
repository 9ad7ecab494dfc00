"""Turns the arguments of the Python functions into specs and arrays."""

from __future__ import annotations

from typing import Any

from engine.arrays import DesignColumns, SampleArrays
from engine.data.frames import id_column, number_column
from engine.errors import UsageError
from engine.estimators.prepare import checked_outcome, sort_sample
from engine.study import ConcentrationSpec, CurveSpec


def frame_arrays(
    data: Any,  # noqa: ANN401 - a Polars frame; polars is not imported here
    outcome: str,
    rank_by: str,
    columns: DesignColumns,
    bounds: tuple[float, float] | None,
) -> SampleArrays:
    """Return the sorted sample of one outcome of a Polars frame."""
    values = checked_outcome(outcome, number_column(data, outcome, "outcome"), bounds)
    rank = number_column(data, rank_by, "rank_by")
    return sort_sample(outcomes={outcome: values}, rank=rank, rank_name=rank_by, columns=columns)


def frame_design(
    data: Any,  # noqa: ANN401 - a Polars frame; polars is not imported here
    weight: str | None,
    stratum: str | None,
    cluster: str | None,
    *,
    nested: bool,
    single_psu: str,
) -> DesignColumns:
    """Return the design columns of a Polars frame."""
    if single_psu not in ("fail", "adjust", "certainty"):
        raise UsageError(f"single_psu: found '{single_psu}'; expected 'fail', 'adjust' or 'certainty'. Choose one.")
    return DesignColumns(
        weight=None if weight is None else number_column(data, weight, "weight"),
        stratum=id_column(data, stratum, "stratum"),
        cluster=id_column(data, cluster, "cluster"),
        nested=nested,
        single_psu=single_psu,  # type: ignore[arg-type]  # looked at above
        names={k: v for k, v in {"weight": weight, "stratum": stratum, "cluster": cluster}.items() if v},
    )


def bootstrap_options(replicates: int, method: str, interval: str) -> dict[str, Any] | None:
    """Return the bootstrap part of an analysis, or None without replicates."""
    if replicates == 0 and method != "jackknife":
        return None
    return {"replicates": replicates, "method": method, "interval": interval}


def checked_spec(**fields: Any) -> ConcentrationSpec | CurveSpec:  # noqa: ANN401 - pydantic checks them
    """Return the analysis these arguments ask for, or say what is wrong with one of them."""
    from pydantic import ValidationError

    kind = ConcentrationSpec if fields["kind"] == "concentration" else CurveSpec
    try:
        return kind(**fields)
    except ValidationError as error:
        item = error.errors(include_url=False)[0]
        place = ".".join(str(step) for step in item["loc"] if not isinstance(step, int))
        raise UsageError(f"{place}: found {item['input']!r}; {item['msg'].lower()}. Correct the argument.") from None


def number(value: float | None) -> float:
    """Return a number that may be missing as NaN."""
    """Return the analysis these arguments ask for, or say what is wrong with one of them."""
    return float("nan") if value is None else float(value)
