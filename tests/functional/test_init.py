"""`equirank init`: a draft of a study that passes `check` and runs as it is."""

import tomllib

import numpy as np
import polars as pl
import pyreadstat
import pytest

from engine.draft.draft import draft_study
from engine.study import parse_study


@pytest.fixture(scope="module")
def cmds_files(tmp_path_factory):
    from engine.simulate.panels import simulate_panel

    folder = tmp_path_factory.mktemp("cmds")
    simulate_panel("cmds", folder, 6000, 1)
    return folder


@pytest.fixture
def people():
    rng = np.random.default_rng(3)
    n = 400
    return pl.DataFrame(
        {
            "id": [f"p{i}" for i in range(n)],
            "region": rng.choice(["north", "south", "Refused"], n),
            "season": rng.choice(["2009_10", "2011_12"], n),
            "income": rng.choice(["NA", "100", "230"], n),
            "visits": rng.choice([*range(20), 999], n),
            "born": [f"19{50 + i % 40}-01-02" for i in range(n)],
            "wt": rng.random(n),
        }
    )


def test_draft_of_three_labelled_files__runs_as_it_is(cmds_files, tmp_path, monkeypatch, cli):
    monkeypatch.chdir(tmp_path)
    code, text, _ = cli("init", *sorted(cmds_files.glob("*.dta")))
    assert code == 0
    (tmp_path / "draft.toml").write_text(text)
    assert cli("check", "draft.toml", "--data", cmds_files)[:2] == (0, "draft.toml: no faults.\n")
    assert cli("run", "draft.toml", "--out", "run")[0] == 0


def test_draft__has_levels_from_labels_and_columns_by_wave(cmds_files):
    text = draft_study(sorted(cmds_files.glob("*.dta")))
    spec = parse_study(text)
    assert [*spec.source.path] == ["2014", "2016", "2017"]
    sex, record = spec.variables["gender_1"], spec.variables["health_file"]
    assert (sex.label, sex.source["2016"]) == ("性别", "Q101B1")
    assert sex.levels == {"男": (1,), "女": (2,)}
    assert record.missing_codes == {"not_sure": (4,)}
    reason = spec.variables["flo_reas_1"]  # code 1 has two labels: levels are named by them
    assert reason.levels["务工/工作"] == ("务工/工作",)
    assert "# ? Code 1 is not the same in every file" in text
    assert '# weight = "w_l"' in text
    assert spec.design.weight is None


def test_draft__names_the_weight_of_each_wave(people, tmp_path):
    for year, weight in ((2014, "weight_2014"), (2016, "weight_2016")):
        people.rename({"wt": weight}).write_csv(tmp_path / f"people_{year}.csv")
    text = draft_study(sorted(tmp_path.glob("*.csv")))
    assert "differ" not in text
    spec = parse_study(text.replace("# [design]", "[design]").replace("# weight =", "weight ="))
    assert spec.design.weight == {"2014": "weight_2014", "2016": "weight_2016"}


def test_draft__of_a_text_file_tells_numbers_levels_and_dates_apart(people, tmp_path):
    people.write_csv(tmp_path / "people.csv")
    text = draft_study([tmp_path / "people.csv"])
    spec = parse_study(text)
    assert [*spec.variables] == ["region", "season", "income", "visits"]
    assert spec.variables["region"].missing_codes == {"missing": ("Refused",)}
    assert [*spec.variables["season"].levels] == ["2009_10", "2011_12"]
    assert spec.variables["income"].missing_codes == {}
    assert "# ? Is 999 a code for missing? Then: missing = [999]" in text
    assert "# born: Dates as text" in text
    assert "# id: every row has its own value: an id?" in text


def test_draft__hides_rare_values(people, tmp_path):
    rare = people.with_columns(
        region=pl.when(pl.arange(0, 400) < 3).then(pl.lit("Atlantis")).otherwise("region")
    )
    rare.write_csv(tmp_path / "people.csv")
    text = draft_study([tmp_path / "people.csv"])
    assert "Atlantis" not in text
    assert "A few people hold values that are not shown here" in text


def test_draft__keeps_a_number_with_a_few_labels_a_number(people, tmp_path):
    pyreadstat.write_sav(
        people.select("visits"),
        tmp_path / "p.sav",
        variable_value_labels={"visits": {0: "never", 999: "refused"}},
    )
    table = tomllib.loads(draft_study([tmp_path / "p.sav"]))["variables"]["visits"]
    assert table == {"from": "visits", "missing": [999], "numeric": True}


def test_init__names_what_it_cannot_read(cli, tmp_path):
    (tmp_path / "a.doc").write_text("x")
    code, _, err = cli("init", tmp_path / "a.doc")
    assert code == 2
    assert "unknown format '.doc'" in err
    assert cli("init", tmp_path / "none.csv")[0] == 11
