"""The Python function that balances covariates between groups by weights, and by all replicate weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from engine.api.calibrate_weights import replicate_columns, whole_weights
from engine.balance import sums_of_cells, unit_of
from engine.data.frame_reader import as_polars, number_column
from engine.errors import DataError, Fault, UsageError, nearest
from engine.estimators.sample.balance import balanced
from engine.estimators.sample.balance_groups import (
    balanced_groups,
    differences,
    effective_sizes,
    factor_of,
    groups_of,
    number_of,
)
from engine.results import BalanceResult

if TYPE_CHECKING:
    import polars as pl

    from engine.arrays import IntArray


def balance_weights(
    frame: Any,  # noqa: ANN401 - any of four frame libraries
    weight: str,
    replicate_weights: str | Sequence[str],
    by: str,
    variables: str | Sequence[str],
    *,
    to: str = "all",
    method: Literal["entropy", "ipw"] = "entropy",
) -> BalanceResult:
    """Adjust a weight and its replicate weights so that groups have the same covariates.

    Every replicate is balanced again, so that errors computed from the replicate weights count that the
    factors are estimated. Weights alone would not: hence both are needed. Each group keeps its sum of
    weights.

    Parameters
    ----------
    frame
        A Polars frame, DuckDB relation, Arrow table or pandas frame.
    weight
        Column of the weight.
    replicate_weights
        Columns of whole replicate weights, or one pattern such as ``"rw_*"``; `equirank weights` makes them.
    by
        Column of the groups, such as the wave.
    variables
        Covariates: columns of text (shares of each level) or of numbers (means).
    to
        The group whose covariates the others get; ``all``: those of all groups together.
    method
        ``entropy`` (exponential factors; shares and means are met exactly) or ``ipw`` (inverse probabilities
        of a logit of belonging to the group).

    Returns
    -------
    BalanceResult
        `.frame` with the adjusted columns, `.differences` and `.effective_sizes`, before and after.

    Raises
    ------
    UsageError
        Without covariates or replicate weights, for a column that is named twice, or an unknown method.
    DataError
        For missing or infinite values, a level that a group lacks, or groups that no weights balance.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"wave": [*"111222"], "sex": [*"ffmfmm"], "w": [1, 1, 1, 1, 1, 1]})
    >>> frame = frame.with_columns(r1=pl.col("w") * 2, r2=pl.col("w"))
    >>> balanced = balance_weights(frame, "w", ["r1", "r2"], "wave", "sex", to="1")
    >>> balanced.frame["w"].round(6).to_list()
    [1.0, 1.0, 1.0, 2.0, 0.5, 0.5]
    """
    import polars as pl

    if method not in ("entropy", "ipw"):
        raise UsageError(f"method: found '{method}'; expected 'entropy' or 'ipw'. Correct it.")
    data = as_polars(frame)
    covariates = [variables] if isinstance(variables, str) else [*variables]
    if not covariates:
        raise UsageError("variables: found none; expected one or more. Name the covariates.")
    table, cell = _cells(data, by, covariates)
    weights = {
        name: whole_weights(data, name) for name in (weight, *replicate_columns(data, replicate_weights))
    }
    sums = sums_of_cells(weights[weight], cell, table.height)
    unit = unit_of(weights[weight])
    squares = sums_of_cells((weights[weight] / unit) ** 2, cell, table.height)
    groups = groups_of(table[by].to_list(), sums > 0.0, by, str(to), "")
    found = [
        number_of(name, number_column(table, name, "variables"), groups)
        if data[name].dtype.is_numeric()
        else factor_of(name, table[name].to_list(), groups, "")
        for name in covariates
    ]
    cells = balanced_groups(groups, found, sums, str(to), is_entropy=method == "entropy")
    adjusted = {}
    for name, values in weights.items():
        own = cells if name == weight else balanced(cells, sums_of_cells(values, cell, table.height))
        if not np.isfinite(own.factor).all():
            raise DataError(
                f"weight '{name}': found no factors that balance the covariates; expected groups that "
                "overlap in all of them. Combine levels, or leave one out."
            )
        adjusted[name] = values * own.factor[cell]
    return BalanceResult(
        frame=data.with_columns(pl.Series(name, values) for name, values in adjusted.items()),
        differences=pl.DataFrame([*differences(groups, cells, found, sums)]),
        effective_sizes=pl.DataFrame([*effective_sizes(groups, cells, sums / unit, squares)]),
    )


def _cells(data: pl.DataFrame, by: str, covariates: Sequence[str]) -> tuple[pl.DataFrame, IntArray]:
    """Return the distinct rows of the columns, in their order, and the number of each row's (N,)."""
    import polars as pl

    names = [by, *covariates]
    for name in names:
        role = "by" if name == by else "variables"
        place = f"{role} '{name}'"
        if names.count(name) > 1:
            raise UsageError(Fault(place, "found it twice", "each column once", "Leave one out."))
        if name not in data.columns:
            expected = f"one of the frame's {data.width} columns"
            raise DataError(Fault(role, f"no column '{name}'", expected, nearest(name, data.columns)))
        kind = data[name].dtype
        if kind.is_nested() or kind in (pl.Object, pl.Binary):
            raise DataError(Fault(place, f"found {kind}", "text or numbers", "Recode it."))
        if count := data[name].null_count() + _not_finite(data[name]):
            found = f"found {count:,} rows without a finite value"
            raise DataError(Fault(place, found, "one in every row", "Leave these rows out."))
    keys = data.select(
        pl.col(name) if name != by and data[name].dtype.is_numeric() else pl.col(name).cast(pl.String)
        for name in names
    )
    table = keys.unique().sort(names)
    numbered = table.with_row_index("cell of the balance")
    cell = keys.join(numbered, on=names, how="left", maintain_order="left")["cell of the balance"]
    return table, cell.to_numpy().astype(np.int64)


def _not_finite(column: pl.Series) -> int:
    return int((~column.drop_nulls().is_finite()).sum()) if column.dtype.is_float() else 0
