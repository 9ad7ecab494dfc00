"""Concentration curves with pointwise and simultaneous bands, and dominance tests.

Dominance follows O'Donnell et al. (2008, chapter 7): at 19 points, by the multiple comparison rule (some
difference significant in one direction and none in the other, critical value of the studentized maximum
modulus) and by the stricter intersection-union rule (every difference significant).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtri, stdtrit

from engine.arrays import FloatArray, SampleArrays
from engine.errors import EstimationError
from engine.estimators.comparison import pairs_of
from engine.estimators.point import Piece, covariance_of, cut_piece
from engine.kernels.curve import curve_ordinates, ordinate_influence
from engine.kernels.design import add_unit_totals
from engine.kernels.streams import stream_key
from engine.results import TidyRow
from engine.study import CurveSpec

DOMINANCE_POINTS = np.arange(1, 20) / 20.0
SIMULATIONS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A curve at m points with the linearised totals (m, u) and covariance (m, m) of its ordinates."""

    points: FloatArray
    ordinates: FloatArray
    totals: FloatArray
    covariance: FloatArray
    degrees: int

    @property
    def std_errors(self) -> FloatArray:
        """(m,) standard errors."""
        return np.sqrt(np.maximum(np.diag(self.covariance), 0.0))


def estimate_curve(piece: Piece, arrays: SampleArrays, points: FloatArray) -> Curve:
    """Estimate the share of the outcome held by the lowest ranked share of people, at each point (m,)."""
    amounts = curve_ordinates(piece.weight, piece.outcome, piece.ends, piece.W, points)
    # The expected outcome at a rank is taken from a window that narrows as n^(-1/5).
    window = 0.25 * len(piece.weight) ** -0.2
    totals = np.zeros((len(points), arrays.design.n_units))
    for j, point in enumerate(points):
        z = ordinate_influence(piece.weight, piece.outcome, piece.ends, piece.W, point, window)
        z = z / piece.mu - amounts[j] / piece.mu**2 * (piece.outcome - piece.mu)
        add_unit_totals(totals[j], piece.unit, piece.weight, z, piece.W)
    return Curve(
        points=points,
        ordinates=amounts / piece.mu,
        totals=totals,
        covariance=covariance_of(totals, arrays.design),
        degrees=piece.degrees,
    )


def simultaneous_critical(covariance: FloatArray, conf_level: float, seed: int) -> float:
    """Return the sup-t critical value: the quantile of max |Z_j| for Z with the ordinates' correlation."""
    std = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    moving = std > 1e-12
    if not moving.any():
        return float("nan")
    correlation = covariance[np.ix_(moving, moving)] / np.outer(std[moving], std[moving])
    eigenvalues, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.maximum(eigenvalues, 0.0))
    generator = np.random.Generator(np.random.Philox(int(stream_key(seed, "simultaneous band"))))
    largest = np.abs(generator.standard_normal((SIMULATIONS, len(root))) @ root.T).max(axis=1)
    return float(np.quantile(largest, conf_level))


def curves(arrays: SampleArrays, spec: CurveSpec, *, seed: int) -> tuple[TidyRow, ...]:
    """Estimate the curve of every outcome in every group, with bands and dominance tests.

    Rows: ``concentration_curve`` with pointwise and then simultaneous limits, `level` the share of people;
    ``dominance`` against the diagonal and between groups: 1 above, -1 below, 0 neither.

    Raises
    ------
    EstimationError
        If an outcome has no defined curve in any group.
    """
    points = np.arange(spec.points + 1) / spec.points
    rows: list[TidyRow] = []
    for k, name in enumerate(arrays.outcome_names):
        pieces = [cut_piece(arrays, k, g) for g in range(len(arrays.groups))]
        defined = [piece.status in ("ok", "outcome constant", "rank constant") and piece.mu > 0 for piece in pieces]
        if not any(defined):
            raise EstimationError(
                f"curve of outcome '{name}': its mean is not positive in any group; expected a positive mean. "
                "A concentration curve is a share of a positive total."
            )
        tested: dict[int, Curve] = {}
        for g, piece in enumerate(pieces):
            base = _base(arrays, name, g, piece)
            if not defined[g]:
                rows.append(replace(base, status=piece.status if piece.status != "ok" else "mean not positive"))
                continue
            curve = estimate_curve(piece, arrays, points)
            rows.extend(_curve_rows(base, curve, spec.conf_level, seed))
            tested[g] = estimate_curve(piece, arrays, DOMINANCE_POINTS)
            rows.extend(
                _dominance(
                    replace(base, level="diagonal"), tested[g].ordinates - DOMINANCE_POINTS, tested[g].std_errors,
                    piece.degrees, spec.conf_level,
                )
            )  # fmt: skip
        rows.extend(_between_groups(arrays, name, pieces, tested, spec))
    return tuple(rows)


def _between_groups(
    arrays: SampleArrays, name: str, pieces: Sequence[Piece], tested: dict[int, Curve], spec: CurveSpec
) -> Iterator[TidyRow]:
    present = np.array([1.0 if g in tested else np.nan for g in range(len(pieces))])
    for pair in pairs_of(present):
        first, second = tested[pair.first], tested[pair.second]
        errors = np.sqrt(np.diag(covariance_of(second.totals - first.totals, arrays.design)))
        level = f"{arrays.groups[pair.second].label} - {arrays.groups[pair.first].label}"
        base = TidyRow(outcome=name, rank_by=arrays.rank_name, measure="dominance", level=level)
        degrees = min(first.degrees, second.degrees)
        yield from _dominance(base, second.ordinates - first.ordinates, errors, degrees, spec.conf_level)


def _base(arrays: SampleArrays, name: str, g: int, piece: Piece) -> TidyRow:
    return TidyRow(
        outcome=name,
        rank_by=arrays.rank_name,
        wave=arrays.groups[g].wave,
        subgroup=arrays.groups[g].subgroup,
        measure="concentration_curve",
        n_obs=len(piece.weight),
        n_clusters=piece.n_clusters,
        sum_weights=piece.W,
    )


def _curve_rows(base: TidyRow, curve: Curve, conf_level: float, seed: int) -> Iterator[TidyRow]:
    pointwise = float(stdtrit(max(curve.degrees, 1), 0.5 + conf_level / 2.0))
    critical = {"linearised, pointwise": pointwise}
    critical["linearised, simultaneous"] = simultaneous_critical(curve.covariance, conf_level, seed)
    for method, c in critical.items():
        for point, ordinate, error in zip(curve.points, curve.ordinates, curve.std_errors, strict=True):
            # The ends of the curve are fixed; rounding must not make a band of them.
            half = c * error if 0.0 < point < 1.0 else 0.0
            yield replace(
                base, level=f"{point:.6g}", estimate=float(ordinate), std_error=float(error) if half else 0.0,
                conf_low=float(ordinate - half), conf_high=float(ordinate + half), conf_level=conf_level, method=method,
            )  # fmt: skip


def _dominance(
    base: TidyRow, difference: FloatArray, errors: FloatArray, degrees: int, conf_level: float
) -> Iterator[TidyRow]:
    t = np.divide(difference, errors, out=np.zeros_like(difference), where=errors > 1e-12)
    # Studentized maximum modulus of m points: (2 Phi(c) - 1)^m = level.
    modulus = float(ndtri(0.5 + 0.5 * conf_level ** (1.0 / len(t))))
    point = float(stdtrit(max(degrees, 1), 0.5 + conf_level / 2.0))
    above, below = t > modulus, t < -modulus
    multiple = 1 if above.any() and not below.any() else -1 if below.any() and not above.any() else 0
    union = 1 if (t > point).all() else -1 if (t < -point).all() else 0
    words = {1: "above", -1: "below"}
    for rule, verdict in (("multiple comparison", multiple), ("intersection-union", union)):
        text = words.get(verdict, "crosses" if above.any() and below.any() else "not significant")
        yield replace(
            base, measure="dominance", term=text, estimate=float(verdict), conf_level=conf_level, method=rule
        )  # fmt: skip
