"""Faults between the parts of a study file: unknown names, missing bounds, methods the design cannot carry.

Works on the raw TOML tables, so that these faults are told together with those of single values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.errors import Fault, nearest
from engine.study.analyses import NEEDS_BOUNDS, NEEDS_PARAMETER

Table = Mapping[str, Any]


def _table(raw: object) -> Table:
    return raw if isinstance(raw, Mapping) else {}


def _names(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [item for item in values if isinstance(item, str)]


def cross_check(raw: Table) -> list[Fault]:
    """Return the faults between the parts of a study file, in file order."""
    variables = {name: _table(spec) for name, spec in _table(raw.get("variables")).items()}
    faults = [*_source(_table(raw.get("source")), variables)]
    for name, spec in variables.items():
        faults.extend(_variable(f"variables.{name}", name, spec))
    analyses = raw.get("analysis")
    seen: dict[str, int] = {}
    for number, item in enumerate(analyses if isinstance(analyses, list) else [], start=1):
        analysis, path = _table(item), f"analysis[{number}]"
        given = analysis.get("name")
        if isinstance(given, str) and seen.setdefault(given, number) != number:
            found = f"the name '{given}' of analysis[{seen[given]}]"
            faults.append(Fault(f"{path}.name", found, "a name of its own", "Rename one."))
        faults.extend(_references(path, analysis, variables, raw))
        if analysis.get("kind") == "concentration":
            faults.extend(_indices(path, analysis, variables))
            faults.extend(_bootstrap(f"{path}.bootstrap", analysis, _table(raw.get("design"))))
    return faults


def _source(source: Table, variables: Mapping[str, Table]) -> Iterator[Fault]:
    has_waves = isinstance(source.get("path"), Mapping)
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
                if wave not in columns:
                    yield Fault(place, f"no column for wave {wave}", "one for each wave", f"Add {wave} = '...'.")


def _variable(path: str, name: str, spec: Table) -> Iterator[Fault]:
    if name == "wave" or name.endswith("__missing"):
        yield Fault(path, f"the reserved name '{name}'", "another name", "Rename it; waves come from [source].")
    levels, cut = _table(spec.get("levels")), _table(spec.get("cut"))
    if levels and cut:
        yield Fault(path, "both levels and cut", "one of them", "Use levels for codes, cut for numbers.")
    known = list(levels or cut)
    for key in ("event", "reference"):
        for level in _names(spec.get(key)):
            if level not in known:
                remedy = nearest(level, known) if known else "Give the levels first."
                yield Fault(f"{path}.{key}", f"the unknown level '{level}'", "a level of this variable", remedy)
    yield from _codes(path, spec, levels)
    for level, ends in cut.items():
        if isinstance(ends, list) and len(ends) == 2 and not ends[0] < ends[1]:
            yield Fault(f"{path}.cut.{level}", f"{ends}", "[low, high) with low < high", "Correct the ends.")


def _codes(path: str, spec: Table, levels: Table) -> Iterator[Fault]:
    """A code belongs to one level, or is missing."""
    owner: dict[object, str] = {}
    for level, codes in levels.items():
        for code in codes if isinstance(codes, list) else [codes]:
            if isinstance(code, (str, int, float)) and owner.setdefault(code, level) != level:
                yield Fault(
                    f"{path}.levels.{level}",
                    f"the code {code!r} of '{owner[code]}'",
                    "one level a code",
                    "Drop one.",
                )
    missing = spec.get("missing")
    for codes in missing.values() if isinstance(missing, Mapping) else [missing]:
        for code in codes if isinstance(codes, list) else [codes]:
            if isinstance(code, (str, int, float)) and code in owner:
                yield Fault(f"{path}.missing", f"the code {code!r} of level '{owner[code]}'", "one use", "Drop one.")


def _references(path: str, analysis: Table, variables: Mapping[str, Table], raw: Table) -> Iterator[Fault]:
    source = _table(raw.get("source"))
    # A shipped panel brings its waves with it.
    has_wave = source.get("wave") is not None or isinstance(source.get("path"), Mapping)
    for key in ("outcome", "rank_by", "by", "rows", "variables"):
        for name in _names(analysis.get(key)):
            if key == "by" and name == "wave":
                if not has_wave:
                    yield Fault(f"{path}.by", "'wave'", "a study with waves", "Give source.wave.")
            elif name not in variables:
                yield Fault(
                    f"{path}.{key}", f"the unknown variable '{name}'", "a variable of this study",
                    nearest(name, [*variables, *(["wave"] if key == "by" else [])]),
                )  # fmt: skip
            else:
                yield from _role(f"{path}.{key}", key, name, variables[name], str(analysis.get("kind")))


def _role(path: str, key: str, name: str, spec: Table, kind: str) -> Iterator[Fault]:
    is_factor = bool(spec.get("levels") or spec.get("cut"))
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
                f"{path}.index", f"'{bounded[0]}' of the unbounded outcome '{outcome}'", "theoretical bounds",
                f"Give variables.{outcome}.bounds = [low, high]; they are never read off the data.",
            )  # fmt: skip
    shaped = [index for index in indices if index in NEEDS_PARAMETER]
    if shaped and analysis.get("parameter") is None:
        yield Fault(f"{path}.parameter", "nothing", f"a number above 1 for '{shaped[0]}'", "Add parameter = 3.")
    bounds = analysis.get("bounds")
    if isinstance(bounds, list) and len(bounds) == 2 and not bounds[0] < bounds[1]:
        yield Fault(f"{path}.bounds", f"{bounds}", "[low, high] with low < high", "Correct the bounds.")


def _bootstrap(path: str, analysis: Table, design: Table) -> Iterator[Fault]:
    bootstrap = analysis.get("bootstrap")
    if not isinstance(bootstrap, Mapping):
        return
    method = bootstrap.get("method", "auto")
    if method in ("cluster", "rao-wu") and not (design.get("cluster") or design.get("stratum")):
        yield Fault(f"{path}.method", f"'{method}'", "a design with clusters or strata", "Use 'iid' or 'auto'.")
    if method == "replicate-weights" and not design.get("replicate_weights"):
        yield Fault(f"{path}.method", f"'{method}'", "design.replicate_weights", "Name their columns there.")
    replicates, level = bootstrap.get("replicates", 2000), analysis.get("conf_level", 0.95)
    if isinstance(replicates, int) and isinstance(level, float) and level < 1 and method != "jackknife":
        least = round(1 / (1 - level))
        if 0 < replicates < least:
            yield Fault(f"{path}.replicates", f"{replicates}", f"at least {least}", "Ask for 1,000 or more.")
