"""Regressions of a study file: counts, numbers and ordered levels; their faults, tables and figures."""

import numpy as np
import polars as pl
import pytest

import engine
from engine.report.words.method_names import method_name
from engine.study.load import parse_study
from tests.study_texts import analysis, event, factor, study_text
from tests.unit.test_study import faults_of

VARIABLES = {
    "visits": {"label": "Visits to a doctor"},
    "cost": {},
    "years": {},
    "ill": event("yes", no=[0], yes=[1]),
    "health": {**factor(poor=[3], good=[1], fair=[2]), "reference": "fair"},
    "sex": factor(male=[1], female=[2]),
    "age": {"scale": 10},
}
MODELS = [
    analysis("regression", name="counts", outcome="visits", model="poisson", terms=["sex", "age"]),
    analysis(
        "regression",
        name="counts-nb",
        outcome="visits",
        model="negative-binomial",
        terms=["sex", "age", ["sex", "age"]],
        exposure="years",
    ),
    analysis("regression", name="cost", outcome="cost", model="linear", terms=["sex", "age"], by="sex2"),
    analysis("regression", name="health", outcome="health", model="ordered-logit", terms=["sex", "age"]),
    analysis(
        "regression",
        name="old",
        outcome="visits",
        model="poisson",
        terms=["sex"],
        where="age > 40",
        covariance="cluster",
        weighted=False,
    ),
]


@pytest.fixture(scope="module")
def records():
    rng = np.random.default_rng(6)
    n = 400
    return pl.DataFrame(
        {
            "sex": rng.integers(1, 3, n),
            "age": rng.integers(18, 80, n),
            "ill": rng.integers(0, 2, n),
            "health": rng.integers(1, 4, n),
            "years": rng.uniform(0.5, 2.0, n),
            "cost": rng.normal(10.0, 3.0, n),
            "w": rng.uniform(1.0, 3.0, n),
            "psu": rng.integers(0, 60, n),
        }
    ).with_columns(visits=pl.Series(rng.poisson(np.exp(rng.normal(0.0, 0.8, n)))), sex2=pl.col("sex"))


def text_of(*analyses, **variables):
    return study_text(
        source="records.parquet",
        design={"weight": "w", "cluster": "psu"},
        variables={**VARIABLES, "sex2": factor(m=[1], f=[2]), **variables},
        analyses=analyses,
    )


@pytest.fixture
def run(tmp_path, records, whole_reports):
    records.write_parquet(tmp_path / "records.parquet")
    (tmp_path / "study.toml").write_text(
        text_of(*(one for one in MODELS if one["name"] != "cost"), {**MODELS[2], "terms": ["age"]})
    )
    return engine.run(tmp_path / "study.toml", out=tmp_path / "run")


def test_run__equals_the_python_function_and_shows_all_models(run, records, cli):
    rows = run.to_frame()

    def estimates(name, measure="coefficient", **of):
        found = rows.filter(pl.col("analysis") == name, pl.col("measure") == measure)
        return found.filter(**of) if of else found

    sexed = records.with_columns(
        pl.col("sex").replace_strict({1: "male", 2: "female"}).cast(pl.Enum(["male", "female"])),
        pl.col("age") / 10,
        health=pl.col("health")
        .replace_strict({3: "poor", 1: "good", 2: "fair"})
        .cast(pl.Enum(["poor", "good", "fair"])),
    )
    design = {"weight": "w", "cluster": "psu", "covariance": "design"}
    terms = ["sex", "age"]
    for name, outcome, model, more in (
        ("counts", "visits", "poisson", {}),
        ("counts-nb", "visits", "negative-binomial", {"exposure": "years"}),
        ("health", "health", "ordered-logit", {}),
    ):
        asked = [*terms, ("sex", "age")] if more else terms
        ours = engine.regression(sexed, outcome, asked, model, **design, **more)
        stored = estimates(name)
        for key in ("estimate", "std_error", "p_value", "df2"):
            assert stored[key].to_numpy() == pytest.approx(ours.coefficients[key].to_numpy(), rel=1e-9)
    # The order of the levels is that of the study file, whatever the reference is.
    assert estimates("health", "threshold")["level"].to_list() == ["poor | good", "good | fair"]
    assert estimates("cost")["subgroup"].unique().sort().to_list() == ["sex2=f", "sex2=m"]
    old = engine.regression(
        sexed.filter(pl.col("age") > 4), "visits", ["sex"], "poisson", cluster="psu", covariance="cluster"
    )
    assert estimates("old")["std_error"].to_numpy() == pytest.approx(
        old.coefficients["std_error"].to_numpy(), rel=1e-9
    )
    out = cli("show", run.path)[1]
    for words in (
        "Regression (95 % intervals) of Visits to a doctor",
        "IRR",
        "1 (Ref)",
        "(alpha)",
        "age (per 10)",
    ):
        assert words in out
    explained = cli("show", run.path, "--explain")[1]
    assert "incidence_rate_ratio: Rate of the counted events" in explained
    report = (run.path / "report.html").read_text(encoding="utf-8")
    assert "Incidence rate ratios of" in report
    assert "Cameron AC, Trivedi PK" in report
    assert "forest-counts" in {path.stem for path in (run.path / "figures").iterdir()}


FAULTS = [
    ({"outcome": "health"}, {}, "outcome", "the factor 'health'"),
    ({"outcome": "visits", "model": "ordered-logit"}, {}, "outcome", "the number 'visits'"),
    ({"model": "linear", "exposure": "years"}, {}, "exposure", "an exposure with model = 'linear'"),
    ({"exposure": "sex"}, {}, "exposure", "the factor 'sex'"),
    ({"exposure": "yeers"}, {}, "exposure", "Did you mean 'years'"),
    ({"model": "poison"}, {}, "model", "Did you mean 'poisson'"),
    ({"terms": ["sex", "visits"]}, {}, "terms", "the outcome itself"),
    ({"constant": False}, {}, "constant", "false with model = 'poisson'"),
    ({"model": "linear", "constant": False}, {}, "constant", "false with the factor 'sex'"),
    ({"model": "linear", "constant": False, "terms": ["age", "wave"]}, {}, "constant", "the factor 'wave'"),
    ({"model": "linear", "constant": False, "terms": 5}, {}, "terms", "expected"),
]


@pytest.mark.parametrize(("change", "variables", "key", "words"), FAULTS)
def test_fault__names_its_place(change, variables, key, words):
    fault = faults_of(text_of({**MODELS[0], **change}, **variables))[f"analysis[1].{key}"]
    assert words in str(fault)


def test_model_without_a_constant__is_that_of_the_function_and_is_told_so(tmp_path, records):
    records.write_parquet(tmp_path / "records.parquet")
    through_0 = {"model": "linear", "outcome": "cost", "terms": ["age"], "constant": False}
    (tmp_path / "study.toml").write_text(text_of({**MODELS[0], **through_0}))
    found = engine.run(tmp_path / "study.toml", out=tmp_path / "run").to_frame()
    frame = records.with_columns(pl.col("age") / 10)
    of_design = {"weight": "w", "cluster": "psu", "covariance": "design"}
    expected = engine.regression(frame, "cost", ["age"], "linear", constant=False, **of_design).to_frame()
    assert found["measure"].to_list() == expected["measure"].to_list()
    for column in ("estimate", "std_error"):
        assert found[column].to_numpy() == pytest.approx(expected[column].to_numpy(), rel=1e-12, nan_ok=True)
    method = found["method"][0]
    assert method == "linear without a constant, design-based"
    assert method_name("zh", method) == "无常数项的线性，基于设计的"


def test_event__is_an_outcome_of_every_model():
    for model in ("linear", "poisson", "ordered-logit"):
        parse_study(text_of({**MODELS[0], "outcome": "ill", "model": model}))


def test_negative_counts__end_the_run_without_telling_them(tmp_path, records, cli):
    records.with_columns(visits=pl.col("visits") - 77).write_parquet(tmp_path / "records.parquet")
    (tmp_path / "study.toml").write_text(text_of(MODELS[0]))
    code, out, err = cli("run", tmp_path / "study.toml", "--out", tmp_path / "run", "--json")
    assert code in (11, 12)
    told = err + out
    assert "values are negative; expected counts" in told
    assert "-77" not in told
