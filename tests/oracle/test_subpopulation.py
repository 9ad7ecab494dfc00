"""Analyses of a domain against R survey: subset() of the whole design (tests/oracle/make/subpopulation.R)."""

import polars as pl
import pytest

from engine.batch.check import check_study
from engine.batch.kinds import TABLES
from engine.batch.plan import make_plan
from engine.batch.run import run
from engine.batch.tasks import tasks_of
from engine.errors import DataError
from engine.nights.task_keys import task_key, used_variables
from engine.report.run_tables import run_sections
from engine.store.run_directory import read_run
from engine.study import parse_study
from tests.conftest import ROOT
from tests.study_texts import analysis, event, factor, study_text

WHERE = "tenure = 'irregular' AND age >= 40"
DESIGNS = {
    "clusters": {"weight": "w", "stratum": "strata", "cluster": "psu"},
    "strata": {"weight": "w", "stratum": "strata"},
    "rows": {"weight": "w"},
}


def text_of(design, where=WHERE, path=ROOT / "tests/oracle/simulated/people.csv"):
    own = {} if where is None else {"where": where}
    return study_text(
        source=str(path),
        design=design,
        variables={
            "high": event("yes", no=[0], yes=[1]),
            "age": {"scale": 10},
            "bmi": {},
            "income": {},
            "sex": factor(female=["female"], male=["male"]),
            "tenure": {"levels": levels_of(path)},
            "third": {"from": "income", "quantiles": ["low", "middle", "high"]},
        },
        analyses=[
            analysis("rates", outcome=["high", "bmi"], rows="sex", **own),
            analysis("concentration", outcome="high", rank_by="income", index="erreygers", **own),
            analysis(
                "concentration",
                name="jackknife",
                outcome="high",
                rank_by="income",
                index="erreygers",
                bootstrap={"method": "jackknife", "interval": "normal"},
                **own,
            ),
            analysis("logit", outcome="high", terms=["age", "sex"], crude=False, **own),
            analysis("describe", name="all", variables="bmi"),
        ],
    )


def levels_of(path):
    return {level: [level] for level in pl.read_csv(path)["tenure"].unique().sort()}


def row_of(rows, **keys):
    def fits(row):
        return all(
            row[key] in value if isinstance(value, set) else row[key] == value for key, value in keys.items()
        )

    (found,) = filter(fits, rows.to_dicts())
    return found


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Design -> the run of its study."""
    runs = {}
    for name, design in DESIGNS.items():
        folder = tmp_path_factory.mktemp(name)
        (folder / "study.toml").write_text(text_of(design))
        run(folder / "study.toml", out=folder / "run")
        runs[name] = read_run(folder / "run")
    return runs


UNITS = {40, 786}  # PSUs, rows: of the whole design
ROWS = {
    "rate": {"analysis": "rates", "measure": "rate", "term": "total"},
    "mean": {"analysis": "rates", "measure": "mean", "term": "total"},
    "female": {"analysis": "rates", "measure": "mean", "level": "female"},
    "erreygers": {"analysis": "concentration", "measure": "erreygers"},
    "jackknife": {"analysis": "jackknife", "measure": "erreygers", "n_replicates": UNITS},
    "age": {"measure": "coefficient", "term": "age"},
    "male": {"measure": "coefficient", "level": "male"},
}


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("name", ROWS)
def test_domain__is_that_of_subset(finished, oracle, design, name):
    row = row_of(finished[design].results, **ROWS[name])
    expected = oracle("subpopulation_simulated")[design][name]
    rtol = 1e-8 if name in ("age", "male") else 1e-9
    assert row["estimate"] == pytest.approx(expected["estimate"], rel=rtol)
    assert row["std_error"] == pytest.approx(expected["std_error"], rel=rtol)


def test_domain__leaves_the_other_analyses_alone(finished):
    rows = finished["clusters"].results
    assert row_of(rows, analysis="all", measure="mean")["n_obs"] == 786
    assert row_of(rows, **ROWS["mean"])["n_obs"] == 91


def test_domain_and_scale__are_shown(finished):
    sections = run_sections(finished["clusters"], TABLES)
    tables = {name: section.tables for section in sections for name in section.analyses}
    note = f"The records where {WHERE}; the design is that of all records."
    assert all(note in table.notes for table in tables["rates"] + tables["concentration"])
    assert not any(note in table.notes for table in tables["all"])
    assert any(line[0] == "age (per 10)" for line in tables["logit"][0].rows)
    assert [table.title for table in tables["rates"]] == ["Rate of high, per cent", "Mean of bmi"]
    assert tables["rates"][1].rows[0][1:] == ("91", "25.53 (24.86 to 26.21)")


def test_domain__of_quantile_groups_of_the_sample(tmp_path):
    (tmp_path / "study.toml").write_text(text_of(DESIGNS["rows"], "third LIKE 'l%' AND third <> 'high'"))
    run(tmp_path / "study.toml", out=tmp_path / "run")
    rows = read_run(tmp_path / "run").results
    incomes = pl.read_csv(ROOT / "tests/oracle/simulated/people.csv").sort("income")
    inside = row_of(rows, **ROWS["mean"])["n_obs"]
    assert abs(inside - incomes.height / 3) < 60
    assert inside == incomes.filter(pl.col("income") <= incomes["income"][inside - 1]).height


def test_domain__without_a_row_is_an_error_of_its_analysis(tmp_path):
    (tmp_path / "study.toml").write_text(text_of(DESIGNS["rows"], "age > 200"))
    with pytest.raises(DataError, match="no row is left of the 786 of the sample"):
        run(tmp_path / "study.toml", out=tmp_path / "run", only="concentration")


def test_domain__is_planned_and_checked(tmp_path):
    (tmp_path / "study.toml").write_text(text_of(DESIGNS["rows"]))
    assert f"where {WHERE}" in make_plan(tmp_path / "study.toml").analyses[0]
    (tmp_path / "study.toml").write_text(text_of(DESIGNS["rows"], "agee > 1"))
    places = [fault.place for fault in check_study(tmp_path / "study.toml")]
    assert places == [f"analysis[{number}].where" for number in (1, 2, 3, 4)]


def test_domain_and_scale__make_a_task_stale():
    def key_of(text):
        spec = parse_study(text)
        return task_key(spec, tasks_of(spec, ())[1], []).study, used_variables(spec, tasks_of(spec, ())[1])

    before, names = key_of(text_of(DESIGNS["rows"]))
    assert names == ("high", "age", "income", "tenure")
    assert key_of(text_of(DESIGNS["rows"], None))[0] != before
    assert key_of(text_of(DESIGNS["rows"], WHERE.replace("40", "41")))[0] != before
    assert key_of(text_of(DESIGNS["rows"]).replace("scale = 10", "scale = 100"))[0] != before


def test_scale__divides_coefficients_and_nothing_else(tmp_path):
    text = text_of(DESIGNS["clusters"]) + "".join(
        f'[[analysis]]\nname = "{kind}"\nkind = "{kind}"\noutcome = "high"\nrank_by = "income"\n'
        'terms = ["age", "sex"]\n'
        for kind in ("decomposition", "rif")
    )
    found = {}
    for scale in (1, 10):
        (tmp_path / "study.toml").write_text(text.replace("scale = 10", f"scale = {scale}"))
        run(tmp_path / "study.toml", out=tmp_path / f"run{scale}")
        found[scale] = read_run(tmp_path / f"run{scale}").results
    for kind, measure, factor_ in (
        ("decomposition", "effect", 10),
        ("decomposition", "mean", 0.1),
        ("decomposition", "contribution", 1),
        ("rif", "rif_coefficient", 10),
        ("logit", "marginal_effect", 10),
    ):
        one, ten = (
            row_of(found[scale], kind=kind, measure=measure, term="age", level=None) for scale in (1, 10)
        )
        assert ten["estimate"] == pytest.approx(factor_ * one["estimate"], rel=1e-9), (kind, measure)
    odds = [row_of(found[scale], measure="odds_ratio", term="age")["estimate"] for scale in (1, 10)]
    assert odds[1] == pytest.approx(odds[0] ** 10, rel=1e-9)


def test_scale_of_a_factor__is_a_fault(tmp_path):
    (tmp_path / "study.toml").write_text(
        text_of(DESIGNS["rows"]).replace('from = "sex"', 'from = "sex"\nscale = 10')
    )
    assert [fault.place for fault in check_study(tmp_path / "study.toml")] == ["variables.sex.scale"]


def test_weights__may_have_another_name_in_each_wave(tmp_path):
    people = pl.read_csv(ROOT / "tests/oracle/simulated/people.csv")
    design, path = {"weight": {"1": "w", "2": "w2"}}, {"1": "one.csv", "2": "two.csv"}
    people[:400].write_csv(tmp_path / "one.csv")
    people[400:].rename({"w": "w2"}).write_csv(tmp_path / "two.csv")
    analyses = [analysis("describe", by="wave")]
    text = study_text(source={"path": path}, design=design, variables={"bmi": {}}, analyses=analyses)
    (tmp_path / "study.toml").write_text(text)
    run(tmp_path / "study.toml", out=tmp_path / "run")
    rows = read_run(tmp_path / "run").results
    for wave, part in (("1", people[:400]), ("2", people[400:]), (None, people)):
        row = row_of(rows, measure="mean", wave=wave)
        assert row["estimate"] == pytest.approx((part["bmi"] * part["w"]).sum() / part["w"].sum(), rel=1e-12)
    (tmp_path / "study.toml").write_text(
        text.replace('"2" = "w2"', '"3" = "w2"').replace('2 = "w2"', '3 = "w2"')
    )
    places = [fault.place for fault in check_study(tmp_path / "study.toml")]
    assert places == ["design.weight"]


def test_nhanes_as_r_writes_it__derived_variables_in_a_domain(shared, tmp_path):
    """Against R: write.csv (NA), Weight / (Height / 100)^2, log(HHIncomeMid), svymean of a subset."""
    nhanes = pl.read_parquet(shared / "data" / "nhanes_2009_2012_raw.parquet")
    nhanes.write_csv(tmp_path / "nhanes.csv", null_value="NA")
    text = study_text(
        source={"path": "nhanes.csv", "wave": "SurveyYr"},
        design={"weight": "WTINT2YR", "stratum": "SDMVSTRA", "cluster": "SDMVPSU", "nested": True},
        variables={
            "bmi": {"from": "", "expression": "kg / power(cm / 100, 2)"},
            "log_income": {"from": "", "expression": "log(income)"},
            "kg": {"from": "Weight"},
            "cm": {"from": "Height"},
            "income": {"from": "HHIncomeMid"},
            "age": {"from": "Age"},
            "sex": {"from": "Gender", **factor(male=["male"], female=["female"])},
            "published_bmi": {"from": "BMI"},
        },
        sample={"As published": "coalesce(abs(bmi - published_bmi) <= 0.0501, TRUE)"},
        analyses=[
            analysis("rates", outcome=["bmi", "log_income"], where="age >= 40 AND sex LIKE 'fem%'"),
        ],
    ).replace('from = ""\n', "")
    (tmp_path / "study.toml").write_text(text)
    run(tmp_path / "study.toml", out=tmp_path / "run")
    finished_run = read_run(tmp_path / "run")
    assert {step["n"] for step in finished_run.manifest["sample_flow"]} == {nhanes.height}
    for outcome, estimate, std_error in (
        ("bmi", 29.24285842033616944, 0.16694114902118684),
        ("log_income", 10.681966962353534711, 0.029333559565514547),
    ):
        row = row_of(finished_run.results, outcome=outcome)
        assert row["estimate"] == pytest.approx(estimate, rel=1e-12)
        assert row["std_error"] == pytest.approx(std_error, rel=1e-9)
