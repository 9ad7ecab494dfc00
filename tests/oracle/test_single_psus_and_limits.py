"""Single PSUs in the jackknife and exact limits of rates, against R 4.2.2, survey 4.1-1.

options(survey.lonely.psu = "adjust"); s <- svydesign(~psu, strata = ~h, weights = ~w, data = d, nest = TRUE)
withReplicates(as.svrepdesign(s, type = "JKn"), index); svyciprop(~e, subset(s, g == 1), method = "beta")
"""

import numpy as np
import polars as pl
import pytest
from scipy.stats import beta, t

import engine

TOTAL = (0.64285714285714279, 0.04089154775015167, 0.54239994798058622, 0.73486549599261930)
DOMAIN = (0.896551724137931050, 0.067781671576911284, 0.639211199471837799, 0.991231619403965980)

STUDY = """
[study]
name = "limits"
[source]
path = "{path}"
[design]
weight = "w"
stratum = "h"
cluster = "psu"
[variables.e]
from = "e"
levels = {{ no = [0], yes = [1] }}
event = "yes"
[variables.third]
from = "third"
levels = {{ a = [0], b = [1], c = [2] }}
[[analysis]]
name = "rates"
kind = "rates"
outcome = "e"
rows = "third"
interval = "{interval}"
[[analysis]]
name = "people"
kind = "describe"
variables = "e"
by = "third"
"""


def strata(n_double, n_single):
    """A few people in each PSU of some strata of two PSUs and some of one."""
    people = [
        {
            "h": h,
            "psu": h * 10 + p,
            "x": (7 * h + 3 * p + i * 5) % 17,
            "y": (h * 5 + p * 11 + i * 3) % 10 + h / 4,
            "w": 1 + (h + i + p) % 4,
        }
        for h in range(1, n_double + n_single + 1)
        for p in range(1, 3 if h <= n_double else 2)
        for i in range(1, 4 + h * p % 3)
    ]
    return pl.DataFrame(people)


@pytest.mark.parametrize(
    ("single_psu", "expected"), [("adjust", 0.0261641417099010704), ("certainty", 0.0200287363314522043)]
)
def test_jackknife_of_single_psus__equals_the_survey_package(single_psu, expected):
    found = engine.concentration_index(
        strata(8, 12),
        outcome="y",
        rank_by="x",
        weight="w",
        stratum="h",
        cluster="psu",
        single_psu=single_psu,
        method="jackknife",
    )
    assert found.estimate == pytest.approx(0.0033025058834997428, rel=1e-12)
    assert found.std_error == pytest.approx(expected, rel=1e-9)


def rows_of(frame, tmp_path, interval="logit"):
    frame.write_parquet(tmp_path / "people.parquet")
    text = STUDY.format(path=tmp_path / "people.parquet", interval=interval)
    (tmp_path / "study.toml").write_text(text)
    return engine.run(tmp_path / "study.toml", out=tmp_path / "run").to_frame()


@pytest.fixture
def people():
    return strata(8, 0).with_columns(e=(pl.col("y") > 4.5).cast(pl.Int64), third=pl.col("x") % 3)


def test_beta_limits__equal_those_of_svyciprop(people, tmp_path):
    rows = rows_of(people, tmp_path, "beta").filter(pl.col("measure") == "rate")
    for level, expected in {None: TOTAL, "b": DOMAIN}.items():
        row = rows.filter(pl.col("level").is_null() if level is None else pl.col("level") == level)
        found = row.select("estimate", "std_error", "conf_low", "conf_high").row(0)
        assert found == pytest.approx(expected, rel=1e-9)
        assert row["method"].item() == "Korn-Graubard"


def test_a_rate_of_0__has_the_limits_of_its_effective_n(people, tmp_path):
    """Korn and Graubard by hand; the design effect is that of the rate of all people."""
    frame = people.with_columns(e=pl.when(pl.col("third") == 1).then(0).otherwise(pl.col("psu") % 2))
    rows = rows_of(frame, tmp_path)
    total, none = (
        rows.filter(pl.col("measure") == "rate", pl.col("term") == term).rows(named=True)[number]
        for term, number in (("total", 0), ("third", 1))
    )
    p, n, of_domain = total["estimate"], total["n_obs"], none["n_obs"]
    effect = total["std_error"] ** 2 * (n - 1) / (p * (1 - p))
    assert effect > 1.5  # the event follows the PSU
    domain = frame.filter(pl.col("third") == 1)
    degrees = domain["psu"].n_unique() - domain["h"].n_unique()
    effective = of_domain / effect * (t.ppf(0.025, of_domain - 1) / t.ppf(0.025, degrees)) ** 2
    assert (none["estimate"], none["conf_low"]) == (0.0, 0.0)
    assert none["conf_high"] == pytest.approx(beta.ppf(0.975, 1, effective), rel=1e-12)
    assert none["conf_high"] > 1.2 * beta.ppf(0.975, 1, of_domain)
    assert none["method"] == "Korn-Graubard"
    share = rows.filter(pl.col("measure") == "weighted_percent", pl.col("subgroup") == "third=b")
    assert share["conf_high"].to_list() == pytest.approx([100, 100 * none["conf_high"]], rel=1e-12)


def test_a_rate_of_0_of_people_drawn_at_random__is_exact_binomial(tmp_path):
    frame = pl.DataFrame({"e": [0] * 40 + [1] * 40, "third": [0] * 40 + [1] * 40})
    frame = frame.with_columns(w=1.0, h=1, psu=pl.int_range(80))
    rows = rows_of(frame, tmp_path).filter(pl.col("term") == "third", pl.col("measure") == "rate")
    assert rows["conf_high"][0] == pytest.approx(1 - 0.025 ** (1 / 40), rel=1e-12)
    assert rows["conf_low"][1] == pytest.approx(0.025 ** (1 / 40), rel=1e-12)


def test_an_effective_n__is_never_above_n(people, tmp_path):
    rows = rows_of(people.with_columns(e=0, w=1.0), tmp_path)
    total = rows.filter(pl.col("measure") == "rate", pl.col("term") == "total").row(0, named=True)
    assert total["conf_high"] > 1 - 0.025 ** (1 / total["n_obs"])
    assert np.isfinite(total["conf_high"])
