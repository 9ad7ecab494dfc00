"""Measures of disparity of outcomes by group of an analysis, linearised and replicated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

import numpy as np

from engine.arrays import FloatArray, IntArray, SampleArrays
from engine.errors import EstimationError
from engine.estimators.disparity.cells import CellSample, cell_sample
from engine.estimators.disparity.compared import Compared
from engine.estimators.disparity.doubts import (
    degrees_of_levels,
    doubts_of,
    lonely_groups,
    means_of,
    without_errors,
)
from engine.estimators.disparity.measures import MeasureKind
from engine.estimators.disparity.parts import ALL, Part
from engine.estimators.disparity.replicates import replicate_measures
from engine.estimators.disparity.table_maker import TableMaker
from engine.estimators.index.linearised import influence_of_rows, with_replicates
from engine.estimators.moments.rows import QuantityEstimates, quantity_rows
from engine.estimators.replicates.pending_rows import EstimateRow, Estimates
from engine.estimators.replicates.resampling_methods import requested_plan
from engine.estimators.replicates.resampling_plan import shortened
from engine.estimators.replicates.settings import WHOLE, ReplicateSettings
from engine.estimators.sample.design_variance import NO_DEGREES
from engine.estimators.sample.group_sample import MEAN_ZERO
from engine.estimators.sample.standard import Standard, empty_status
from engine.results import TidyRow
from engine.study.disparity import DisparitySpec
from engine.study.disparity_measures import NEEDS_PARAMETER


def estimate_disparity(
    arrays: SampleArrays, compared: Compared, spec: DisparitySpec, settings: ReplicateSettings
) -> Estimates:
    """Estimate every requested measure of every outcome in every group of the analysis.

    Parameters
    ----------
    arrays
        The sample sorted by what ranks people: the compared level, `rank_by`, or the outcome itself.
    compared
        The compared levels.
    spec
        The analysis.
    settings
        How replicates are computed, if the analysis requests any.

    Raises
    ------
    EstimationError
        If no outcome has rows in any group, or the bootstrap is not defined for the design.
    """
    given = arrays.replicate_weights
    if given is not None:
        settings = settings.whole()
    samples = _samples(arrays, compared.codes, len(compared.levels), compared.standard)
    if not any(sample.rows.n_people for by_group in samples for sample in by_group):
        raise EstimationError(
            f"analysis '{spec.name}': found no row with an outcome; expected some. Check the sample rules "
            "and the codes listed as missing."
        )
    tables = TableMaker(spec=spec, levels=compared.levels)
    if compared.standard is not None:
        tables = replace(tables, standard=compared.standard.share)
    plan = requested_plan(spec.bootstrap, spec.conf_level, arrays, settings.seed)
    routes = [samples]
    if compared.parts is not None:
        routes.append(_samples(arrays, compared.parts, compared.n_parts))
    made: list[FloatArray] = []
    if plan is not None:
        # All routes in one pass: they share one draw too.
        replicated = replicate_measures(arrays, [*chain(*routes)], tables, plan, settings)
        made = [*np.split(replicated, len(routes))]
        plan = shortened(plan, replicated.shape[-1]) if settings.share == WHOLE else plan
    entries: list[EstimateRow] = []
    for k, name in enumerate(arrays.outcome_names):
        means = means_of(samples[k], arrays.design)
        degrees = (
            [degrees_of_levels(arrays, sample, tables) for sample in samples[k]] if tables.levels else []
        )
        for number, measure in enumerate(spec.measure):
            kind = tables.kind(measure)
            lonely = lonely_groups(kind, samples[k], tables, degrees) if tables.levels else []
            doubts = {**dict(doubts_of(kind, samples[k], tables, means)), **dict.fromkeys(lonely, NO_DEGREES)}
            base = TidyRow(
                outcome=name,
                rank_by=spec.rank_by or spec.group,
                measure=measure,
                parameter=spec.parameter if measure in NEEDS_PARAMETER else None,
            )
            for part in _parts([route[k] for route in routes]):
                point = part.point(measure, tables, arrays.design)
                values = part.of([replicates[k, number] for replicates in made]) if made else None
                if given is not None and values is not None:
                    point = with_replicates(point, values, given)
                estimates = QuantityEstimates(
                    base=base
                    if part.name == ALL
                    else replace(base, level=f"{part.name} {spec.decompose_by}"),
                    inference=kind,
                    samples=[sample.rows for sample in samples[k]],
                    point=without_errors(point, lonely) if lonely else point,
                    plan=plan,
                    replicates=values,
                    reasons=_reasons(samples[k], compared, kind),
                    doubts=doubts,
                )
                entries += quantity_rows(arrays, spec, estimates)
    return Estimates(entries=tuple(entries), variance_rule=None if plan is None else plan.variance_rule)


def disparity_influence(arrays: SampleArrays, compared: Compared, spec: DisparitySpec, n: int) -> FloatArray:
    """Return the influence values (g, n) of the only measure of the only outcome, see `influence_of_rows`."""
    samples = _samples(arrays, compared.codes, len(compared.levels), compared.standard)[0]
    tables = TableMaker(spec=spec, levels=compared.levels)
    if compared.standard is not None:
        tables = replace(tables, standard=compared.standard.share)
    (whole,) = _parts([samples])
    rows = [sample.rows for sample in samples]
    return influence_of_rows(rows, arrays.order, n, whole.estimate(spec.measure[0], tables))


def _reasons(samples: Sequence[CellSample], compared: Compared, kind: MeasureKind) -> dict[int, str]:
    """Say in which groups a measure is undefined: a cell of the standard is empty, or the mean is 0."""
    standard = compared.standard
    reasons = {
        g: MEAN_ZERO for g, sample in enumerate(samples) if kind.is_share and sample.rows.has_mean_zero
    }
    if standard is None:
        return reasons
    for g, sample in enumerate(samples):
        by_level = sample.totals.reshape(len(compared.levels), -1)
        empty = [
            f"{level}, {label}"
            for level, totals in zip(compared.levels, by_level, strict=True)
            if totals.sum() > 0.0
            for label in standard.empty(totals)
        ]
        if empty:
            reasons[g] = empty_status(empty)
    return reasons


def _samples(
    arrays: SampleArrays, codes: IntArray | None, n_codes: int, standard: Standard | None = None
) -> list[list[CellSample]]:
    """Return the rows of each outcome by group, in the cells of codes (n,), or of people of equal rank."""
    groups, outcomes = range(len(arrays.groups)), range(len(arrays.outcomes))
    return [[cell_sample(arrays, k, g, codes, n_codes, standard) for g in groups] for k in outcomes]


def _parts(routes: Sequence[Sequence[CellSample]]) -> list[Part]:
    """Return all of a measure; with a second route, also what lies within and between its cells."""
    whole = Part(name=ALL, samples=routes, signs=(1.0, 0.0)[: len(routes)])
    if len(routes) == 1:
        return [whole]
    return [
        whole,
        Part(name="within", samples=routes, signs=(1.0, -1.0)),
        Part(name="between", samples=routes, signs=(0.0, 1.0)),
    ]
