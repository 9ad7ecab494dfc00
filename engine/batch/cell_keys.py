"""The cells that each kind of analysis is computed from, where these are far fewer than rows."""

from __future__ import annotations

from engine.data.cell_key import CellKey
from engine.study import (
    AnalysisSpec,
    ConcentrationSpec,
    CurveSpec,
    DescribeSpec,
    RatesSpec,
    StudySpec,
    bootstrap_of,
)


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
