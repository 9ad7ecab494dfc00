"""Tidy rows of a multilevel logit: odds ratios, variances, intraclass correlations, fit, and clusters' effects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import chdtrc, ndtri

from engine.arrays import FloatArray, IntArray, TableArrays, VariableArrays
from engine.errors import EstimationError
from engine.estimators.regression.coefficient_rows import Estimate, coefficient_rows
from engine.estimators.regression.model_frame import ModelFrame, constant_only, model_frame, model_terms
from engine.estimators.regression.multilevel import LATENT_VARIANCE, Clusters, MixedFit, fit_mixed
from engine.estimators.sample.groups import in_groups
from engine.estimators.sample.variables import complete_rows
from engine.kernels.jit import threads as kernel_threads
from engine.results import TidyRow
from engine.study import MultilevelSpec

BOUNDARY = "at the boundary: 0 is the maximum"
ENOUGH_POINTS = 0.01  # change of the log-likelihood: a tenth of what any test would notice


@dataclass(frozen=True, slots=True, kw_only=True)
class _Model:
    frame: ModelFrame
    clusters: Clusters
    fit: MixedFit
    base: TidyRow
    spec: MultilevelSpec


def estimate_multilevel(
    table: TableArrays,
    outcome: VariableArrays,
    variables: Mapping[str, VariableArrays],
    ids: Mapping[str, IntArray],
    spec: MultilevelSpec,
    *,
    threads: int | None = None,
) -> tuple[TidyRow, ...]:
    """Fit a multilevel logit in every group of the rows.

    Parameters
    ----------
    table
        Weights and groups of the N rows.
    outcome
        The event.
    variables
        Name -> covariate, every name of the terms.
    ids
        Level -> (N,) cluster of each row, -1 where missing; innermost first.
    spec
        The analysis.
    threads
        For the kernels; all usable cores when None. The numbers do not depend on it.

    Returns
    -------
    tuple of TidyRow
        ``coefficient`` and ``odds_ratio`` of every column; of each level ``variance``, ``icc``, ``n_clusters``,
        ``one_person_clusters`` and, if asked, ``conditional_mode`` of its clusters in order of size; and for the
        whole model ``lr_chi2`` against the logit without random effects, ``log_likelihood``, ``aic``, ``bic``,
        ``n_parameters`` and ``points_check``, the gain in log-likelihood of twice the points.

    Raises
    ------
    EstimationError
        If the model cannot be fitted in any group.
    """
    how = "Laplace" if spec.points == 1 else f"{spec.points}-point adaptive quadrature"
    weighted = ", weights scaled to cluster size, robust errors" if spec.weights == "cluster-size" else ""
    base = TidyRow(
        measure="odds_ratio", outcome=outcome.name, method=how + weighted, conf_level=spec.conf_level
    )

    def estimate(g: int, own: TidyRow) -> list[TidyRow]:
        return _group_rows(table, g, outcome, variables, ids, spec, own)

    with kernel_threads(threads):
        return in_groups(spec.name, table.groups, estimate, base)


def _group_rows(
    table: TableArrays,
    g: int,
    outcome: VariableArrays,
    variables: Mapping[str, VariableArrays],
    ids: Mapping[str, IntArray],
    spec: MultilevelSpec,
    base: TidyRow,
) -> list[TidyRow]:
    assert outcome.values is not None  # noqa: S101 - the study check refuses an outcome without event
    complete = complete_rows([*variables.values()]) if variables else np.ones(len(table.weight), bool)
    kept = np.flatnonzero((table.group == g) & ~np.isnan(outcome.values) & complete)
    y = outcome.values[kept]
    if len(kept) == 0 or y.min() == y.max():
        what = "there is no complete row" if len(kept) == 0 else "nobody or everybody has the event"
        raise EstimationError(
            f"outcome '{outcome.name}': {what} in {table.groups[g].label}; expected both values."
        )
    frame = model_frame(model_terms(spec.terms), variables, kept) if spec.terms else constant_only(len(kept))
    clusters = Clusters.of({name: own[kept] for name, own in ids.items()})
    for name, own in clusters.sizes().items():
        if len(own) < 2 or own.max() == 1:
            raise EstimationError(
                f"levels '{name}': {'a single cluster' if len(own) < 2 else 'one person in every cluster'}; expected "
                "several clusters with several people. Leave the level out."
            )
    weighted = spec.weights == "cluster-size"
    weight = _scaled(table.weight[kept], clusters.inner) if weighted else np.ones(len(kept))
    fit = fit_mixed(frame, y, weight, clusters, spec.points, robust=weighted)
    base = replace(
        base,
        n_obs=len(kept),
        n_events=int(y.sum()),
        n_clusters=len(clusters.sizes()[clusters.names[-1]]),
        sum_weights=float(weight.sum()),
    )
    model = _Model(frame=frame, clusters=clusters, fit=fit, base=base, spec=spec)
    told = [*coefficient_rows(frame, _estimate(model), base), *_variance_rows(model), *_fit_rows(model)]
    return told + ([*_mode_rows(model)] if spec.modes else [])


def _scaled(weight: FloatArray, inner: IntArray) -> FloatArray:
    """Scale weights to add up to the people of each cluster (Rabe-Hesketh and Skrondal 2006, method 2)."""
    scaled: FloatArray = weight * (np.bincount(inner) / np.bincount(inner, weight))[inner]
    return scaled


def _estimate(model: _Model) -> Estimate:
    fit = model.fit
    status = fit.single.status
    if not fit.converged:
        status = [own if own != "ok" else "does not converge" for own in status]
    return Estimate(
        beta=fit.beta,
        covariance=fit.covariance,
        degrees=np.inf,
        status=tuple(status),
        conf_level=model.spec.conf_level,
    )


def _variance_rows(model: _Model) -> Iterator[TidyRow]:
    """Yield each level's variance (its interval on the log scale), ICC (on the logit scale) and clusters."""
    fit, base = model.fit, model.base
    z = float(ndtri(0.5 + model.spec.conf_level / 2))
    errors = np.sqrt(np.diag(fit.sd_covariance))
    for k, name in enumerate(model.clusters.names):
        row = replace(base, measure="variance", term=name, estimate=float(fit.sd[k] ** 2))
        if fit.at_boundary[k] or not fit.converged:
            yield replace(row, status=BOUNDARY if fit.at_boundary[k] else "does not converge")
            continue
        error = 2.0 * fit.sd[k] * errors[k]
        ratio = float(np.exp(z * 2.0 * errors[k] / fit.sd[k]))
        yield replace(
            row,
            std_error=float(error),
            conf_low=float(fit.sd[k] ** 2 / ratio),
            conf_high=float(fit.sd[k] ** 2 * ratio),
        )
    yield from _correlations(model, z)
    for name, sizes in model.clusters.sizes().items():
        row = replace(base, term=name, conf_level=None, method=None)
        repeated = model.clusters.n_repeated if name == model.clusters.names[0] else 0
        told = (
            f"ok; {repeated:,} ids stand in several {model.clusters.names[-1]}: nested there"
            if repeated
            else "ok"
        )
        yield replace(row, measure="n_clusters", estimate=float(len(sizes)), status=told)
        yield replace(row, measure="one_person_clusters", estimate=float((sizes == 1).sum()))


def _correlations(model: _Model, z: float) -> Iterator[TidyRow]:
    """Yield the correlation of latent outcomes of two people of one cluster: of the level and all above it."""
    fit = model.fit
    total = float((fit.sd**2).sum()) + LATENT_VARIANCE
    free = [k for k, own in enumerate(fit.at_boundary) if not own]
    for k, name in enumerate(model.clusters.names):
        icc = float((fit.sd[k:] ** 2).sum()) / total
        row = replace(model.base, measure="icc", term=name, estimate=icc)
        if icc == 0.0 or not fit.converged:
            yield replace(row, status=BOUNDARY if fit.converged else "does not converge")
            continue
        gradient = 2.0 * fit.sd / total * ((np.arange(len(fit.sd)) >= k) - icc)
        own = gradient[free]
        error = float(np.sqrt(own @ fit.sd_covariance[np.ix_(free, free)] @ own))
        middle, half = np.log(icc / (1.0 - icc)), z * error / (icc * (1.0 - icc))
        low, high = (float(1.0 / (1.0 + np.exp(-own))) for own in (middle - half, middle + half))
        yield replace(row, std_error=error, conf_low=low, conf_high=high)


def _fit_rows(model: _Model) -> Iterator[TidyRow]:
    fit, spec = model.fit, model.spec
    base = replace(model.base, conf_level=None)
    k, ll, n = fit.n_parameters, fit.log_likelihood, model.base.n_obs or 1
    if spec.weights == "none":
        chi2 = max(2.0 * (ll - fit.single.log_likelihood), 0.0)
        levels = len(model.clusters.names)
        # One variance at its boundary: half the time 0 (Self and Liang 1987). Two: chi-square 2 is too cautious.
        p = 0.5 * float(chdtrc(1, chi2)) if levels == 1 else float(chdtrc(2, chi2))
        how = "50:50 mixture of chi2 0 and 1" if levels == 1 else "chi2, 2 df (conservative)"
        yield replace(
            base,
            measure="lr_chi2",
            term="(random effects)",
            estimate=chi2,
            p_value=1.0 if chi2 == 0.0 else p,
            method=how,
        )
        yield replace(base, measure="aic", estimate=2.0 * k - 2.0 * ll)
        yield replace(base, measure="bic", estimate=k * float(np.log(n)) - 2.0 * ll, method="N is people")
    yield replace(base, measure="log_likelihood", estimate=ll)
    yield replace(base, measure="n_parameters", estimate=float(k))
    more = 2 * spec.points + 1
    enough = abs(fit.check) <= ENOUGH_POINTS or spec.points == 1
    told = "ok" if enough else f"{spec.points} points are not enough: ask for {more} or more"
    yield replace(
        base,
        measure="points_check",
        estimate=fit.check,
        method=f"log-likelihood at {more} points",
        status=told,
    )


def _mode_rows(model: _Model) -> Iterator[TidyRow]:
    """Yield the clusters' effects from the smallest to the largest; whose they are is not told."""
    z = float(ndtri(0.5 + model.spec.conf_level / 2))
    for name, modes in zip(model.clusters.names, model.fit.modes, strict=True):
        order: Sequence[int] = np.lexsort((modes[:, 1], modes[:, 0])).tolist()
        for place, c in enumerate(order, start=1):
            mode, error = (float(own) for own in modes[c])
            yield replace(
                model.base,
                measure="conditional_mode",
                term=name,
                level=str(place),
                estimate=mode,
                std_error=error,
                conf_low=mode - z * error,
                conf_high=mode + z * error,
            )
