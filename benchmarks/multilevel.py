"""Three-level logit: equirank (7 x 7 points) against gpboost (Laplace, default stop), same arrays, same run.

    python benchmarks/multilevel.py [--rate 0.06] [--no-peer]

Both get a dense matrix of 30 columns, mostly dummies, with 350 cities and 8,000 communities at 540,000 rows. gpboost is
timed twice: fitted, and with standard errors, which equirank gives with the fit. Needs `pip install gpboost`.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

from engine.estimators.regression.logit import maximise, standardised
from engine.estimators.regression.multilevel_likelihood import Likelihood, Nested
from engine.estimators.regression.multilevel_maximum import maximum
from engine.kernels.regression.multilevel_cells import ClusterCells

LEVELS = (2, 3, 3, 5, 4, 4, 3, 3, 2, 2, 2, 2, 2, 4)  # of the factors
VARIANCES = {"city": 0.25, "community": 0.10}
SMALL = {"rows": 3_322, "cities": 157, "communities": 402}
LARGE = {"rows": 540_000, "cities": 350, "communities": 8_000}


def simulate(rows: int, cities: int, communities: int, rate: float) -> tuple[Any, ...]:
    """Return outcome, city, community and matrix."""
    generator = np.random.default_rng(1)
    city_of = np.sort(generator.integers(0, cities, communities))
    community = np.sort(generator.integers(0, communities, rows))
    city = city_of[community]
    columns = [np.ones(rows)]
    for k in LEVELS:
        own = generator.integers(0, k, rows)
        columns += [(own == level).astype(float) for level in range(1, k)]
    columns += [
        generator.normal(size=communities)[community],
        generator.normal(size=cities)[city],
        generator.normal(size=cities)[city],
    ]
    X = np.column_stack(columns)
    eta = X[:, 1:] @ generator.normal(scale=0.3, size=X.shape[1] - 1)
    eta += np.sqrt(VARIANCES["city"]) * generator.normal(size=cities)[city]
    eta += np.sqrt(VARIANCES["community"]) * generator.normal(size=communities)[community]
    eta += np.log(rate / (1 - rate)) - eta.mean()
    return (generator.random(rows) < 1 / (1 + np.exp(-eta))).astype(float), city, community, X


def ours(y: Any, city: Any, community: Any, X: Any) -> tuple[float, str]:  # noqa: ANN401 - arrays
    """Return the seconds of a fit from arrays, with its errors, and what it found."""
    began = time.perf_counter()
    number = np.unique(community, return_inverse=True)[1]
    inner_end = np.searchsorted(number, np.arange(number.max() + 1), side="right")
    outer_end = np.flatnonzero(np.diff(city[inner_end - 1], append=-1)) + 1
    n = np.ones(len(y))
    Z, _ = standardised(X, n)
    single = maximise(Z, n, y)
    nested = Nested.of(Z, ClusterCells(np.arange(len(y)), n, y, inner_end, outer_end), has_outer=True)
    found = maximum(Likelihood(nested=nested, points=7), np.concatenate([single.beta, [0.5, 0.5]]))
    seconds = time.perf_counter() - began
    v3, v2 = found.theta[-2:] ** 2
    return (
        seconds,
        f"log-likelihood {found.log_likelihood:.3f}, variances {v3:.4f} (city) {v2:.4f} (community)",
    )


def peer(y: Any, city: Any, community: Any, X: Any) -> tuple[float, float, str]:  # noqa: ANN401 - arrays
    """Return gpboost's seconds of the fit, with errors, and what it found."""
    import gpboost

    began = time.perf_counter()
    model = gpboost.GPModel(group_data=np.column_stack([city, community]), likelihood="bernoulli_logit")
    model.fit(y=y, X=X)
    fitted = time.perf_counter() - began
    model.get_coef(std_err=True)
    v3, v2 = (float(own) for own in np.ravel(model.get_cov_pars())[:2])
    value = -model.get_current_neg_log_likelihood()
    told = f"log-likelihood {value:.3f} (Laplace), variances {v3:.4f} (city) {v2:.4f} (community)"
    return fitted, time.perf_counter() - began, told


def main() -> None:
    """Run at both sizes and print seconds, estimates and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=0.06)
    parser.add_argument("--no-peer", action="store_true")
    asked = parser.parse_args()
    ours(*simulate(500, 10, 40, 0.3))  # compiles
    for size in (SMALL, LARGE):
        people = simulate(**size, rate=asked.rate)
        runs = [ours(*people) for _ in range(3)]
        best = min(seconds for seconds, _ in runs)
        print(f"{size['rows']:,} rows, {size['communities']:,} communities in {size['cities']} cities")
        print(
            f"  equirank  {best:8.2f} s (best of 3; {', '.join(f'{s:.2f}' for s, _ in runs)})  {runs[0][1]}"
        )
        if not asked.no_peer:
            fitted, whole, told = peer(*people)
            print(f"  gpboost   {fitted:8.2f} s, with errors {whole:.2f} s  {told}")
            print(f"  ratio     {fitted / best:8.1f}, with errors {whole / best:.1f}")


if __name__ == "__main__":
    main()
