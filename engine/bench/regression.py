"""A logit with products on the simulated panel, on covariate patterns and, as people fit it, on rows."""

from __future__ import annotations

import warnings

import numpy as np

from engine.arrays import DesignArrays, VariableArrays
from engine.bench.timing import Check, Timing, seconds
from engine.errors import EstimationError
from engine.estimators.regression.logit import Fit, Rows, fit_logit
from engine.estimators.regression.model_frame import ModelFrame, ModelTerm, model_frame
from engine.estimators.sample.variables import complete_rows
from engine.simulate.cmds import ESTABLISHED, SKIPPED, simulate_cmds
from engine.simulate.margins import published_levels

PRODUCTS = (
    ("age", "sex"),
    ("region", "reason"),
    ("region", "range"),
    ("duration", "hukou"),
    ("duration", "education"),
)


def logit_timings() -> tuple[list[Timing], list[Check]]:
    """Time Model 2 of the CMDS study with the forming of its patterns, against statsmodels' GLM on the same rows.

    Raises
    ------
    EstimationError
        If the two disagree: then no time is worth anything.
    """
    variables, record = _people()
    rows = np.flatnonzero(np.isfinite(record) & complete_rows([*variables.values()]))
    terms = [
        *(ModelTerm(names=(name,)) for name in variables),
        *(ModelTerm(names=pair, by_scores=True) for pair in PRODUCTS),
    ]
    y = record[rows]
    ones = np.ones(len(y))
    own_rows = Rows(weight=ones, y=y, frequency=ones, unit=np.zeros(len(y), np.int32))

    def ours() -> tuple[ModelFrame, Fit]:
        frame = model_frame(terms, variables, rows)
        return frame, fit_logit(frame, own_rows, _no_design(), "model")

    frame, fit = ours()
    X = frame.X[frame.pattern]
    theirs = _on_rows(X, y)
    if np.abs(theirs - fit.beta).max() > 1e-8:
        raise EstimationError(
            "benchmark: equirank and statsmodels disagree about a logit; expected agreement to 1e-8. Report this as a "
            "bug."
        )
    here, there = seconds(ours), seconds(lambda: _on_rows(X, y), repeats=1)
    what = f"logit, {X.shape[1]} columns, {len(frame.X):,} patterns"
    timings = [
        Timing(program=program, what=what, rows=len(y), replicates=1, threads=1, ms=1000.0 * spent)
        for program, spent in (("equirank logit", here), ("statsmodels GLM on rows", there))
    ]
    check = Check(
        work="logit with products, patterns formed",
        value=there / here,
        unit="x",
        target=60,
        stretch=100,
        at_most=False,
        compared_with=f"statsmodels GLM on rows, {there:.1f} s",
    )
    return timings, [check]


def _people() -> tuple[dict[str, VariableArrays], np.ndarray]:
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
            levels=tuple(level.name for level in own),
            codes=(np.nan_to_num(columns[name].astype(np.float64)) - 1).astype(np.int32),
            values=None,
            missing=np.zeros(len(y), np.uint8),
            scores=tuple(range(len(own))),
        )
        for name, own in levels.items()
    }
    return variables, y


def _on_rows(X: np.ndarray, y: np.ndarray) -> np.ndarray:
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
