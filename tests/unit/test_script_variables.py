"""`equirank import`: variables that a script makes become expressions, levels and values of groups."""

import numpy as np
import polars as pl
import pytest

import engine
from engine.draft.finishing import finish
from engine.draft.made_variables import value_of
from engine.draft.r_study import study_of_r
from engine.draft.script import Untaken
from engine.draft.stata_study import study_of_do_file

DO_FILE = """\
use people.csv
svyset psu [pw=weight], strata(h)
rename w weight
recode age (20/39=1 "young") (40/54=2 "middle") (55/max=3 "old"), gen(group)
gen byte Female = sex == 2 if !missing(sex)
gen lninc = ln(income)
replace sick = 1 if sick > 1 & sick < .
label define yn 0 "healthy" 1 "ill person"
label values ill yn
bysort village: egen worst = max(sick)
gen unused = age^2
svy: logit ill i.Female i.group lninc sick worst, or
conindex visits if group != 1, rank(income) truezero
replace income = 0 if income == .
"""
R_SCRIPT = """\
d <- read_csv("people.csv") %>%
  mutate(Female = if_else(sex == 2, 1, 0),
         group = case_when(age < 40 ~ "young", age < 55 ~ "middle", TRUE ~ "old"),
         sick = ifelse(sick > 1, 1, sick)) |>
  filter(income > 0, !is.na(age))
d$lninc <- log(d$income)
d$region <- factor(d$h, levels = c(1, 2), labels = c("north", "south"))
adults <- d %>% filter(age >= 25)
des <- adults %>% as_survey_design(ids = psu, strata = h, weights = w)
fit <- des %>% svyglm(ill ~ Female + group + lninc + region, design = ., family = quasibinomial())
lin <- lm(visits ~ age + sick + income, data = adults)
contribution(lin, adults$income)
d %>% filter(sex == 1) %>% count(ill)
"""


@pytest.fixture(scope="module")
def people():
    """Random people, and the variables of the scripts, made with Polars."""
    rng = np.random.default_rng(16)
    n = 600
    raw = pl.DataFrame(
        {
            "psu": np.arange(n) % 30,
            "h": 1 + np.arange(n) % 30 // 15,
            "w": rng.uniform(0.5, 2, n),
            "age": rng.integers(20, 70, n),
            "sex": rng.integers(1, 3, n),
            "sick": rng.integers(0, 4, n),
            "income": np.round(np.exp(rng.normal(6, 0.7, n)), 2),
            "visits": rng.poisson(2, n),
            "ill": rng.integers(0, 2, n),
            "village": np.arange(n) // 3,
        }
    )
    age, sick = pl.col("age"), pl.when(pl.col("sick") > 1).then(1).otherwise("sick")
    older = pl.when(age < 55).then(pl.lit("middle")).otherwise(pl.lit("old"))
    made = raw.with_columns(
        sick=sick,
        Female=(pl.col("sex") == 2).cast(int),
        group=pl.when(age < 40).then(pl.lit("young")).otherwise(older),
        lninc=pl.col("income").log(),
        region=pl.col("h").replace_strict({1: "north", 2: "south"}),
        worst=sick.max().over("village"),
    )
    return raw, made


@pytest.fixture
def run_of(people, cli, tmp_path, monkeypatch):
    """Import a script and run its study: returns the study and the rows of the run."""
    monkeypatch.chdir(tmp_path)
    people[0].write_csv("people.csv")

    def run(name, script):
        (tmp_path / name).write_text(script, encoding="utf-8")
        code, study, err = cli("import", name)
        assert code == 0, err
        (tmp_path / "study.toml").write_text(study, encoding="utf-8")
        code, told, err = cli("run", "study.toml", "--out", "run", "--no-report")
        assert code == 0, told + err
        return study, engine.read_run("run").rows

    return run


def coefficients(rows):
    return [row.estimate for row in rows if row.measure == "coefficient" and row.n_obs and row.estimate]


DESIGN = {"weight": "w", "stratum": "h", "cluster": "psu"}


def test_do_file__computes_what_its_variables_say(people, run_of):
    study, rows = run_of("people.do", DO_FILE)
    assert "# line 11: gen unused = age^2: makes a variable that no analysis or rule uses" in study
    assert "# ? Line 14 changes it, and is left out." in study
    assert 'event = "ill person"' in study
    alone = engine.logit(
        people[1].with_columns(pl.col("Female").cast(pl.String)),
        "ill",
        ["Female", "group", "lninc", "sick", "worst"],
        **DESIGN,
        covariance="design",
        references={"group": "young"},
    )
    adjusted = [row for row in rows if row.analysis == "ill" and row.method == "design-based"]
    assert sorted(coefficients(adjusted)) == pytest.approx(sorted(coefficients(alone.rows)), rel=1e-9)
    (index,) = (row for row in rows if row.analysis == "visits-by-income")
    domain = people[1].filter(pl.col("group") != "young")
    assert index.estimate == pytest.approx(
        engine.concentration_index(domain, "visits", "income", weight="w").estimate, rel=1e-9
    )


def test_r_script__computes_what_its_pipes_say(people, run_of):
    study, rows = run_of("people.R", R_SCRIPT)
    assert "# line 13: d %>% filter(sex == 1) %>% count(ill)" in study
    alone = engine.logit(
        people[1].filter(pl.col("age") >= 25),
        "ill",
        ["Female", "group", "lninc", "region"],
        **DESIGN,
        covariance="design",
    )
    adjusted = [row for row in rows if row.analysis == "ill" and row.method == "design-based"]
    assert sorted(coefficients(adjusted)) == pytest.approx(sorted(coefficients(alone.rows)), rel=1e-9)
    (index,) = (row for row in rows if row.kind == "decomposition" and row.measure == "standard")
    adults = people[1].filter(pl.col("age") >= 25)
    assert index.estimate == pytest.approx(
        engine.concentration_index(adults, "visits", "income", weight="w").estimate, rel=1e-9
    )


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        ("a^2 + 3*(b - 1)/c", "power(a, 2) + 3 * (b - 1) / c"),
        ("-a", "-a"),
        ("cond(a > 1, 2, b)", "CASE WHEN a > 1 THEN 2 ELSE b END"),
        (
            "ifelse(a %in% c(1, 3:5), 1, NA)",
            "CASE WHEN a IN (1, 3, 4, 5) THEN 1 WHEN NOT (a IN (1, 3, 4, 5)) THEN NULL END",
        ),
        ("case_when(a > 1 ~ 'x', .default = 'y')", "CASE WHEN a > 1 THEN 1 ELSE 2 END"),
        ("d$a == 1 & !is.na(b)", "a = 1 AND NOT (b IS NULL)"),
        ("(a == 1) + 1", "CASE WHEN a = 1 THEN 1 WHEN NOT (a = 1) THEN 0 END + 1"),
    ],
)
def test_expression__is_sql(text, sql):
    assert value_of(text)[1] == sql


@pytest.mark.parametrize(
    "text", ["rnormal()", "_n", "a[_n-1]", "'text'", "substr(a, 1, 2)", "ifelse(a, 'x', 2)", "a +"]
)
def test_other_expressions__are_refused(text):
    with pytest.raises(Untaken, match="than a study file can say"):
        value_of(text)


def test_change_that_is_left_out__is_told_where_the_variable_stands():
    study = study_of_do_file(
        "gen n = 0\nforeach v of varlist a* {\n replace n = n + 1 if `v' == 1\n}\nsvy: logit y n\n"
    )
    finish(study)
    assert (study.variables["n"].expression, study.variables["n"].changed_at) == (None, 3)
    assert 1 in study.taken


def test_change_after_use__is_left_out():
    study = study_of_do_file("conindex y, rank(x)\nreplace x = 0 if x < 0\n")
    assert study.left_out[2][1] == "changes a variable after a statement that uses it"
    assert study.variables["x"].expression is None


def test_steps_of_a_variable__are_one_case():
    study = study_of_do_file("gen a = b\nreplace a = a + 1 if y == 2\nreplace a = 2 if x < 3\n")
    assert study.variables["a"].expression == "CASE WHEN x < 3 THEN 2 WHEN y = 2 THEN (b) + 1 ELSE (b) END"
    study = study_of_do_file("gen a = .\nreplace a = 1 if x == 1\nreplace a = 2 if y > 2\n")
    assert study.variables["a"].expression == "CASE WHEN y > 2 THEN 2 WHEN x = 1 THEN 1 ELSE NULL END"
    assert study.notes == {3: "an unknown value is above no number; in Stata it is above all"}


def test_two_names_in_other_cases__are_parted():
    study = study_of_do_file("recode ETHNIC (3=1) (else=0), gen(ethnic)\nlogit y ethnic\n")
    finish(study)
    assert study.variables["ETHNIC_file"].source == "ETHNIC"
    assert study.variables["ethnic"].expression == "CASE WHEN ETHNIC_file = 3 THEN 1 ELSE 0 END"


def test_weight_in_another_unit__is_its_column():
    study = study_of_do_file("gen wt = v005 / 1000000\nsvyset v021 [pw=wt]\nsvy: logit y x\n")
    finish(study)
    assert study.design == {"weight": "v005", "cluster": "v021"}


def test_data_of_a_statement_left_out__is_not_used():
    study = study_of_r("d <- read.csv('a.csv')\ne <- merge(d, f)\nm <- glm(y ~ x, binomial, data = e)\n")
    assert study.left_out[3][1] == "uses data from a statement that is left out"
