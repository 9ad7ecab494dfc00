"""Tidy rows of random effects: variances, intraclass correlations, numbers and effects of clusters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from scipy.special import chdtrc

from engine.estimators.regression.clusters import Clusters
from engine.estimators.regression.fitted_multilevel import NOT_CONVERGED, FittedMultilevel
from engine.estimators.regression.multilevel import LATENT_VARIANCE
from engine.kernels.regression.links import exponential
from engine.kernels.regression.logarithm import logarithm
from engine.kernels.regression.small_matrices import dot, times
from engine.results import TidyRow

BOUNDARY = "at the boundary: 0 is the maximum"


def random_effect_rows(model: FittedMultilevel) -> Iterator[TidyRow]:
    """Yield each level's variance, then its intraclass correlation, then its clusters."""
    yield from _variance_rows(model)
    yield from _correlation_rows(model)
    yield from cluster_rows(model.clusters, model.base)


def _variance_rows(model: FittedMultilevel) -> Iterator[TidyRow]:
    """Yield the ``variance`` of each level; its interval is symmetric on the log scale."""
    fit = model.fit
    errors = np.sqrt(np.diag(fit.sd_covariance))
    for k, name in enumerate(model.clusters.names):
        row = replace(model.base, measure="variance", term=name, estimate=float(fit.sd[k] ** 2))
        if fit.at_boundary[k] or not fit.converged:
            yield replace(row, status=BOUNDARY if fit.at_boundary[k] else NOT_CONVERGED)
            continue
        ratio = exponential(model.z * 2.0 * errors[k] / fit.sd[k])
        yield replace(
            row,
            std_error=float(2.0 * fit.sd[k] * errors[k]),
            conf_low=float(fit.sd[k] ** 2 / ratio),
            conf_high=float(fit.sd[k] ** 2 * ratio),
        )


def _correlation_rows(model: FittedMultilevel) -> Iterator[TidyRow]:
    """Yield the ``icc`` of each level: the correlation of the latent outcomes of two people of one cluster.

    Such people share the cluster of that level and of all levels above. The interval is symmetric on the
    logit scale.
    """
    fit = model.fit
    total = float((fit.sd**2).sum()) + LATENT_VARIANCE
    free = [k for k, is_zero in enumerate(fit.at_boundary) if not is_zero]
    for k, name in enumerate(model.clusters.names):
        icc = float((fit.sd[k:] ** 2).sum()) / total
        row = replace(model.base, measure="icc", term=name, estimate=icc)
        if icc == 0.0 or not fit.converged:
            yield replace(row, status=BOUNDARY if fit.converged else NOT_CONVERGED)
            continue
        gradient = (2.0 * fit.sd / total * ((np.arange(len(fit.sd)) >= k) - icc))[free]
        error = float(np.sqrt(dot(gradient, times(fit.sd_covariance[np.ix_(free, free)], gradient))))
        middle, half = logarithm(icc / (1.0 - icc)), model.z * error / (icc * (1.0 - icc))
        low, high = (1.0 / (1.0 + exponential(-end)) for end in (middle - half, middle + half))
        yield replace(row, std_error=error, conf_low=low, conf_high=high)


def random_effects_test(base: TidyRow, chi2: float, n_levels: int) -> TidyRow:
    """Return the likelihood ratio against the model without random effects.

    Under that model one variance is at its boundary, and the ratio is 0 half the time (Self and Liang 1987).
    With two variances chi-square 2 is too cautious.
    """
    if n_levels == 1:
        p, method, df1 = 0.5 * float(chdtrc(1, chi2)), "50:50 mixture of chi2 0 and 1", None
    else:
        p, method, df1 = float(chdtrc(2, chi2)), "chi2 (conservative)", 2.0
    return replace(
        base,
        measure="lr_chi2",
        term="(random effects)",
        estimate=chi2,
        p_value=1.0 if chi2 == 0.0 else p,
        method=method,
        df1=df1,
    )


def cluster_rows(clusters: Clusters, base: TidyRow) -> Iterator[TidyRow]:
    """Yield how many clusters each level has, and how many hold one person only."""
    for name, sizes in clusters.sizes().items():
        row = replace(base, term=name, conf_level=None, method=None)
        status = _nesting_status(clusters, name)
        yield replace(row, measure="n_clusters", estimate=float(len(sizes)), status=status)
        yield replace(row, measure="one_person_clusters", estimate=float((sizes == 1).sum()))


def _nesting_status(clusters: Clusters, level: str) -> str:
    if level != clusters.names[0] or clusters.n_repeated == 0:
        return "ok"
    return f"ok; {clusters.n_repeated:,} ids stand in several {clusters.names[-1]}: nested there"


def mode_rows(model: FittedMultilevel) -> Iterator[TidyRow]:
    """Yield the ``conditional_mode`` of every cluster, from the smallest to the largest, without its id."""
    for name, modes in zip(model.clusters.names, model.fit.modes, strict=True):
        order: Sequence[int] = np.lexsort((modes[:, 1], modes[:, 0])).tolist()
        for place, cluster in enumerate(order, start=1):
            mode, error = (float(value) for value in modes[cluster])
            yield replace(
                model.base,
                measure="conditional_mode",
                term=name,
                level=str(place),
                estimate=mode,
                std_error=error,
                conf_low=mode - model.z * error,
                conf_high=mode + model.z * error,
            )
