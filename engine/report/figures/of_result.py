"""The figures of the results of the Python functions, with the modules that draw those of a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from engine.errors import UsageError
from engine.report.figures.figure import Figure, Row, StudyFacts
from engine.report.figures.plot import Plot
from engine.results import (
    CurveResult,
    DecompositionResult,
    GroupedResult,
    IndexResult,
    LogitResult,
    MixedLogitResult,
    RegressionResult,
    TableResult,
    TidyRow,
)
from engine.results.inequality_result import InequalityResult
from engine.results.shown import Shown

_NAME = "result"
_KINDS: dict[type[Shown], str] = {
    IndexResult: "concentration",
    CurveResult: "curve",
    DecompositionResult: "decomposition",
    LogitResult: "logit",
    RegressionResult: "regression",
    MixedLogitResult: "multilevel",
    InequalityResult: "disparity",
}


def plot_of(result: Shown) -> Plot:
    """Return the figures of a result.

    Raises
    ------
    UsageError
        If the result is of a kind without figures.
    """
    figures = tuple(_figures(result))
    if not figures:
        raise UsageError(
            f"{type(result).__name__}.plot(): there is no figure of it; expected indices, a curve, "
            "contributions, odds ratios or replicates. Use .table()."
        )
    return Plot(figures=figures)


def _figures(result: Shown) -> Iterator[Figure]:
    from engine.report.figures.caterpillar import caterpillars
    from engine.report.figures.contributions import contribution_figures
    from engine.report.figures.curve import curve_figures
    from engine.report.figures.disparity import disparity_figures
    from engine.report.figures.financing import financing_figures
    from engine.report.figures.forest import forest_figures
    from engine.report.figures.index import index_figures
    from engine.report.figures.rif import rif_figures

    if isinstance(result, IndexResult | InequalityResult) and result.replicates is not None:
        yield _bootstrap(result, result.replicates.tolist())
    kind = result.kind if isinstance(result, TableResult | GroupedResult) else _KINDS.get(type(result), "")
    rows = [_row(row, kind) for row in result.rows]
    for draw in (
        curve_figures,
        index_figures,
        disparity_figures,
        financing_figures,
        contribution_figures,
        rif_figures,
        forest_figures,
        caterpillars,
    ):
        yield from draw(rows, StudyFacts())


def _row(row: TidyRow, kind: str) -> Row:
    return {
        **{field.name: getattr(row, field.name) for field in fields(TidyRow)},
        "analysis": _NAME,
        "kind": kind,
    }


def _bootstrap(result: IndexResult | InequalityResult, replicates: list[float]) -> Figure:
    from engine.report.figures.bootstrap import bootstrap_figure

    row = result.rows[0]
    return bootstrap_figure(
        replicates,
        result.estimate,
        (result.conf_low, result.conf_high),
        title=f"Replicates of {result.measure} of {row.outcome} by {row.rank_by}",
    )
