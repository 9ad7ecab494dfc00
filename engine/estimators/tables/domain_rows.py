"""What `describe` and `rates` share: the groups of a table, and tidy rows of its domains."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from engine.arrays import Group, TableArrays, UnitArray
from engine.estimators.replicates.replicate_weights import failed_status
from engine.estimators.sample.design_variance import NO_DEGREES
from engine.estimators.tables.domain_means import DomainMeans
from engine.results import TidyRow

NO_OBSERVATIONS = "no observations"


def groupings(table: TableArrays) -> Iterator[tuple[UnitArray, Sequence[Group]]]:
    """Yield each row's group (N,), -1 for none, and the groups; then the same for all rows together."""
    if len(table.groups) > 1:
        yield table.group, table.groups
    yield np.where(table.weight > 0, 0, -1).astype(np.int32), (Group(),)


def domain_row(means: DomainMeans, domain: int, group: Group) -> TidyRow:
    """Return a row with the labels of a group and the counts of a domain."""
    n_replicates = means.n_replicates if means.n_obs[domain] > 0 else None
    return TidyRow(
        measure="",
        wave=group.wave,
        subgroup=group.subgroup,
        n_obs=int(means.n_obs[domain]),
        n_clusters=None if means.n_clusters is None else int(means.n_clusters[domain]),
        sum_weights=float(means.sum_weights[domain]),
        n_replicates=n_replicates,
        n_failed=None if n_replicates is None else int(means.n_failed[domain]),
    )


def with_interval(
    row: TidyRow,
    estimate: float,
    std_error: float,
    limits: tuple[float, float],
    *,
    conf_level: float,
    method: str,
    degrees: int,
) -> TidyRow:
    """Return a row with an estimate, its standard error and interval; None for what is undefined.

    People of one sampling unit do not vary between units: their error is unknown, not 0.
    """
    status = failed_status(row.n_failed or 0, row.n_replicates) if row.n_replicates else row.status
    if degrees < 1:
        status = NO_DEGREES if status == "ok" else status
        return replace(row, estimate=estimate, conf_level=conf_level, method=method, status=status)
    return replace(
        row,
        estimate=estimate,
        std_error=finite(std_error),
        conf_low=finite(limits[0]),
        conf_high=finite(limits[1]),
        conf_level=conf_level,
        method=method,
        df2=degrees if np.isfinite(limits[0]) else None,
        status=status,
    )


def finite(value: float) -> float | None:
    """Return a number, or None for one that is not finite."""
    return float(value) if np.isfinite(value) else None
