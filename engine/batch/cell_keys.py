"""The cells that each kind of analysis is computed from, where these are far fewer than rows."""

from __future__ import annotations

from engine.data.cell_key import CellKey
from engine.study import (
    AnalysisSpec,
    ConcentrationSpec,
    CurveSpec,
    DescribeSpec,
    LogitSpec,
    RatesSpec,
    StudySpec,
    bootstrap_of,
)
from engine.study.regression import RegressionSpec


def no_cells(_analysis: AnalysisSpec, _spec: StudySpec) -> tuple[CellKey, ...]:
    """Return none: the analysis needs the rows."""
    return ()


def ranked_cells(analysis: ConcentrationSpec | CurveSpec, spec: StudySpec) -> tuple[CellKey, ...]:
    """Return the cells of an index or a curve: alike in rank, outcomes, groups and sampling cluster.

    None if errors or replicates look at each person: in a design without clusters, or when people are drawn.
    """
    bootstrap = bootstrap_of(analysis)
    draws_people = bootstrap is not None and bootstrap.method == "iid"
    if spec.design.cluster is None or draws_people:
        return ()
    return (CellKey(names=(*analysis.outcome, analysis.rank_by), by=analysis.by, with_reasons=False),)


def model_cells(analysis: LogitSpec | RegressionSpec, spec: StudySpec) -> tuple[CellKey, ...]:
    """Return the cells of a model: alike in outcome, terms, groups and sampling cluster.

    None if its errors look at each person: those of a design without clusters, and clustered ones of people.
    """
    covariance = settled_covariance(analysis, spec)
    if spec.design.cluster is None and covariance in ("cluster", "design"):
        return ()
    names = (analysis.outcome, *(name for name in analysis.terms if isinstance(name, str)))
    if isinstance(analysis, RegressionSpec) and analysis.exposure is not None:
        names = (*names, analysis.exposure)
    return (CellKey(names=names, by=analysis.by, weighted=analysis.weighted),)


def settled_covariance(analysis: LogitSpec | RegressionSpec, spec: StudySpec) -> str:
    """Return the covariance of a model: `auto` is that of the design, where the study has one."""
    if analysis.covariance != "auto":
        return analysis.covariance
    design = spec.design
    has_design = any((design.weight, design.cluster, design.stratum, design.replicate_weights))
    return "design" if has_design else "model"


def described_cells(analysis: DescribeSpec, spec: StudySpec) -> tuple[CellKey, ...]:
    """Return the cells of each variable, by group."""
    names = analysis.variables or tuple(spec.variables)
    return tuple(CellKey(names=(name,), by=analysis.by) for name in names)


def rates_cells(analysis: RatesSpec, _spec: StudySpec) -> tuple[CellKey, ...]:
    """Return the cells of each outcome, alone and with each factor, by group and standard population."""
    standard = () if analysis.standardise is None else analysis.standardise.by
    return tuple(
        CellKey(names=(outcome, *factor, *standard), by=analysis.by, weighted=analysis.weighted)
        for outcome in analysis.outcome
        for factor in ((), *((name,) for name in analysis.rows))
    )
