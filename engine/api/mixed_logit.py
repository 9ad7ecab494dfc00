"""The Python function of a multilevel logit: one frame, no study file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from engine.api.arguments import MixedLogitArguments, checked
from engine.api.frame_arrays import covariate, event, table, weights_of_levels
from engine.data.frame_reader import as_polars, id_column
from engine.errors import EstimationError
from engine.estimators.regression.multilevel_rows import estimate_multilevel
from engine.results import MixedLogitResult
from engine.study import LevelScaling, MultilevelSpec


def mixed_logit(
    frame: Any,  # noqa: ANN401 - any of four frame libraries
    outcome: str,
    terms: Sequence[str | Sequence[str]],
    levels: Sequence[str],
    points: int | Literal["auto"] = "auto",
    weight: str | None = None,
    *,
    level_weights: Mapping[str, str] | None = None,
    scaling: LevelScaling = "cluster-size",
    references: Mapping[str, str] | None = None,
    modes: bool = False,
    conf_level: float = 0.95,
    threads: int | None = None,
) -> MixedLogitResult:
    """Fit a logit with random intercepts of one or two nested levels, by adaptive Gauss-Hermite quadrature.

    y ~ Bernoulli(expit(x'b + s3 u + s2 v)) with u of the outer and v of the inner cluster standard normal (Li
    et al. 2022, Tables 2 to 4).

    Parameters
    ----------
    frame
        Polars, DuckDB, Arrow or pandas. Rows without outcome or a covariate are left out.
    outcome
        Column of 0 and 1, or booleans.
    terms
        Covariates and tuples of them, as in `logit`; none for the null model.
    levels
        One or two columns of cluster ids, innermost first. Ids of inner clusters may repeat across outer
        ones.
    points
        Quadrature points of each level. ``auto`` begins with 7 and gives a level more until the
        log-likelihood (to 1e-7 of itself) and every variance (to 1e-4 of itself) stand still; an odd number
        stays as it is, 1 is the Laplace approximation. ``points_check`` tells what more points change.
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
    modes
        Whether to give each cluster's effect, the smallest first.
    conf_level
        Of the intervals.
    threads
        All usable cores by default; the numbers do not depend on it.

    Returns
    -------
    MixedLogitResult
        With ``.variances``, ``.icc``, ``.log_likelihood``, ``.aic``, ``.bic``, ``.odds_ratios``,
        ``.to_frame()``.

    Raises
    ------
    UsageError, DataError, EstimationError
        Each with place, finding, expectation and remedy. A variance of 0 is a status, not an error.

    Examples
    --------
    >>> import polars as pl
    >>> village = [i // 10 for i in range(400)]
    >>> ill = [(7 * i) % 10 < 2 + v % 4 for i, v in enumerate(village)]
    >>> result = mixed_logit(pl.DataFrame({"ill": ill, "village": village}), "ill", [], ["village"])
    >>> result.n_obs, sorted(result.variances), result.log_likelihood < -250
    (400, ['village'], True)
    """
    given = checked(MixedLogitArguments, locals())
    data = as_polars(frame)
    given.refuse_terms()
    given.refuse_levels()
    variables = {name: covariate(data, name, given.references.get(name)) for name in given.single_terms}
    ids = {name: id_column(data, name, "levels") for name in given.levels}
    clusters = {name: codes for name, codes in ids.items() if codes is not None}
    spec = given.spec(MultilevelSpec)
    rows = estimate_multilevel(
        table(data, given),
        event(data, outcome),
        variables,
        clusters,
        spec,
        level_weights=weights_of_levels(data, given),
        threads=given.threads,
    )
    result = MixedLogitResult.of(rows)
    statuses = {row.status for row in result.rows if row.measure == "coefficient"}
    if statuses == {"does not converge"}:
        raise EstimationError(
            "the model does not converge; expected a maximum. Use fewer terms, or more points."
        )
    return result
