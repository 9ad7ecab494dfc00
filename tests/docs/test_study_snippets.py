"""The parts of docs/study-file.md make one study, and this study and that of the front page run."""

import re
import tomllib

import numpy as np
import polars as pl
import pytest

import engine
from tests.conftest import ROOT

TOML = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What the page uses and leaves to the reader.
REST = """
[variables.region]
from = "REGION"
levels = { north = [1], south = [2] }

[variables.income_fifth]
from = "INCOME"
quantiles = ["poorest", "poor", "middle", "rich", "richest"]

[variables.out_of_pocket]
from = "PAID"

[variables.nonfood]
from = "NONFOOD"

[variables.visits]
from = "VISITS"

[variables.years]
from = "YEARS"
"""


def people(year, n=900):
    rng = np.random.default_rng(year)
    psu = np.arange(n) % 24
    income = np.exp(rng.normal(7, 0.6, n)) + 20 * psu
    return pl.DataFrame(
        {
            "YEAR": year,
            "w": rng.uniform(0.5, 2, n),
            "stratum": psu // 4,
            "psu": psu,
            "VILLAGE": 1000 * year + psu,
            "CITY": psu // 3,
            "HEALTH_STATUS": np.where(rng.random(n) < 1 / (1 + np.exp(income / 2000)), 2, 1),
            "AGE": rng.integers(18, 90, n).astype(float),
            "INCOME": income,
            "SEX": rng.integers(1, 3, n),
            "SMOKER": rng.integers(0, 2, n),
            "PERSONS": rng.integers(1, 6, n),
            "BORN": [f"{year - age}-03-01" for age in rng.integers(5, 80, n)],
            "INTERVIEWED": f"{year}-06-15",
            "HHID": [f"{year}-{number // 3}" for number in range(n)],
            "REGION": 1 + psu // 12,
            "PAID": rng.exponential(income / 10),
            "NONFOOD": income / 2,
            "VISITS": rng.poisson(rng.gamma(1.0, 2.0, n)),
            "YEARS": rng.uniform(0.5, 1.0, n),
        }
    )


def blocks(page):
    return TOML.findall((ROOT / page).read_text(encoding="utf-8"))


def parts_of_the_study_file(other="[design.balance]"):
    """Return the blocks as one study; two of them stand in place of each other."""
    left_out = ("extends", other)
    return "\n".join(one for one in blocks("docs/study-file.md") if not one.startswith(left_out))


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        pytest.param(parts_of_the_study_file() + REST, "health_{}.parquet", id="study-file"),
        pytest.param(
            parts_of_the_study_file("[design.calibration]") + REST, "health_{}.parquet", id="balance"
        ),
        pytest.param(blocks("README.md")[0], "brfss_{}.parquet", id="front"),
    ],
)
def test_study_of_a_page__runs(text, pattern, cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    for year in (2015, 2016):
        people(year).write_parquet(tmp_path / pattern.format(year))
    code, told, err = cli("check", "study.toml")
    assert code == 0, told + err
    code, told, err = cli("run", "study.toml", "--replicates", "50", "--no-report", "--out", "run")
    assert code == 0, told + err
    analyses = {one["name"] for one in tomllib.loads(text)["analysis"]}
    assert {row.analysis for row in engine.read_run("run").rows} == analyses


def test_study_that_extends__is_accepted(cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for page in ("docs/study-file.md", "docs/surveys.md"):
        (text,) = (one for one in blocks(page) if one.startswith("extends"))
        (tmp_path / "study.toml").write_text(text, encoding="utf-8")
        code, told, err = cli("check", "study.toml")
        assert code == 0, told + err
