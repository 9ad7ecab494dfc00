"""Tidy rows of a logit: adjusted and crude odds ratios, effects on probabilities, tests, and how well it fits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import chdtrc, fdtrc

from engine.arrays import FloatArray, TableArrays, VariableArrays
from engine.errors import EstimationError
from engine.estimators.regression.coefficient_rows import Estimate, coefficient_rows, ratio_rows, told
from engine.estimators.regression.logit import Fit, Rows, fit_logit, maximise
from engine.estimators.regression.margins import margins
from engine.estimators.regression.model_frame import ModelFrame, ModelTerm, model_frame, model_terms
from engine.estimators.sample.groups import in_groups
from engine.estimators.sample.variables import complete_rows
from engine.results import TidyRow
from engine.study import LogitSpec

_LABELS = {
    "model": "model-based",
    "robust": "robust (HC1)",
    "cluster": "clustered (HC1)",
    "design": "design-based",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Model:
    """A fitted model of one group and how its rows are labelled."""

    frame: ModelFrame
    rows: Rows
    fit: Fit
    base: TidyRow
    conf_level: float

    @property
    def estimate(self) -> Estimate:
        """Its coefficients."""
        fit = self.fit
        return Estimate(
            beta=fit.beta,
            covariance=fit.covariance,
            degrees=fit.degrees,
            status=fit.status,
            conf_level=self.conf_level,
        )


def estimate_logit(
    table: TableArrays,
    outcome: VariableArrays,
    variables: Mapping[str, VariableArrays],
    spec: LogitSpec,
    frequency: FloatArray | None = None,
) -> tuple[TidyRow, ...]:
    """Fit a logit in every group of the rows.

    Parameters
    ----------
    table
        Weights, units and groups of the rows.
    outcome
        The event.
    variables
        Name -> covariate, every name of the terms.
    spec
        The analysis; its covariance is settled.
    frequency
        (N,) how many people each row stands for; one by default.

    Returns
    -------
    tuple of TidyRow
        ``coefficient`` and ``odds_ratio`` of every column, ``crude_odds_ratio``, ``prevalence_ratio``,
        ``marginal_effect``, a test (``lr_chi2`` or ``wald_f``) and ``vif`` of every term, and for the whole model
        ``log_likelihood``, ``pseudo_r2``, ``aic``, ``bic``.

    Raises
    ------
    EstimationError
        If the model cannot be fitted in any group.
    """
    terms = model_terms(spec.terms, spec.scores)
    base = TidyRow(
        measure="odds_ratio",
        outcome=outcome.name,
        method=_LABELS[spec.covariance],
        conf_level=spec.conf_level,
    )

    def estimate(g: int, own: TidyRow) -> list[TidyRow]:
        return _group_rows(table, g, outcome, variables, terms, spec, frequency, own)

    return in_groups(spec.name, table.groups, estimate, base)


def _group_rows(
    table: TableArrays,
    g: int,
    outcome: VariableArrays,
    variables: Mapping[str, VariableArrays],
    terms: tuple[ModelTerm, ...],
    spec: LogitSpec,
    frequency: FloatArray | None,
    base: TidyRow,
) -> list[TidyRow]:
    model = _fitted(table, g, outcome, variables, terms, spec, frequency, base)
    rows = [*coefficient_rows(model.frame, model.estimate, model.base)]
    if spec.crude:
        for term in terms:
            if len(term.names) == 1:
                own = {term.names[0]: variables[term.names[0]]}
                alone = (
                    model
                    if len(terms) == 1
                    else _fitted(table, g, outcome, own, (term,), spec, frequency, base)
                )
                rows += ratio_rows(alone.frame, alone.estimate, alone.base, "crude_odds_ratio")
    rows += _effect_rows(model)
    rows += _test_rows(model, spec.covariance)
    rows += _fit_rows(model, is_likelihood=bool(np.all(model.rows.weight == model.rows.frequency)))
    return rows


def _fitted(
    table: TableArrays,
    g: int,
    outcome: VariableArrays,
    variables: Mapping[str, VariableArrays],
    terms: tuple[ModelTerm, ...],
    spec: LogitSpec,
    frequency: FloatArray | None,
    base: TidyRow,
) -> _Model:
    assert outcome.values is not None  # noqa: S101 - the study check refuses an outcome without event
    times = np.ones(len(table.weight)) if frequency is None else frequency
    kept = np.flatnonzero(
        (table.group == g) & (times > 0) & ~np.isnan(outcome.values) & complete_rows([*variables.values()])
    )
    y = outcome.values[kept]
    if len(kept) == 0 or y.min() == y.max():
        what = "there is no complete row" if len(kept) == 0 else "nobody or everybody has the event"
        raise EstimationError(
            f"outcome '{outcome.name}': {what} in {table.groups[g].label}; expected both values."
        )
    frame = model_frame(terms, variables, kept)
    rows = Rows(weight=table.weight[kept] * times[kept], y=y, frequency=times[kept], unit=table.unit[kept])
    fit = fit_logit(frame, rows, table.design, spec.covariance)
    n_obs = round(float(rows.frequency.sum()))
    base = replace(
        base,
        n_obs=n_obs,
        n_events=round(float(rows.frequency @ y)),
        n_clusters=fit.n_clusters,
        sum_weights=float(rows.weight.sum()),
    )
    return _Model(frame=frame, rows=rows, fit=fit, base=base, conf_level=spec.conf_level)


def _effect_rows(model: _Model) -> Iterator[TidyRow]:
    fit = model.fit
    if any(status != "ok" for status in fit.status):
        return
    for margin in margins(model.frame, fit.n, fit.beta):
        row = replace(model.base, measure=margin.measure, term=margin.term, level=margin.level)
        variance = float(margin.gradient @ fit.covariance @ margin.gradient)
        yield told(model.estimate, row, margin.value, variance, ratio=margin.measure == "prevalence_ratio")


def _test_rows(model: _Model, covariance: str) -> Iterator[TidyRow]:
    """Yield each term's test, of all products and of the whole model; and the inflation of each term's variance.

    A term inside a product has no test of its own. Likelihood ratios belong to model-based errors, the others
    have Wald tests, F(columns, degrees of freedom) where these are finite (R's `regTermTest`).
    """
    frame = model.frame
    products = {name for term in frame.terms if len(term.names) > 1 for name in term.names}
    parts: dict[str, list[int]] = {}
    for t, term in enumerate(frame.terms):
        if len(term.names) > 1 or term.names[0] not in products:
            parts[term.label] = np.flatnonzero(frame.term_of_column == t).tolist()
    crossed = [k for k, t in enumerate(frame.term_of_column) if t >= 0 and len(frame.terms[t].names) > 1]
    if products:
        parts["(all products)"] = crossed
    parts["(all terms)"] = [*range(1, len(frame.term_of_column))]
    for label, columns in parts.items():
        statuses = {model.fit.status[k] for k in columns}
        row = replace(
            model.base, term=label, measure="lr_chi2" if covariance == "model" else "wald_f", conf_level=None
        )
        if covariance == "model" and len(model.fit.kept):
            yield _likelihood_ratio(model, row, columns)
        elif statuses != {"ok"}:
            yield replace(row, status="separated or a combination of other columns")
        else:
            yield _wald(model, row, columns)
    yield from _inflation(model)


def _likelihood_ratio(model: _Model, row: TidyRow, columns: Sequence[int]) -> TidyRow:
    """Compare with the model without some columns; what only others replace is no loss, an infinite estimate is one."""
    fit = model.fit
    kept = [k for k in range(fit.Z.shape[1]) if k not in columns]
    reduced = maximise(np.ascontiguousarray(fit.Z[:, kept]), fit.n, fit.s)
    df = fit.rank - reduced.rank
    if df < 1:
        return replace(row, status="a combination of other columns")
    chi2 = max(2.0 * (fit.log_likelihood - reduced.log_likelihood), 0.0)
    return replace(row, estimate=chi2, p_value=float(chdtrc(df, chi2)), method=f"likelihood ratio, {df} df")


def _wald(model: _Model, row: TidyRow, columns: Sequence[int]) -> TidyRow:
    fit, df = model.fit, len(columns)
    V = fit.covariance[np.ix_(columns, columns)]
    if fit.degrees < 1 or np.linalg.matrix_rank(V) < df:
        return replace(row, status="no degrees of freedom")
    F = float(fit.beta[columns] @ np.linalg.solve(V, fit.beta[columns])) / df
    if np.isinf(fit.degrees):
        return replace(row, estimate=F, p_value=float(chdtrc(df, df * F)), method=f"Wald chi2/df, {df} df")
    return replace(
        row, estimate=F, p_value=float(fdtrc(df, fit.degrees, F)), method=f"Wald, F({df}, {fit.degrees:g})"
    )


def _inflation(model: _Model) -> Iterator[TidyRow]:
    """Yield generalised variance-inflation factors to the power 1/df (Fox and Monette 1992): comparable to a VIF."""
    fit, frame = model.fit, model.frame
    kept = [k for k in fit.kept if k > 0]
    if len(frame.terms) < 2 or any(status != "ok" for status in fit.status):
        return
    V = fit.covariance[np.ix_(kept, kept)]
    spread = np.sqrt(np.diag(V))
    R = V / np.outer(spread, spread)
    owner = frame.term_of_column[kept]
    for t, term in enumerate(frame.terms):
        own = owner == t
        logs = [np.linalg.slogdet(part)[1] for part in (R[np.ix_(own, own)], R[np.ix_(~own, ~own)], R)]
        value = float(np.exp((logs[0] + logs[1] - logs[2]) / own.sum()))
        yield replace(
            model.base, term=term.label, measure="vif", estimate=value, conf_level=None, method="GVIF^(1/df)"
        )


def _fit_rows(model: _Model, *, is_likelihood: bool) -> Iterator[TidyRow]:
    fit, base = (
        model.fit,
        replace(model.base, conf_level=None, method="likelihood" if is_likelihood else "pseudo"),
    )
    n, s = fit.n.sum(), fit.s.sum()
    null = float(s * np.log(s / n) + (n - s) * np.log(1.0 - s / n))
    k, ll = fit.rank, fit.log_likelihood
    yield replace(base, measure="log_likelihood", estimate=ll)
    yield replace(base, measure="null_log_likelihood", estimate=null)
    yield replace(base, measure="pseudo_r2", estimate=1.0 - ll / null, method="McFadden")
    if is_likelihood:  # weighted: no likelihood, no information criterion
        yield replace(base, measure="aic", estimate=2.0 * k - 2.0 * ll)
        yield replace(base, measure="bic", estimate=k * float(np.log(base.n_obs or 1)) - 2.0 * ll)
        yield replace(base, measure="n_parameters", estimate=float(k))
