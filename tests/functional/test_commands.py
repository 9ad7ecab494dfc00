import json

import polars as pl
import pytest

from engine.simulate.margins import ROWS, WAVES, published_levels


def test_help__is_there_for_every_command(cli):
    code, out, _ = cli("--help")
    assert code == 0
    for command in ("run", "show", "studies", "schema", "check", "plan", "simulate", "warm"):
        assert command in out
        assert cli(command, "--help")[0] == 0


def test_version(cli):
    assert cli("--version")[1].startswith("equirank 0.")


def test_studies__lists_the_shipped_ones(cli):
    assert {item["name"] for item in json.loads(cli("studies", "--json")[1])} == {
        "brfss",
        "clds",
        "clds-files",
        "cmds",
        "cmds-files",
        "doctoraus",
        "meps",
        "nhanes",
    }


def test_schema__is_json(cli):
    assert json.loads(cli("schema")[1])["title"] == "StudySpec"


def test_check__passes_and_fails_with_all_faults(cli, changed, project):
    assert cli("check", "study.toml")[:2] == (0, "study.toml: no faults.\n")
    changed(
        ('rank_by = "income"\nby = ["wave", "sex"]', 'rank_by = "incme"\nby = "sex"'),
        ("income IS NOT NULL", "incom > 1"),
    )
    code, out, _ = cli("check", "study.toml")
    assert code == 10
    assert "analysis 'inequality', rank_by" in out
    assert "sample[1].keep" in out
    told = json.loads(cli("check", "study.toml", "--json")[1])["faults"]
    assert {fault["path"] for fault in told} == {"analysis[3].rank_by", "sample[1].keep"}


def test_check__says_what_it_could_not_look_at(cli, project):
    (project / "survey.parquet").rename(project / "elsewhere.parquet")
    code, out, _ = cli("check", "study.toml")
    assert code == 0
    told = "not looked at: columns, codes and labels, because there is no file 'survey.parquet' here"
    assert told in out
    assert told in json.loads(cli("check", "study.toml", "--json")[1])["not_looked_at"]


@pytest.mark.parametrize("command", ["run", "init", "check", "refresh"])
def test_short_help__works(cli, command):
    assert cli(command, "-h")[:2] == cli(command, "--help")[:2]


def test_completion__knows_studies_and_analyses(project):
    from types import SimpleNamespace

    from engine.cli.app import _analysis_names, _study_names

    assert _study_names("cm") == ["cmds", "cmds-files"]
    assert _study_names("stu") == ["study.toml"]
    assert _analysis_names(SimpleNamespace(params={"study": "study.toml"}), "ineq") == ["inequality"]
    assert _analysis_names(SimpleNamespace(params={"study": "none.toml"}), "") == []


def test_check__with_data_tells_every_missing_column(cli, changed, project):
    changed(('from = "income"', 'from = "incmoe"'), ('weight = "weight"', 'weight = "wieght"'))
    code, out, _ = cli("check", "study.toml", "--data", "survey.parquet")
    assert code == 10
    assert "no column 'incmoe'" in out
    assert "design.weight: found in survey.parquet: no column 'wieght'" in out


def test_plan__shows_rows_rules_and_analyses_without_running(cli, project):
    code, out, _ = cli("plan", "study.toml")
    assert code == 0
    assert "survey.parquet  600 rows" in out
    assert 'Income known: ("income" IS NOT NULL)' in out
    assert "inequality: concentration; by wave, sex; outcome ill; rank_by income" in out
    assert not (project / "equirank-runs").exists()


def test_plan__shows_the_sql(cli, project):
    out = cli("plan", "study.toml", "--sql")[1]
    assert 'WHERE ("income" IS NOT NULL)' in out
    assert "-- purpose:" in out


def test_run__prints_json(cli, project):
    code, out, _ = cli("run", "study.toml", "--out", "run", "--json")
    assert code == 0
    told = json.loads(out)
    assert told["run"] == "run"
    assert len(told["results"]) == pl.read_parquet(project / "run" / "results.parquet").height


def test_run__ends_with_one_screen_and_show_has_the_tables(cli, project):
    printed = cli("run", "study.toml", "--out", "run")[1]
    assert "ill: " in printed
    assert "All tables: equirank show run" in printed
    assert "Rate of ill" not in printed
    shown = cli("show", "run")[1]
    assert shown.index("Rate of ill") < shown.index("Concentration of ill")  # the order of a paper
    only = cli("show", "run", "--only", "rates")[1]
    assert "Rate of ill" in only
    assert "Concentration" not in only


def test_default_run_directory__is_new_each_time(cli, project):
    for _ in range(2):
        assert cli("run", "study.toml", "--only", "rates")[0] == 0
    assert len(list((project / "equirank-runs").iterdir())) == 2


@pytest.fixture(scope="module")
def panel():
    from engine.simulate.cmds import simulate_cmds
    from engine.simulate.labelled_panel import panel_frame

    return panel_frame(simulate_cmds())


def test_simulated_panel__has_the_published_margins_exactly(panel):
    assert panel.height == 539_926
    for wave in WAVES:
        own = panel.filter(pl.col("wave") == int(wave))
        assert own.height == ROWS[wave]
        for name, levels in published_levels().items():
            counts = dict(own.group_by(name).len().iter_rows())
            assert [counts.get(level.code, 0) for level in levels] == [level.n[wave] for level in levels]


def test_simulated_panel__has_outcome_rates_near_the_published_ones(panel):
    asked = panel.filter(pl.col("health_record") != -8)
    for wave in WAVES:
        own = asked.filter(pl.col("wave") == int(wave)).with_columns(y=pl.col("health_record") == 3)
        for name, levels in published_levels().items():
            rates = dict(own.group_by(name).agg(100 * pl.col("y").mean()).iter_rows())
            for level in levels:
                if level.rate(wave) is not None:
                    # Sampling error of the level's size, and no more.
                    error = 100 * (0.25 / level.n[wave]) ** 0.5
                    assert abs(rates[level.code] - level.rate(wave)) < max(4 * error, 0.3), (wave, level.name)


def test_simulated_panel__has_points_of_20_in_strata_and_round_incomes(panel):
    sizes = panel.group_by("point").agg(pl.len(), pl.col("stratum").n_unique().alias("strata"))
    assert sizes["strata"].max() == 1
    assert sizes["len"].max() == 20
    assert (sizes["len"] == 20).mean() > 0.99
    assert (panel["income"] % 500 == 0).mean() > 0.8
    assert panel["simulated"].unique().to_list() == [1]


def test_simulated_data__is_marked_in_every_output(cli, tmp_path):
    code, out, _ = cli(
        "run", "cmds", "--out", tmp_path / "run", "--replicates", 50, "--only", "income-inequality"
    )
    assert code == 0
    assert "SIMULATED" in out
    assert json.loads((tmp_path / "run" / "manifest.json").read_text())["simulated"] is True
    assert pl.read_parquet(tmp_path / "run" / "results.parquet")["study"].unique().to_list() == [
        "cmds (simulated)"
    ]
