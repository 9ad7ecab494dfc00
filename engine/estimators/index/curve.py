"""Concentration curves with pointwise and simultaneous bands, and dominance tests.

Dominance follows O'Donnell et al. (2008, chapter 7): at 19 points, by the multiple comparison rule (some
difference significant in one direction and none in the other, critical value of the studentized maximum
modulus) and by the stricter intersection-union rule (every difference significant).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import chdtri, ndtr, stdtrit

from engine.arrays import FloatArray, SampleArrays
from engine.errors import EstimationError
from engine.estimators.index.differences import NO_DEGREES, pairs_of
from engine.estimators.sample.design_variance import covariance_of
from engine.estimators.sample.pieces import Piece, cut_piece
from engine.kernels.draws.streams import stream_key
from engine.kernels.index.curve import curve_ordinates, ordinate_influence
from engine.kernels.survey.design_variance import add_unit_totals
from engine.results import TidyRow
from engine.study import CurveSpec

DOMINANCE_POINTS = np.arange(1, 20) / 20.0
SIMULATIONS = 20_000
NO_ERROR = 1e-12  # standard errors below this are rounding of 0


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


def simultaneous_critical(covariance: FloatArray, degrees: int, conf_level: float, seed: int) -> float:
    """Return the sup-t critical value: the quantile of max |Z_j| / s for Z with the ordinates' correlation.

    s^2 is an independent chi-square over its degrees of freedom, as for Student's t: with few sampling units
    a normal band would be narrower than the pointwise intervals.
    """
    std = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    moving = std > NO_ERROR
    if not moving.any() or degrees < 1:
        return float("nan")
    correlation = covariance[np.ix_(moving, moving)] / np.outer(std[moving], std[moving])
    eigenvalues, vectors = np.linalg.eigh(correlation)
    # The symmetric root does not depend on the signs of the eigenvectors.
    root = (vectors * np.sqrt(np.maximum(eigenvalues, 0.0))) @ vectors.T
    generator = np.random.Generator(np.random.Philox(int(stream_key(seed, "simultaneous band"))))
    normal = generator.standard_normal((SIMULATIONS, len(root)))
    scale = np.sqrt(generator.chisquare(degrees, SIMULATIONS) / degrees)
    return float(np.quantile(np.abs(normal @ root).max(axis=1) / scale, conf_level))


def studentized_maximum_modulus(points: int, degrees: int, conf_level: float) -> float:
    """Return the quantile of max |Z_j| / s over independent Z_j (Stoline and Ury 1979).

    P(max |Z_j| <= c s) is the mean of (2 Phi(c s) - 1)^points over s^2 = chi-square / degrees.

    Examples
    --------
    >>> round(studentized_maximum_modulus(19, 10**6, 0.95), 2), round(studentized_maximum_modulus(1, 10, 0.95), 2)
    (3.0, 2.23)
    """
    if degrees < 1:
        return float("nan")
    shares = (np.arange(4000) + 0.5) / 4000
    s = np.sqrt(chdtri(degrees, 1.0 - shares) / degrees)
    low, high = 0.0, 1e4
    for _ in range(80):
        middle = 0.5 * (low + high)
        covered = float(np.mean((2.0 * ndtr(middle * s) - 1.0) ** points))
        low, high = (middle, high) if covered < conf_level else (low, middle)
    return 0.5 * (low + high)


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
        defined = [
            piece.status in ("ok", "outcome constant", "rank constant") and piece.mu > 0 for piece in pieces
        ]
        if not any(defined):
            raise EstimationError(
                f"curve of outcome '{name}': its mean is not positive in any group; expected a positive mean. "
                "A concentration curve is a share of a positive total."
            )
        tested: dict[int, Curve] = {}
        for g, piece in enumerate(pieces):
            base = _base(arrays, name, g, piece)
            if not defined[g]:
                rows.append(
                    replace(base, status=piece.status if piece.status != "ok" else "mean not positive")
                )
                continue
            curve = estimate_curve(piece, arrays, points)
            rows.extend(_curve_rows(base, curve, spec.conf_level, seed))
            tested[g] = estimate_curve(piece, arrays, DOMINANCE_POINTS)
            rows.extend(
                _dominance(
                    replace(base, level="diagonal"),
                    tested[g].ordinates - DOMINANCE_POINTS,
                    tested[g].std_errors,
                    piece.degrees,
                    spec.conf_level,
                )
            )
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
        own = (pieces[pair.first], pieces[pair.second])
        base = TidyRow(
            outcome=name,
            rank_by=arrays.rank_name,
            measure="dominance",
            level=level,
            n_obs=sum(len(piece.weight) for piece in own),
            sum_weights=sum(piece.W for piece in own),
        )
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
    defined = curve.degrees >= 1
    criticals = {
        "linearised, pointwise": float(stdtrit(curve.degrees, 0.5 + conf_level / 2.0))
        if defined
        else float("nan"),
        "linearised, simultaneous": simultaneous_critical(curve.covariance, curve.degrees, conf_level, seed),
    }
    for method, critical in criticals.items():
        for point, ordinate, error in zip(curve.points, curve.ordinates, curve.std_errors, strict=True):
            # The ends of the curve are fixed; rounding must not make a band of them.
            std_error = float(error) if 0.0 < point < 1.0 else 0.0
            half = critical * std_error if std_error > NO_ERROR else 0.0
            row = replace(
                base, level=f"{point:.6g}", estimate=float(ordinate), conf_level=conf_level, method=method
            )
            if defined and np.isfinite(half):
                low, high = float(ordinate - half), float(ordinate + half)
                yield replace(row, std_error=std_error, conf_low=low, conf_high=high)
            else:
                yield replace(row, status=NO_DEGREES)


def _dominance(
    base: TidyRow, difference: FloatArray, errors: FloatArray, degrees: int, conf_level: float
) -> Iterator[TidyRow]:
    t = np.divide(difference, errors, out=np.zeros_like(difference), where=errors > NO_ERROR)
    if degrees < 1:
        yield replace(base, measure="dominance", conf_level=conf_level, status=NO_DEGREES)
        return
    modulus = studentized_maximum_modulus(len(t), degrees, conf_level)
    point = float(stdtrit(degrees, 0.5 + conf_level / 2.0))
    above, below = t > modulus, t < -modulus
    multiple = 1 if above.any() and not below.any() else -1 if below.any() and not above.any() else 0
    union = 1 if (t > point).all() else -1 if (t < -point).all() else 0
    words = {1: "above", -1: "below"}
    for rule, verdict in (("multiple comparison", multiple), ("intersection-union", union)):
        text = words.get(verdict, "crosses" if above.any() and below.any() else "not significant")
        yield replace(
            base, measure="dominance", term=text, estimate=float(verdict), conf_level=conf_level, method=rule
        )
