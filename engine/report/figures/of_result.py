"""The figures of the results of the Python functions, with the modules that draw those of a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from engine.report.figures.figure import Figure, Row, StudyFacts
from engine.report.figures.of_run import require_altair
from engine.report.figures.plot import Plot
from engine.results import (
    CurveResult,
    DecompositionResult,
    IndexResult,
    LogitResult,
    MixedLogitResult,
    TidyRow,
)

_NAME = "result"
_KINDS = {
    IndexResult: "concentration",
    CurveResult: "curve",
    DecompositionResult: "decomposition",
    LogitResult: "logit",
    MixedLogitResult: "multilevel",
}
Result = IndexResult | CurveResult | DecompositionResult | LogitResult | MixedLogitResult


def plot_of(result: Result) -> Plot:
    """Return the figures of a result.

    Raises
    ------
    UsageError
        If altair is not installed.
    """
    require_altair()
    return Plot(figures=tuple(_figures(result)))


def _figures(result: Result) -> Iterator[Figure]:
    from engine.report.figures.caterpillar import caterpillars
    from engine.report.figures.contributions import contribution_figures
    from engine.report.figures.curve import curve_figures
    from engine.report.figures.forest import forest_figures
    from engine.report.figures.index import index_figures

    if isinstance(result, IndexResult) and result.replicates is not None:
        yield _bootstrap(result)
    rows = [_row(row, _KINDS[type(result)]) for row in result.rows]
    for draw in (curve_figures, index_figures, contribution_figures, forest_figures, caterpillars):
        yield from draw(rows, StudyFacts())


def _row(row: TidyRow, kind: str) -> Row:
    return {
        **{field.name: getattr(row, field.name) for field in fields(TidyRow)},
        "analysis": _NAME,
        "kind": kind,
    }


def _bootstrap(result: IndexResult) -> Figure:
    from engine.report.figures.bootstrap import bootstrap_figure

    row = result.rows[0]
    return bootstrap_figure(
        [] if result.replicates is None else result.replicates.tolist(),
        result.estimate,
        (result.conf_low, result.conf_high),
        title=f"Replicates of the {result.measure} index of {row.outcome} by {row.rank_by}",
    )
