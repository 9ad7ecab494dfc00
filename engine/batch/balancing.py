"""Balances covariates of waves or groups by the weights of a panel, before anything uses them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.balance import NO_GROUP, BalanceCells
from engine.calibration import CalibratedFiles, FloatArray
from engine.errors import DataError, Fault
from engine.study import StudySpec
from engine.study.balance import PLACE, BalanceSpec

if TYPE_CHECKING:
    from engine.data.panel import Panel


def balance(spec: StudySpec, asked: BalanceSpec, panel: Panel, folder: Path) -> Panel:
    """Return a panel with weights that balance the covariates, written into a private folder.

    Raises
    ------
    StudyError, DataError
        If a condition is none, a group lacks a level, or no weights balance the covariates.
    """
    from engine.data.balanced_variables import balanced_variables
    from engine.data.series import as_floats
    from engine.data.weight_cells import COVERED, weight_cells, write_adjusted
    from engine.estimators.sample import balance_groups as own

    variables = balanced_variables(spec, asked)
    found = weight_cells(variables, panel, lambda name: f"{PLACE} '{name}'")
    place, table, sums = f"{PLACE}.", found.table, found.sums
    with_people = table[COVERED].to_numpy() & (sums > 0.0)
    groups = own.groups_of(table[asked.by].to_list(), with_people, asked.by, asked.to, place)
    covariates = [
        own.number_of(name, as_floats(table[name]), groups)
        if name in variables.numbers
        else own.factor_of(name, table[name].to_list(), groups, place)
        for name in asked.variables
    ]
    is_entropy = asked.method == "entropy"
    cells = own.balanced_groups(groups, covariates, sums, asked.to, is_entropy=is_entropy)
    if not np.isfinite(cells.factor).all():
        nowhere = f"no weights balance the covariates of every level of {asked.by}"
        remedy = "Combine levels, or leave out a covariate."
        raise DataError(Fault(PLACE, nowhere, "groups that overlap in all covariates", remedy))
    factors = np.vstack([cells.factor[None, :], _of_replicates(found.replicate_sums, cells)])
    written = write_adjusted(variables, panel, found, factors, folder)
    differences = [*own.differences(groups, cells, covariates, sums)]
    facts = {
        **_facts(asked, cells),
        "largest_difference": [
            max((abs(one[when]) for one in differences), default=0.0) for when in ("before", "after")
        ],
        "effective_sizes": [*own.effective_sizes(groups, cells, found.sums / found.unit, found.squares)],
        "differences": differences,
    }
    files = CalibratedFiles(parts=tuple(map(str, written)), cells=cells, facts=facts)
    return replace(panel, calibrated=files)


def _of_replicates(sums: FloatArray, cells: BalanceCells) -> FloatArray:
    """Return the factors (r, c) of replicate weights that came with the data."""
    from engine.estimators.sample.balance import balanced

    factors = np.ones(sums.shape)
    for of_replicate, row in zip(sums, factors, strict=True):
        row[:] = balanced(cells, of_replicate).factor
    if failed := int((~np.isfinite(factors)).any(axis=1).sum()):
        found = f"{failed:,} replicate weights with which no factors balance the covariates"
        raise DataError(Fault(PLACE, found, "none", "Combine levels, or leave out a covariate."))
    return factors


def _facts(asked: BalanceSpec, cells: BalanceCells) -> dict[str, Any]:
    used = cells.factor[cells.group != NO_GROUP]
    return {
        "method": asked.method,
        "by": asked.by,
        "to": asked.to,
        "variables": [*asked.variables],
        "smallest_factor": float(used.min()),
        "largest_factor": float(used.max()),
    }
