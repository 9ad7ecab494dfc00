"""Several intervals of the same replicates: the tables of a run show each of them."""

from engine.batch.kinds import TABLES
from engine.report.run_tables import run_sections
from engine.store.run_directory import read_run
from tests.functional.conftest import STUDY

DECOMPOSED = """
[[analysis]]
name = "behind"
kind = "decomposition"
outcome = "ill"
rank_by = "income"
terms = ["sex"]
bootstrap = { replicates = 100, interval = ["percentile", "basic"] }
"""


def cells(row):
    return " | ".join(row)


def test_tables__show_every_interval(cli, project):
    several = 'bootstrap = { replicates = 100, interval = ["normal", "percentile", "bca"] }'
    (project / "study.toml").write_text(
        STUDY.replace("bootstrap = { replicates = 100 }", several) + DECOMPOSED
    )
    for only in ("inequality", "behind"):
        code, _, err = cli("run", "study.toml", "--out", only, "--only", only)
        assert code == 0, err
    tables = [
        table
        for section in run_sections(read_run(project / "inequality"), TABLES)
        for table in section.tables
    ]
    indices = next(table for table in tables if table.title.startswith("Concentration of"))
    named = [row[1] for row in indices.rows if row[0] == indices.rows[0][0]]
    assert named[:3] == ["standard, normal", "standard, percentile", "standard, bca"]
    assert len({row[4] for row in indices.rows[:3]}) == 3  # three different intervals
    differences = next(table for table in tables if table.title.startswith("Differences"))
    assert [row[1] for row in differences.rows[:3]] == named[:3]
    tables = [
        table for section in run_sections(read_run(project / "behind"), TABLES) for table in section.tables
    ]
    listed = next(table for table in tables if table.title.startswith("All intervals"))
    assert listed.columns == ("", "percentile", "basic")
    assert any(row[0].startswith("contribution, sex") and row[1] != row[2] for row in listed.rows)


def test_one_interval__is_not_named_in_every_line(cli, project):
    cli("run", "study.toml", "--out", "run", "--only", "inequality")
    tables = [
        table for section in run_sections(read_run(project / "run"), TABLES) for table in section.tables
    ]
    indices = next(table for table in tables if table.title.startswith("Concentration of"))
    assert {row[1] for row in indices.rows} == {"standard", "erreygers"}
