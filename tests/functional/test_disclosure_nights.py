"""Nights with disclosure control to which few people come: somebody subtracts what two nights told.

He knows whether people only came, only left, or changed too. Then the people of each combination of answers
before a night, and those who came, are his unknowns; every number of both nights is an equation about them.
"""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

import engine
from engine.batch.released import released
from engine.results import to_frame
from tests.functional.disclosure_attacker import People, interval, people_of, told_in
from tests.functional.test_disclosure_attack import CHOICES, random_people, study_of

COME, LEAVE, CHANGE, MIXED = "come", "leave", "change", "mixed"
WAYS = (COME, COME, LEAVE, CHANGE, MIXED)
N_LEVELS = {"ill": 2, "sex": 2, "region": 4}
THRESHOLD, NOBODY_LEFT_OUT = 10, 60
MOST_PAIRS = 8


@dataclass(frozen=True)
class Night:
    """What a night told, and the people behind it."""

    rows: list
    manifest: dict
    people: People

    def asked(self, analyses):
        """The equations about people and about weights, and whom anything is said about."""
        return told_in(self.rows, self.manifest, analyses, self.people)


def newcomers(rng, n, base):
    """Other people in the waves of the first ones."""
    came = random_people(rng)
    came = came.head(min(n, came.height))
    waves = base["wave"].unique().sort().to_list()
    return came.with_columns(wave=pl.Series(rng.choice(waves, came.height), dtype=pl.Int64))


def newcomers_of_one_group(rng, n, base):
    """So many that a night is not held back, all in one group of one wave."""
    came, name = newcomers(rng, n, base), str(rng.choice(["region", "sex"]))
    level = pl.lit(int(rng.integers(N_LEVELS[name])), came[name].dtype)
    return came.with_columns(level.alias(name), wave=pl.lit(int(rng.choice(base["wave"])), pl.Int64))


def without(rng, n, frame):
    return frame[sorted(rng.permutation(frame.height)[n:])]


def without_many_of_one_region(rng, n, frame):
    region = int(rng.integers(N_LEVELS["region"]))
    place = (pl.col("region") == region).fill_null(value=False)
    return frame.filter(~(place & (place.cum_sum() <= n)))


def with_other_answers(rng, n, frame):
    name = str(rng.choice([*N_LEVELS]))
    answers = frame[name].to_list()
    for place in rng.permutation(frame.height)[:n]:
        answers[place] = int(rng.integers(N_LEVELS[name]))
    return frame.with_columns(pl.Series(name, answers, frame[name].dtype))


def nights_of(rng, way, n_nights):
    """The records of each night: one to nine people differ, alone or beside many of one group."""
    frames = [random_people(rng)]
    for _ in range(n_nights - 1):
        before, few, many = frames[-1], int(rng.integers(1, 10)), int(rng.choice([0, 11, 25, 60]))
        if way == LEAVE:
            if before.height < few + many + 40:
                break
            frames.append(without_many_of_one_region(rng, many, without(rng, few, before)))
            continue
        after = before
        if way == CHANGE:
            after = with_other_answers(rng, few, before)
        if way == MIXED:
            after = without(rng, int(rng.integers(0, 5)), before)
        if way != CHANGE:
            after = pl.concat([after, newcomers(rng, few, frames[0])])
        frames.append(pl.concat([after, newcomers_of_one_group(rng, many, frames[0])]))
    return frames


def told_nights(folder, rng, way, chosen, *, controlled):
    """What the nights tell that do not hold everything back."""
    (folder / "study.toml").write_text(study_of(chosen, NOBODY_LEFT_OUT, THRESHOLD))
    spec = engine.load_study(folder / "study.toml")
    uncontrolled = spec.model_copy(update={"disclosure": None})
    earlier, nights = [], []
    for number, frame in enumerate(nights_of(rng, way, int(rng.choice([2, 2, 3, 8])))):
        frame.write_parquet(folder / "people.parquet")
        run = engine.run(uncontrolled, folder / "people.parquet", folder / f"run{number}", report=False)
        rows, manifest = run.rows, run.manifest
        if controlled:
            rows, manifest = released(spec, rows, manifest, earlier)
        results = to_frame(rows)
        earlier.insert(0, SimpleNamespace(results=results, manifest=manifest))
        if not controlled or not manifest["disclosure"]["held_back"]:
            people = people_of(frame, pl.col("income") < NOBODY_LEFT_OUT)
            nights.append(Night([*results.iter_rows(named=True)], manifest, people))
    return nights


def attack_of_two(first, second, analyses, way):
    """Yield what is known too well of the small numbers before, after, and of those who came or left."""
    if way == LEAVE:
        first, second = second, first  # those who left come, backwards
    told, told_later = first.asked(analyses), second.asked(analyses)
    before, after = first.people, second.people
    nobody = np.zeros(len(before.people), bool)
    unit = after.weights.sum() / after.people.sum()
    only_one_way = way in (COME, LEAVE)  # the unknowns are those before, and who came; else those after
    for early, late, size in zip(told, told_later, (1.0, unit), strict=False):
        equations = [(np.r_[inside, nobody], n) for inside, n in early.values()]
        equations += [(np.r_[inside if only_one_way else nobody, inside], n) for inside, n in late.values()]
        for group, inside in (told[2] | told_later[2]).values():
            then, now = before.people[inside].sum(), after.people[inside].sum()
            sought = {
                "then": (then, np.r_[inside, nobody]),
                "now": (now, np.r_[inside if only_one_way else nobody, inside]),
            }
            if only_one_way:
                sought["came"] = (now - then, np.r_[nobody, inside])
            for what, (true, target) in sought.items():
                if 0 < true < THRESHOLD:
                    low, high = interval(equations, target, size)
                    if high - low < THRESHOLD * (1 if size == 1.0 else 0.9) - 1e-6:
                        yield group, what, float(true), low, high


def findings(folder, seed, *, controlled=True):
    """What somebody finds who subtracts the nights of a random store from each other."""
    rng, way = np.random.default_rng([22, seed]), WAYS[seed % len(WAYS)]
    chosen = [CHOICES[k] for k in sorted(rng.choice(len(CHOICES), rng.integers(1, 4), replace=False))]
    analyses = {one["name"]: {**one, "where": {"sex": "m"} if "where" in one else {}} for one in chosen}
    nights = told_nights(folder, rng, way, chosen, controlled=controlled)
    pairs = [(i, j) for j in range(len(nights)) for i in range(j)]
    if len(pairs) > MOST_PAIRS:
        pairs = [(i, j) for i, j in pairs if i == j - 1 or j == len(nights) - 1]
    return [
        (seed, i, j, *found)
        for i, j in pairs
        if nights[i].people.combinations.shape == nights[j].people.combinations.shape
        for found in attack_of_two(nights[i], nights[j], analyses, way)
    ]


def test_nights_to_which_few_come__tell_nothing_of_them(tmp_path):
    assert not findings(tmp_path, 3)
    assert findings(tmp_path, 3, controlled=False)


@pytest.mark.slow
def test_nights_that_differ_by_few__tell_nothing_of_them(tmp_path, request):
    cases = request.config.getoption("--cases") or 300
    assert not [one for seed in range(cases) for one in findings(tmp_path, seed)]
