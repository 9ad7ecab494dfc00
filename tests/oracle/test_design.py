"""Design-based means and rates against R 4.2.2, survey 4.1-1 (svymean, svyciprop, degf, subset).

s <- svydesign(ids = ~SDMVPSU, strata = ~SDMVSTRA, weights = ~WTINT2YR, nest = TRUE, data = nhanes)
svymean(~y, subset(s, Age >= 70 & Race1 == "Mexican")), ... options(survey.lonely.psu = "adjust" |
"certainty"); svydesign(ids = ~psu, strata = ~strata, weights = ~w, fpc = ~fpc)
"""

import polars as pl
import pytest

import engine

RTOL = 1e-9

NHANES = """
[study]
name = "nhanes-check"
[source]
path = "{path}"
wave = "SurveyYr"
[design]
weight = "WTINT2YR"
stratum = "SDMVSTRA"
cluster = "SDMVPSU"
nested = true
[variables.diabetes]
from = "Diabetes"
levels = {{ no = ["No"], yes = ["Yes"] }}
event = "yes"
[variables.age]
from = "Age"
[variables.poverty]
from = "Poverty"
[variables.sex]
from = "Gender"
levels = {{ male = ["male"], female = ["female"] }}
[variables.race]
from = "Race1"
levels = {{ mexican = ["Mexican"], other = ["White", "Black", "Hispanic", "Other"] }}
[[sample]]
label = "Diabetes known"
keep = "diabetes IS NOT NULL AND age >= {age}{more}"
[[analysis]]
name = "rates"
kind = "rates"
outcome = "diabetes"
rows = "sex"
by = "wave"
[[analysis]]
name = "people"
kind = "describe"
variables = "poverty"
by = "wave"
"""


@pytest.fixture
def nhanes(shared, tmp_path):
    def run(age, more=""):
        path = shared / "data" / "nhanes_2009_2012_raw.parquet"
        (tmp_path / "study.toml").write_text(NHANES.format(path=path, age=age, more=more))
        return engine.run(tmp_path / "study.toml", out=tmp_path / "run").to_frame()

    return run


def test_rule__is_a_domain_of_the_whole_design(nhanes):
    """Deleting the others would lose 9 PSUs and give 0.0560."""
    row = (
        nhanes(70, " AND race = 'mexican'")
        .filter(pl.col("term") == "total", pl.col("wave").is_null())
        .row(0, named=True)
    )
    assert row["estimate"] == pytest.approx(0.348266934291546, rel=RTOL)
    assert row["std_error"] == pytest.approx(0.0596624462488263, rel=RTOL)
    assert (row["conf_low"], row["conf_high"]) == pytest.approx(
        (0.22770968887997, 0.491990021336454), rel=RTOL
    )


def test_rates_and_means__by_level_and_wave(nhanes):
    frame = nhanes(20)
    expected = {
        "male": (0.113487626193898, 0.00885934593481641, 0.0960949799766617, 0.133563091352154),
        "female": (0.10736019522466, 0.00731639802638061, 0.0928715690471723, 0.123800671118116),
    }
    for level, numbers in expected.items():
        row = frame.filter(pl.col("level") == level, pl.col("wave") == "2011_12", pl.col("measure") == "rate")
        found = row.select("estimate", "std_error", "conf_low", "conf_high").row(0)
        assert found == pytest.approx(numbers, rel=RTOL)
    mean = frame.filter(pl.col("measure") == "mean", pl.col("wave") == "2009_10").row(0, named=True)
    assert mean["estimate"] == pytest.approx(2.97871919835046, rel=RTOL)
    assert mean["std_error"] == pytest.approx(0.0405780046246476, rel=RTOL)


HOUSING = """
[study]
name = "housing-check"
[source]
path = "housing.parquet"
[design]
weight = "w"
stratum = "strata"
cluster = "psu"
{extra}
[variables.high]
from = "high"
levels = {{ low = [0], high = [1] }}
event = "high"
[[analysis]]
name = "rates"
kind = "rates"
outcome = "high"
"""


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ('single_psu = "adjust"', (0.499187636797331, 0.00882153580514728)),
        ('single_psu = "certainty"', (0.499187636797331, 0.00881747406900353)),
        ('population = "fpc"', (0.499797998331943, 0.00504353000164105)),
    ],
)
def test_single_psus_and_finite_populations(housing, tmp_path, extra, expected):
    frame = housing.with_columns(fpc=pl.lit(40))
    if "single" in extra:  # the last stratum keeps one PSU
        first = housing.filter(pl.col("strata") == 10)["psu"].min()
        frame = frame.filter((pl.col("strata") != 10) | (pl.col("psu") == first))
    frame.write_parquet(tmp_path / "housing.parquet")
    (tmp_path / "study.toml").write_text(HOUSING.format(extra=extra))
    row = engine.run(tmp_path / "study.toml", out=tmp_path / "run").to_frame().row(0, named=True)
    assert (row["estimate"], row["std_error"]) == pytest.approx(expected, rel=RTOL)


def test_adjust__does_not_need_clusters(housing, tmp_path):
    """The same strata with rows as units, and with a cluster for each row: one number."""
    frame = housing.head(500).with_columns(
        row=pl.int_range(500), strata=pl.when(pl.col("id") == 3).then(99).otherwise("strata")
    )
    frame.write_parquet(tmp_path / "housing.parquet")
    found = []
    for cluster in ('cluster = "row"', ""):
        text = HOUSING.format(extra='single_psu = "adjust"').replace('cluster = "psu"', cluster)
        (tmp_path / "study.toml").write_text(text)
        found.append(engine.run(tmp_path / "study.toml", out=tmp_path / "run").to_frame()["std_error"][0])
    assert found[0] == pytest.approx(found[1], rel=1e-12)
