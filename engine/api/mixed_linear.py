"""The Python function of a linear multilevel model: one frame, no study file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from engine.api.arguments import MultilevelArguments, checked
from engine.api.frame_arrays import covariate, table, weights_of_levels
from engine.arrays import VariableArrays
from engine.data.frame_reader import as_polars, id_column, number_column
from engine.errors import EstimationError
from engine.estimators.regression.multilevel_rows import estimate_multilevel
from engine.results import TableResult
from engine.study import LevelScaling, MultilevelSpec


def mixed_linear(
    frame: Any,  # noqa: ANN401 - any of four frame libraries
    outcome: str,
    terms: Sequence[str | Sequence[str]],
    levels: Sequence[str],
    weight: str | None = None,
    *,
    level_weights: Mapping[str, str] | None = None,
    scaling: LevelScaling = "cluster-size",
    references: Mapping[str, str] | None = None,
    conf_level: float = 0.95,
) -> TableResult:
    """Fit a linear model with random intercepts of one or two nested levels, by maximum likelihood.

    y = x'b + u + v + error, with u of the outer and v of the inner cluster (Laird and Ware
    1982).

    Parameters
    ----------
    frame
        Polars, DuckDB, Arrow or pandas. Rows without outcome or a covariate are left out.
    outcome
        Column of numbers or booleans.
    terms
        Covariates and tuples of them, as in `logit`; none for the null model.
    levels
        One or two columns of cluster ids, innermost first. Ids of inner clusters may repeat across outer
        ones.
    weight
        Column of weights of people; errors are then sandwich errors by the outermost clusters (pseudo-maximum
        likelihood, Rabe-Hesketh and Skrondal 2006). None: 1 each.
    level_weights
        Level -> column of the weights of its clusters, given the cluster above. Those of the outermost level
        are scaled to add up to its clusters, which changes no estimate.
    scaling
        The weights of people add up to the ``cluster-size``, the people of each innermost cluster, or to its
        ``effective-size``, (sum w)^2 / sum w^2. ``unscaled``: they are those of people given the cluster.
    references
        Factor -> its reference level.
    conf_level
        Of the intervals.

    Returns
    -------
    TableResult
        Rows of ``coefficient``, of ``variance`` of each level and of ``(residual)``, of ``icc`` and
        ``log_likelihood``; without weights also of ``lr_chi2``, ``aic`` and ``bic``.

    Raises
    ------
    UsageError, DataError, EstimationError
        Each with place, finding, expectation and remedy. A variance of 0 is a status, not an error.

    Examples
    --------
    >>> import polars as pl
    >>> batch, y = [1, 1, 2, 2, 3, 3], [1.0, 2.0, 5.0, 6.0, 9.0, 10.0]
    >>> result = mixed_linear(pl.DataFrame({"y": y, "batch": batch}), "y", [], ["batch"])
    >>> {row.term: round(row.estimate, 4) for row in result.rows if row.measure == "variance"}
    {'batch': 10.4167, '(residual)': 0.5}
    """
    given = checked(MultilevelArguments, locals())
    data = as_polars(frame)
    given.refuse_terms()
    given.refuse_levels()
    variables = {name: covariate(data, name, given.references.get(name)) for name in given.single_terms}
    ids = {name: id_column(data, name, "levels") for name in given.levels}
    clusters = {name: codes for name, codes in ids.items() if codes is not None}
    values = number_column(data, outcome, "outcome")
    number = VariableArrays(
        name=outcome, levels=(), codes=None, values=values, missing=np.isnan(values).astype(np.uint8)
    )
    spec = given.spec(MultilevelSpec, model="linear")
    rows = estimate_multilevel(
        table(data, given),
        number,
        variables,
        clusters,
        spec,
        level_weights=weights_of_levels(data, given),
    )
    statuses = {row.status for row in rows if row.measure == "coefficient"}
    if statuses == {"does not converge"}:
        raise EstimationError("the model does not converge; expected a maximum. Use fewer terms.")
    return TableResult(kind="multilevel", rows=rows)
