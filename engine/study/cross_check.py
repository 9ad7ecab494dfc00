"""Faults between the parts of a study file: unknown names, missing bounds, methods the design cannot carry.

Works on the raw TOML tables, so that these faults are reported together with those of single values.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.errors import Fault, nearest
from engine.study.analyses import ANALYSES
from engine.study.analysis_fields import AnalysisFields
from engine.study.balance import check_balance
from engine.study.calibration import check_analysis_with_calibration, check_calibration
from engine.study.imputations import check_analysis_with_imputations, check_imputations
from engine.study.raw_tables import RawStudy, Table, as_list, as_names, as_table, is_factor
from engine.study.source_checks import check_design, check_publication, check_source
from engine.study.variable_checks import check_aggregated, check_variable

NAMES_ONCE = ("by", "outcome", "rows", "index", "measure", "terms", "need", "levels")


def cross_check(raw: Table) -> list[Fault]:
    """Return the faults between the parts of a study file, in file order."""
    study = RawStudy.of(raw)
    return [
        *check_publication(as_table(raw.get("study"))),
        *check_source(study),
        *check_design(study),
        *check_calibration(study),
        *check_imputations(raw, study),
        *check_balance(study),
        *_variables(study),
        *_analyses(raw, study),
        *_unused_weights(raw, study),
    ]


def _unused_weights(raw: Table, study: RawStudy) -> Iterator[Fault]:
    """Weights of clusters are there for a multilevel model with weights."""
    used: set[str] = set()
    for item in as_list(raw.get("analysis") or []):
        analysis = as_table(item)
        if analysis.get("kind") == "multilevel" and analysis.get("weights", "none") != "none":
            used |= {*as_names(analysis.get("levels"))}
    for name in as_table(study.design.get("level_weights")):
        if name in as_table(study.design.get("levels")) and name not in used:
            place, found = f"design.level_weights.{name}", "weights that no analysis uses"
            expected = "a multilevel analysis of this level with weights"
            yield Fault(place, found, expected, 'Add weights = "cluster-size" there, or drop them.')


def _variables(study: RawStudy) -> Iterator[Fault]:
    first_spelling: dict[str, str] = {}
    for name, variable in study.variables.items():
        first = first_spelling.setdefault(name.casefold(), name)
        if first != name:
            yield Fault(f"variables.{name}", f"a name like '{first}'", "another name", "Rename it.")
        yield from check_variable(f"variables.{name}", name, variable)
        yield from check_aggregated(f"variables.{name}", variable, study.variables)


def _analyses(raw: Table, study: RawStudy) -> Iterator[Fault]:
    first_number: dict[str, int] = {}
    for number, item in enumerate(as_list(raw.get("analysis") or []), start=1):
        analysis, path = as_table(item), f"analysis[{number}]"
        name = analysis.get("name")
        if isinstance(name, str) and first_number.setdefault(name, number) != number:
            found = f"the name '{name}', which analysis[{first_number[name]}] has too"
            yield Fault(f"{path}.name", found, "another name", "Rename one of the two.")
        spec = ANALYSES.get(str(analysis.get("kind")))
        yield from _references(path, analysis, study, spec or AnalysisFields)
        yield from _waves(path, analysis, study)
        for key in NAMES_ONCE:
            names = as_names(analysis.get(key))
            if len(set(names)) < len(names):
                yield Fault(f"{path}.{key}", "a name twice", "each name once", "Delete one of the two.")
        for check in spec.checks if spec is not None else ():
            yield from check(path, analysis, study)
        yield from check_analysis_with_calibration(path, analysis, study)
        yield from check_analysis_with_imputations(path, analysis, raw)


def _references(path: str, analysis: Table, study: RawStudy, spec: type[AnalysisFields]) -> Iterator[Fault]:
    """Names are variables of the study; 'wave' may stand in `by`, and in terms where the kind allows it."""
    for key in spec.variables_in:
        place = f"{path}.{key}"
        for name in as_names(analysis.get(key)):
            if name == "wave" and (key == "by" or (key == "terms" and spec.terms_may_be_wave)):
                if not study.has_waves:
                    remedy = "Give source.wave, the column with the wave."
                    yield Fault(place, "'wave'", "a study with waves", remedy)
            elif name not in study.variables:
                known = [*study.variables, *(["wave"] if key == "by" else [])]
                found = f"the unknown variable '{name}'"
                yield Fault(place, found, "a variable of this study", nearest(name, known))
            else:
                yield from _role(place, key, name, study.variables[name], spec)


def _role(place: str, key: str, name: str, variable: Table, spec: type[AnalysisFields]) -> Iterator[Fault]:
    if key in spec.factors_in and not is_factor(variable):
        yield Fault(
            place, f"'{name}', which is a number", "a factor", f"Give variables.{name} levels or cut."
        )
    may_be_factor = key != "outcome" or spec.outcome_may_be_factor
    if not may_be_factor and is_factor(variable) and not variable.get("event"):
        found = f"'{name}', which is a factor without an event"
        yield Fault(place, found, "a number or an event", f"Give variables.{name} an event.")


def _waves(path: str, analysis: Table, study: RawStudy) -> Iterator[Fault]:
    """Waves need a study with waves; waves alone cannot be compared with each other."""
    waves = analysis.get("waves", "all")
    if waves != "all" and not study.has_waves:
        yield Fault(f"{path}.waves", f"{waves!r}", "a study with waves", "Give source.wave.")
    if waves != "each":
        return
    if "wave" in as_names(analysis.get("terms")):
        remedy = "Drop it, or use waves = 'all'."
        yield Fault(f"{path}.terms", "'wave' although each wave is computed alone", "other terms", remedy)
    for key in ("compare", "change"):
        if analysis.get(key) is True and as_names(analysis.get("by")) == ["wave"]:
            found = "true although each wave is computed alone"
            yield Fault(f"{path}.{key}", found, "waves = 'all'", "Drop one of the two.")
