"""The simultaneous band of a curve: its critical value, and its coverage with few sampling units."""

from dataclasses import asdict

import numpy as np
import polars as pl
import pytest

import engine
from engine.arrays import DesignColumns
from engine.batch.manifest import row_warnings
from engine.estimators.index import bands
from engine.estimators.index.bands import simultaneous_critical
from engine.estimators.index.curve import FEW_UNITS, _limits, estimate_curve
from engine.estimators.sample.group_sample import group_sample
from engine.estimators.sample.sorting import sort_sample
from engine.report.curve_table import curve_tables

POINTS, ROWS = np.arange(21) / 20, 25


def curve(rng, n_psus, *, tied):
    """A skewed outcome that grows with rank, in PSUs of 25 people."""
    psu = np.repeat(np.arange(n_psus), ROWS)
    rank = rng.normal(0, 0.7, n_psus)[psu] + rng.normal(size=n_psus * ROWS)
    noise = 0.5 * rng.normal(size=n_psus * ROWS) + 0.3 * rng.normal(size=n_psus)[psu]
    outcome = np.exp(0.5 * rank + noise)
    if tied:
        rank = np.floor(np.clip((rank + 2) / 0.8, 0, 4))
    columns = DesignColumns(cluster=psu.astype(np.int64))
    arrays = sort_sample(outcomes={"y": outcome}, rank=rank, rank_name="x", columns=columns)
    return estimate_curve(group_sample(arrays, 0, 0), arrays, POINTS)


@pytest.mark.slow
@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize(
    ("n_psus", "least", "most"), [(24, 0.93, 0.97), (16, 0.90, 0.93), (12, 0.90, 0.93), (8, 0.88, 0.91)]
)
def test_band__covers_with_few_psus_what_methods_say(n_psus, least, most, tied, monkeypatch):
    """800 samples: the Monte-Carlo error is 0.8 to 1.1 points. With fewer than 24 PSUs the rows warn."""
    monkeypatch.setattr(bands, "SIMULATIONS", 4_000)
    rng = np.random.default_rng(78)
    truth = np.mean([curve(rng, 4_000, tied=tied).ordinates for _ in range(4)], axis=0)
    covered = 0
    for _ in range(800):
        found = curve(rng, n_psus, tied=tied)
        critical = simultaneous_critical(found.covariance, found.degrees, 0.95, 1)
        limits = [
            _limits(share, critical * error)
            for share, error in zip(found.ordinates, found.std_errors, strict=True)
        ]
        inside = [low <= true <= high for (low, high), true in zip(limits[1:-1], truth[1:-1], strict=True)]
        covered += all(inside)
    share = covered / 800
    error = np.sqrt(share * (1.0 - share) / 800)
    print(f"{n_psus} PSUs, {'tied' if tied else 'continuous'}: {100 * share:.1f} % ({100 * error:.1f})")
    assert least - 2 * error < share < most + 2 * error, share


@pytest.mark.parametrize(("n_psus", "status"), [(23, FEW_UNITS), (24, "ok")])
def test_band_of_few_psus__warns_in_rows_and_tables(n_psus, status):
    rng = np.random.default_rng(3)
    psu = np.repeat(np.arange(n_psus), 20)
    frame = pl.DataFrame({"psu": psu, "x": rng.normal(size=len(psu)), "y": rng.uniform(1, 2, len(psu))})
    rows = engine.concentration_curve(frame, "y", "x", cluster="psu").rows
    limits = [row for row in rows if row.measure == "concentration_curve"]
    assert {row.status for row in limits} == {status}
    assert all(row.conf_low < row.conf_high for row in limits[1:20])
    (table,) = curve_tables([asdict(row) for row in rows])
    assert (f"Some rows: {FEW_UNITS}." in table.notes) == (status == FEW_UNITS)
    warned = [text for text in row_warnings(rows) if FEW_UNITS in text]
    assert bool(warned) == (status == FEW_UNITS)


@pytest.mark.parametrize("degrees", [3, 12, 40])
def test_critical_value__equals_that_of_drawn_samples(degrees):
    """By brute force: the largest t of 6 correlated means, each with the variance of its own sample."""
    rng = np.random.default_rng(2)
    step = np.abs(np.subtract.outer(np.arange(6), np.arange(6)))
    covariance = 0.6**step * np.outer(np.arange(1, 7), np.arange(1, 7))
    root = np.linalg.cholesky(covariance)
    largest = np.empty(20_000)
    for i in range(20_000):
        sample = rng.standard_normal((degrees + 1, 6)) @ root.T
        errors = sample.std(axis=0, ddof=1) / np.sqrt(degrees + 1)
        largest[i] = np.abs(sample.mean(axis=0) / errors).max()
    expected = np.quantile(largest, 0.95)
    assert simultaneous_critical(covariance, degrees, 0.95, 1) == pytest.approx(expected, rel=0.06)
    assert simultaneous_critical(covariance, degrees, 0.95, 1) == simultaneous_critical(
        covariance, degrees, 0.95, 1
    )


def test_limits__stay_between_0_and_1_and_are_symmetric_without_a_share():
    assert all(0 < limit < 1 for limit in _limits(0.01, 0.05))
    low, high = _limits(0.5, 0.001)
    assert (low, high) == pytest.approx((0.499, 0.501), abs=1e-6)
    assert _limits(-0.2, 0.1) == pytest.approx((-0.3, -0.1))
