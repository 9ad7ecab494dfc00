"""The methods paragraph: each kind and option of a study is told, in both languages, with its works."""

import re

import pytest

from engine.report.methods_of_errors import MOST_AUTO
from engine.report.methods_text import methods_text
from engine.report.methods_writer import SENTENCES
from engine.report.words.works import WORKS
from engine.study import bootstrap

LABELS = {"income": "Income", "payment": "Payments", "visits": "Visits", "ill": "Illness", "edu": "Schooling"}


def row(analysis, kind, **given):
    empty = {"measure": "", "rank_by": None, "method": None, "n_replicates": None, "n_failed": None}
    return {"analysis": analysis, "kind": kind, **empty, **given}


def told(*analyses, rows=None, design=None, language="en"):
    """Return the paragraph and its works for some analyses, each with one row."""
    asked = {"study": {}, "design": design or {}, "analysis": list(analyses)}
    manifest = {
        "study": {"asked": asked},
        "sample_flow": [{"n": 1200}, {"n": 1000}],
        "seed": 7,
        "versions": {"equirank": "1"},
    }
    rows = [row(one["name"], one["kind"]) for one in analyses] if rows is None else rows
    sentences, works = methods_text(manifest, rows, LABELS, language)
    return " ".join(sentences), "\n".join(works)


def disparity(**given):
    return {"name": "gaps", "kind": "disparity", "outcome": ["ill"], **given}


def financing(**given):
    return {"name": "paid", "kind": "financing", "outcome": ["payment"], "resources": "income", **given}


CASES = [
    (
        disparity(measure=["difference", "bgv"], group="edu"),
        ["between the levels of Schooling: difference, between-group variance"],
        "Handbook on health inequality monitoring",
    ),
    (
        disparity(measure=["sii"], rank_by="income", link="logit"),
        ["along Income: slope index of inequality", "the rank (logit)", "mid-ranks by Income"],
        "Mackenbach",
    ),
    (
        disparity(measure=["theil", "atkinson"], decompose_by="edu", parameter=0.5),
        ["between people: Theil index, Atkinson index", "By Schooling it is split"],
        "Shorrocks",
    ),
    (
        disparity(
            measure=["ratio"],
            group="edu",
            standardise={"by": ["age", "sex"], "population": [["a", "b", 1], ["a", "c", 1]]},
        ),
        ["standardisation by age, sex", "(2 cells)"],
        "Ahmad",
    ),
    (
        financing(measure=["kakwani", "reranking"]),
        ["Payments: Payments, against Income", "The Kakwani index is", "reranking is the difference"],
        "Aronson",
    ),
    (
        financing(measure=["headcount"], threshold=[0.1, 0.25], capacity="food"),
        ["catastrophic above 10, 25 per cent of food"],
        "Catastrophe and impoverishment",
    ),
    (
        financing(measure=["poverty_gap"], poverty_line=2.15),
        ["The poverty line is 2.15"],
        "Catastrophe and impoverishment",
    ),
    (
        financing(outcome=["visits"], measure=["kakwani"], unit_cost=30.0, fee="payment"),
        ["the use of Visits times a public cost of 30 a unit less Payments, never below 0"],
        "Analyzing Health Equity",
    ),
    (financing(measure=["achievement"]), ["with aversion 2"], "Inequality aversion"),
    ({"name": "r", "kind": "rates", "interval": "beta"}, ["exact limits for every rate"], "Korn"),
    (
        financing(measure=["headcount"], threshold=[0.1], limits="beta"),
        ["Limits of the headcounts of paid: with exact limits for every rate"],
        "Graubard",
    ),
    ({"name": "r", "kind": "rates", "test": True}, ["Tests of r: Pearson's chi-square"], "Scott"),
    ({"name": "i", "kind": "rif", "index": "erreygers"}, ["of the Erreygers index is regressed"], "Heckley"),
    (
        {"name": "c", "kind": "concentration", "compare": True, "peer": "conindex", "parameter": 3.0},
        ["adjusted Wald F", "Stata's conindex", "The parameter of c is 3"],
        "Stata Journal",
    ),
    ({"name": "m", "kind": "multilevel", "weights": "cluster-size"}, ["size of each innermost"], "Skrondal"),
    ({"name": "m", "kind": "multilevel", "weights": "effective-size"}, ["to the effective size"], "Skrondal"),
    ({"name": "m", "kind": "multilevel", "weights": "unscaled"}, ["people given their cluster"], "Skrondal"),
]


@pytest.mark.parametrize(("analysis", "sentences", "work"), CASES)
def test_methods__tell_each_kind_and_option_with_its_works(analysis, sentences, work):
    text, works = told(analysis)
    for one in sentences:
        assert one in text
    assert work in works
    assert "{" not in text


def test_methods__name_levels_that_have_weights():
    model = {"name": "m", "kind": "multilevel", "levels": ["village", "city"]}
    design = {"level_weights": {"village": "w2"}}
    text, _ = told({**model, "weights": "unscaled"}, design=design)
    assert "The clusters of village have weights of their own." in text
    assert "weights of their own" not in told({**model, "weights": "none"}, design=design)[0]


@pytest.mark.parametrize(("analysis", "sentences", "work"), CASES)
def test_methods__are_chinese_but_for_names(analysis, sentences, work):
    text, works = told(analysis, language="zh")
    assert work in works
    allowed = {
        "Pearson",
        "Rao",
        "Scott",
        "Kakwani",
        "Reynolds",
        "Smolensky",
        "Stata",
        "conindex",
        "Wald",
        "F",
        "Erreygers",
        "RIF",
    }
    allowed |= {"equirank", "logit", "Student", "t", *LABELS.values(), "food", "age", "sex", analysis["name"]}
    assert not {*re.findall("[A-Za-z]+", text)} - allowed


MODELS = (
    ("linear", "Fuller"),
    ("poisson", "Cameron"),
    ("negative-binomial", "Cameron"),
    ("ordered-logit", "McC"),
)


@pytest.mark.parametrize(("model", "work"), MODELS)
def test_regressions__cite_the_work_of_their_model(model, work):
    found = row("m", "regression", measure="coefficient", method=f"{model}, design-based")
    text, works = told({"name": "m", "kind": "regression", "model": model}, rows=[found])
    assert f"({model}, design-based errors)" in text
    assert work in works
    chinese, _ = told({"name": "m", "kind": "regression", "model": model}, rows=[found], language="zh")
    assert "基于设计的误差" in chinese
    assert model not in chinese


def test_methods__leave_out_what_was_not_computed():
    text, _ = told(disparity(measure=["ratio"], group="edu"), rows=[])
    assert "Disparity" not in text


def test_replicate_weights__are_told_as_the_design_and_not_as_draws():
    design = {"replicate_weights": {"columns": "rw_*", "method": "brr", "centre": "mean"}, "weight": "w"}
    found = row("c", "concentration", measure="standard", method="replicate weights, normal", n_replicates=80)
    text, works = told({"name": "c", "kind": "concentration"}, rows=[found], design=design)
    assert "Replicate weights in rw_* (brr)" in text
    assert "around the mean of the replicates" in text
    assert "Monte-Carlo" not in text
    assert "Wolter" in works


def test_jackknife__has_no_monte_carlo_error():
    found = row(
        "c", "concentration", measure="standard", method="delete-PSU jackknife, normal", n_replicates=80
    )
    text, _ = told({"name": "c", "kind": "concentration"}, rows=[found])
    assert "Jackknife: delete-PSU jackknife, normal" in text
    assert "Monte-Carlo" not in text


def test_auto_replicates__say_when_they_stop():
    asked = {"name": "c", "kind": "decomposition", "bootstrap": {"replicates": "auto"}}
    method = "logit, first elasticity, second index, rao-wu bootstrap, percentile"
    found = row("c", "decomposition", measure="contribution", method=method, n_replicates=2048)
    text, works = told(asked, rows=[found])
    assert "Replicates: rao-wu bootstrap, percentile, 2,048 of them" in text
    assert "the number of replicates of c was not fixed" in text.lower()
    assert "or until there are 40,960" in text
    assert "Davison" in works
    assert MOST_AUTO == bootstrap.MOST_AUTO


def test_design__tells_finite_populations_and_single_units():
    text, _ = told(design={"weight": "w", "population": "N_h", "single_psu": "adjust"})
    assert "Finite population correction from N_h." in text
    assert "compared with the mean of all units" in text


def test_sentences__have_the_same_places_in_both_languages():
    """A sentence in one language has the same places as in the other."""
    for key, (english, chinese) in SENTENCES.items():
        places = [sorted({*re.findall(r"\{(\w+)\}", text)}) for text in (english, chinese)]
        assert places[0] == places[1], key
    assert len({*WORKS.values()}) == len(WORKS)


@pytest.mark.parametrize(
    ("language", "sentence", "model"), [("en", "are linearised", "(logit"), ("zh", "线性化", "（logit")]
)
def test_decompositions_without_replicates__tell_of_linearised_errors(language, sentence, model):
    asked = {"name": "parts", "kind": "decomposition", "outcome": "ill", "model": "logit", "terms": ["edu"]}
    found = row("parts", "decomposition", measure="contribution", method="logit, linearised")
    text, _ = told(asked, rows=[found], language=language)
    assert sentence in text
    assert model in text
    bare, _ = told(asked, rows=[{**found, "method": "logit"}], language=language)
    assert sentence not in bare
