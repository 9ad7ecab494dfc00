"""Weights of a multilevel model at all levels: of people in their clusters, and of the clusters."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.arrays import FloatArray, IntArray
from engine.errors import DataError, Fault
from engine.estimators.regression.clusters import Clusters
from engine.estimators.regression.patterns import sums_by_key
from engine.study import LevelScaling

SCALED = {
    "cluster-size": "weights scaled to cluster size",
    "effective-size": "weights scaled to effective cluster size",
    "unscaled": "weights as they are",
}
MOST_A_CLUSTER = 1e9  # people, or inner clusters, by their weights: more has no digits left
MOST_OF_ALL = 0.9  # of the weights of the outermost clusters


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterWeights:
    """The exponents of the likelihood of a multilevel model (Rabe-Hesketh and Skrondal 2006).

    Attributes
    ----------
    people
        (n,) of each person, given its inner cluster.
    inner
        (J,) of each inner cluster, given its outer one; 1 with one level.
    outer
        (I,) of each outermost cluster; they add up to I.
    total
        (n,) the product of the three for each person.
    """

    people: FloatArray
    inner: FloatArray
    outer: FloatArray
    total: FloatArray

    @property
    def mean(self) -> float:
        """What a person counts on average, at least 1."""
        return max(math.fsum(self.total) / len(self.total), 1.0)

    @classmethod
    def none(cls, clusters: Clusters) -> ClusterWeights:
        """Return weights of 1."""
        ones = np.ones(len(clusters.inner))
        return cls(
            people=ones, inner=np.ones(clusters.n_inner), outer=np.ones(clusters.n_outermost()), total=ones
        )

    @classmethod
    def of(
        cls, people: FloatArray, clusters: Clusters, levels: Mapping[str, FloatArray], scaling: LevelScaling
    ) -> ClusterWeights:
        """Scale the weights of people (n,), and take those of the levels (n,), which a level may lack.

        Raises
        ------
        DataError
            If the weight of a cluster is missing, not above 0, or not the same for all of its people, if
            weights count as less than one in a cluster, or if one cluster has nearly all weight.
        """
        scaled = _scaled(people, clusters.inner, scaling)
        _check_sums("weights", scaled, clusters.n_inner, "Use 'cluster-size', or correct the column.")
        ids = (clusters.inner, clusters.outer) if clusters.has_outer else (clusters.outer,)
        found = [
            _of_clusters(name, levels[name], own) if name in levels else np.ones(int(own.max()) + 1)
            for name, own in zip(clusters.names, ids, strict=True)
        ]
        inner = found[0] if clusters.has_outer else np.ones(len(found[-1]))
        _check_sums(
            f"weights of level '{clusters.names[0]}'",
            inner,
            len(found[-1]),
            "Correct the column, or drop it.",
        )
        outer = found[-1] / found[-1].max()
        if outer.max() > MOST_OF_ALL * outer.sum():
            place = f"weights of level '{clusters.names[-1]}'"
            finding = "one cluster has more than 90 % of them, so that no error can be told"
            raise DataError(Fault(place, finding, "weights that clusters share", "Correct the column."))
        outer *= len(outer) / outer.sum()
        return cls(
            people=scaled,
            inner=inner,
            outer=outer,
            total=scaled * inner[clusters.inner] * outer[clusters.outer],
        )


def _scaled(weight: FloatArray, inner: IntArray, scaling: LevelScaling) -> FloatArray:
    """Scale weights (n,) in their inner clusters: methods 1 and 2 of Pfeffermann et al. (1998)."""
    sums, squares = sums_by_key(inner, weight, weight, int(inner.max()) + 1)
    if scaling == "cluster-size":
        scaled: FloatArray = weight * (np.bincount(inner) / sums)[inner]
        return scaled
    if scaling == "effective-size":
        effective: FloatArray = weight * (sums / squares)[inner]
        return effective
    return weight


def _check_sums(place: str, weight: FloatArray, n_clusters: int, remedy: str) -> None:
    """Refuse weights that count as less than one person or cluster, or too many, in each cluster above."""
    expected = "weights given the cluster above, 1 or more on average"
    total = float(weight.sum())
    if total < n_clusters:
        raise DataError(Fault(place, "they add up to less than one in each cluster", expected, remedy))
    if not total <= MOST_A_CLUSTER * n_clusters:
        raise DataError(Fault(place, "they add up to more than a billion in each cluster", expected, remedy))


def _of_clusters(level: str, weight: FloatArray, ids: IntArray) -> FloatArray:
    """Return the weight of each cluster (m,) from those of its people (n,)."""
    place, remedy = f"weights of level '{level}'", "Correct the column, or drop these rows by a sample rule."
    if count := int((~((weight > 0.0) & np.isfinite(weight))).sum()):
        finding = f"{count:,} rows have none, or one of 0 or below"
        raise DataError(Fault(place, finding, "a finite weight above 0 for each cluster", remedy))
    each = np.empty(int(ids.max()) + 1)
    each[ids] = weight
    if count := len(np.unique(ids[each[ids] != weight])):
        finding = f"{count:,} clusters have several"
        raise DataError(Fault(place, finding, "the same weight for all people of a cluster", remedy))
    return each
