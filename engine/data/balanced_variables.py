"""What the cells of a balance are made of: groups, covariates, and the records of the sample."""

from __future__ import annotations

from engine.data.conditions import rule_conditions
from engine.data.derived_specs import expression_columns
from engine.data.expressions import check_rule
from engine.data.weight_cells import CellVariables
from engine.errors import Fault, StudyError
from engine.study import StudySpec
from engine.study.balance import PLACE, BalanceSpec


def balanced_variables(spec: StudySpec, asked: BalanceSpec) -> CellVariables:
    """Return the variables of a balance, of the records that satisfy the sample rules and `where`.

    Raises
    ------
    StudyError
        If one of them is no condition over the study's variables.
    """
    checked = rule_conditions(spec)
    if asked.where is not None:
        checked.append(check_rule(f"{PLACE}.where", asked.where, expression_columns(spec)))
    faults = tuple(item for item in checked if isinstance(item, Fault))
    if faults:
        raise StudyError(spec.study.name, faults)
    conditions = [f"({item})" for item in checked if isinstance(item, str)]
    names = tuple(dict.fromkeys((asked.by, *asked.variables)))
    numbers = {name for name in asked.variables if name != "wave" and not spec.variables[name].level_names}
    return CellVariables(names=names, numbers=numbers, covered=" AND ".join(conditions) or "TRUE")
