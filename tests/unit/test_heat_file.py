"""The file for HEAT Plus holds the rules that its upload checks, and the numbers of the run."""

import numpy as np
import polars as pl
import pytest

import engine
from engine.batch.heat_file import COLUMNS, HeatSetting, heat_file
from engine.errors import UsageError
from engine.store.run_directory import read_run
from tests.study_texts import analysis, event, factor, study_text

CHINA = HeatSetting(setting="China", iso3="CHN", source="Survey")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder, random, n = tmp_path_factory.mktemp("heat"), np.random.default_rng(2), 240
    pl.DataFrame(
        {
            "year": random.integers(2014, 2016, n),
            "income": random.uniform(1, 9, n),
            "area": np.array(["n", "s", "w"])[random.integers(0, 3, n)],
            "ill": random.integers(0, 2, n),
            "w": random.uniform(1, 3, n),
        }
    ).write_parquet(folder / "people.parquet")
    (folder / "study.toml").write_text(
        study_text(
            source={"path": "people.parquet", "wave": "year"},
            design={"weight": "w"},
            variables={
                "ill": {**event("yes", no=[0], yes=[1]), "label": "Illness"},
                "income": {},
                "area": {**factor(n=["n"], s=["s"], w=["w"]), "label": "Area"},
                "fifth": {"from": "income", "quantiles": ["poor", "middle", "rich"], "reference": "rich"},
            },
            analyses=[
                analysis("rates", outcome="ill", rows=["area", "fifth"], by="wave"),
                analysis("rates", name="again", outcome="ill", rows="area", by="wave"),
                analysis(
                    "disparity",
                    outcome="ill",
                    group="area",
                    measure="difference",
                    ordered=False,
                    favourable=False,
                    reference="s",
                ),
            ],
        )
    )
    engine.run(folder / "study.toml", out=folder / "run")
    return read_run(folder / "run")


def table(run, about=CHINA):
    return pl.read_csv(heat_file(run, about))


def test_rows__are_the_rates_of_the_run_in_per_cent(run):
    frame = table(run)
    assert tuple(frame.columns) == COLUMNS
    assert len(frame) == 2 * (3 + 3)  # the second analysis of the same outcome and factor stays out
    rates = run.results.filter(
        pl.col("analysis") == "rates", pl.col("term") != "total", pl.col("wave").is_not_null()
    )
    assert frame["estimate"].to_list() == pytest.approx((rates["estimate"] * 100).to_list(), rel=1e-9)
    assert frame["se"].to_list() == pytest.approx((rates["std_error"] * 100).to_list(), rel=1e-9)
    assert frame["population"].to_list() == pytest.approx(rates["sum_weights"].to_list(), rel=1e-9)
    shares = frame.group_by("date", "dimension").agg(
        average=(pl.col("estimate") * pl.col("population")).sum() / pl.col("population").sum(),
        setting_average=pl.col("setting_average").first(),
    )
    assert shares["average"].to_list() == pytest.approx(shares["setting_average"].to_list(), rel=1e-9)


def test_rows__hold_the_rules_of_the_upload(run):
    frame = table(run)
    assert frame["date"].cast(pl.String).str.contains(r"^\d{4}$").all()
    assert set(frame["favourable_indicator"]) == {0}
    for (_, dimension), rows in frame.group_by("date", "dimension"):
        if dimension == "Area":
            assert set(rows["ordered_dimension"]) == set(rows["subgroup_order"]) == {0}
            assert rows.filter(pl.col("reference_subgroup") == 1)["subgroup"].to_list() == ["s"]
        else:
            assert set(rows["ordered_dimension"]) == {1}
            order = dict(rows.select("subgroup", "subgroup_order").iter_rows())
            assert order == {"poor": 1, "middle": 2, "rich": 3}
            assert set(rows["reference_subgroup"]) == {0}
    numbers = frame.select("estimate", "se", "ci_lb", "ci_ub", "population", "setting_average")
    assert (numbers.min_horizontal() >= 0).all()


def test_command__writes_the_file_and_names_what_is_missing(run, cli, tmp_path):
    out = tmp_path / "heat.csv"
    given = ["--setting", "China", "--iso3", "CHN", "--source", "Survey"]
    code, told, err = cli("heat", run.path, "--out", out, *given)
    assert (code, told.strip()) == (0, str(out)), err
    assert out.read_bytes() == heat_file(run, CHINA)
    code, _, err = cli("heat", run.path, "--out", out, "--setting", "China", "--iso3", "China")
    assert code == 2
    assert "--iso3: found 'China'" in err
    code, _, err = cli("heat", run.path, "--out", out, *given, "--date", "2014=1900,2015=1900")
    assert (code, "two waves with the date 1900" in err) == (2, True)
    code, _, err = cli("heat", run.path, "--out", out, *given, "--date", "2014=2020,2015=20")
    assert (code, "'20', which is no year" in err) == (2, True)
    with pytest.raises(UsageError, match="takes for a number"):
        heat_file(run, HeatSetting(setting="12"))


def test_favourable_outcome_that_is_no_variable__is_refused(run):
    with pytest.raises(
        UsageError, match=r"--favourable: found 'il'; expected outcomes of the study.*mean 'ill'"
    ):
        table(run, HeatSetting(setting="China", favourable=("il",)))
    assert set(table(run, HeatSetting(setting="China", favourable=("none",)))["favourable_indicator"]) == {0}
    assert set(table(run, HeatSetting(setting="China", favourable=("ill",)))["favourable_indicator"]) == {1}
