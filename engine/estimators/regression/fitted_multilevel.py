"""A multilevel logit fitted to one group, with what its rows of results need."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import ndtri

from engine.arrays import FloatArray, IntArray, TableArrays, VariableArrays
from engine.errors import EstimationError
from engine.estimators.regression.cluster_weights import SCALED, ClusterWeights
from engine.estimators.regression.clusters import Clusters
from engine.estimators.regression.coefficient_rows import Coefficients
from engine.estimators.regression.model_frame import ModelFrame, constant_only, model_frame
from engine.estimators.regression.model_rows import rows_of_group
from engine.estimators.regression.multilevel import MultilevelFit, fit_multilevel
from engine.estimators.regression.terms import model_terms
from engine.results import TidyRow
from engine.study import MultilevelSpec

NOT_CONVERGED = "does not converge"


@dataclass(frozen=True, slots=True, kw_only=True)
class MultilevelInputs:
    """What a multilevel model is fitted to, in every group.

    Attributes
    ----------
    table
        Weights and groups of the N rows.
    outcome
        The event, or the number of a linear model.
    variables
        Name -> covariate, every name of the terms.
    ids
        Level -> (N,) cluster of each row, -1 where missing; innermost first.
    spec
        The analysis.
    level_weights
        Level -> (N,) weight of each row's cluster, of the levels that have weights.
    """

    table: TableArrays
    outcome: VariableArrays
    variables: Mapping[str, VariableArrays]
    ids: Mapping[str, IntArray]
    spec: MultilevelSpec
    level_weights: Mapping[str, FloatArray] = field(default_factory=dict)

    @property
    def is_weighted(self) -> bool:
        """Whether weights count; errors are then robust."""
        return self.spec.weights != "none"

    @property
    def weighting(self) -> str:
        """How weights count, for the method of each row; empty without weights."""
        if self.spec.weights == "none":
            return ""
        levels = [name for name in self.spec.levels if name in self.level_weights]
        of_levels = "".join(f", weights of level {name}" for name in levels)
        # Variances are J / (J - 1) times the plain sandwich of J outermost clusters, as in Stata; others
        # leave the factor out.
        return f", {SCALED[self.spec.weights]}{of_levels}, robust errors times sqrt(J / (J - 1))"

    def weights(self, kept: IntArray, clusters: Clusters) -> ClusterWeights:
        """Return the weights of some rows (n,) and of their clusters; 1 each without weights.

        Raises
        ------
        DataError
            If the weight of a cluster is missing, not above 0, or not the same for all of its people.
        """
        if self.spec.weights == "none":
            return ClusterWeights.none(clusters)
        people = self.table.weight[kept] * self.table.weight_scale
        levels = {name: weight[kept] for name, weight in self.level_weights.items()}
        return ClusterWeights.of(people, clusters, levels, self.spec.weights)


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedMultilevel:
    """A multilevel logit of one group; `base` holds the labels and counts that all its tidy rows share."""

    frame: ModelFrame
    clusters: Clusters
    fit: MultilevelFit
    base: TidyRow
    spec: MultilevelSpec

    @property
    def coefficients(self) -> Coefficients:
        """The coefficients with their covariance and statuses."""
        status = self.fit.single_level.status
        if not self.fit.converged:
            status = [each if each != "ok" else NOT_CONVERGED for each in status]
        return Coefficients(
            beta=self.fit.beta,
            covariance=self.fit.covariance,
            degrees=np.inf,
            status=tuple(status),
            conf_level=self.spec.conf_level,
        )

    @property
    def z(self) -> float:
        """Half the width of a normal confidence interval, in standard errors."""
        return float(ndtri(0.5 + self.spec.conf_level / 2))


def fit_multilevel_in_group(inputs: MultilevelInputs, group: int, base: TidyRow) -> FittedMultilevel:
    """Fit a multilevel logit to the complete rows of one group.

    Raises
    ------
    DataError
        If a complete row has no cluster, or a cluster no proper weight.
    EstimationError
        If no row is complete, all have the same outcome, a variable does not vary, or a level cannot be told
        from the people or from the whole.
    """
    spec = inputs.spec
    kept, y = rows_of_group(inputs.table, group, inputs.outcome, inputs.variables)
    frame = (
        model_frame(model_terms(spec.terms), inputs.variables, kept)
        if spec.terms
        else constant_only(len(kept))
    )
    clusters = Clusters.of({name: ids[kept] for name, ids in inputs.ids.items()})
    check_sizes(clusters)
    weights = inputs.weights(kept, clusters)
    fit = fit_multilevel(frame, y, weights, clusters, spec.points, robust=inputs.is_weighted)
    base = replace(
        base,
        n_obs=len(kept),
        n_events=int(y.sum()),
        n_clusters=clusters.n_outermost(),
        sum_weights=math.fsum(weights.total),
    )
    return FittedMultilevel(frame=frame, clusters=clusters, fit=fit, base=base, spec=spec)


def check_sizes(clusters: Clusters) -> None:
    """Refuse a level that cannot be told from the people, from the whole, or from the other level.

    Raises
    ------
    EstimationError
        If it has a single cluster, one person in every cluster, or the same people as the other level.
    """
    by_level = clusters.sizes()
    for name, sizes in by_level.items():
        if len(sizes) < 2 or sizes.max() == 1:
            finding = "a single cluster" if len(sizes) < 2 else "one person in every cluster"
            raise EstimationError(
                f"levels '{name}': {finding}; expected several clusters with several people. "
                "Leave the level out."
            )
    if len(by_level) > 1 and len({len(sizes) for sizes in by_level.values()}) == 1:
        inner, outer = by_level
        raise EstimationError(
            f"levels '{inner}': one in every cluster of '{outer}'; expected several in some. "
            "Name the levels innermost first, or leave this one out."
        )
