"""Thousands of groups of an index: memory and time follow the rows, and comparisons have a limit."""

import resource

import numpy as np
import polars as pl
import pytest

import engine

pytestmark = pytest.mark.usefixtures("whole_reports")

STUDY = """
[study]
name = "many"
[source]
path = "people.parquet"
wave = "g"
[variables.y]
from = "y"
[variables.x]
from = "x"
[[analysis]]
name = "indices"
kind = "concentration"
outcome = "y"
rank_by = "x"
by = "wave"
compare = true
[[analysis]]
name = "curves"
kind = "curve"
outcome = "y"
rank_by = "x"
by = "wave"
waves = {waves}
points = 4
"""
GROUPS, SIZE = 3_000, 12
CURVES = 250  # a band of each takes a hundredth of a second to simulate


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    folder = tmp_path_factory.mktemp("many")
    rng = np.random.default_rng(1)
    n = GROUPS * SIZE
    frame = pl.DataFrame({"g": np.arange(n) % GROUPS, "y": rng.gamma(2.0, 1.0, n), "x": rng.normal(size=n)})
    frame.write_parquet(folder / "people.parquet")
    (folder / "study.toml").write_text(STUDY.format(waves=[str(g) for g in range(CURVES)]))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = engine.run(folder / "study.toml", out=folder / "run").to_frame()
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return frame, found, grown, folder / "run"


def test_memory__follows_the_rows(rows):
    """Totals of every unit in every group would be 864 MB, and their covariances 72 MB more."""
    assert rows[2] < 600


def test_a_group_among_thousands__has_the_numbers_it_has_alone(rows):
    frame, found, *_ = rows
    indices = found.filter(pl.col("measure") == "standard")
    assert indices.height == GROUPS
    for g in (0, 17, GROUPS - 1):
        domain = frame.with_columns(y=pl.when(pl.col("g") == g).then("y"))
        alone = engine.concentration_index(frame.filter(pl.col("g") == g), "y", "x")
        row = indices.filter(pl.col("wave") == str(g)).row(0, named=True)
        assert row["estimate"] == pytest.approx(alone.estimate, rel=1e-13)
        assert domain["y"].count() == row["n_obs"]
        # Influence values add up to 0, so that the others of the stratum change its factor only.
        n = frame.height
        factor = np.sqrt(n / (n - 1) * (SIZE - 1) / SIZE)
        assert row["std_error"] == pytest.approx(alone.linearised_std_error * factor, rel=1e-12)


def test_so_many_groups__are_not_compared_and_the_rows_say_so(rows):
    compared = rows[1].filter(pl.col("measure").is_in(["difference", "wald_f", "dominance"]))
    for analysis, n in (("indices", "3,000"), ("curves", "250")):
        told = compared.filter(pl.col("status") == f"{n} groups are not compared: at most 200 can be")
        assert told["analysis"].to_list() == [analysis]
    assert compared.filter(pl.col("measure") == "difference").height == 0


def test_figures__leave_out_what_nobody_could_read(rows):
    from engine.report.figures.of_run import figures_of, too_many_groups
    from engine.store.run_directory import read_run

    run = read_run(rows[3])
    assert too_many_groups(run) == ("indices", "curves")
    assert [figure.name for figure in figures_of(run)] == ["flow"]
    report = (rows[3] / "report.html").read_text()
    assert "Without figures: indices, curves: more than 60 groups." in report
