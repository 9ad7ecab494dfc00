"""A logit with interactions on the simulated panel: on covariate patterns, and on rows as people fit it."""

from __future__ import annotations

import warnings

import numpy as np

from engine.arrays import DesignArrays, VariableArrays
from engine.bench.check import Check, at_least
from engine.bench.timing import Timing, seconds
from engine.errors import EstimationError
from engine.estimators.regression.logit import LogitFit, fit_logit
from engine.estimators.regression.model_frame import ModelFrame, model_frame
from engine.estimators.regression.model_rows import ModelRows
from engine.estimators.regression.terms import ModelTerm
from engine.estimators.sample.variables import complete_rows
from engine.simulate.cmds import ESTABLISHED, SKIPPED, simulate_cmds
from engine.simulate.margins import published_levels

INTERACTIONS = (
    ("age", "sex"),
    ("region", "reason"),
    ("region", "range"),
    ("duration", "hukou"),
    ("duration", "education"),
)
_AGREEMENT = 1e-8  # both fits stop at about this distance


def logit_timings() -> tuple[list[Timing], list[Check]]:
    """Time Model 2 of the CMDS study, patterns included, and the GLM of statsmodels on the same rows.

    Raises
    ------
    EstimationError
        If the two disagree: then no time is worth anything.
    """
    variables, record = _simulated_panel()
    rows = np.flatnonzero(np.isfinite(record) & complete_rows([*variables.values()]))
    terms = [ModelTerm(names=(name,)) for name in variables]
    terms += [ModelTerm(names=pair, by_scores=True) for pair in INTERACTIONS]
    y = record[rows]
    ones = np.ones(len(y))
    unit = np.zeros(len(y), np.int32)
    sample = ModelRows(weight=ones, weight_squares=ones, y=y, people=ones, unit=unit)

    def fit_patterns() -> tuple[ModelFrame, LogitFit]:
        frame = model_frame(terms, variables, rows)
        return frame, fit_logit(frame, sample, _no_design(), "model")

    frame, fit = fit_patterns()
    X = frame.X[frame.pattern]
    if np.abs(_fit_rows(X, y) - fit.beta).max() > _AGREEMENT:
        raise EstimationError(
            "benchmark: equirank and statsmodels disagree about a logit; expected agreement to 1e-8. "
            "Report this as a bug."
        )
    on_patterns, on_rows = seconds(fit_patterns), seconds(lambda: _fit_rows(X, y), repeats=1)
    what = f"logit, {X.shape[1]} columns, {len(frame.X):,} patterns"
    timings = [
        Timing(program=program, what=what, rows=len(y), replicates=1, threads=1, ms=1000.0 * spent)
        for program, spent in (("equirank logit", on_patterns), ("statsmodels GLM on rows", on_rows))
    ]
    return timings, [_ratio_check(on_patterns, on_rows)]


def _ratio_check(on_patterns: float, on_rows: float) -> Check:
    return at_least(
        "logit with products, patterns formed",
        on_rows / on_patterns,
        "x",
        target=60,
        stretch=100,
        compared_with=f"statsmodels GLM on rows, {on_rows:.1f} s",
    )


def _simulated_panel() -> tuple[dict[str, VariableArrays], np.ndarray]:
    """Return the covariates of the CMDS study and its outcome, NaN where missing or not asked."""
    levels = published_levels()
    waves = simulate_cmds()
    columns = {
        name: np.concatenate([wave.columns[name] for wave in waves]) for name in [*levels, "health_record"]
    }
    record = columns["health_record"].astype(np.float64)
    y = np.where((record == SKIPPED) | np.isnan(record), np.nan, record == ESTABLISHED)
    variables = {
        name: VariableArrays(
            name=name,
            levels=tuple(level.name for level in variable_levels),
            codes=(np.nan_to_num(columns[name].astype(np.float64)) - 1).astype(np.int32),
            values=None,
            missing=np.zeros(len(y), np.uint8),
            scores=tuple(range(len(variable_levels))),
        )
        for name, variable_levels in levels.items()
    }
    return variables, y


def _fit_rows(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(GLM(y, X, family=Binomial()).fit(tol=1e-12).params)


def _no_design() -> DesignArrays:
    return DesignArrays(
        stratum_end=np.array([1]),
        stratum_of_unit=np.zeros(1, np.int64),
        population=np.array([np.inf]),
        has_clusters=False,
        has_strata=False,
        single_psu="certainty",
    )
