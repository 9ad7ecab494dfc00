"""One declaration for each kind of analysis: its fields, how it is estimated, and how its results are shown.

A new kind is a class in `engine.study.analyses`, an estimator, a table builder in `engine.report`, and a line
in `KINDS`; schema, checks, plan, order of tables, inputs of a night and compiling ahead derive from these.
Estimators are imported when they are called, so that showing a finished run does not load them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from engine.batch.cell_keys import (
    described_cells,
    model_cells,
    no_cells,
    ranked_cells,
    rates_cells,
    settled_covariance,
)
from engine.batch.inputs import (
    bounds_of,
    in_cells,
    model_table,
    ranked_sample,
    scaled_term,
    single_terms,
)
from engine.report.concentration_table import concentration_tables
from engine.report.curve_table import curve_tables
from engine.report.decomposition_table import decomposition_tables
from engine.report.describe_table import describe_tables
from engine.report.disparity_table import disparity_tables
from engine.report.financing_table import financing_tables
from engine.report.logit_table import logit_tables
from engine.report.multilevel_table import multilevel_tables
from engine.report.rates_table import rates_tables
from engine.report.regression_table import regression_tables
from engine.report.rif_table import rif_tables
from engine.report.run_tables import KindTables
from engine.study import (
    AnalysisSpec,
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
from engine.study.disparity import DisparitySpec
from engine.study.financing import FinancingSpec
from engine.study.regression import RegressionSpec

if TYPE_CHECKING:
    from engine.batch.context import Context
    from engine.data.cell_key import CellKey
    from engine.estimators.replicates.pending_rows import Estimates
    from engine.results import TidyRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of analysis.

    Attributes
    ----------
    spec
        Its fields and checks.
    estimate
        (analysis, context) -> rows, those with replicates not finished yet.
    tables
        How its rows are shown.
    cells
        (analysis, study) -> the cells it is computed from where these are far fewer than rows; none if it
        needs the rows.
    """

    spec: type[AnalysisSpec]
    estimate: Callable[[Any, Context], Estimates]
    tables: KindTables
    cells: Callable[[Any, StudySpec], tuple[CellKey, ...]] = no_cells

    @property
    def name(self) -> str:
        """What stands under ``kind`` in a study file."""
        return str(get_args(self.spec.model_fields["kind"].annotation)[0])


def _concentration(analysis: ConcentrationSpec, context: Context) -> Estimates:
    from engine.estimators.index.concentration import estimate_concentration

    arrays = ranked_sample(analysis, analysis.outcome, context)
    bounds = {name: bounds_of(analysis, name, context) for name in analysis.outcome}
    return estimate_concentration(arrays, analysis, bounds, context.replicate_settings)


def _disparity(analysis: DisparitySpec, context: Context) -> Estimates:
    from engine.estimators.disparity.compared import compared_levels, disparity_sample, level_places
    from engine.estimators.disparity.estimate import estimate_disparity
    from engine.estimators.sample.standard import standard_or_none

    columns = context.columns
    factor = None if analysis.group is None else columns.variable(analysis.group)
    outcomes = {name: columns.numbers(name) for name in analysis.outcome}
    rank = None if analysis.rank_by is None else columns.numbers(analysis.rank_by)
    group, groups = columns.groups(analysis.by)
    cell_factors = () if analysis.standardise is None else analysis.standardise.by
    standard = standard_or_none(analysis.standardise, [columns.variable(name) for name in cell_factors])
    cells = None
    parts = None if analysis.decompose_by is None else columns.variable(analysis.decompose_by)
    if parts is not None:
        cells = level_places(parts)
    elif standard is not None:
        cells = standard.cell
    arrays = disparity_sample(outcomes, factor, rank, columns.design(), group, groups, cells)
    compared = compared_levels(analysis, factor, arrays, parts, standard)
    return estimate_disparity(arrays, compared, analysis, context.replicate_settings)


def _financing(analysis: FinancingSpec, context: Context) -> Estimates:
    from engine.estimators.financing.columns import Amounts, financing_sample
    from engine.estimators.financing.estimate import estimate_financing

    columns = context.columns
    amounts = Amounts(
        outcomes={name: columns.numbers(name) for name in analysis.outcome},
        resources=columns.numbers(analysis.resources),
        capacity=None if analysis.capacity is None else columns.numbers(analysis.capacity),
        fee=None if analysis.fee is None else columns.numbers(analysis.fee),
    )
    group, groups = columns.groups(analysis.by)
    sample = financing_sample(amounts, analysis, columns.design(), group, groups)
    return estimate_financing(sample, analysis, context.replicate_settings)


def _decomposition(analysis: DecompositionSpec, context: Context) -> Estimates:
    from engine.estimators.decomposition.estimate import estimate_decomposition, tie_breakers

    terms = [scaled_term(name, context) for name in analysis.terms]
    is_given = context.spec.design.replicate_weights is not None
    last = tie_breakers(terms, analysis, has_replicate_weights=is_given)
    arrays = ranked_sample(analysis, [analysis.outcome], context, terms=terms, last=last)
    bounds = bounds_of(analysis, analysis.outcome, context)
    return estimate_decomposition(arrays, terms, analysis, bounds, context.replicate_settings)


def _rif(analysis: RifSpec, context: Context) -> Estimates:
    from engine.estimators.regression.rif import estimate_rif

    terms = single_terms(analysis, context)
    arrays = ranked_sample(analysis, [analysis.outcome], context, terms=[*terms.values()])
    bounds = bounds_of(analysis, analysis.outcome, context)
    return estimate_rif(arrays, terms, analysis, bounds, context.replicate_settings)


def _logit(analysis: LogitSpec, context: Context) -> Estimates:
    from engine.estimators.regression.logit_rows import estimate_logit
    from engine.estimators.replicates.pending_rows import Estimates

    analysis = analysis.model_copy(update={"covariance": settled_covariance(analysis, context.spec)})
    context = in_cells(context, model_cells(analysis, context.spec))
    table = model_table(analysis, context, weighted=analysis.weighted)
    event = context.columns.variable(analysis.outcome)
    rows = estimate_logit(table, event, single_terms(analysis, context), analysis)
    return Estimates(entries=rows)


def _regression(analysis: RegressionSpec, context: Context) -> Estimates:
    from engine.estimators.models.rows import estimate_regression
    from engine.estimators.replicates.pending_rows import Estimates

    analysis = analysis.model_copy(update={"covariance": settled_covariance(analysis, context.spec)})
    context = in_cells(context, model_cells(analysis, context.spec))
    table = model_table(analysis, context, weighted=analysis.weighted)
    columns = context.columns
    outcome, terms = columns.variable(analysis.outcome), single_terms(analysis, context)
    exposure = None if analysis.exposure is None else columns.numbers(analysis.exposure)
    return Estimates(entries=estimate_regression(table, outcome, terms, analysis, exposure))


def _multilevel(analysis: MultilevelSpec, context: Context) -> Estimates:
    from engine.estimators.regression.multilevel_rows import estimate_multilevel
    from engine.estimators.replicates.pending_rows import Estimates

    clusters = {name: context.columns.level(name) for name in analysis.levels}
    table = model_table(analysis, context, weighted=analysis.weights != "none")
    event, terms = context.columns.variable(analysis.outcome), single_terms(analysis, context)
    weighted = [name for name in analysis.levels if name in context.spec.design.level_weights]
    level_weights = {name: context.columns.level_weight(name) for name in weighted}
    rows = estimate_multilevel(
        table, event, terms, clusters, analysis, level_weights=level_weights, threads=context.threads
    )
    return Estimates(entries=rows)


def _curve(analysis: CurveSpec, context: Context) -> Estimates:
    from engine.estimators.index.curve import curves
    from engine.estimators.replicates.pending_rows import Estimates

    arrays = ranked_sample(analysis, analysis.outcome, context)
    return Estimates(entries=curves(arrays, analysis, seed=context.seed))


def _rates(analysis: RatesSpec, context: Context) -> Estimates:
    from engine.batch.table_inputs import TableInputs
    from engine.estimators.replicates.pending_rows import Estimates
    from engine.estimators.sample.standard import standard_or_none
    from engine.estimators.tables.rates import rates

    n_standard = 0 if analysis.standardise is None else len(analysis.standardise.by)
    inputs = TableInputs(context)
    rows: list[TidyRow] = []
    for key in rates_cells(analysis, context.spec):
        table, (outcome, *factors) = inputs.read(key)
        factor, cells = factors[: len(factors) - n_standard], factors[len(factors) - n_standard :]
        standard = standard_or_none(analysis.standardise, cells)
        rows += rates(table, outcome, factor[0] if factor else None, analysis, standard)
    return Estimates(entries=tuple(rows))


def _describe(analysis: DescribeSpec, context: Context) -> Estimates:
    from engine.batch.table_inputs import TableInputs
    from engine.estimators.replicates.pending_rows import Estimates
    from engine.estimators.tables.describe import describe

    inputs = TableInputs(context)
    rows: list[TidyRow] = []
    for key in described_cells(
        analysis, context.spec
    ):  # one at a time: memory does not grow with their number
        table, (variable,) = inputs.read(key)
        rows += describe(table, variable, analysis)
    return Estimates(entries=tuple(rows))


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            spec=DescribeSpec,
            estimate=_describe,
            tables=KindTables(build=describe_tables),
            cells=described_cells,
        ),
        Kind(spec=RatesSpec, estimate=_rates, tables=KindTables(build=rates_tables), cells=rates_cells),
        Kind(
            spec=ConcentrationSpec,
            estimate=_concentration,
            tables=KindTables(build=concentration_tables, terms_are_variables=False),
            cells=ranked_cells,
        ),
        Kind(
            spec=CurveSpec,
            estimate=_curve,
            tables=KindTables(build=curve_tables, terms_are_variables=False),
            cells=ranked_cells,
        ),
        Kind(
            spec=DisparitySpec,
            estimate=_disparity,
            tables=KindTables(build=disparity_tables, terms_are_variables=False),
        ),
        Kind(
            spec=FinancingSpec,
            estimate=_financing,
            tables=KindTables(build=financing_tables, terms_are_variables=False),
        ),
        Kind(
            spec=DecompositionSpec,
            estimate=_decomposition,
            tables=KindTables(build=decomposition_tables, terms_are_scaled=True),
        ),
        Kind(spec=RifSpec, estimate=_rif, tables=KindTables(build=rif_tables, terms_are_scaled=True)),
        Kind(
            spec=LogitSpec,
            estimate=_logit,
            tables=KindTables(build=logit_tables, side_by_side=True, terms_are_scaled=True),
            cells=model_cells,
        ),
        Kind(
            spec=RegressionSpec,
            estimate=_regression,
            tables=KindTables(build=regression_tables, side_by_side=True, terms_are_scaled=True),
            cells=model_cells,
        ),
        Kind(
            spec=MultilevelSpec,
            estimate=_multilevel,
            tables=KindTables(build=multilevel_tables, side_by_side=True, terms_are_scaled=True),
        ),
    )
}
"""The kinds by name, in the order in which their tables are shown."""

TABLES = {name: kind.tables for name, kind in KINDS.items()}
