"""Check of AIC and BIC: their difference gives the people of the model."""

from __future__ import annotations

import math
from collections.abc import Iterator

from engine.audit.findings import Finding
from engine.audit.level_sums import column_totals
from engine.audit.published import OVERALL, Tables

_MOST_PARAMETERS = 200
_NEARLY_ALL = 0.9  # of the people: a model may leave out the others, whose values are missing


def check_criteria(tables: Tables) -> Iterator[Finding]:
    """BIC - AIC = k (ln n - 2): with the k parameters of the table, n is the people of the model."""
    total = tables.total("n", OVERALL)
    people = total.value if total is not None else column_totals(tables).get(OVERALL)
    bics, variances = tables.by_model("bic"), tables.by_model("variance")
    odds_ratios = tables.by_model("odds_ratio")
    for model, (aic, *_) in tables.by_model("aic").items():
        if people is None or model not in bics or model not in variances:
            continue
        bic = bics[model][0]
        difference, rounding = bic.value - aic.value, bic.rounding + aic.rounding
        k = len(variances[model]) + len(odds_ratios.get(model, ()))
        fewest = _people((difference - rounding) / k)
        most = _people((difference + rounding) / k)
        if fewest - 1.0 <= people <= most + 1.0:
            continue
        evidence = f"BIC - AIC = {difference:.3f} with the {k} parameters of the table"
        if _NEARLY_ALL * people <= most <= people:
            evidence += (
                f": the model has {math.ceil(fewest):,} to {math.floor(most):,} people, not {people:,.0f}"
            )
        else:
            evidence += f" would need {most:.2g} people; {_fitting_models(difference, people)} fit: "
            evidence += "they belong to another model"
        yield Finding.about("AIC and BIC", [aic, bic], evidence)


def _fitting_models(difference: float, people: float) -> str:
    """Name up to three numbers of parameters that give nearly all people."""
    fitting = [
        (k, implied)
        for k in range(1, _MOST_PARAMETERS)
        if _NEARLY_ALL * people <= (implied := _people(difference / k)) <= people
    ]
    return (
        " or ".join(f"{k} parameters and {implied:,.0f} people" for k, implied in fitting[:3]) or "no model"
    )


def _people(difference: float) -> float:
    """Return n from (BIC - AIC) / k = ln n - 2; infinite where it would overflow."""
    return math.exp(difference + 2.0) if difference < 600.0 else math.inf
