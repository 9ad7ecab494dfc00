"""Formulas of coefficients and of the Monte-Carlo error of limits, by hand."""

import numpy as np
import pytest
from scipy.stats import norm, t

from engine.estimators.regression.coefficient_rows import Coefficients
from engine.estimators.replicates.enough import Precision, bound_error
from engine.estimators.sample.design_variance import NO_DEGREES, NO_STANDARD_ERROR
from engine.results import TidyRow


@pytest.mark.parametrize(("n", "low", "high"), [(1000, 15, 36), (400, 3, 18), (100, None, None)])
def test_error_of_a_limit__is_that_of_its_order_statistics(n, low, high):
    """25 of 1,000 replicates lie below: 25 +- 1.96 sqrt(1000 0.025 0.975) are 15.3 and 34.7."""
    values = np.exp(np.linspace(-2.0, 2.0, n))
    if low is None:  # too few below the quantile
        assert bound_error(values, "percentile", 0.95) == np.inf
        return
    widths = values[high - 1] - values[low - 1], values[n - low] - values[n - high]
    expected = max(widths) / (2 * norm.ppf(0.975) * values.std())
    shuffled = np.random.default_rng(1).permutation(np.append(values, np.nan))
    assert bound_error(shuffled, "percentile", 0.95) == pytest.approx(expected, rel=1e-12)


def test_error_of_a_normal_limit__grows_with_the_kurtosis():
    values = np.array([-1.0, 1.0] * 40 + [5.0, -5.0])
    kurtosis = (values**4).mean() / (values**2).mean() ** 2
    expected = norm.ppf(0.975) * np.sqrt((kurtosis - 1) / (4 * len(values)))
    assert bound_error(values, "normal", 0.95) == pytest.approx(expected, rel=1e-12)
    assert np.isnan(bound_error([3.0] * 50, "normal", 0.95))
    precise = Precision(intervals=("normal",), conf_level=0.95)
    assert precise.is_reached(np.tile([[-1.0, 1.0]], (1, 40)))
    assert not precise.is_reached(np.stack([np.tile([-1.0, 1.0], 41), values]))


def coefficients(degrees, error_status="ok"):
    return Coefficients(
        beta=np.array([0.5, -0.25]),
        covariance=np.diag([0.04, 0.01]),
        degrees=degrees,
        status=("ok", "left out"),
        conf_level=0.9,
        error_status=error_status,
    )


@pytest.mark.parametrize("degrees", [1, 12, np.inf])
@pytest.mark.parametrize("is_ratio", [True, False])
def test_row_of_a_coefficient__has_the_limits_of_its_degrees(degrees, is_ratio):
    row = coefficients(degrees).row(TidyRow(measure="x"), 0, is_ratio=is_ratio)
    law = norm if np.isinf(degrees) else t(degrees)
    half = law.ppf(0.95) * 0.2
    of = np.exp if is_ratio else float
    assert (row.estimate, row.conf_low, row.conf_high) == pytest.approx(
        (of(0.5), of(0.5 - half), of(0.5 + half))
    )
    assert row.std_error == pytest.approx(0.2 * (np.exp(0.5) if is_ratio else 1.0))
    assert row.p_value == pytest.approx(2 * law.sf(2.5))
    assert row.df2 == (None if np.isinf(degrees) else degrees)


def test_row_of_a_coefficient__without_limits_says_why():
    row = TidyRow(measure="x")
    assert coefficients(12).row(row, 1, is_ratio=True).status == "left out"
    for found, status in (
        (coefficients(0).row(row, 0, is_ratio=False), NO_DEGREES),
        (coefficients(12).estimate_row(row, 0.5, 0.0, is_ratio=False), NO_STANDARD_ERROR),
        (coefficients(0, "clusters").row(row, 0, is_ratio=False), "clusters"),
    ):
        assert (found.status, found.std_error, found.conf_low, found.p_value) == (status, None, None, None)
        assert found.estimate == 0.5
