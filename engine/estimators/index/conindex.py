"""What Stata's conindex prints: an index from the convenient regression, with its standard errors.

For comparison only. The regression takes the mean, the ranks and the weights as fixed, so that its standard
errors are between a third too small and 40 % too large (STATISTICS, D3); its modified index is the definition
times mu / (mu - min) (D5).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.estimators.index.indices import Index
from engine.estimators.sample.group_sample import GroupSample
from engine.kernels.index.numerators import numerator
from engine.kernels.index.ranks import weighted_fractional_rank
from engine.results import TidyRow


def conindex_rows(row: TidyRow, sample: GroupSample, index: Index) -> list[TidyRow]:
    """Return the index as conindex computes it, with classical, robust and clustered standard errors.

    conindex gives no standard errors of extended and symmetric indices; these have no rows here.
    """
    if not index.is_midrank:
        return []
    import statsmodels.api as sm

    R = weighted_fractional_rank(sample.weight, sample.tie_end)
    w = sample.weight / sample.W
    variance = float((w * (R - 0.5) ** 2).sum())
    root = np.sqrt(sample.weight)
    y = 2.0 * variance * _scale(index, sample) * sample.outcome / sample.mu * root
    model = sm.OLS(y, np.column_stack([R * root, root]))
    fits = {"classical": model.fit(), "robust": model.fit(cov_type="HC1", use_t=True)}
    if sample.n_clusters is not None:
        fits["cluster"] = model.fit(cov_type="cluster", cov_kwds={"groups": sample.unit}, use_t=True)
    rows = []
    for covariance, fit in fits.items():
        low, high = fit.conf_int(alpha=1.0 - (row.conf_level or 0.95))[0]
        rows.append(
            replace(
                row,
                estimate=float(fit.params[0]),
                std_error=float(fit.bse[0]),
                conf_low=float(low),
                conf_high=float(high),
                p_value=float(fit.pvalues[0]),
                method=f"conindex, {covariance}",
                df2=float(getattr(fit, "df_resid_inference", fit.df_resid)),
            )
        )
    return rows


def _scale(index: Index, sample: GroupSample) -> float:
    """Return the factor by which conindex turns the standard index into another index."""
    mu, a = sample.mu, index.bounds[0]
    if index.name == "modified":
        return (mu / (mu - a)) ** 2
    N = numerator(index.family, index.parameter, sample.weight, sample.outcome, sample.tie_end)[2]
    return index.value(N, mu) / (N / mu) if N != 0.0 else np.nan
