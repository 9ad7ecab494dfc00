"""Faults between the parts of a study file: unknown names, missing bounds, methods the design cannot carry.

Works on the raw TOML tables, so that these faults are told together with those of single values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.errors import Fault, nearest
from engine.study.analyses import NEEDS_BOUNDS, NEEDS_PARAMETER, least_replicates
from engine.study.variable_check import check_variable, is_interval

Table = Mapping[str, Any]
PUBLICATIONS = ("wang2021", "li2022")  # those that `engine.audit` ships with the place of each number


def _table(raw: object) -> Table:
    return raw if isinstance(raw, Mapping) else {}


def _names(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [item for item in values if isinstance(item, str)]


def cross_check(raw: Table) -> list[Fault]:
    """Return the faults between the parts of a study file, in file order."""
    variables = {name: _table(spec) for name, spec in _table(raw.get("variables")).items()}
    faults = [
        *_published(_table(raw.get("study"))),
        *_source(_table(raw.get("source")), variables),
        *_design(_table(raw.get("design")), _table(raw.get("source"))),
    ]
    folded: dict[str, str] = {}
    for name, spec in variables.items():
        if folded.setdefault(name.casefold(), name) != name:
            faults.append(
                Fault(
                    f"variables.{name}", f"a name like '{folded[name.casefold()]}'", "another", "Rename it."
                )
            )
        faults.extend(check_variable(f"variables.{name}", name, spec))
    analyses = raw.get("analysis")
    seen: dict[str, int] = {}
    for number, item in enumerate(analyses if isinstance(analyses, list) else [], start=1):
        analysis, path = _table(item), f"analysis[{number}]"
        given = analysis.get("name")
        if isinstance(given, str) and seen.setdefault(given, number) != number:
            found = f"the name '{given}' of analysis[{seen[given]}]"
            faults.append(Fault(f"{path}.name", found, "a name of its own", "Rename one."))
        faults.extend(_references(path, analysis, variables, raw))
        faults.extend(_waves(path, analysis, _table(raw.get("source"))))
        for key in ("by", "outcome", "rows", "index", "terms", "need", "levels"):
            names = _names(analysis.get(key))
            if len(set(names)) < len(names):
                faults.append(Fault(f"{path}.{key}", "a name twice", "each once", "Drop one."))
        faults.extend(_by_kind(path, analysis, variables, _table(raw.get("design"))))
    return faults


def _by_kind(path: str, analysis: Table, variables: Mapping[str, Table], design: Table) -> Iterator[Fault]:
    """Return the faults of what only some kinds of analysis have."""
    kind = analysis.get("kind")
    if kind in ("logit", "multilevel", "rif"):
        yield from _terms(path, analysis, variables)
    if kind in ("logit", "multilevel"):
        yield from _logit(path, analysis, variables, design)
    if kind == "multilevel":
        yield from _levels(path, analysis, design)
    if kind == "decomposition":
        yield from _decomposition(path, analysis)
    if kind in ("concentration", "decomposition", "rif"):
        yield from _indices(path, analysis, variables)
    if kind in ("concentration", "decomposition"):
        yield from _bootstrap(f"{path}.bootstrap", analysis, design)


def _is_factor(spec: Table) -> bool:
    return bool(spec.get("levels") or spec.get("cut") or spec.get("quantiles"))


def _terms(path: str, analysis: Table, variables: Mapping[str, Table]) -> Iterator[Fault]:
    """Products of different terms of the model, scores of factors, and no outcome among them."""
    single = _names(analysis.get("terms"))
    if analysis.get("outcome") in single:
        yield Fault(f"{path}.terms", "the outcome itself", "other variables", "Leave it out.")
    for key in ("terms", "scores"):
        given = analysis.get(key)
        for product in given if isinstance(given, list) else []:
            if not isinstance(product, list):
                continue
            names = _names(product)
            if len(set(names)) < max(len(names), 2):
                yield Fault(
                    f"{path}.{key}",
                    f"the product {product!r}",
                    "two or more different variables",
                    "Correct it.",
                )
            for name in names:
                if name not in single:
                    yield Fault(
                        f"{path}.{key}",
                        f"a product of '{name}', which is no term itself",
                        "its own term too",
                        nearest(name, single),
                    )
                is_factor = _is_factor(variables.get(name, {}))
                if key == "scores" and name != "wave" and name in variables and not is_factor:
                    yield Fault(
                        f"{path}.scores", f"the number '{name}'", "factors", "Put the product under terms."
                    )


def _logit(path: str, analysis: Table, variables: Mapping[str, Table], design: Table) -> Iterator[Fault]:
    """An event, and a design that the covariance needs."""
    outcome = analysis.get("outcome")
    spec = variables.get(outcome, {}) if isinstance(outcome, str) else {}
    if spec and not spec.get("event"):
        yield Fault(
            f"{path}.outcome", f"'{outcome}' without event", "an event", f"Give variables.{outcome} an event."
        )
    if analysis.get("covariance") == "cluster" and not design.get("cluster"):
        yield Fault(f"{path}.covariance", "'cluster'", "design.cluster", "Name the column, or use 'robust'.")


def _levels(path: str, analysis: Table, design: Table) -> Iterator[Fault]:
    known = [*_table(design.get("levels"))]
    for name in _names(analysis.get("levels")):
        if name not in known:
            yield Fault(f"{path}.levels", f"'{name}'", "a name of design.levels", nearest(name, known))
    if analysis.get("weights") == "cluster-size" and not design.get("weight"):
        yield Fault(f"{path}.weights", "'cluster-size'", "design.weight", "Name the column, or use 'none'.")


def _decomposition(path: str, analysis: Table) -> Iterator[Fault]:
    terms = _names(analysis.get("terms"))
    for name in _names(analysis.get("need")):
        if name not in terms:
            yield Fault(
                f"{path}.need",
                f"'{name}', which is none of the terms",
                "some of the terms",
                nearest(name, terms),
            )
    if analysis.get("outcome") in terms:
        yield Fault(f"{path}.terms", "the outcome itself", "other variables", "Leave it out.")
    given = _table(analysis.get("bootstrap")).get("interval", ())
    for name in _names(given):
        if name in ("bca", "studentized"):
            yield Fault(
                f"{path}.bootstrap.interval", f"'{name}'", "'percentile', 'basic' or 'normal'", "Choose one."
            )


def is_text_encoding(name: str) -> bool:
    """Whether Python can decode text by this name: base64 is an encoding too, but not of text.

    Examples
    --------
    >>> is_text_encoding("gb18030"), is_text_encoding("base64"), is_text_encoding("nope")
    (True, False, False)
    """
    try:
        return isinstance("".encode(name), bytes) and b"a".decode(name) == "a"
    except (LookupError, UnicodeError, TypeError, AssertionError):
        return False


def _published(study: Table) -> Iterator[Fault]:
    name = study.get("published")
    if isinstance(name, str) and name not in PUBLICATIONS:
        yield Fault("study.published", f"'{name}'", "a shipped publication", nearest(name, [*PUBLICATIONS]))


def _source(source: Table, variables: Mapping[str, Table]) -> Iterator[Fault]:
    has_waves = isinstance(source.get("path"), Mapping)
    if source.get("path") in ({}, []):
        yield Fault("source.path", "no file", "one or more files", "Name the data files.")
    encoding = source.get("encoding")
    if isinstance(encoding, str) and not is_text_encoding(encoding):
        yield Fault(
            "source.encoding", f"the unknown encoding '{encoding}'", "such as 'GB18030'", "Correct it."
        )
    if has_waves and source.get("wave") is not None:
        yield Fault("source.wave", "a wave column beside one file for each wave", "one of them", "Drop one.")
    for name, spec in variables.items():
        columns = spec.get("from")
        if not isinstance(columns, Mapping):
            continue
        place = f"variables.{name}.from"
        if not has_waves:
            yield Fault(
                place,
                "a column for each wave",
                "a file for each wave too",
                "Give source.path as wave = file.",
            )
        else:
            for wave in source["path"]:
                if wave not in columns and not spec.get("search"):
                    yield Fault(
                        place, f"no column for wave {wave}", "one for each wave", f"Add {wave} = '...'."
                    )


def _design(design: Table, source: Table) -> Iterator[Fault]:
    levels = {f"levels.{name}": columns for name, columns in _table(design.get("levels")).items()}
    for role, columns in {
        "stratum": design.get("stratum"),
        "cluster": design.get("cluster"),
        **levels,
    }.items():
        if isinstance(columns, Mapping):
            for wave in source["path"] if isinstance(source.get("path"), Mapping) else ():
                if wave not in columns:
                    place = f"design.{role}"
                    yield Fault(
                        place, f"no column for wave {wave}", "one for each wave", f"Add {wave} = '...'."
                    )
    given = _table(design.get("replicate_weights"))
    needed = {"jkn": "rscales", "fay": "fay"}.get(str(given.get("method")))
    if needed and given.get(needed) is None:
        yield Fault(
            f"design.replicate_weights.{needed}", "nothing", f"a value for '{given['method']}'", "Add it."
        )
    if given.get("method") == "other" and given.get("scale") is None and given.get("rscales") is None:
        yield Fault("design.replicate_weights.scale", "nothing", "scale or rscales for 'other'", "Add one.")


def _references(path: str, analysis: Table, variables: Mapping[str, Table], raw: Table) -> Iterator[Fault]:
    source = _table(raw.get("source"))
    # A shipped panel brings its waves with it.
    has_wave = source.get("wave") is not None or isinstance(source.get("path"), Mapping)
    for key in ("outcome", "rank_by", "by", "rows", "variables", "terms"):
        for name in _names(analysis.get(key)):
            is_wave = name == "wave" and (
                key == "by" or (key == "terms" and analysis.get("kind") in ("logit", "multilevel"))
            )
            if is_wave:
                if not has_wave:
                    yield Fault(f"{path}.{key}", "'wave'", "a study with waves", "Give source.wave.")
            elif name not in variables:
                yield Fault(
                    f"{path}.{key}",
                    f"the unknown variable '{name}'",
                    "a variable of this study",
                    nearest(name, [*variables, *(["wave"] if key == "by" else [])]),
                )
            else:
                yield from _role(f"{path}.{key}", key, name, variables[name], str(analysis.get("kind")))


def _waves(path: str, analysis: Table, source: Table) -> Iterator[Fault]:
    """Waves that are there, and nothing that needs others where each is alone."""
    waves = analysis.get("waves", "all")
    if waves != "all" and source.get("wave") is None and not isinstance(source.get("path"), Mapping):
        yield Fault(f"{path}.waves", f"{waves!r}", "a study with waves", "Give source.wave.")
    if waves != "each":
        return
    if "wave" in _names(analysis.get("terms")):
        yield Fault(
            f"{path}.terms", "'wave' with each wave alone", "other terms", "Drop it, or use waves = 'all'."
        )
    for key in ("compare", "change"):
        if analysis.get(key) is True and _names(analysis.get("by")) == ["wave"]:
            yield Fault(f"{path}.{key}", "true with each wave alone", "waves = 'all'", "Drop one of the two.")


def _role(path: str, key: str, name: str, spec: Table, kind: str) -> Iterator[Fault]:
    is_factor = _is_factor(spec)
    if key in ("by", "rows") and not is_factor:
        yield Fault(path, f"the number '{name}'", "a factor", f"Give variables.{name} levels or cut.")
    if key == "outcome" and is_factor and not spec.get("event"):
        yield Fault(path, f"the factor '{name}'", "a number or an event", f"Give variables.{name} an event.")
    if key == "outcome" and kind == "rates" and not is_factor:
        yield Fault(path, f"the number '{name}'", "an event", f"Give variables.{name} levels and an event.")


def _indices(path: str, analysis: Table, variables: Mapping[str, Table]) -> Iterator[Fault]:
    indices = _names(analysis.get("index", "standard"))
    bounded = [index for index in indices if index in NEEDS_BOUNDS]
    for outcome in _names(analysis.get("outcome")):
        spec = variables.get(outcome, {})
        if bounded and spec and not (spec.get("event") or spec.get("bounds") or analysis.get("bounds")):
            yield Fault(
                f"{path}.index",
                f"'{bounded[0]}' of the unbounded outcome '{outcome}'",
                "theoretical bounds",
                f"Give variables.{outcome}.bounds = [low, high]; they are never read off the data.",
            )
    shaped = [index for index in indices if index in NEEDS_PARAMETER]
    if shaped and analysis.get("parameter") is None:
        yield Fault(
            f"{path}.parameter", "nothing", f"a number above 1 for '{shaped[0]}'", "Add parameter = 3."
        )
    bounds = analysis.get("bounds")
    if isinstance(bounds, list) and not is_interval(bounds):
        yield Fault(f"{path}.bounds", f"{bounds}", "two finite numbers, low < high", "Correct the bounds.")
    for outcome in _names(analysis.get("outcome")):
        if bounds is not None and variables.get(outcome, {}).get("event"):
            yield Fault(
                f"{path}.bounds", f"bounds of the event '{outcome}'", "none: they are 0 and 1", "Drop them."
            )
    for key in ("compare", "change"):
        if analysis.get(key) is True and not analysis.get("by"):
            yield Fault(f"{path}.{key}", "true without groups", "groups to compare", "Give by = [...].")


def _bootstrap(path: str, analysis: Table, design: Table) -> Iterator[Fault]:
    bootstrap = analysis.get("bootstrap")
    if not isinstance(bootstrap, Mapping):
        return
    method = bootstrap.get("method", "auto")
    if method in ("cluster", "rao-wu") and not (design.get("cluster") or design.get("stratum")):
        yield Fault(
            f"{path}.method", f"'{method}'", "a design with clusters or strata", "Use 'iid' or 'auto'."
        )
    if method == "replicate-weights" and not design.get("replicate_weights"):
        yield Fault(f"{path}.method", f"'{method}'", "design.replicate_weights", "Name their columns there.")
    if design.get("population") and method not in ("jackknife", "replicate-weights"):
        yield Fault(
            f"{path}.method", f"'{method}'", "'jackknife' with design.population", "The others ignore it."
        )
    replicates, level = bootstrap.get("replicates", 2000), analysis.get("conf_level", 0.95)
    if isinstance(replicates, int) and isinstance(level, float) and 0.5 < level < 1 and method != "jackknife":
        given = bootstrap.get("interval", "percentile")
        least = least_replicates(
            [str(name) for name in (given if isinstance(given, list) else [given])], level
        )
        if 0 < replicates < least:
            yield Fault(f"{path}.replicates", f"{replicates}", f"at least {least}", "Ask for 1,000 or more.")
