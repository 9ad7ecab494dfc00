"""CLDS 2016 from files like the survey's: GB18030 labels, 16-digit ids as doubles, codes 99997 to 99999."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from pandas.io.stata import StataWriter

INDIVIDUAL = "CLDS2016individual_STATA_171106.dta"
COMMUNITY = "CLDS2016community_(STATA)_170908.dta"
SETTLED = """
extends = "clds-files"
[source]
rows = {{ 2016 = {rows} }}
[variables]
outpatient.from = "I9_11"
inpatient.from = "I9_15"
ncms.from = "I9_2_1"
"""


def as_bytes(text):
    return text.encode("gb18030").decode("latin-1")


def write(frame, path, labels, values=None):
    StataWriter(
        str(path),
        frame,
        write_index=False,
        variable_labels={name: as_bytes(text) for name, text in labels.items()},
        value_labels={name: {k: as_bytes(v) for k, v in own.items()} for name, own in (values or {}).items()},
    ).write_file()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder, n, generator = tmp_path_factory.mktemp("clds"), 3_000, np.random.default_rng(7)
    community = generator.integers(0, 120, n)
    ids = 1_101_010_000_000_001.0 + np.arange(120) * 7.0
    city = np.array([110100, 310100, 440100, 510100])[community % 4]
    health = generator.choice([1, 2, 3, 4, 5], n)
    rate = 1 / (1 + np.exp(-(-2.2 + 0.5 * (health - 2) + 0.4 * generator.normal(size=120)[community])))
    income = np.where(generator.random(n) < 0.05, 99999, np.round(np.exp(generator.normal(10, 0.8, n))))
    income = np.where((income >= 99997) & (income < 99999), 99990, income)
    people = pd.DataFrame(
        {
            "IID2016": np.arange(n) + 1.1e15,
            "CID2016": ids[community],
            "PROV2016": city // 10000,
            "CITY": city,
            "wpp": generator.uniform(0.5, 2, n),
            "gender": generator.integers(1, 3, n),
            "birthyear": generator.integers(1950, 2002, n),
            "I1_3_2": generator.choice([1, 2, 2, 2, 4], n),
            "I1_3_1_psu": generator.choice([110199, 420199, 430199], n),
            "I2_1": generator.integers(1, 12, n),
            "I3a_7_0": generator.choice([1, 1, 1, 2], n),
            "I3a_6": income,
            "I9_4_1": health,
            "I9_2_1": generator.choice([1, 1, 1, 2, 99998], n),
            "I9_11": np.where(generator.random(n) < rate, 1, 2),
            "I9_15": np.where(generator.random(n) < rate, 1, 2),
        }
    )
    labels = {
        "gender": "性别",
        "I9_11": "过去两周内是否看过门诊",
        "I9_15": "过去十二个月是否住过院",
        "I9_2_1": "是否参加新型农村合作医疗",
    }
    write(people, folder / INDIVIDUAL, labels, {"gender": {1: "男", 2: "女"}, "I9_11": {1: "是", 2: "否"}})
    places = pd.DataFrame({"CID2016": ids, "C7_1": generator.uniform(0, 40, 120).round(1)})
    write(places, folder / COMMUNITY, {"C7_1": "少数民族比例"})
    (folder / "mine.toml").write_text(SETTLED.format(rows=n))
    return folder


def test_open_names__are_searched_by_label(cli, folder, monkeypatch):
    monkeypatch.chdir(folder)
    code, _, err = cli("run", "clds", "--data", str(folder), "--out", "nothing")
    assert code == 11
    assert "found 3,000 rows; expected the 21,086 of wave 2016" in err
    (folder / "rows.toml").write_text('extends = "clds-files"\n[source]\nrows = { 2016 = 3000 }\n')
    code, _, err = cli("run", "rows.toml", "--data", str(folder), "--out", "nothing")
    assert code == 11
    assert "I9_11 (过去两周内是否看过门诊)" in err
    assert "Look at `equirank codebook FILE`" in err
    assert not (folder / "nothing").exists()


def test_settled_study__runs_on_the_files(cli, folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert cli("check", "mine.toml")[:2] == (0, "mine.toml: no faults.\n")
    code, _, err = cli("run", "mine.toml", "--out", "run", "--replicates", "40")
    assert code == 0, err
    shown = cli("show", "run")[1]
    assert "Registered in another city" in shown
    people = pl.from_pandas(pd.read_stata(folder / INDIVIDUAL, convert_categoricals=False))
    age = 2016 - pl.col("birthyear")
    expected = people.filter(
        age.is_between(15, 64),
        pl.col("I1_3_2").is_in([2, 4]),
        pl.col("I3a_7_0") == 1,
        pl.col("I1_3_1_psu") // 100 != pl.col("CITY") // 100,
        pl.col("I9_2_1") == 1,
    )
    rows = pl.read_parquet(folder / "run" / "results.parquet")
    clusters = rows.filter(measure="n_clusters", analysis="outpatient-full", term="community")["estimate"][0]
    assert clusters == expected["CID2016"].n_unique()  # ids of 16 digits are told apart
    assert rows.filter(analysis="indices", measure="standard")["n_obs"].unique().to_list() == [
        expected.height
    ]
    missing = (expected["I3a_6"] == 99999).sum()
    assert f"income: {missing:,} missing values" in shown
    assert rows.filter(measure="mean", term="minorities")["n_obs"][0] == expected.height
