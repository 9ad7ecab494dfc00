"""`equirank import`: do-files and R scripts as studies; what is left out is named with line and reason."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engine
from engine.draft.finishing import finish
from engine.draft.r_study import study_of_r
from engine.draft.script_conditions import condition_of
from engine.draft.stata_study import study_of_do_file

DO_FILE = """\
* people of the survey
use "$folder/people.csv", clear
svyset psu [pweight = w], strata(h) singleunit(centered)   // the design
keep if income < . & age >= 18
global need "age sick"
local ses income
conindex visits, rankvar(`ses') svy truezero
conindex ill [aw=w], rank(`ses') bounded limits(0 1) erreygers
conindex visits if sex==1 [aw=w], ///
    rank(`ses') v(3)
svy: logit ill i.sex##c.age, or
regress visits age sick income
foreach x of global need {
    sca elas_`x' = (_b[`x'] * m_`x') / m_y
    qui conindex `x', rank(`ses')
    sca con_`x' = elas_`x' * r(CI)
}
melogit ill age || city: || village:, intpoints(7)
xtile fifth = income [pw=w], nq(5)
label var visits "Visits to a doctor"
tab sex
gen log_income = log(income)
mixed visits age || village:
mixed visits age [pw=w] || city:, pweight(wc) || village:, pweight(wv) pwscale(size) reml
mixed visits age || village: age
melogit ill [pw=w] || village:, pw(wv) or
"""
R_SCRIPT = """\
d <- read.csv("data/people.csv")
options(survey.lonely.psu = "adjust")
des <- svydesign(ids = ~psu, strata = ~h,   # the design
                 weights = ~w, data = d)
fit <- svyglm(ill ~ factor(sex) * age, design = subset(des, age >= 18), family = quasibinomial())
adults <- subset(des, age >= 18)
fit <- svyglm(ill ~ factor(sex) * age, design = adults, family = quasibinomial())
lin <- lm(visits ~ age + sick + income, data = d)
contribution(lin, d$income)
rineq::ci(ineqvar = d$income, outcome = d$visits, weights = d$w, type = "CI")
m <- glmer(ill ~ age + (1 | city/village), data = d, family = binomial)
d$log <- log(d$income)
h <- lmer(visits ~ age + (1 | village), data = d, REML = FALSE)
"""
PEOPLE = {
    "psu": [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6] * 20,
    "h": [1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2] * 20,
    "w": [1.0, 2.0, 1.5] * 80,
    "age": [20 + number % 41 for number in range(240)],
    "sex": [1 + number % 2 for number in range(240)],
    "sick": [number % 3 for number in range(240)],
    "income": [100 + (number * 37) % 211 for number in range(240)],
    "visits": [(number * 7) % 5 for number in range(240)],
    "ill": [(number * number) % 3 % 2 for number in range(240)],
    "city": [1 + number % 6 for number in range(240)],
    "village": [1 + number % 24 for number in range(240)],
    "wv": [1 + number % 24 % 2 for number in range(240)],
    "wc": [1 + number % 6 % 2 for number in range(240)],
}


def test_do_file__becomes_its_analyses():
    study = study_of_do_file(DO_FILE)
    assert study.path == "people.csv"
    assert study.design == {"weight": "w", "stratum": "h", "cluster": "psu", "single_psu": "adjust"}
    assert [one["kind"] for one in study.analyses] == [
        *["concentration"] * 3,
        "logit",
        "decomposition",
        *["multilevel"] * 4,
    ]
    first, erreygers, extended, logit, decomposition, multilevel, linear, weighted, rows = study.analyses
    assert (first["outcome"], first["rank_by"], first["index"]) == ("visits", "income", ["standard"])
    assert (erreygers["index"], erreygers["bounds"]) == (["erreygers"], [0, 1])
    assert (extended["index"], extended["parameter"], extended["where"]) == (["extended"], 3.0, "sex = 1")
    assert (logit["terms"], logit["covariance"]) == (["sex", "age", ["sex", "age"]], "design")
    assert (decomposition["terms"], decomposition["need"]) == (["age", "sick", "income"], ["age", "sick"])
    assert (multilevel["levels"], multilevel["points"]) == (["village", "city"], 7)
    assert (linear["model"], linear["levels"], "weights" in linear) == ("linear", ["village"], False)
    assert (weighted["levels"], weighted["weights"]) == (["village", "city"], "cluster-size")
    assert (rows["levels"], rows["weights"], "terms" in rows) == (["village"], "unscaled", False)
    assert study.level_weights == {"village": "wv", "city": "wc"}
    assert study.notes[24] == "by maximum likelihood, not by REML"
    assert study.variables["fifth"].quantiles == 5
    assert study.variables["visits"].label == "Visits to a doctor"
    finish(study)
    assert {line: text for line, (text, _) in study.left_out.items()} == {
        21: "tab sex",
        22: "gen log_income = log(income)",
        25: "mixed visits age || village: age",
    }


def test_every_statement__is_taken_or_left_out_with_a_reason():
    for study, text in ((study_of_do_file(DO_FILE), DO_FILE), (study_of_r(R_SCRIPT), R_SCRIPT)):
        assert not study.taken & set(study.left_out)
        assert all(reason for _, reason in study.left_out.values())
        last = max(study.taken | set(study.left_out))
        assert last == len(text.splitlines())


def test_r_script__becomes_its_analyses():
    study = study_of_r(R_SCRIPT)
    assert study.design == {"single_psu": "adjust", "cluster": "psu", "stratum": "h", "weight": "w"}
    kinds = [one["kind"] for one in study.analyses]
    assert kinds == ["logit", "logit", "decomposition", "concentration", "multilevel", "multilevel"]
    assert (study.analyses[5]["model"], study.analyses[5]["levels"]) == ("linear", ["village"])
    assert 13 not in study.notes
    assert study.analyses[1]["where"] == "age >= 18"
    assert study.analyses[1]["terms"] == ["sex", "age", ["sex", "age"]]
    assert study.analyses[4]["levels"] == ["village", "city"]
    finish(study)
    assert [*study.left_out] == [12]


@pytest.mark.parametrize(("name", "text"), [("people.do", DO_FILE), ("people.R", R_SCRIPT)])
def test_imported_study__is_accepted_and_computes(name, text, cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text(text, encoding="utf-8")
    code, out, err = cli("import", name)
    assert code == 0, err
    (tmp_path / "study.toml").write_text(out, encoding="utf-8")
    assert "Left out:" in out
    code, told, err = cli("check", "study.toml")
    assert code == 0, told + err
    written = out.replace('levels = "file"', "levels = { man = [1], woman = [2] }")
    (tmp_path / "study.toml").write_text(written, encoding="utf-8")
    people = pl.DataFrame(PEOPLE)
    people.write_csv(tmp_path / "people.csv")
    code, told, err = cli("run", "study.toml", "--out", "run", "--no-report", "--only", "visits-by-income")
    assert code == 0, told + err
    (row,) = engine.read_run("run").rows
    adults = people.filter(pl.col("age") >= 18)
    alone = engine.concentration_index(adults, "visits", "income", weight="w", stratum="h", cluster="psu")
    assert (row.estimate, row.std_error) == (alone.estimate, alone.std_error)


@pytest.mark.parametrize(
    ("stata", "sql"),
    [
        ("x==1", "x = 1"),
        ("x!=. & y<.", "x IS NOT NULL AND y IS NOT NULL"),
        ("x>=. | !missing(y, z)", "x IS NULL OR NOT (y IS NULL OR z IS NULL)"),
        ("inlist(x,1,2) & inrange(y,3,4)", "x IN (1, 2) AND y BETWEEN 3 AND 4"),
        ('name == "it\'s"', "name = 'it''s'"),
        ("x", "x <> 0"),
        ("(a==1 | b==2) & c~=3", "(a = 1 OR b = 2) AND c <> 3"),
    ],
)
def test_condition__is_sql(stata, sql):
    assert condition_of(stata).sql == sql


@pytest.mark.parametrize(
    "comment", ["// conindex a, rank(b)", "* conindex a, rank(b)", "/* conindex\na, rank(b) */"]
)
def test_comment__is_no_statement(comment):
    study = study_of_do_file(f"{comment}\nconindex y, rank(x)\n")
    assert [one["outcome"] for one in study.analyses] == ["y"]
    assert study.taken == {2 + comment.count("\n")}


def test_delimiter_and_continued_lines__keep_the_line():
    study = study_of_do_file(
        "#delimit ;\nconindex y,\n rank(x);\n#delimit cr\ntab a\nconindex z, ///\n rank(x)\n"
    )
    assert [one["outcome"] for one in study.analyses] == ["y", "z"]
    assert study.taken == {2, 6}


def test_loop_over_levels__is_one_analysis_by_group():
    text = "levelsof year, local(all)\nforeach t of local all {\n conindex y if year == `t', rank(x)\n}\n"
    (one,) = study_of_do_file(text).analyses
    assert (one["by"], one.get("where")) == (["year"], None)


def test_other_files__are_refused(cli, tmp_path):
    for name, text in (("a.txt", "conindex y, rank(x)"), ("a.do", "tab x\n"), ("b.R", "x <- 1\n")):
        (tmp_path / name).write_text(text)
        code, out, err = cli("import", tmp_path / name)
        assert (code, out) == (2, "")
        assert "expected" in err


LINES = [
    *DO_FILE.splitlines(),
    *R_SCRIPT.splitlines(),
    "}",
    "{",
    '"',
    "/*",
    "svy:",
    "conindex",
    "logit",
    "if",
    "#",
]


@settings(deadline=None, max_examples=150)
@given(st.lists(st.sampled_from(LINES) | st.text(max_size=20), max_size=25))
def test_any_text__is_read_without_a_crash(lines):
    for study in (study_of_do_file("\n".join(lines)), study_of_r("\n".join(lines))):
        finish(study)
        assert not study.taken & set(study.left_out)


COUNTS = """\
use people.csv
svyset psu [pw = w], strata(h)
svy: poisson visits i.sex age, irr exposure(years)
nbreg visits age if sex == 1, vce(cluster psu)
svy: ologit sick i.sex income
svy: regress income age, nocons
nbreg visits age, dispersion(constant)
poisson visits age, offset(logyears)
regress income age
svy: poisson visits age, noconstant
"""


@pytest.mark.parametrize("option", ["limits(0 one) erreygers", "v(a)", "beta(nan)"])
def test_option_without_a_number__leaves_the_command_out(option):
    study = study_of_do_file(f"conindex y, rank(x) {option}\nconindex z, rank(x)\n")
    assert "has no number in limits(), v() or beta()" in study.left_out[1][1]
    assert [one["outcome"] for one in study.analyses] == ["z"]


def test_counts_and_ordered_levels_of_stata__become_regressions():
    study = study_of_do_file(COUNTS)
    assert {one["kind"] for one in study.analyses} == {"regression"}
    assert [one["model"] for one in study.analyses] == [
        *("poisson", "negative-binomial", "ordered-logit", "linear")
    ]
    rates, men, ordered, linear = study.analyses
    assert (rates["exposure"], rates["covariance"]) == ("years", "design")
    assert (men["where"], men["covariance"]) == ("sex = 1", "cluster")
    assert (ordered["outcome"], linear["terms"]) == ("sick", ["age"])
    assert study.variables["sick"].is_factor
    assert not study.variables["visits"].is_event
    finish(study)
    assert "constant" not in rates
    assert linear["constant"] is False
    assert [*study.left_out] == [7, 8, 9, 10]
    assert "has no constant" in study.left_out[10][1]
    assert "the option dispersion()" in study.left_out[7][1]
    assert "fits linear ones" in study.left_out[9][1]


def test_counts_and_ordered_levels_of_r__become_regressions():
    study = study_of_r(
        "des <- svydesign(ids = ~psu, strata = ~h, weights = ~w, data = d)\n"
        "a <- svyglm(visits ~ factor(sex) + age, design = des, family = quasipoisson())\n"
        "b <- MASS::glm.nb(visits ~ age, data = d)\n"
        "c <- svyolr(sick ~ age, design = des)\n"
        "e <- glm(visits ~ age, family = poisson, data = d, offset = log(years))\n"
        'f <- polr(sick ~ age, data = d, method = "probit")\n'
        "g <- glm(visits ~ age, family = poisson(link = 'identity'), data = d)\n"
    )
    assert [(one["model"], one["covariance"]) for one in study.analyses] == [
        ("poisson", "design"),
        ("negative-binomial", "model"),
        ("ordered-logit", "design"),
    ]
    assert study.analyses[1]["weighted"] is False
    assert study.variables["sick"].is_factor
    assert [*study.left_out] == [5, 6, 7]
