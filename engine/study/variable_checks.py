"""Faults inside one variable: levels, intervals, codes and bounds that contradict each other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise

from engine.errors import Fault, nearest
from engine.study.raw_tables import Table, as_list, as_names, as_table, is_factor, is_interval


def check_variable(path: str, name: str, spec: Table) -> Iterator[Fault]:
    """Return the faults of one variable's table."""
    folded = name.casefold()
    if folded == "wave" or folded.endswith("__missing") or folded.startswith("design__"):
        yield Fault(
            path, f"the reserved name '{name}'", "another name", "Rename it; waves come from [source]."
        )
    yield from _origin(path, spec)
    yield from _scale(path, spec)
    levels, cut = as_table(spec.get("levels")), as_table(spec.get("cut"))
    yield from _by_wave(path, spec, levels)
    if levels and cut:
        yield Fault(path, "both levels and cut", "one of them", "Use levels for codes, cut for numbers.")
    quantiles = as_names(spec.get("quantiles"))
    yield from _quantiles_and_means(path, spec, quantiles)
    known = list(levels or cut or quantiles)
    for key in ("event", "reference") if spec.get("levels") != "file" else ():
        for level in as_list(spec.get(key)):
            if isinstance(level, str) and level not in known:
                remedy = nearest(level, known) if known else "Give the levels first."
                yield Fault(
                    f"{path}.{key}", f"the unknown level '{level}'", "a level of this variable", remedy
                )
    yield from _codes(path, spec, levels)
    yield from _cut(path, cut)
    bounds = spec.get("bounds")
    if bounds is not None and spec.get("event"):
        yield Fault(
            f"{path}.bounds", "bounds of an event", "no bounds", "Delete them: those of an event are 0 and 1."
        )
    elif isinstance(bounds, list) and not is_interval(bounds):
        yield Fault(f"{path}.bounds", f"{bounds}", "two finite numbers, low < high", "Correct the bounds.")
    limits = spec.get("range")
    if isinstance(limits, list) and not is_interval(limits, finite=False):
        yield Fault(f"{path}.range", f"{limits}", "[low, high] with low < high", "Correct the range.")
    elif limits is not None and (levels or cut):
        yield Fault(
            f"{path}.range",
            "a range, but the variable is a factor",
            "no range",
            "Delete it: the levels say which values are allowed.",
        )


OF_COLUMNS = ("from", "search", "since", "month", "first_digits", "levels_by_wave", "blank", "date")


def _origin(path: str, spec: Table) -> Iterator[Fault]:
    """A value comes from a column, from an expression, or from the records of a household."""
    derived = [key for key in ("expression", "aggregate") if spec.get(key) is not None]
    if not derived and spec.get("from") is None and spec.get("search") is None:
        remedy = "Add 'from', 'search' with a pattern for its label, 'expression' or 'aggregate'."
        yield Fault(f"{path}.from", "nothing", "a column", remedy)
    for key in ("since", "first_digits"):
        if spec.get("date") and spec.get(key):
            yield Fault(
                f"{path}.{key}", f"'{key}' of a date", "one of them", "Use years_between in another variable."
            )
    if len(derived) == 2:
        yield Fault(path, "both expression and aggregate", "one of them", "Make two variables.")
    for key in OF_COLUMNS if derived else ():
        if spec.get(key):
            yield Fault(f"{path}.{key}", f"'{key}' beside '{derived[0]}'", "one of them", "Drop one.")
    if spec.get("aggregate") is None:
        for key in ("of", "by"):
            if spec.get(key) is not None:
                yield Fault(f"{path}.{key}", f"'{key}' without aggregate", "aggregate = 'max'", "Add it.")
        return
    if spec.get("by") is None:
        yield Fault(f"{path}.by", "nothing", "the column of the household", "Add by = 'hhid'.")
    if spec.get("of") is None and spec["aggregate"] != "count":
        yield Fault(f"{path}.of", "nothing", "the variable that is aggregated", "Add of = '...'.")


def check_aggregated(path: str, spec: Table, variables: Mapping[str, Table]) -> Iterator[Fault]:
    """What is aggregated is a number or an event of the study."""
    name = spec.get("of")
    if not isinstance(name, str):
        return
    if name not in variables:
        found = f"the unknown variable '{name}'"
        yield Fault(f"{path}.of", found, "a variable of this study", nearest(name, [*variables]))
    elif is_factor(variables[name]) and not variables[name].get("event"):
        remedy = f"Give variables.{name} an event."
        yield Fault(f"{path}.of", f"the factor '{name}'", "a number or an event", remedy)
    elif variables[name].get("quantiles") or variables[name].get("impute"):
        found = f"'{name}', whose values depend on the sample"
        yield Fault(f"{path}.of", found, "a variable of the records", "Name another one.")


def _scale(path: str, spec: Table) -> Iterator[Fault]:
    if spec.get("scale") not in (None, 1) and (is_factor(spec) or spec.get("event")):
        yield Fault(
            f"{path}.scale",
            "a scale, but the variable is a factor",
            "no scale",
            "Delete it: only a number has a scale.",
        )


def _quantiles_and_means(path: str, spec: Table, quantiles: list[str]) -> Iterator[Fault]:
    """Quantile groups and imputed means are those of numbers."""
    coded = "levels" if spec.get("levels") else "cut" if spec.get("cut") else None
    if quantiles and coded:
        yield Fault(path, f"both {coded} and quantiles", "one of them", "Drop one.")
    if not quantiles and spec.get("ties"):
        yield Fault(f"{path}.ties", "ties without quantiles", "quantiles = [...]", "Add them or drop ties.")
    if quantiles and len(set(quantiles)) < max(len(quantiles), 2):
        yield Fault(
            f"{path}.quantiles", f"{quantiles}", "two or more different levels", "Name them from the lowest."
        )
    if spec.get("impute") and coded:
        yield Fault(
            f"{path}.impute",
            f"a mean of a variable with {coded}",
            "a number",
            "Give the codes a level of their own.",
        )


def _by_wave(path: str, spec: Table, levels: Table) -> Iterator[Fault]:
    """Return the faults of what differs by wave: other levels, dates, patterns."""
    for wave, wave_levels in as_table(spec.get("levels_by_wave")).items():
        for level in as_table(wave_levels):
            if level not in levels:
                place, remedy = (
                    f"{path}.levels_by_wave.{wave}",
                    nearest(level, [*levels]) if levels else "Add levels.",
                )
                yield Fault(place, f"the unknown level '{level}'", "a level of this variable", remedy)
        yield from _codes(
            f"{path}.levels_by_wave.{wave}", {"missing": spec.get("missing")}, as_table(wave_levels)
        )
    for wave, date in as_table(spec.get("since")).items():
        if not (isinstance(date, str) and re.fullmatch(r"\d{4}(-(0[1-9]|1[0-2]))?", date)):
            yield Fault(
                f"{path}.since.{wave}", f"{date!r}", "'YYYY' or 'YYYY-MM'", "Give the time of the survey."
            )
    if spec.get("month") is not None and not spec.get("since"):
        yield Fault(f"{path}.month", "a month without since", "since = { wave = 'YYYY-MM' }", "Add it.")
    if isinstance(spec.get("search"), str):
        try:
            re.compile(spec["search"])
        except re.error:
            yield Fault(
                f"{path}.search", "a pattern that cannot be read", "a regular expression", "Correct it."
            )


def _as_one_code(code: object) -> object:
    """Return 1, 1.0 and "1" as one code."""
    try:
        return float(str(code))
    except ValueError:
        return code


def _codes(path: str, spec: Table, levels: Table) -> Iterator[Fault]:
    """A code belongs to one level, or is missing for one reason."""
    used_by: dict[object, str] = {}
    for level, codes in levels.items():
        for code in as_list(codes):
            if isinstance(code, (str, int, float)) and used_by.setdefault(_as_one_code(code), level) != level:
                place = f"{path}.levels.{level}"
                yield Fault(
                    place,
                    f"the code {code!r}, which '{used_by[_as_one_code(code)]}' has too",
                    "each code in one level only",
                    "Delete it from one of the two.",
                )
    missing = spec.get("missing")
    reasons = missing if isinstance(missing, Mapping) else {"missing": missing}
    for reason, codes in reasons.items():
        for code in as_list(codes):
            if not isinstance(code, (str, int, float)):
                continue
            first = used_by.setdefault(_as_one_code(code), f"({reason})")
            if first != f"({reason})":
                other = f"list '{first.strip('()')}'" if first.startswith("(") else f"level '{first}'"
                found = f"the code {code!r}, which {other} has too"
                expected = "each code in one place only"
                yield Fault(f"{path}.missing", found, expected, "Delete it from one of the two.")


def _cut(path: str, cut: Table) -> Iterator[Fault]:
    """Intervals are [low, high) and do not overlap."""
    good = {level: ends for level, ends in cut.items() if is_interval(ends, finite=False)}
    for level in cut:
        if level not in good and isinstance(cut[level], list):
            yield Fault(
                f"{path}.cut.{level}", f"{cut[level]}", "[low, high) with low < high", "Correct the ends."
            )
    ordered = sorted(good.items(), key=lambda item: (item[1][0], item[1][1]))
    for (first, one), (second, other) in pairwise(ordered):
        if other[0] < one[1]:
            yield Fault(
                f"{path}.cut.{second}",
                f"numbers that also belong to '{first}'",
                "intervals that do not overlap",
                "Move an end.",
            )
