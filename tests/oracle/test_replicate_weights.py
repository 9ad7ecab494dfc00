"""Every kind of analysis with replicate weights only, against R 4.2.2, survey 4.1-1 (svrepdesign).

tests/oracle/make/replicates.R made the numbers: svymean, svyciprop, svyglm and regTermTest on designs of type
BRR, Fay, bootstrap and JKn, and withReplicates for indices, curves, contributions and RIF regressions.
"""

import numpy as np
import polars as pl
import pytest

import engine
from engine.estimators.index.curve import FEW_UNITS  # of curves with few PSUs
from tests.oracle import replicate_weights
from tests.study_texts import analysis, event, factor, study_text

RTOL = 1e-9
LOGIT_RTOL = 1e-8
METHODS = ("brr", "fay", "bootstrap", "bootstrap_mse", "jkn")
RANKED = {"outcome": "high", "rank_by": "income"}
INDICES = {"CI": "standard", "E": "erreygers", "W": "wagstaff", "ext": "extended"}


@pytest.fixture(scope="module", params=["simulated", "nhanes"])
def people(request, oracle):
    """The simulated people, or NHANES where it is beside this checkout, with R's numbers."""
    if request.param == "simulated":
        frame = request.getfixturevalue("simulated")
    else:
        request.getfixturevalue("shared")
        frame = replicate_weights.nhanes()
    return frame, replicate_weights.designs(frame), oracle(f"replicate_weights_{request.param}")


@pytest.fixture(scope="module", params=METHODS)
def public(request, people, tmp_path_factory):
    """A file with replicate weights and without strata and clusters: rows of a run, and R's numbers."""
    frame, designs, expected = people
    table, values = designs[request.param]
    folder = tmp_path_factory.mktemp("public")
    replicate_weights.with_weights(frame, values).write_parquet(folder / "people.parquet")
    (folder / "study.toml").write_text(study(frame, table))
    rows = engine.run(folder / "study.toml", out=folder / "run").to_frame()
    return rows, expected[request.param]


def study(frame, table):
    """Return a study file with all kinds; the young are those below 40 in the first place."""
    places, tenures = (sorted(frame[name].unique()) for name in ("place", "tenure"))
    return study_text(
        name="public",
        source="people.parquet",
        design={"weight": "w", "replicate_weights": table},
        variables={
            "high": event("high", low=[0], high=[1]),
            "bmi": {},
            "age": {},
            "income": {},
            "sex": factor(female=["female"], male=["male"]),
            "place": factor(**{name: [name] for name in places}),
            "tenure": factor(**{name: [name] for name in tenures}),
            "group": {"from": "age", "cut": {"young": [0, 40], "old": [40, 200]}},
        },
        analyses=[
            analysis("rates", outcome="high", rows="sex"),
            analysis("rates", name="rates of the young", outcome="high", rows="place", by="group"),
            analysis("rates", name="means", outcome="bmi"),
            analysis("describe", variables="bmi"),
            analysis("describe", name="the young", variables="bmi", by=["group", "place"]),
            *(
                analysis("concentration", name=f"{index} {by}", index=index, by=by, compare=by != (), **more)
                for by in ((), "sex", "tenure")
                for index, more in (
                    *((index, RANKED) for index in ("standard", "erreygers", "wagstaff")),
                    ("extended", {**RANKED, "parameter": 3}),
                )
            ),
            analysis("curve", points=4, **RANKED),
            analysis("decomposition", index="erreygers", terms=["sex", "place", "age"], **RANKED),
            analysis(
                "disparity", outcome="high", measure=["difference", "ratio"], group="sex", reference="female"
            ),
            analysis("logit", outcome="high", terms=["sex", "place", ["sex", "place"], "age"]),
            analysis("logit", name="crude", outcome="high", terms=["place"]),
            *(
                analysis("rif", name=f"rif {index}", index=index, terms=["sex", "age", "income"], **RANKED)
                for index in ("standard", "erreygers", "wagstaff")
            ),
        ],
    )


def one(rows, **labels):
    """Return the only row with some labels; None stands for a missing one."""
    found = rows.filter(
        *(
            pl.col(name).is_null() if value is None else pl.col(name) == value
            for name, value in labels.items()
        )
    )
    assert found.height == 1, found
    return found.row(0, named=True)


def assert_equal(row, expected, at=None, rtol=RTOL):
    """Compare estimate, error, limits and p-value of a row with those of R."""
    of_r = {key: np.atleast_1d(value) for key, value in expected.items()}
    for name, key in (
        ("estimate",) * 2,
        ("std_error",) * 2,
        ("conf_low",) * 2,
        ("conf_high",) * 2,
        ("p_value", "p"),
    ):
        if key in of_r and row[name] is not None:
            assert row[name] == pytest.approx(of_r[key][at or 0], rel=rtol, abs=1e-14), name
    assert row["status"] in ("ok", FEW_UNITS)
    assert row["std_error"] is not None
    assert row["conf_low"] is not None


def test_no_row__leaves_the_replicate_weights_out(public):
    rows, _ = public
    methods = rows["method"].drop_nulls().unique().to_list()
    assert not [method for method in methods if "linearised" in method or "design-based" in method]
    with_errors = rows.filter(pl.col("std_error").is_not_null(), pl.col("std_error") > 0)
    assert with_errors["method"].str.contains("replicate weights").all()
    assert with_errors["n_replicates"].is_not_null().all()


def test_rates__equal_svyciprop(public):
    rows, expected = public
    rates = rows.filter(pl.col("analysis") == "rates")
    assert_equal(one(rates, level=None, term="total"), expected["rate"])
    assert_equal(one(rates, level="female"), expected["rate_female"])
    young = rows.filter(pl.col("analysis") == "rates of the young", pl.col("subgroup") == "group=young")
    assert_equal(young.filter(pl.col("term") == "place").row(0, named=True), expected["rate_young"])


def test_means__equal_svymean(public):
    rows, expected = public
    assert_equal(one(rows, analysis="describe", measure="mean"), expected["mean"])
    assert_equal(one(rows, analysis="means", measure="mean"), expected["mean"])
    young = rows.filter(pl.col("analysis") == "the young", pl.col("measure") == "mean")
    assert_equal(young.row(0, named=True), expected["mean_young"])


@pytest.mark.parametrize("index", INDICES)
def test_indices__equal_those_of_replicates(public, index):
    rows, expected = public
    name, of_r = INDICES[index], expected["indices"][index]
    assert_equal(one(rows, analysis=f"{name} ()", measure=name), of_r["whole"])
    by_sex = rows.filter(pl.col("analysis") == f"{name} sex")
    assert_equal(one(by_sex, subgroup="sex=female"), of_r["female"])
    assert_equal(one(by_sex, measure="difference"), of_r["difference"])
    joint = one(rows, analysis=f"{name} tenure", measure="wald_f")
    assert joint["estimate"] == pytest.approx(of_r["joint_F"], rel=RTOL)
    assert joint["p_value"] == pytest.approx(of_r["joint_p"], rel=1e-8)
    k, d = of_r["joint_df"]
    assert (joint["method"], joint["df1"], joint["df2"]) == ("replicate weights, adjusted Wald", k, d)


def test_curve__equals_that_of_replicates(public):
    rows, expected = public
    curve = rows.filter(pl.col("method") == "replicate weights, pointwise")
    of_r = {name: expected["curve"][name] for name in ("estimate", "std_error")}  # limits are of the logit
    for k, level in enumerate(("0.25", "0.5", "0.75")):
        assert_equal(one(curve, level=level), of_r, k)


def test_contributions__equal_those_of_replicates(public):
    rows, expected = public
    found = rows.filter(
        pl.col("measure") == "contribution", pl.col("level").is_null() | (pl.col("level") != "all")
    )
    assert found.height == 3
    for k, row in enumerate(found.iter_rows(named=True)):
        assert row["method"] == "linear, replicate weights, normal"
        assert_equal(row, expected["contributions"], k)


@pytest.mark.parametrize("measure", ["difference", "ratio"])
def test_disparity__equals_rates_in_replicates(public, measure):
    rows, expected = public
    assert_equal(one(rows, analysis="disparity", measure=measure), expected["disparity"][measure])


def test_logit__equals_svyglm(public):
    rows, expected = public
    of_r, logit = expected["logit"], rows.filter(pl.col("analysis") == "logit")
    coefficients = logit.filter(pl.col("measure") == "coefficient").to_dicts()
    places = {"(Intercept)": 0, "sexmale": 1, "age": 4}
    names = [*of_r["terms"]]
    order = [names.index(name) for name in places] + [
        k for k, name in enumerate(names) if name.startswith(("place", "sexmale:"))
    ]
    assert sorted(order) == [0, 1, 2, 3, 4]
    ours = [0, 1, 4, 2, 3]
    for k, at in zip(order, ours, strict=True):
        numbers = {"estimate": "coef", "std_error": "se", "conf_low": "low", "conf_high": "high", "p": "p"}
        assert_equal(coefficients[at], {name: of_r[key][k] for name, key in numbers.items()}, rtol=LOGIT_RTOL)
    test = one(logit, measure="wald_f", term="sex x place")
    assert test["estimate"] == pytest.approx(of_r["wald_F"], rel=1e-7)
    assert (test["method"], test["df1"], test["df2"]) == ("adjusted Wald", 1, expected["degrees"])
    crude = rows.filter(pl.col("analysis") == "crude", pl.col("measure") == "coefficient").row(1, named=True)
    assert crude["estimate"] == pytest.approx(of_r["crude_coef"], rel=LOGIT_RTOL)
    assert crude["std_error"] == pytest.approx(of_r["crude_se"], rel=LOGIT_RTOL)


@pytest.mark.parametrize("index", ["CI", "E", "W"])
def test_rif__equals_regressions_in_replicates(public, index):
    rows, expected = public
    found = rows.filter(pl.col("analysis") == f"rif {INDICES[index]}", pl.col("measure") == "rif_coefficient")
    assert found.height == 4
    for k, row in enumerate(found.iter_rows(named=True)):
        assert_equal(row, expected["rif"][index], k)


@pytest.mark.parametrize("method", METHODS)
def test_python_functions__have_the_rows_of_a_run(people, method):
    """The functions of Python take the same table; here the numbers of R again."""
    frame, designs, numbers = people
    (table, values), expected = designs[method], numbers[method]
    public = replicate_weights.with_weights(frame, values)
    design = {"weight": "w", "replicate_weights": table}
    index = engine.concentration_index(public, "high", "income", index="erreygers", bounds=(0, 1), **design)
    assert_equal(vars_of(index.rows[0]), expected["indices"]["E"]["whole"])
    assert np.isnan(index.linearised_std_error)
    curve = engine.concentration_curve(public, "high", "income", points=4, **design)
    assert curve.std_error[1:4] == pytest.approx(expected["curve"]["std_error"], rel=RTOL)
    parts = engine.decompose(
        public, "high", "income", ["sex", "place", "age"], index="erreygers", bounds=(0, 1), **design
    )
    assert parts.contributions["std_error"].to_list() == pytest.approx(
        expected["contributions"]["std_error"], rel=RTOL
    )
    logit = engine.logit(public, "high", ["place"], covariance="design", **design)
    assert logit.coefficients["std_error"][1] == pytest.approx(expected["logit"]["crude_se"], rel=LOGIT_RTOL)
    rates = engine.rates(public, "high", **design)
    assert rates.rows[0].measure == "rate"
    assert_equal(vars_of(rates.rows[0]), expected["rate"])
    rif = engine.rif(public, "high", "income", ["sex", "age", "income"], **design)
    errors = [row.std_error for row in rif.rows if row.measure == "rif_coefficient"]
    assert errors == pytest.approx(expected["rif"]["CI"]["std_error"], rel=RTOL)


def test_python_functions__refuse_what_leaves_them_out(simulated):
    table, values = replicate_weights.designs(simulated)["brr"]
    public = replicate_weights.with_weights(simulated, values)
    with pytest.raises(engine.UsageError, match="expected 'design'"):
        engine.logit(public, "high", ["sex"], weight="w", replicate_weights=table)
    with pytest.raises(engine.UsageError, match="method: Input should be"):
        engine.rates(public, "high", weight="w", replicate_weights={"columns": "rw_*", "method": "nn"})
    with pytest.raises(engine.EstimationError, match="beside design"):
        engine.concentration_index(
            public, "high", "income", method="jackknife", weight="w", replicate_weights=table
        )


def vars_of(row):
    return {
        name: getattr(row, name)
        for name in ("estimate", "std_error", "conf_low", "conf_high", "p_value", "status")
    }
