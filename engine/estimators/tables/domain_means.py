"""Means of domains with the variance of the design: the ratio estimator that all tables share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv, stdtrit

from engine.arrays import DesignArrays, FloatArray, IntArray, TableArrays, UnitArray
from engine.estimators.replicates.replicate_weights import errors_method, replicate_variances
from engine.estimators.sample.design_variance import covariance_of, logit_limits
from engine.estimators.tables.domain_degrees import domain_degrees, units_and_strata
from engine.kernels.survey import domains as kernels


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainMeans:
    """Weighted means of m domains.

    Attributes
    ----------
    n_obs
        (m,) numbers of rows.
    sum_weights
        (m,) sums of weights.
    mean
        (m,) weighted means, NaN for an empty domain.
    sd
        (m,) weighted standard deviations of the values.
    std_error
        (m,) standard errors of the means, linearised or from replicate weights.
    degrees
        (m,) degrees of freedom of the domain.
    n_clusters
        (m,) clusters with rows in the domain; None without clusters.
    errors
        How the standard errors were made, for the `method` column.
    n_replicates
        Replicates behind the standard errors; None if they are linearised.
    n_failed
        (m,) how many of them are undefined.
    """

    n_obs: IntArray
    sum_weights: FloatArray
    mean: FloatArray
    sd: FloatArray
    std_error: FloatArray
    degrees: IntArray
    n_clusters: IntArray | None
    errors: str
    n_replicates: int | None
    n_failed: IntArray

    def design_effect_of_all(self, everybody: Callable[[], DomainMeans]) -> float:
        """Return the design effect of a proportion among all people, if one of these needs it; otherwise 1.

        It is the variance over that of as many people at random: at least 1, also where it is unknown. A
        proportion of 0 or 1 has no variance of its own.
        """
        if not np.isin(self.mean, (0.0, 1.0)).any():
            return 1.0
        of_all = everybody()
        p, n = float(of_all.mean[0]), int(of_all.n_obs[0])
        if not 0.0 < p < 1.0:
            return 1.0
        return max(float(of_all.std_error[0]) ** 2 * (n - 1) / (p * (1.0 - p)), 1.0)


def domain_means(
    table: TableArrays,
    domain: UnitArray,
    n_domains: int,
    values: FloatArray,
    degrees: IntArray | None = None,
) -> DomainMeans:
    """Return the weighted mean of a variable in each domain.

    Parameters
    ----------
    table
        Weights, units and design of the N rows.
    domain
        (N,) int32: number of each row's domain, -1 for none.
    n_domains
        m, domains without rows included.
    values
        (N,) float64 without NaN.
    degrees
        (m,) degrees of freedom of the same domains, if `domain_degrees` has counted them.
    """
    design = table.design
    sums = kernels.domain_sums(domain, n_domains, table.count, table.weight, values)
    n, W = sums[:, 0], sums[:, 1]  # people and weights
    units = n.astype(np.int64)
    if design.has_clusters:
        units, _ = units_and_strata(table, domain, n_domains)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean, sd = sums[:, 2] / W, np.sqrt(sums[:, 3] / W * n / (n - 1))
        variance, n_failed = _variances(table, domain, sums, mean, values)
        std_error = np.sqrt(variance)
    given = table.replicate_weights
    return DomainMeans(
        n_obs=n.astype(np.int64),
        sum_weights=W * table.weight_scale,
        mean=mean,
        sd=sd,
        std_error=std_error,
        degrees=domain_degrees(table, domain, n_domains) if degrees is None else degrees,
        n_clusters=units if design.has_clusters else None,
        errors=errors_method(given),
        n_replicates=None if given is None else len(given.factors),
        n_failed=n_failed,
    )


def _variances(
    table: TableArrays, domain: UnitArray, sums: FloatArray, mean: FloatArray, values: FloatArray
) -> tuple[FloatArray, IntArray]:
    """Return the variances (m,) of domain means, and how many of their replicates are undefined (m,)."""
    design = table.design
    if table.replicate_weights is not None:
        given = table.replicate_weights
        deviations = kernels.replicate_deviations(
            domain, mean, np.ascontiguousarray(sums[:, 4]), given.values, values
        )
        return replicate_variances(deviations, given)
    none_failed = np.zeros(len(sums), np.int64)
    if design.has_clusters:
        totals = kernels.domain_mean_totals(domain, sums, table.weight, values, table.unit, design.n_units)
        return np.array([covariance_of(row[None, :], design)[0, 0] for row in totals]), none_failed
    if design.calibration is not None:
        return np.array([_of_rows(table, domain, sums, values, d) for d in range(len(sums))]), none_failed
    moments = kernels.domain_row_moments(
        domain,
        sums,
        table.count,
        table.weight,
        table.weight_squares,
        values,
        design.stratum_of_unit[table.unit],
        len(design.stratum_end),
    )
    return _row_variance(moments, design), none_failed


def _of_rows(
    table: TableArrays, domain: UnitArray, sums: FloatArray, values: FloatArray, number: int
) -> float:
    """Return the variance of one domain's mean where rows are the units and their weights are calibrated."""
    only = np.where(domain == number, 0, -1).astype(np.int32)
    of_domain = np.ascontiguousarray(sums[number : number + 1])
    totals = kernels.domain_mean_totals(
        only, of_domain, table.weight, values, table.unit, table.design.n_units
    )
    return float(covariance_of(totals, table.design)[0, 0])


def _row_variance(moments: FloatArray, design: DesignArrays) -> FloatArray:
    """Return sum_h (1 - n_h/N_h) n_h/(n_h - 1) (sum d^2 - (sum d)^2 / n_h) of each domain (m,).

    The rows are the sampling units, and d are their linearised values. A stratum of one row adds nothing, or
    with ``adjust`` its squared distance from 0, the mean of all.

    Parameters
    ----------
    moments
        (m, h, 3): rows, sums and sums of squares of d, by domain and stratum.
    design
        The survey design of the sample.
    """
    sizes = design.stratum_sizes
    single = sizes == 1
    squares = moments[:, :, 2] - np.where(single, 0.0, moments[:, :, 1] ** 2 / sizes)
    factor_of_single = 1.0 if design.single_psu == "adjust" else 0.0
    factor = np.where(single, factor_of_single, sizes / np.maximum(sizes - 1.0, 1.0)) * (
        1.0 - sizes / design.population
    )
    variance: FloatArray = (factor * squares).sum(axis=1)
    return np.maximum(variance, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proportion:
    """A proportion, and what its interval is made from.

    Attributes
    ----------
    p, std_error
        The proportion and its standard error.
    n
        Rows behind it.
    degrees
        Degrees of freedom of Student's t.
    design_effect
        Of the same proportion among all people: it stands in where p is 0 or 1 and has no variance.
    errors
        How the standard error was made, for the method.
    """

    p: float
    std_error: float
    n: int
    degrees: int
    design_effect: float = 1.0
    errors: str = "linearised"

    @property
    def effective_n(self) -> float:
        """The number of people at random that would say as much as these n in their design."""
        if 0.0 < self.p < 1.0:
            return self.p * (1.0 - self.p) / self.std_error**2
        return self.n / self.design_effect


def proportion_interval(of: Proportion, conf_level: float, kind: str) -> tuple[float, float, str]:
    """Return (low, high, method) of a proportion.

    The logit interval stays inside 0 and 1 (R's `svyciprop`, Stata's `svy: proportion`). Where nobody or
    everybody has the event its standard error is 0, and the interval of Korn and Graubard takes its place.

    Parameters
    ----------
    of
        The proportion.
    conf_level
        Of the interval.
    kind
        ``logit``, ``normal`` or ``beta``.

    Examples
    --------
    >>> half = Proportion(p=0.5, std_error=0.05, n=100, degrees=10**9)
    >>> [round(v, 4) for v in proportion_interval(half, 0.95, "logit")[:2]]
    [0.4032, 0.5968]
    """
    p, std_error, degrees = of.p, of.std_error, of.degrees
    tail = (1.0 - conf_level) / 2.0
    if of.n == 0 or not np.isfinite(p):
        return np.nan, np.nan, of.errors
    is_limit = p in (0.0, 1.0)
    if degrees < 1 or not (is_limit or std_error > 0):
        return np.nan, np.nan, of.errors
    if is_limit or kind == "beta":
        return _korn_graubard(of, tail)
    t = float(stdtrit(degrees, 1.0 - tail))
    if kind == "normal":
        return p - t * std_error, p + t * std_error, f"{of.errors}, normal"
    low, high = logit_limits(p, t * std_error)
    return low, high, f"{of.errors}, logit"


def _korn_graubard(of: Proportion, tail: float) -> tuple[float, float, str]:
    """Return the exact binomial interval of the effective n (Korn and Graubard 1998; `svyciprop`, "beta").

    The effective n shrinks by (t of n - 1 / t of the design)^2, because the design effect is an estimate.
    """
    n = of.effective_n
    if of.n > 1:
        n *= float(stdtrit(of.n - 1, tail) / stdtrit(of.degrees, tail)) ** 2
    low = float(betaincinv(n * of.p, n * (1.0 - of.p) + 1.0, tail)) if of.p > 0.0 else 0.0
    high = float(betaincinv(n * of.p + 1.0, n * (1.0 - of.p), 1.0 - tail)) if of.p < 1.0 else 1.0
    return low, high, "Korn-Graubard" if of.errors == "linearised" else f"{of.errors}, Korn-Graubard"
