"""What estimators take: the sample sorted by rank, and the rows of models, from the columns of a sample."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.batch.cell_keys import ranked_cells
from engine.study import (
    AnalysisSpec,
    ConcentrationSpec,
    CurveSpec,
    DecompositionSpec,
    LogitSpec,
    MultilevelSpec,
    RifSpec,
)
from engine.study.regression import RegressionSpec

if TYPE_CHECKING:
    from engine.arrays import SampleArrays, TableArrays, VariableArrays
    from engine.batch.context import Context
    from engine.data.cell_key import CellKey


def bounds_of(analysis: AnalysisSpec, outcome: str, context: Context) -> tuple[float, float] | None:
    """Return the theoretical bounds of an outcome: those of the analysis, else of the variable."""
    bounds: tuple[float, float] | None = getattr(analysis, "bounds", None)
    return bounds or context.spec.variables[outcome].theoretical_bounds


def ranked_sample(
    analysis: ConcentrationSpec | CurveSpec | DecompositionSpec | RifSpec,
    outcomes: Sequence[str],
    context: Context,
    *,
    terms: Sequence[VariableArrays] = (),
    last: Sequence[VariableArrays] = (),
) -> SampleArrays:
    """Return the sample sorted by group and rank, then by `last`; an outcome is missing where a term is."""
    import numpy as np

    from engine.estimators.sample.sorting import checked_outcome, sort_sample
    from engine.estimators.sample.variables import complete_rows, sort_keys

    columns = context.columns
    if isinstance(analysis, ConcentrationSpec | CurveSpec):
        columns = in_cells(context, ranked_cells(analysis, context.spec)).columns
    design = columns.design()
    group, groups = columns.groups(analysis.by)
    values = {}
    for name in outcomes:
        bounds = bounds_of(analysis, name, context)
        values[name] = checked_outcome(name, columns.numbers(name), bounds, design.count)
        if terms:
            values[name] = np.where(complete_rows(terms), values[name], np.nan)
    return sort_sample(
        outcomes=values,
        rank=columns.numbers(analysis.rank_by),
        rank_name=analysis.rank_by,
        columns=design,
        group=group,
        groups=groups,
        last=sort_keys(last),
    )


def in_cells(context: Context, keys: Iterable[CellKey]) -> Context:
    """Return a context of the cells of a key, where there is one and its cells are far fewer than rows."""
    for key in keys:
        context = context.in_cells(key)
    return context


def model_table(analysis: AnalysisSpec, context: Context, *, weighted: bool = True) -> TableArrays:
    """Return the rows of the sample by group, for tables and models on covariate patterns."""
    from engine.estimators.sample.sorting import table_arrays

    group, groups = context.columns.groups(analysis.by)
    design = context.columns.design()
    if not weighted and design.count is None:
        design = replace(design, weight=None, replicate_weights=None, calibration=None)
    return table_arrays(design, group, groups)


def single_terms(
    analysis: LogitSpec | RegressionSpec | MultilevelSpec | RifSpec, context: Context
) -> dict[str, VariableArrays]:
    """Return the variables of a model; products name the same ones."""
    return {name: scaled_term(name, context) for name in analysis.terms if isinstance(name, str)}


def scaled_term(name: str, context: Context) -> VariableArrays:
    """Return a variable as a term of a model: a number in its scale."""
    variable, spec = context.columns.variable(name), context.spec.variables.get(name)
    if spec is None or spec.scale == 1.0 or variable.values is None:
        return variable
    return replace(variable, values=variable.values / spec.scale)
