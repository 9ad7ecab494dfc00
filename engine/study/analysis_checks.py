"""Faults between an analysis and the variables and design of its study.

Each check reads the raw tables, so that its faults are reported together with those of single values. The
classes in `engine.study.analyses` list the checks of their kind.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import get_args

from engine.errors import Fault, nearest
from engine.study.bootstrap import NEEDS_INFLUENCE, WITH_REPLICATE_WEIGHTS, too_few_replicates
from engine.study.disparity_measures import NEEDS_PARAMETER as MEASURES_WITH_PARAMETER
from engine.study.disparity_measures import NEEDS_REFERENCE, WITH_LINK, MeasureName, allowed_measures
from engine.study.indices import NEEDS_BOUNDS, NEEDS_PARAMETER, IndexName
from engine.study.raw_tables import RawStudy, Table, as_names, as_table, is_factor, is_interval

Check = Callable[[str, Table, RawStudy], Iterator[Fault]]
"""(TOML path of the analysis, its table, the study) -> faults."""
KNOWN = frozenset((*get_args(IndexName), *get_args(MeasureName)))


def outcome_is_no_term(path: str, analysis: Table, _study: RawStudy) -> Iterator[Fault]:
    """Refuse a model that explains the outcome by itself."""
    if analysis.get("outcome") in as_names(analysis.get("terms")):
        yield Fault(f"{path}.terms", "the outcome itself", "other variables", "Delete it from the terms.")


def products(path: str, analysis: Table, study: RawStudy) -> Iterator[Fault]:
    """Products are of different terms of the model; products of scores are of factors."""
    single = as_names(analysis.get("terms"))
    for key in ("terms", "scores"):
        given = analysis.get(key)
        for product in given if isinstance(given, list) else []:
            if isinstance(product, list):
                yield from _product(f"{path}.{key}", product, single)
                if key == "scores":
                    yield from _scores(path, product, study.variables)


def _product(place: str, product: list[object], single: list[str]) -> Iterator[Fault]:
    names = as_names(product)
    if len(set(names)) < max(len(names), 2):
        yield Fault(place, f"the product {product!r}", "two or more different variables", "Correct it.")
    for name in names:
        if name not in single:
            found = f"a product of '{name}', which is no term itself"
            yield Fault(place, found, "its own term too", nearest(name, single))


def _scores(path: str, product: list[object], variables: Mapping[str, Table]) -> Iterator[Fault]:
    for name in as_names(product):
        if name in variables and not is_factor(variables[name]):
            yield Fault(f"{path}.scores", f"the number '{name}'", "factors", "Put the product under terms.")


def outcome_is_event(path: str, analysis: Table, study: RawStudy) -> Iterator[Fault]:
    """A model of a probability needs an event."""
    outcome = analysis.get("outcome")
    variable = study.variables.get(outcome, {}) if isinstance(outcome, str) else {}
    if variable and not variable.get("event"):
        remedy = f"Give variables.{outcome} an event."
        yield Fault(f"{path}.outcome", f"'{outcome}' without event", "an event", remedy)


def outcome_of_multilevel(path: str, analysis: Table, study: RawStudy) -> Iterator[Fault]:
    """A logit needs an event; what the linear model does not have is refused."""
    if analysis.get("model") != "linear":
        yield from outcome_is_event(path, analysis, study)
        return
    for key, value in (("modes", False), ("points", "auto")):
        if analysis.get(key, value) != value:
            found = f"{analysis[key]!r} with model = 'linear', which does not have it"
            yield Fault(f"{path}.{key}", found, "model = 'logit'", "Leave it out.")


def cluster_for_covariance(path: str, analysis: Table, study: RawStudy) -> Iterator[Fault]:
    """A clustered covariance needs clusters."""
    if analysis.get("covariance") == "cluster" and not study.design.get("cluster"):
        yield Fault(f"{path}.covariance", "'cluster'", "design.cluster", "Name the column, or use 'robust'.")


def levels(path: str, analysis: Table, study: RawStudy) -> Iterator[Fault]:
    """The levels of a multilevel model are named by the design."""
    known = [*as_table(study.design.get("levels"))]
    for name in as_names(analysis.get("levels")):
        if name not in known:
            yield Fault(f"{path}.levels", f"'{name}'", "a name of design.levels", nearest(name, known))


def weight_for_weights(path: str, analysis: Table, study: RawStudy) -> Iterator[Fault]:
    """A model with weights needs some: of people, or of one of its levels."""
    weights = analysis.get("weights", "none")
    of_levels = {*as_table(study.design.get("level_weights"))} & {*as_names(analysis.get("levels"))}
    if weights != "none" and not study.design.get("weight") and not of_levels:
        expected = "design.weight, or design.level_weights of its levels"
        yield Fault(f"{path}.weights", f"'{weights}'", expected, "Name the column, or use 'none'.")


def groups_to_test(path: str, analysis: Table, _study: RawStudy) -> Iterator[Fault]:
    """A test between groups needs groups."""
    if analysis.get("test") is True and not analysis.get("by"):
        yield Fault(f"{path}.test", "true without groups", "groups to compare", "Give by = [...].")


def rows_to_test(path: str, analysis: Table, _study: RawStudy) -> Iterator[Fault]:
    """A test of rates needs factors, and crude rates."""
    if analysis.get("test") is True and not analysis.get("rows"):
        yield Fault(f"{path}.test", "true without rows", "factors to test", "Give rows = [...].")
    if analysis.get("test") is True and analysis.get("standardise") is not None:
        found, remedy = "true with standardised rates", "Drop one of the two."
        yield Fault(f"{path}.test", found, "crude rates", remedy)


def need(path: str, analysis: Table, _study: RawStudy) -> Iterator[Fault]:
    """Need covariates are terms of the model."""
    terms = as_names(analysis.get("terms"))
    for name in as_names(analysis.get("need")):
        if name not in terms:
            found = f"'{name}', which is none of the terms"
            yield Fault(f"{path}.need", found, "some of the terms", nearest(name, terms))


def _unused(
    path: str, analysis: Table, key: str, names: Sequence[str], users: Collection[str]
) -> Iterator[Fault]:
    """Refuse an option that none of the indices or measures has."""
    if analysis.get(key) is not None and names and {*names} <= KNOWN - {*users}:
        found = f"{analysis[key]!r} with {', '.join(names)}, which have no {key}"
        yield Fault(
            f"{path}.{key}", found, f"one of {', '.join(users)}", "Leave it out, or name one of these."
        )


def index(path: str, analysis: Table, study: RawStudy) -> Iterator[Fault]:
    """Indices have the bounds and the parameter they need, and groups where they are compared."""
    names = as_names(analysis.get("index", "standard"))
    outcomes = as_names(analysis.get("outcome"))
    bounds = analysis.get("bounds")
    bounded = [name for name in names if name in NEEDS_BOUNDS]
    for outcome in outcomes:
        variable = study.variables.get(outcome, {})
        if bounded and variable and not (variable.get("event") or variable.get("bounds") or bounds):
            found = f"'{bounded[0]}', but the outcome '{outcome}' has no bounds"
            remedy = (
                f"Give variables.{outcome}.bounds = [low, high]; the program never takes them from the data."
            )
            yield Fault(f"{path}.index", found, "theoretical bounds, which no value can pass", remedy)
    with_parameter = [name for name in names if name in NEEDS_PARAMETER]
    if with_parameter and analysis.get("parameter") is None:
        expected = f"a number above 1 for '{with_parameter[0]}'"
        yield Fault(f"{path}.parameter", "nothing", expected, "Add parameter = 3.")
    yield from _unused(path, analysis, "parameter", names, NEEDS_PARAMETER)
    if isinstance(bounds, list) and not is_interval(bounds):
        yield Fault(f"{path}.bounds", f"{bounds}", "two finite numbers, low < high", "Correct the bounds.")
    for outcome in outcomes:
        if bounds is not None and study.variables.get(outcome, {}).get("event"):
            found = f"bounds of the event '{outcome}'"
            yield Fault(f"{path}.bounds", found, "no bounds", "Delete them: those of an event are 0 and 1.")
    for key in ("compare", "change"):
        if analysis.get(key) is True and not analysis.get("by"):
            yield Fault(f"{path}.{key}", "true without groups", "groups to compare", "Give by = [...].")


def bootstrap(path: str, analysis: Table, study: RawStudy) -> Iterator[Fault]:
    """Replicates fit the design, and there are enough of them for the intervals."""
    table, design = analysis.get("bootstrap"), study.design
    if not isinstance(table, Mapping):
        return
    place, method = f"{path}.bootstrap.method", table.get("method", "auto")
    if method in ("cluster", "rao-wu") and not (design.get("cluster") or design.get("stratum")):
        yield Fault(place, f"'{method}'", "a design with clusters or strata", "Use 'iid' or 'auto'.")
    if method == "replicate-weights" and not design.get("replicate_weights"):
        yield Fault(place, f"'{method}'", "design.replicate_weights", "Name their columns there.")
    if design.get("replicate_weights"):
        yield from _bootstrap_beside_replicate_weights(path, table)
    elif design.get("population") and method not in ("jackknife", "replicate-weights"):
        expected = "'jackknife' with design.population"
        yield Fault(place, f"'{method}'", expected, "The other methods ignore the population.")
    replicates, level = table.get("replicates", 2000), analysis.get("conf_level", 0.95)
    if isinstance(replicates, int) and isinstance(level, float) and 0.5 < level < 1 and method != "jackknife":
        intervals = tuple(as_names(table.get("interval", "percentile")))
        fault = too_few_replicates(f"{path}.bootstrap.replicates", replicates, intervals, level)
        if replicates > 0 and fault is not None:
            yield fault


def _bootstrap_beside_replicate_weights(path: str, table: Table) -> Iterator[Fault]:
    """Replicate weights stand for the design: no other method, and no interval that needs the units."""
    method = table.get("method", "auto")
    if method not in WITH_REPLICATE_WEIGHTS:
        found = f"'{method}' beside design.replicate_weights"
        expected = "'auto': the replicate weights stand for the design"
        yield Fault(f"{path}.bootstrap.method", found, expected, "Leave one of the two out.")
    for name in as_names(table.get("interval", ())):
        if name in NEEDS_INFLUENCE:
            found = f"'{name}' with replicate weights, which do not name the units that it needs"
            expected = "'normal', 'percentile' or 'basic'"
            yield Fault(f"{path}.bootstrap.interval", found, expected, "Choose one.")


def no_replicate_weights(path: str, _analysis: Table, study: RawStudy) -> Iterator[Fault]:
    """Refuse a kind whose errors would leave out the replicate weights that the study states."""
    if study.design.get("replicate_weights"):
        found = "a multilevel model in a study with design.replicate_weights, which it cannot use"
        remedy = "Put it into a study without them: its errors are then those of the model."
        yield Fault(f"{path}.kind", found, "a kind that uses them, such as 'logit'", remedy)


def weighted_with_replicate_weights(path: str, analysis: Table, study: RawStudy) -> Iterator[Fault]:
    """Refuse errors of the design without weights where the design is replicate weights."""
    is_of_design = analysis.get("covariance", "auto") in ("auto", "design")
    if analysis.get("weighted") is False and is_of_design and study.design.get("replicate_weights"):
        found = "false with design.replicate_weights, which are weights themselves"
        remedy = (
            "Leave it out."
            if analysis.get("kind") == "rates"
            else "Leave it out, or use covariance = 'model'."
        )
        yield Fault(f"{path}.weighted", found, "true", remedy)


def no_influence(path: str, analysis: Table, _study: RawStudy) -> Iterator[Fault]:
    """Intervals of decompositions and RIF regressions are those that need no influence values."""
    for name in as_names(as_table(analysis.get("bootstrap")).get("interval", ())):
        if name in NEEDS_INFLUENCE:
            expected = "'percentile', 'basic' or 'normal'"
            yield Fault(f"{path}.bootstrap.interval", f"'{name}'", expected, "Choose one.")


def measures(path: str, analysis: Table, _study: RawStudy) -> Iterator[Fault]:
    """Measures have the groups, the rank, the reference and the parameter that they need."""
    names = as_names(analysis.get("measure"))
    has_group, has_rank = analysis.get("group") is not None, analysis.get("rank_by") is not None
    if has_group and has_rank:
        yield Fault(f"{path}.rank_by", "a rank beside group", "one of the two", "Drop one.")
    has_parts = analysis.get("decompose_by") is not None
    if has_parts and (has_group or has_rank):
        found, remedy = "a factor beside group or rank_by", "Decompose amounts: drop group and rank_by."
        yield Fault(f"{path}.decompose_by", found, "neither of the two", remedy)
    allowed = allowed_measures(has_group=has_group, has_rank=has_rank, has_parts=has_parts)
    for name in names:
        if name not in allowed:
            mode = "with group" if has_group else "with rank_by" if has_rank else "without group and rank_by"
            remedy = "Give group to compare levels, rank_by to rank people, neither to compare amounts."
            yield Fault(f"{path}.measure", f"'{name}' {mode}", f"one of {', '.join(allowed)}", remedy)
    if {*names} & {*NEEDS_REFERENCE} and analysis.get("reference") is None:
        yield Fault(f"{path}.reference", "nothing", "a level of group", "Name the level to compare with.")
    if analysis.get("reference") is not None and not has_group:
        yield Fault(f"{path}.reference", "a level without group", "group", "Name the factor, or drop it.")
    for name in names:
        if name in MEASURES_WITH_PARAMETER and analysis.get("parameter") is None:
            expected = f"{MEASURES_WITH_PARAMETER[name]} of '{name}'"
            yield Fault(f"{path}.parameter", "nothing", expected, "Add parameter = 1.")
    yield from _unused(path, analysis, "parameter", names, MEASURES_WITH_PARAMETER)
    yield from _unused(path, analysis, "link", names, WITH_LINK)
    if analysis.get("compare") is True and not analysis.get("by"):
        yield Fault(f"{path}.compare", "true without groups", "groups to compare", "Give by = [...].")
