"""Somebody who has all that a run writes, and computes small numbers of people from it.

He knows the study file, so he knows whom each row counts. His unknowns are the people of each combination of
wave, levels and kinds of missing, in the sample or not. Every number that is told is an equation about them.
Nothing here is code of the program.
"""

import json
from dataclasses import dataclass
from itertools import product

import numpy as np
import polars as pl
from scipy.optimize import linprog

LEVELS = {"region": ["a", "b", "c", "d"], "sex": ["m", "f"], "ill": ["well", "ill"], "cost": ["known"]}
MISSING = "(blank)"


@dataclass(frozen=True)
class People:
    """Combinations of answers: of each, its people and the sum of their weights, which the attacker seeks."""

    names: tuple
    combinations: np.ndarray
    people: np.ndarray
    weights: np.ndarray

    def where(self, **asked):
        """Which combinations have these answers; a set of answers is any of them."""
        inside = np.ones(len(self.combinations), bool)
        for name, values in asked.items():
            values = values if isinstance(values, set) else {values}
            inside &= np.isin(self.combinations[:, self.names.index(name)], [*values])
        return inside


def people_of(frame, rule):
    """The people of a frame of codes, by their answers."""
    columns = {
        "sample": np.where(frame.select(rule).to_series(), "in", "out"),
        "wave": frame["wave"].cast(str),
    }
    for name, levels in LEVELS.items():
        codes = [0 if name == "cost" and one is not None else one for one in frame[name]]
        columns[name] = np.array([MISSING if one is None else levels[int(one)] for one in codes])
    every = [["in", "out"], sorted(set(columns["wave"])), *([*levels, MISSING] for levels in LEVELS.values())]
    combinations = [*product(*every)]
    place = {one: k for k, one in enumerate(combinations)}
    people, weights = np.zeros(len(place)), np.zeros(len(place))
    for one, weight in zip(zip(*columns.values(), strict=True), frame["weight"], strict=True):
        people[place[one]] += 1
        weights[place[one]] += weight
    return People(tuple(columns), np.array(combinations), people, weights)


def told_by(row, analysis):
    """What a row counts: which answers, how many people, and the sum of their weights; None if not told."""
    group = {"sample": "in", **analysis.get("where", {})}
    if row["wave"] is not None:
        group["wave"] = row["wave"]
    if row["subgroup"]:
        name, level = row["subgroup"].split("=")
        group[name] = {level} & ({group[name]} if isinstance(group.get(name), str) else {level})
    n, weight, term, level, estimate = (row[k] for k in ("n_obs", "sum_weights", "term", "level", "estimate"))
    weight = weight if analysis.get("weighted", True) else None
    known = {name: set(levels) for name, levels in LEVELS.items()}
    if row["kind"] == "describe":
        if level is None:
            yield (group | ({term: known[term]} if term in known else {})), n, weight
            return
        yield group, n, weight
        if term in known:
            value = (known[term] if level == "(valid)" else {level}) & group.get(term, {*known[term], level})
            count = estimate if row["measure"] == "count" else None
            yield {**group, term: value}, count, estimate if row["measure"] == "weighted_count" else None
        return
    inside = {**group, row["outcome"]: known[row["outcome"]]}
    if row["kind"] == "rates" and level is not None:
        inside[term] = {level} & (inside[term] if isinstance(inside.get(term), set) else {level})
    for name in analysis.get("terms", ()):
        inside.setdefault(name, known[name])
    yield inside, n, weight
    if row["outcome"] == "ill":
        ill = weight * estimate if row["measure"] == "rate" and None not in (weight, estimate) else None
        yield {**inside, "ill": {"ill"}}, row["n_events"], ill
        others = None if None in (n, row["n_events"]) else n - row["n_events"]
        yield {**inside, "ill": {"well"}}, others, None if ill is None else weight - ill


def told_by_manifest(manifest):
    """The same of a manifest."""
    flow = manifest["sample_flow"]
    for step, group in ((flow[-1], {"sample": "in"}), *([(flow[0], {})] if len(flow) > 1 else [])):
        yield group, step["n"], None
        yield from (({**group, "wave": wave}, n, None) for wave, n in step["by_wave"].items())
    for name, kinds in manifest.get("missing", {}).items():
        if name in LEVELS:
            for kind, n in kinds.items():
                value = set(LEVELS[name]) if kind == "value" else {f"({kind.replace('_', ' ')})"}
                yield {name: value}, n, None


def told_in(rows, manifest, analyses, every):
    """Return the equations about people, those about weights, and whom anything is said about."""
    known, weighed, looked_at = {}, {}, {}
    told = [(row, told_by(row, analyses[row["analysis"]])) for row in rows]
    for row, sets in (*told, ("manifest", told_by_manifest(manifest))):
        for group, n, weight in sets:
            inside = every.where(**group)
            key = inside.tobytes()
            looked_at.setdefault(key, (group, inside))
            if n is not None:
                assert n == every.people[inside].sum(), (row, group)  # the attacker knows whom a row counts
                known[key] = (inside, n)
            if weight is not None:
                assert np.isclose(weight, every.weights[inside].sum()), (row, group)
                weighed[key] = (inside, weight)
    for group, _ in [*looked_at.values()]:  # those whom no row counts: without a level
        for name in LEVELS:
            if isinstance(group.get(name), set) and MISSING not in group[name]:
                rest = every.where(**{**group, name: {MISSING}})
                looked_at.setdefault(rest.tobytes(), ({**group, name: {MISSING}}, rest))
    return known, weighed, looked_at


def attack(folder, analyses, every, threshold):
    """Yield the small numbers that are known too well: of whom, how many, and what they may be."""
    rows = [*pl.read_parquet(folder / "results.parquet").iter_rows(named=True)]
    manifest = json.loads((folder / "manifest.json").read_text())
    known, weighed, looked_at = told_in(rows, manifest, analyses, every)
    unit = every.weights.sum() / every.people.sum()
    for group, inside in looked_at.values():
        true = every.people[inside].sum()
        if 0 < true < threshold:
            for equations, size in ((known, 1.0), (weighed, unit)):
                low, high = interval([*equations.values()], inside, size)
                if high - low < threshold * (1 if size == 1.0 else 0.9) - 1e-6:
                    yield group, true, "people" if equations is known else "weight", low, high


def interval(equations, target, unit):
    """The smallest and the largest number of a target that is possible with all equations."""
    if not equations:
        return 0.0, np.inf
    columns = np.array([*(inside for inside, _ in equations), target], float).T
    columns = np.unique(columns, axis=0).T  # combinations that no equation tells apart are one
    values = np.array([value / unit for _, value in equations])
    ends = []
    for sign in (1, -1):
        end = linprog(sign * columns[-1], A_eq=columns[:-1], b_eq=values, bounds=(0, None), method="highs")
        assert end.status in (0, 3), end.message
        ends.append(sign * end.fun if end.status == 0 else np.inf)
    return ends[0], ends[1]
