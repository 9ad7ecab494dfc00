"""Disclosure control against an attacker with linear programming."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.optimize import linprog

from engine.batch.released import released
from engine.disclosure.boxes import KNOWN, NO_LEVEL, PEOPLE, SAMPLE, WEIGHTED, Count, box_of, relations_of
from engine.disclosure.dominance import dominated
from engine.disclosure.facts import everybody_weighs, facts_of
from engine.disclosure.implied import with_implied
from engine.disclosure.manifest_counts import told_calibration, told_text
from engine.disclosure.rounding import rounded
from engine.disclosure.telling import WITHHELD, without_counts
from engine.disclosure.withhold import shown_sets, withheld_sets
from engine.errors import UsageError
from engine.results import TidyRow, to_frame
from engine.study import load_study, parse_study
from engine.study.load import study_as_dict
from engine.study.site import SITE, with_site_disclosure
from tests.study_texts import analysis, event, factor, study_text

THRESHOLD = 10
STUDY = study_text(
    variables={"ill": event("yes", no=[0], yes=[1]), "sex": factor(m=[0], f=[1])},
    analyses=[
        analysis("rates", outcome="ill"),
        analysis("rates", name="men", outcome="ill", where="sex = 'm'"),
        analysis("rates", name="by sex", outcome="ill", by="sex"),
    ],
    extra="[disclosure]\nthreshold = 10\n",
)


def sets_of(shape):
    """Every cell and margin of a table: conditions -> which cells are in it."""
    for places in np.ndindex(*(n + 1 for n in shape)):
        fixed = [place - 1 for place in places]  # -1: all levels
        index = tuple(slice(None) if k < 0 else k for k in fixed)
        inside = np.zeros(shape)
        inside[index] = 1.0
        yield box_of({f"v{axis}": f"={k}" for axis, k in enumerate(fixed) if k >= 0}), inside.ravel()


def attack(published, target):
    """What an attacker knows of the sum of some cells: smallest and largest, from published sums of cells."""
    A = np.array([inside for inside, _ in published])
    b = np.array([value for _, value in published])
    ends = [linprog(sign * target, A_eq=A, b_eq=b, bounds=(0, None), method="highs") for sign in (1, -1)]
    assert all(end.status in (0, 3) for end in ends)
    return ends[0].fun, np.inf if ends[1].status == 3 else -ends[1].fun


@pytest.mark.parametrize("seed", range(12))
def test_attacker__finds_no_small_cell_or_margin_of_a_table(seed):
    rng = np.random.default_rng(seed)
    shape = [(3, 4), (2, 2), (2, 3, 2)][seed % 3]
    people = rng.poisson(rng.choice([1, 6, 25, 300], size=shape)).ravel()
    weights = people * rng.uniform(0.5, 2.0, people.size)
    assert people.sum() >= THRESHOLD
    sets = dict(sets_of(shape))
    counts = {
        box: Count(box=box, people=int(inside @ people), weight=float(inside @ weights))
        for box, inside in sets.items()
    }
    shows = [frozenset({box}) for box in counts]
    relations = [*relations_of(counts)]
    withheld = withheld_sets(counts, relations, shows, THRESHOLD, always_shown=[box_of({})])
    shown = shown_sets(shows, withheld) | {box_of({})}

    assert all(counts[box].people >= THRESHOLD for box in shown)
    mean_weight = weights.sum() / people.sum()
    for of, unit in (("people", 1.0), ("weight", mean_weight)):
        published = [(sets[box], getattr(counts[box], of) / unit) for box in shown]
        for box, inside in sets.items():
            if counts[box].people < THRESHOLD:
                low, high = attack(published, inside)
                assert high - low >= THRESHOLD - 1e-6, (of, box, low, high)


def test_withheld_sets__lets_a_table_without_small_numbers_go_whole():
    counts = {box: Count(box=box, people=int(inside.sum() * 50)) for box, inside in sets_of((3, 4))}
    shows = [frozenset({box}) for box in counts]
    assert not withheld_sets(counts, [*relations_of(counts)], shows, THRESHOLD)


def test_withheld_sets__hides_little_for_a_group_that_everybody_knows_to_be_empty():
    """Nobody lives in the south, as one breakdown has no such group: hiding everything would not help."""
    people = {"east": 90, "west": 40, "north": 60, "south": 0}
    counts = {box_of({}): Count(box=box_of({}), people=190)}
    for name, n in people.items():
        counts |= {box: Count(box=box, people=n) for box in (box_of({"region": f"={name}"}),)}
    known = {name: box_of({"region": f"={name}", "income": "known"}) for name in ("east", "west", "north")}
    counts |= {box: Count(box=box, people=people[name]) for name, box in known.items()}
    counts |= {box: Count(box=box, people=190) for box in (box_of({"income": "known"}),)}
    shows = [frozenset({box}) for box in counts]
    withheld = withheld_sets(counts, [*relations_of(counts)], shows, THRESHOLD, [box_of({})])
    assert withheld == {box_of({"region": "=south"})}


def test_withheld_sets__hides_what_few_people_miss():
    """997 of 1,000 people told in two places: 3 are counted nowhere, and yet known."""
    whole, known = box_of({}), box_of({"income": "known"})
    counts = {whole: Count(box=whole, people=1000), known: Count(box=known, people=997)}
    shows = [frozenset({whole}), frozenset({known})]
    withheld = withheld_sets(counts, [*relations_of(counts)], shows, THRESHOLD, always_shown=[whole])
    assert withheld == {known}


def test_weights__divide_nobody_where_the_sample_and_those_with_a_weight_are_the_same():
    def count(n, **conditions):
        return Count(box=box_of(conditions), people=n)

    sample = [count(90, people=SAMPLE), count(40, people=SAMPLE, sex="=f")]
    for women, is_everybody in ((40, True), (39, False)):
        weighed = [count(40 - 1, people=WEIGHTED, sex="=m"), count(women, people=WEIGHTED, sex="=f")]
        assert everybody_weighs({one.box: one for one in (*sample, *weighed)}) == is_everybody
    weighted = parse_study(
        study_text(
            design={"weight": "w"},
            variables={"ill": event("yes", no=[0], yes=[1]), "sex": factor(m=[0], f=[1])},
            analyses=[analysis("describe"), analysis("rates", outcome="ill", weighted=False)],
        )
    )
    asked = {"analysis": "describe", "kind": "describe", "term": "sex", "level": "f"}
    row = TidyRow(measure="count", estimate=40.0, n_obs=90, **asked)
    for whole, people in ((frozenset(), WEIGHTED), (frozenset({PEOPLE}), SAMPLE)):
        assert box_of({PEOPLE: people, "sex": "=f"}) in facts_of([row], weighted, (), whole).counts


def test_with_implied__knows_the_women_of_all_waves_from_those_of_each():
    """54 women are told by wave, and that 51 of all women have answered: 3 have not."""
    told = {"": 100, "wave1 sex=f": 30, "wave2 sex=f": 24, "known": 90, "known sex=f": 51}
    conditions = {
        "wave1": ("wave", "1"),
        "wave2": ("wave", "2"),
        "sex=f": ("sex", "=f"),
        "known": ("ill", KNOWN),
    }
    counts = {
        box: Count(box=box, people=n)
        for name, n in told.items()
        for box in (frozenset(conditions[one] for one in name.split()),)
    }
    women = box_of({"sex": "=f"})
    levels = {"sex": ("=m", "=f"), "wave": ("1", "2"), "ill": ("=yes", "=no")}
    every = with_implied(counts, levels, {"sex", "wave"})
    assert every[women].people == 54
    assert every[women | {("ill", NO_LEVEL)}].people == 3
    shows = [frozenset({box}) for box in counts]
    withheld = {
        size: withheld_sets(sets, [*relations_of(sets)], shows, THRESHOLD, [box_of({})])
        for size, sets in (("told", counts), ("every", every))
    }
    assert not withheld["told"]
    assert withheld["every"] & counts.keys()
    # An attacker with all that is left: women and others, in each wave, with an answer or not.
    cells = np.indices((2, 2, 2)).reshape(3, -1)  # sex, wave, is there an answer
    places = {"sex": 0, "wave": 1, "ill": 2}
    values = {("sex", "=f"): 0, ("wave", "1"): 0, ("wave", "2"): 1, ("ill", KNOWN): 0}
    published = [
        (
            np.all([cells[places[one[0]]] == values[one] for one in box], axis=0) * np.ones(8),
            counts[box].people,
        )
        for box in counts.keys() - withheld["every"]
    ]
    low, high = attack(published, ((cells[0] == 0) & (cells[2] == 1)) * 1.0)
    assert high - low >= THRESHOLD


@pytest.mark.parametrize("people", [11, 37, 240, 5003])
def test_rounded__leaves_no_count_to_be_computed_from_a_rate(people):
    row = TidyRow(measure="rate", estimate=people / 9876, n_obs=9876, n_events=people)
    told = rounded(row, people, 5)
    step = 10.0 ** (np.floor(np.log10(told.estimate)) - max(1, int(np.log10(people / 5))) + 1)
    assert told.n_events % 5 == told.n_obs % 5 == 0
    assert step * told.n_obs >= 5 * 0.99  # neighbouring rates are at least a rounded count apart


def test_degrees_of_freedom__tell_no_count_of_people():
    row = TidyRow(measure="coefficient", estimate=0.5, n_obs=4057, df2=4055.0)
    assert without_counts(row).df2 is None
    assert rounded(row, 4057, 5).df2 == 4100.0
    dispersion = TidyRow(measure="dispersion", estimate=1.1, n_obs=4057, df1=4053.0)
    assert without_counts(dispersion).df1 is None
    few = TidyRow(measure="wald_f", estimate=3.0, n_obs=4057, df1=3.0, df2=27.0)
    assert (rounded(few, 4057, 5).df1, rounded(few, 4057, 5).df2) == (3.0, 27.0)


def test_limits_by_students_t__do_not_tell_its_degrees_of_freedom():
    row = TidyRow(
        measure="standard", estimate=0.13, std_error=0.041, conf_low=0.048, conf_high=0.21, df2=90.0
    )
    assert without_counts(row).std_error is None
    assert without_counts(row).conf_low == row.conf_low
    assert without_counts(replace(row, n_obs=91, n_clusters=12)).std_error == row.std_error


def test_aic_and_bic__do_not_tell_n_together():
    row = TidyRow(kind="logit", measure="bic", estimate=431.9, n_obs=372)
    assert without_counts(row).estimate is None
    assert without_counts(row).status == WITHHELD


def test_rounded__to_1_changes_nothing():
    row = TidyRow(measure="rate", estimate=1 / 7, n_obs=77, n_events=11)
    assert rounded(row, 11, 1) is row


def test_dominated__is_a_mean_that_one_person_may_hold():
    def rows(values):
        row = TidyRow(kind="describe", term="spending", measure="mean", n_obs=len(values))
        yield TidyRow(**{**as_dict(row), "estimate": float(np.mean(values))})
        yield TidyRow(**{**as_dict(row), "measure": "sd", "estimate": float(np.std(values, ddof=1))})

    even, one_has_it = [100.0 + k for k in range(50)], [1.0] * 49 + [500.0]
    assert dominated([*rows(even)], 0.5) == [False, False]
    assert dominated([*rows(one_has_it)], 0.5) == [True, True]
    assert dominated([*rows(one_has_it)], None) == [False, False]


def as_dict(row):
    return {name: getattr(row, name) for name in ("kind", "term", "measure", "n_obs")}


def told(n, held_back=False):
    """A run of a night as it was told: one rate of `n` people."""
    row = TidyRow(
        analysis="rates", kind="rates", outcome="ill", term="total", measure="rate", estimate=0.5, n_obs=n
    )
    flow = [{"label": "all", "n": n, "by_wave": {}}]
    manifest = {"sample_flow": flow, "sources": [], "warnings": [], "missing": {}, "imputed": {}}
    if held_back is not None:
        manifest["disclosure"] = {"held_back": held_back}
    return SimpleNamespace(results=to_frame([row]), manifest=manifest, rows=(row,))


def test_night_that_differs_little_from_any_earlier_run__tells_nothing_new():
    """A wave lies in quarantine for six nights, and comes back with three more people."""
    spec = parse_study(STUDY)
    now = told(303, None)
    others = [told(500 + 20 * k) for k in range(7)]
    for formers, is_held_back in ((others, False), ([*others, told(300)], True)):
        rows, manifest = released(spec, now.rows, now.manifest, formers)
        assert manifest["disclosure"]["held_back"] == is_held_back
        assert rows[0].n_obs == (500 if is_held_back else 303)


def by_sex(men, women, unknown):
    """A run of two rates by sex, before disclosure control."""
    about = {"analysis": "rates", "kind": "rates", "outcome": "ill", "measure": "rate", "estimate": 0.5}
    n = men + women + unknown
    rows = [
        TidyRow(term="total", n_obs=n, **about),
        TidyRow(term="sex", level="m", n_obs=men, **about),
        TidyRow(term="sex", level="f", n_obs=women, **about),
    ]
    return rows, told(n, None).manifest


def test_few_people_who_came_to_groups_that_were_withheld__are_not_told_together():
    """Of 300 people 280 are men, and 8 women are withheld. Then 60 men come, and 5 others."""
    spec = parse_study(STUDY)
    rows, manifest = released(spec, *by_sex(280, 8, 12))
    assert [row.n_obs for row in rows] == [300, 280, None]
    before = SimpleNamespace(results=to_frame(rows), manifest=manifest)
    many, _ = released(spec, *by_sex(340, 15, 25), [before])
    assert [row.n_obs for row in many] == [380, 340, 15]
    few, _ = released(spec, *by_sex(340, 11, 14), [before])
    assert None in (few[0].n_obs, few[1].n_obs)


def test_sum_of_what_an_earlier_night_told__is_known_too():
    """Men and women of the wave 2016 were told, not all of it: today it has one person more."""
    spec = parse_study(STUDY)
    about = {"kind": "rates", "outcome": "ill", "term": "total", "measure": "rate", "estimate": 0.5}

    def night(by_sex, wave, n):
        rows = [
            TidyRow(analysis="by sex", subgroup=f"sex={sex}", wave="2016", n_obs=people, **about)
            for sex, people in by_sex.items()
        ]
        rows += [TidyRow(analysis="rates", wave="2016", n_obs=wave, **about)] if wave else []
        gaps = {name: {"value": n, "blank": 0} for name in ("ill", "sex")}
        return rows, {**told(n, None).manifest, "missing": gaps}

    rows, manifest = released(spec, *night({"m": 63, "f": 60}, None, 400))
    assert [row.n_obs for row in rows] == [63, 60]
    before = SimpleNamespace(results=to_frame(rows), manifest=manifest)
    rows, _ = released(spec, *night({"m": 80, "f": 44}, 124, 450), [before])
    assert None in [row.n_obs for row in rows]
    assert rows[-1].n_obs is None


def test_analysis_of_another_name__counts_the_same_people():
    """The analysis of the night before is gone, another one asks for the same; 60 men and 5 women come."""
    rows, manifest = released(parse_study(STUDY), *by_sex(280, 20, 0))
    gone = STUDY.replace('[[analysis]]\nname = "rates"\n', '[[analysis]]\nname = "all"\n')
    spec = parse_study(gone.replace('name = "by sex"', 'name = "of each sex"'))
    asked = study_as_dict(parse_study(STUDY))
    before = SimpleNamespace(results=to_frame(rows), manifest={**manifest, "study": {"asked": asked}})
    now, manifest = by_sex(340, 25, 0)
    by_group = [
        replace(row, analysis="of each sex", term="total", level=None, subgroup=f"sex={row.level}")
        for row in now
        if row.level is not None
    ]
    told, _ = released(spec, by_group, manifest, [before])
    assert [row.n_obs for row in told] != [340, 25]


def test_night_of_which_those_without_an_event_differ_little_from_an_old_run__tells_nothing_new():
    """Each night tells ten people more or fewer, but 14 events: those without one differ by four."""
    spec = parse_study(STUDY)

    def run(n, events):
        one = told(n)
        (row,) = one.rows
        return SimpleNamespace(results=to_frame([replace(row, n_events=events)]), manifest=one.manifest)

    others = [run(500 + 40 * k, 200 + 20 * k) for k in range(6)]
    now = told(310, None)
    rows, _ = released(spec, [replace(now.rows[0], n_events=114)], now.manifest, [*others, run(300, 100)])
    assert rows[0].n_events is None


def test_sets__are_the_same_in_whatever_words_analyses_ask_for_them():
    """Men by `where` and by group; and everybody whose sex is known, as nobody's is missing."""
    spec = parse_study(STUDY)
    about = {"kind": "rates", "outcome": "ill", "term": "total", "measure": "rate"}
    rows = [
        TidyRow(analysis="men", n_obs=40, **about),
        TidyRow(analysis="by sex", n_obs=40, subgroup="sex=m", **about),
        TidyRow(analysis="rates", n_obs=90, **about),
    ]
    men, group, everybody = facts_of(rows, spec, without_gaps={"ill"}).of_row
    assert men == group == {box_of({PEOPLE: SAMPLE, "sex": "=m"})}
    assert everybody == {box_of({PEOPLE: SAMPLE})}
    men, group, everybody = facts_of(rows, spec).of_row
    assert men == group == {box_of({PEOPLE: SAMPLE, "sex": "=m", "ill": KNOWN})}


@pytest.mark.parametrize(
    ("where", "is_level"),
    [("sex = 'm'", True), ("(sex = 'm') AND ill = 'yes'", True), ("sex <> 'm'", False), ("sex = 'x'", False)],
)
def test_where__is_known_as_levels_where_it_asks_for_levels(where, is_level):
    spec = parse_study(STUDY.replace("sex = 'm'", where))
    row = TidyRow(analysis="men", kind="rates", outcome="ill", term="total", measure="rate", n_obs=40)
    (box,) = facts_of([row], spec).of_row[0]
    assert ("sex", "=m") in box if is_level else ("where", where) in box


@pytest.mark.parametrize(
    ("text", "is_told"),
    [
        ("3 records have no wave: they count in overall results only", False),
        ("1,204 records have no wave: they count in overall results only", True),
        ("income: 7.2% of all records are missing (not counting skipped questions)", True),
        ("analysis model-1 failed, it has no rows: a single cluster", True),
    ],
)
def test_told_text__says_nothing_of_few_people(text, is_told):
    assert (told_text(text, 10) == text) == is_told


def test_site__asks_more_than_a_study(monkeypatch):
    spec = load_study("cmds")
    assert with_site_disclosure(spec).disclosure is None
    monkeypatch.setenv(SITE, "threshold = 15, round_to = 5")
    asked = with_site_disclosure(spec).disclosure
    assert (asked.threshold, asked.round_to) == (15, 5)
    again = with_site_disclosure(
        spec.model_copy(update={"disclosure": asked.model_copy(update={"threshold": 20})})
    )
    assert (again.disclosure.threshold, again.disclosure.round_to) == (20, 5)


@pytest.mark.parametrize("text", ["threshold = 1", "treshold = 10", "10", "threshold = '10'"])
def test_site__that_cannot_be_understood_is_refused(monkeypatch, text):
    monkeypatch.setenv(SITE, text)
    with pytest.raises(UsageError, match=f"{SITE}: it cannot be understood; expected") as error:
        with_site_disclosure(load_study("cmds"))
    assert error.value.fault.remedy == "Correct it."


def test_calibration__tells_no_weight_of_a_person():
    facts = {
        "method": "raking",
        "margins": ["sex"],
        "source": None,
        "rounds": 3,
        "smallest_factor": 0.987654321,
        "largest_factor": 1.23456789,
        "sum_of_weights": [18.25, 100.0],
    }
    told = told_calibration({"calibration": facts})["calibration"]
    assert "sum_of_weights" not in told
    assert (told["smallest_factor"], told["largest_factor"]) == (0.988, 1.23)
    assert told["margins"] == ["sex"]
    assert told_calibration({}) == {}
