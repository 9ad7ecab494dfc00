"""The measures by name: how each is computed, and how its interval is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from engine.estimators.disparity import dispersion, entropy, gaps, ordered
from engine.estimators.disparity.group_table import GroupTable, Measure
from engine.estimators.moments.rows import Inference

RestsOn = Callable[[GroupTable], NDArray[np.bool_]]


def _no_group(table: GroupTable) -> NDArray[np.bool_]:
    return np.zeros(table.share.shape, np.bool_)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureKind(Inference):
    """A measure.

    Attributes
    ----------
    derivatives
        Its value and derivatives, by link where it has several.
    is_share
        Whether it is a share of the mean of all people.
    rests_on
        Which groups (..., k) it takes as such, so that their means need errors of their own. Measures along
        the rank take none: to them a group is a rank of its people.
    """

    derivatives: dict[str, Measure]
    is_share: bool = False
    rests_on: RestsOn = field(default=lambda table: table.share > 0.0)


def _kind(measure: Measure, *, is_ratio: bool = False, has_sign: bool = False) -> MeasureKind:
    return MeasureKind(derivatives={"linear": measure}, is_ratio=is_ratio, has_sign=has_sign)


def _share(measure: Measure, *, has_sign: bool = False) -> MeasureKind:
    return MeasureKind(derivatives={"linear": measure}, has_sign=has_sign, is_share=True)


_RESTS_ON: dict[str, RestsOn] = {
    **dict.fromkeys(("difference", "ratio"), gaps.are_compared),
    **dict.fromkeys(("par", "paf"), gaps.is_goal),
    **dict.fromkeys(("aci", "rci", "sii", "rii"), _no_group),
}
_OF_GROUPS: dict[str, MeasureKind] = {
    "difference": _kind(gaps.difference, has_sign=True),
    "ratio": _kind(gaps.ratio, is_ratio=True),
    "bgv": _kind(dispersion.between_group_variance),
    "bgsd": _kind(dispersion.between_group_sd),
    "cov": _share(dispersion.coefficient_of_variation),
    "mdbu": _kind(dispersion.mean_difference_from_best),
    "mdbw": _kind(dispersion.weighted_mean_difference_from_best),
    "mdmu": _kind(dispersion.mean_difference_from_mean),
    "mdmw": _kind(dispersion.weighted_mean_difference_from_mean),
    "mdru": _kind(dispersion.mean_difference_from_reference),
    "mdrw": _kind(dispersion.weighted_mean_difference_from_reference),
    "idisu": _share(dispersion.index_of_disparity),
    "idisw": _share(dispersion.weighted_index_of_disparity),
    "par": _kind(gaps.population_attributable_risk, has_sign=True),
    "paf": _share(gaps.population_attributable_fraction, has_sign=True),
    "aci": _kind(ordered.absolute_concentration_index, has_sign=True),
    "rci": _share(ordered.relative_concentration_index, has_sign=True),
    "sii": MeasureKind(
        derivatives={
            "linear": ordered.slope_index,
            "logit": ordered.slope_index_logit,
            "log": ordered.slope_index_log,
        },
        has_sign=True,
    ),
    "rii": MeasureKind(
        derivatives={
            "linear": ordered.relative_slope_index,
            "logit": ordered.relative_slope_index_logit,
            "log": ordered.relative_slope_index_log,
        },
        is_ratio=True,
    ),
    "theil": _kind(entropy.theil_per_thousand),
    "mld": _kind(entropy.mean_log_deviation_per_thousand),
}
OF_GROUPS = {
    name: replace(kind, rests_on=_RESTS_ON.get(name, kind.rests_on)) for name, kind in _OF_GROUPS.items()
}
"""Measures between groups, or along the rank of people (`aci`, `rci`, `sii`, `rii`)."""

BETWEEN_PEOPLE: dict[str, MeasureKind] = {
    "gini": _share(ordered.relative_concentration_index),
    "theil": _kind(entropy.theil),
    "mld": _kind(entropy.mean_log_deviation),
    "ge": _kind(entropy.generalized_entropy),
    "atkinson": _kind(entropy.atkinson),
}
"""Measures of an amount between people: the groups are people with the same amount."""
