"""One line for each kind of analysis: what it fetches and which estimator it calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.arrays import SampleArrays, TableArrays
from engine.batch.reporter import Reporter
from engine.batch.tasks import Task
from engine.data.sample_reader import SampleReader
from engine.estimators.decomposition.estimate import estimate_decomposition
from engine.estimators.index.concentration import estimate_concentration
from engine.estimators.index.curve import curves
from engine.estimators.regression.logit_rows import estimate_logit
from engine.estimators.regression.multilevel_rows import estimate_multilevel
from engine.estimators.regression.rif import estimate_rif
from engine.estimators.replicates.pending_rows import Estimates
from engine.estimators.replicates.settings import WHOLE, ReplicateSettings, Share
from engine.estimators.sample.sorting import checked_outcome, sort_sample, table_arrays
from engine.estimators.sample.variables import complete_rows
from engine.estimators.tables.tables import describe, rates
from engine.study import (
    ConcentrationSpec,
    CurveSpec,
    DecompositionSpec,
    DescribeSpec,
    LogitSpec,
    MultilevelSpec,
    RatesSpec,
    RifSpec,
    StudySpec,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What an analysis may use."""

    spec: StudySpec
    reader: SampleReader
    seed: int
    threads: int | None
    reporter: Reporter
    share: Share = WHOLE

    @property
    def replicate_settings(self) -> ReplicateSettings:
        """How replicates are computed."""
        return ReplicateSettings(
            seed=self.seed, threads=self.threads, progress=self.reporter.replicated, share=self.share
        )


def _describe(analysis: DescribeSpec, context: Context) -> Estimates:
    names = analysis.variables or tuple(context.spec.variables)
    table = _table(analysis.by, context)
    # One variable at a time: memory does not grow with their number.
    rows = (row for name in names for row in describe(table, [context.reader.variable(name)], analysis))
    return Estimates(entries=tuple(rows))


def _rates(analysis: RatesSpec, context: Context) -> Estimates:
    table = _table(analysis.by, context, weighted=analysis.weighted)
    factors = [context.reader.variable(name) for name in analysis.rows]
    outcomes = (context.reader.variable(name) for name in analysis.outcome)
    rows = (row for outcome in outcomes for row in rates(table, outcome, factors, analysis))
    return Estimates(entries=tuple(rows))


def _concentration(analysis: ConcentrationSpec, context: Context) -> Estimates:
    bounds = {
        name: analysis.bounds or context.spec.variables[name].theoretical_bounds for name in analysis.outcome
    }
    arrays = _sorted(analysis, analysis.outcome, analysis.rank_by, context)
    return estimate_concentration(arrays, analysis, bounds, context.replicate_settings)


def _curve(analysis: CurveSpec, context: Context) -> Estimates:
    arrays = _sorted(analysis, analysis.outcome, analysis.rank_by, context)
    return Estimates(entries=curves(arrays, analysis, seed=context.seed))


def _table(by: Sequence[str], context: Context, *, weighted: bool = True) -> TableArrays:
    group, groups = context.reader.groups(by)
    columns = context.reader.design()
    return table_arrays(columns if weighted else replace(columns, weight=None), group, groups)


def _sorted(
    analysis: ConcentrationSpec | CurveSpec, outcomes: Sequence[str], rank_by: str, context: Context
) -> SampleArrays:
    reader = context.reader
    group, groups = reader.groups(analysis.by)
    columns = reader.design()
    spec_bounds = analysis.bounds if isinstance(analysis, ConcentrationSpec) else None
    values = {
        name: checked_outcome(
            name, reader.numbers(name), spec_bounds or context.spec.variables[name].theoretical_bounds
        )
        for name in outcomes
    }
    return sort_sample(
        outcomes=values,
        rank=reader.numbers(rank_by),
        rank_name=rank_by,
        columns=columns,
        group=group,
        groups=groups,
        canonical=isinstance(analysis, ConcentrationSpec) and analysis.bootstrap is not None,
    )


def _decomposition(analysis: DecompositionSpec, context: Context) -> Estimates:
    reader = context.reader
    group, groups = reader.groups(analysis.by)
    variables = [reader.variable(name) for name in analysis.terms]
    bounds = analysis.bounds or context.spec.variables[analysis.outcome].theoretical_bounds
    outcome = checked_outcome(analysis.outcome, reader.numbers(analysis.outcome), bounds)
    arrays = sort_sample(
        outcomes={analysis.outcome: np.where(complete_rows(variables), outcome, np.nan)},
        rank=reader.numbers(analysis.rank_by),
        rank_name=analysis.rank_by,
        columns=reader.design(),
        group=group,
        groups=groups,
        canonical=analysis.bootstrap is not None,
    )
    return estimate_decomposition(arrays, variables, analysis, bounds, context.replicate_settings)


def _rif(analysis: RifSpec, context: Context) -> Estimates:
    reader = context.reader
    group, groups = reader.groups(analysis.by)
    variables = {name: reader.variable(name) for name in analysis.terms if isinstance(name, str)}
    bounds = analysis.bounds or context.spec.variables[analysis.outcome].theoretical_bounds
    outcome = checked_outcome(analysis.outcome, reader.numbers(analysis.outcome), bounds)
    arrays = sort_sample(
        outcomes={analysis.outcome: np.where(complete_rows([*variables.values()]), outcome, np.nan)},
        rank=reader.numbers(analysis.rank_by),
        rank_name=analysis.rank_by,
        columns=reader.design(),
        group=group,
        groups=groups,
    )
    return Estimates(entries=estimate_rif(arrays, variables, analysis, bounds))


def _logit(analysis: LogitSpec, context: Context) -> Estimates:
    reader, design = context.reader, context.spec.design
    if analysis.covariance == "auto":
        designed = design.weight is not None or design.cluster is not None or design.stratum is not None
        analysis = analysis.model_copy(update={"covariance": "design" if designed else "model"})
    variables = {name: reader.variable(name) for name in analysis.terms if isinstance(name, str)}
    table = _table(analysis.by, context, weighted=analysis.weighted)
    return Estimates(entries=estimate_logit(table, reader.variable(analysis.outcome), variables, analysis))


def _multilevel(analysis: MultilevelSpec, context: Context) -> Estimates:
    reader = context.reader
    variables = {name: reader.variable(name) for name in analysis.terms if isinstance(name, str)}
    ids = {name: reader.level(name) for name in analysis.levels}
    table = _table(analysis.by, context, weighted=analysis.weights != "none")
    outcome = reader.variable(analysis.outcome)
    rows = estimate_multilevel(table, outcome, variables, ids, analysis, threads=context.threads)
    return Estimates(entries=rows)


ANALYSES: dict[str, Callable[..., Estimates]] = {
    "describe": _describe,
    "rates": _rates,
    "concentration": _concentration,
    "curve": _curve,
    "decomposition": _decomposition,
    "logit": _logit,
    "multilevel": _multilevel,
    "rif": _rif,
}


def run_task(task: Task, context: Context) -> Estimates:
    """Run an analysis on the waves that its task sees."""
    context = replace(context, reader=context.reader.of_waves(task.waves))
    return ANALYSES[task.analysis.kind](task.analysis, context)
