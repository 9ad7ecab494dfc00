"""A three-level logit: equirank (7 x 7 points) against gpboost (Laplace, default stopping rule).

    python benchmarks/multilevel.py [--rate 0.06] [--no-peer]

Both get the same arrays in the same run: a dense matrix of 30 columns, mostly dummies; 540,000 rows have 350
cities and 8,000 communities. gpboost is timed twice: the fit alone, and with standard errors, which equirank
always computes. Needs `pip install gpboost`.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

from engine.estimators.regression.logit_maximum import maximise_logit
from engine.estimators.regression.multilevel_likelihood import MultilevelData, MultilevelLikelihood
from engine.estimators.regression.multilevel_maximum import maximise_multilevel
from engine.estimators.regression.patterns import standardised
from engine.kernels.regression.multilevel_cells import ClusterCells

LEVELS = (2, 3, 3, 5, 4, 4, 3, 3, 2, 2, 2, 2, 2, 4)  # of the factors
VARIANCES = {"city": 0.25, "community": 0.10}
SMALL = {"rows": 3_322, "cities": 157, "communities": 402}
LARGE = {"rows": 540_000, "cities": 350, "communities": 8_000}


def simulate(rows: int, cities: int, communities: int, rate: float) -> tuple[Any, ...]:
    """Return outcome (n,), city (n,), community (n,) and matrix (n, q); `rate` is that of a mean person."""
    generator = np.random.default_rng(1)
    city_of = np.sort(generator.integers(0, cities, communities))
    community = np.sort(generator.integers(0, communities, rows))
    city = city_of[community]
    columns = [np.ones(rows)]
    for n_levels in LEVELS:
        factor = generator.integers(0, n_levels, rows)
        columns += [(factor == level).astype(float) for level in range(1, n_levels)]
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
    """Return the seconds of a fit with standard errors, and the estimates."""
    began = time.perf_counter()
    number = np.unique(community, return_inverse=True)[1]
    inner_end = np.searchsorted(number, np.arange(number.max() + 1), side="right")
    outer_end = np.flatnonzero(np.diff(city[inner_end - 1], append=-1)) + 1
    n = np.ones(len(y))
    Z, _ = standardised(X, n)
    single = maximise_logit(Z, n, y)
    ones = np.ones(len(inner_end)), np.ones(len(outer_end))
    cells = ClusterCells(np.arange(len(y)), n, y, inner_end, outer_end, *ones)
    data = MultilevelData.of(Z, cells, has_outer=True)
    likelihood = MultilevelLikelihood(data=data, points=(7, 7))
    fit = maximise_multilevel(likelihood, np.concatenate([single.beta, [0.5, 0.5]]))
    seconds = time.perf_counter() - began
    v3, v2 = fit.theta[-2:] ** 2
    return (
        seconds,
        f"log-likelihood {fit.log_likelihood:.3f}, variances {v3:.4f} (city) {v2:.4f} (community)",
    )


def peer(y: Any, city: Any, community: Any, X: Any) -> tuple[float, float, str]:  # noqa: ANN401 - arrays
    """Return the seconds of gpboost for the fit alone and with standard errors, and the estimates."""
    import gpboost

    began = time.perf_counter()
    model = gpboost.GPModel(group_data=np.column_stack([city, community]), likelihood="bernoulli_logit")
    model.fit(y=y, X=X)
    fitted = time.perf_counter() - began
    model.get_coef(std_err=True)
    v3, v2 = (float(variance) for variance in np.ravel(model.get_cov_pars())[:2])
    value = -model.get_current_neg_log_likelihood()
    estimates = f"log-likelihood {value:.3f} (Laplace), variances {v3:.4f} (city) {v2:.4f} (community)"
    return fitted, time.perf_counter() - began, estimates


def main() -> None:
    """Run at both sizes and print seconds, estimates and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=0.06)
    parser.add_argument("--no-peer", action="store_true")
    options = parser.parse_args()
    ours(*simulate(500, 10, 40, 0.3))  # compiles
    for size in (SMALL, LARGE):
        people = simulate(**size, rate=options.rate)
        runs = [ours(*people) for _ in range(3)]
        best = min(seconds for seconds, _ in runs)
        print(f"{size['rows']:,} rows, {size['communities']:,} communities in {size['cities']} cities")
        print(
            f"  equirank  {best:8.2f} s (best of 3; {', '.join(f'{s:.2f}' for s, _ in runs)})  {runs[0][1]}"
        )
        if not options.no_peer:
            fit_alone, with_errors, estimates = peer(*people)
            print(f"  gpboost   {fit_alone:8.2f} s, with errors {with_errors:.2f} s  {estimates}")
            print(f"  ratio     {fit_alone / best:8.1f}, with errors {with_errors / best:.1f}")


if __name__ == "__main__":
    main()
