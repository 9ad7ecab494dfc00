"""What Stata's conindex prints: an index from the convenient regression, with that regression's errors.

Kept for comparison, by name only. The regression treats the mean, the ranks and the weights as fixed, so
that its standard errors run from a third too small to 40 % too large (STATISTICS, D3); its modified index
is the definition times mu / (mu - min) (D5).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.estimators.index.indices import Index
from engine.estimators.sample.pieces import Piece
from engine.kernels.index.numerators import numerator
from engine.kernels.index.ranks import weighted_fractional_rank
from engine.results import TidyRow


def conindex_rows(row: TidyRow, piece: Piece, index: Index) -> list[TidyRow]:
    """Return the index as conindex has it, with classical, robust and clustered standard errors.

    conindex gives no standard error for extended and symmetric indices, so there is nothing to set beside.
    """
    if not index.is_midrank:
        return []
    import statsmodels.api as sm

    R = weighted_fractional_rank(piece.weight, piece.ends)
    w = piece.weight / piece.W
    variance = float((w * (R - 0.5) ** 2).sum())
    root = np.sqrt(piece.weight)
    scale = _scale(index, piece)
    y = 2.0 * variance * scale * piece.outcome / piece.mu * root
    fit = sm.OLS(y, np.column_stack([R * root, root]))
    kinds = {"classical": fit.fit(), "robust": fit.fit(cov_type="HC1", use_t=True)}
    if piece.n_clusters is not None:
        kinds["cluster"] = fit.fit(cov_type="cluster", cov_kwds={"groups": piece.unit}, use_t=True)
    rows = []
    for kind, result in kinds.items():
        low, high = result.conf_int(alpha=1.0 - (row.conf_level or 0.95))[0]
        rows.append(
            replace(
                row,
                estimate=float(result.params[0]),
                std_error=float(result.bse[0]),
                conf_low=float(low),
                conf_high=float(high),
                p_value=float(result.pvalues[0]),
                method=f"conindex, {kind}",
            )
        )
    return rows


def _scale(index: Index, piece: Piece) -> float:
    """What conindex multiplies the standard index by."""
    mu, a = piece.mu, index.bounds[0]
    if index.name == "modified":
        return (mu / (mu - a)) ** 2
    N = numerator(index.family, index.parameter, piece.weight, piece.outcome, piece.ends)[2]
    return index.value(N, mu) / (N / mu) if N != 0.0 else np.nan
