"""The conditions of a study, its sample rules and the domains of analyses -> SQL, or the fault of each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from engine.data.contradictions import impossible_variables
from engine.data.derived_specs import expression_columns
from engine.data.expressions import RuleColumn, check_rule
from engine.errors import Fault
from engine.study import StudySpec


def rule_conditions(spec: StudySpec) -> list[str | Fault]:
    """Return the SQL of each sample rule, or its fault."""
    columns = expression_columns(spec)
    places = [f"sample[{i}].keep" for i in range(1, len(spec.sample) + 1)]
    checked = [check_rule(place, rule.keep, columns) for place, rule in zip(places, spec.sample, strict=True)]
    sound = [i for i, item in enumerate(checked) if not isinstance(item, Fault)]
    if impossible_variables([spec.sample[i].keep for i in sound], columns) is None:
        return checked
    kept: list[str] = []
    for i in sound:
        names = impossible_variables([*kept, spec.sample[i].keep], columns)
        if names is None:
            kept.append(spec.sample[i].keep)
        else:
            alone = impossible_variables([spec.sample[i].keep], columns)
            after = "" if alone is not None else " after the rules before it"
            checked[i] = _never_holds(places[i], after, names if alone is None else alone)
    return checked


def domain_columns(spec: StudySpec) -> dict[str, RuleColumn]:
    """Return the columns that the domain of an analysis may refer to: of the sample, with quantile groups."""
    columns = expression_columns(spec)
    for name, variable in spec.variables.items():
        if variable.quantiles:
            columns[name] = RuleColumn(is_factor=True, levels=variable.level_names)
    return columns


def domain_conditions(spec: StudySpec) -> list[str | Fault]:
    """Return the SQL of the records whose weights are adjusted and of each domain, or its fault."""
    adjusted = spec.design.calibration or spec.design.balance
    covered = [] if adjusted is None or adjusted.where is None else [adjusted.where]
    place = f"design.{spec.design.adjustment}.where"
    of_weights = [check_rule(place, one, expression_columns(spec)) for one in covered]
    domains = {i: one.where for i, one in enumerate(spec.analysis, start=1) if one.where is not None}
    if not domains:
        return of_weights
    columns = domain_columns(spec)
    # The sample changes these after its rules: a rule on one says nothing about its values in a domain.
    changed = {name for name, one in spec.variables.items() if one.impute or one.quantiles}
    checked_rules = zip(spec.sample, rule_conditions(spec), strict=True)
    rules = [rule.keep for rule, checked in checked_rules if not isinstance(checked, Fault)]
    return of_weights + [
        _domain(f"analysis[{i}].where", where, columns, rules, changed) for i, where in domains.items()
    ]


def _domain(
    place: str, where: str, columns: Mapping[str, RuleColumn], rules: Sequence[str], changed: Collection[str]
) -> str | Fault:
    checked = check_rule(place, where, columns)
    if isinstance(checked, Fault):
        return checked
    alone = impossible_variables([where], columns)
    if alone is not None:
        return _never_holds(place, "", alone)
    names = impossible_variables([*rules, where], columns, changed)
    return checked if names is None else _never_holds(place, " in the sample", names)


def _never_holds(place: str, after: str, names: Sequence[str]) -> Fault:
    whatever = f", whatever the values of {', '.join(map(repr, names))}" if names else ""
    found = f"a condition that can never hold{after}{whatever}"
    return Fault(place, found, "one that a record can satisfy", "Did you mean OR, or another value?")
