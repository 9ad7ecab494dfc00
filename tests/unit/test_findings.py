"""Sentences from numbers: a direction only where the interval carries it; tables whose numbers say enough."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from engine.report.decomposition_table import decomposition_tables
from engine.report.findings import findings
from engine.report.model import Cell, Spanner, Table, missing_decimals, number, with_digits, with_interval
from engine.report.terminal import make_console, print_table
from engine.results import TidyRow, to_frame
from engine.store.run_directory import StoredRun

MANIFEST = {
    "study": {"name": "s", "title": "", "asked": {"study": {}, "variables": {"ill": {"label": "Illness"}}}},
    "simulated": False,
    "sample_flow": [{"label": "All records", "n": 900, "by_wave": {}}],
    "warnings": [],
}


def index(low, high, wave="2014", **given):
    return TidyRow(
        **{
            "kind": "concentration",
            "analysis": "inequality",
            "outcome": "ill",
            "rank_by": "income",
            "measure": "standard",
            "wave": wave,
            "estimate": (low + high) / 2,
            "conf_low": low,
            "conf_high": high,
            "method": "linearised",
            **given,
        }
    )


def told(*rows, language="en"):
    run = StoredRun(path=Path("run"), results=to_frame(rows), manifest=MANIFEST)
    return findings(run, language)


def test_direction__is_told_where_the_interval_excludes_0():
    assert told(index(-0.3, -0.1))[0].startswith("Illness: concentrated among people with lower income")
    assert told(index(0.1, 0.3))[0].startswith("Illness: concentrated among people with higher income")
    assert "no inequality by income was found" in told(index(-0.1, 0.3))[0]
    assert "较低" in told(index(-0.3, -0.1), language="zh")[0]


def test_direction__is_one_for_all_groups_or_none():
    assert "in every group" in told(index(-0.3, -0.1), index(-0.4, -0.2, "2016"))[0]
    assert "differs between groups" in told(index(-0.3, -0.1), index(0.2, 0.4, "2016"))[0]
    assert "differs between groups" in told(index(-0.3, -0.1), index(-0.1, 0.4, "2016"))[0]


def test_direction__of_indices_that_disagree_is_not_told():
    assert "differs" in told(index(-0.3, -0.1), index(-0.1, 0.1, measure="erreygers"))[0]


def change(low, high):
    pair = {"wave": None, "measure": "difference", "term": "standard", "level": "2016 - 2014"}
    return index(low, high, **pair)


def test_change__says_no_difference_where_the_interval_says_so():
    waves = index(-0.3, -0.2), index(-0.2, -0.1, "2016")
    assert "no difference found" in told(*waves, change(-0.01, 0.21))[1]
    assert "towards equality" in told(*waves, change(0.01, 0.19))[1]
    apart = index(-0.2, -0.1), index(-0.3, -0.2, "2016")
    assert "away from equality" in told(*apart, change(-0.19, -0.01))[1]


def test_change__of_a_sign_has_no_meaning_for_equality():
    crossed = told(index(-0.2, -0.1), index(0.1, 0.2, "2016"), change(0.2, 0.4))[1]
    assert "changed by" in crossed
    assert "equality" not in crossed


def test_findings__are_seven_at_most_and_never_none():
    outcomes = [index(-0.3, -0.1, outcome=f"y{place}") for place in range(12)]
    assert 1 <= len(told(*outcomes)) <= 7
    assert "no estimate of inequality" in told(TidyRow(measure="count", kind="describe"))[0]


def test_numbers__that_round_to_0_have_no_sign():
    assert number(-0.00001, 4) == "0.0000"
    assert with_interval({"estimate": -0.001, "conf_low": -0.2, "conf_high": 0.1}, 1) == "0.0 (-0.2–0.1)"


def test_digits__change_estimates_and_leave_counts_and_p_values():
    row = ("x", number(0.12345, 4), Cell((1234,), 0, fixed=True), Cell((0.0312,), 3, fixed=True), "text")
    table = Table(title="", columns=("", "a", "n", "p", "t"), rows=(row,))
    assert with_digits(table, 2).rows == (("x", "0.12", "1,234", "0.031", "text"),)


def test_missing_decimals__line_numbers_up_at_their_points():
    cells = [number(1.5, 1), number(-22.125, 3), number(7, 0), "-"]
    ends = [len(cell) + lacking for cell, lacking in zip(cells, missing_decimals(cells), strict=True)]
    points = [end - 4 for end in ends[:3]]
    assert [cell[: cell.find(".")] if "." in cell else cell for cell in cells[:3]] == ["1", "-22", "7"]
    assert points == [1, 3, 1]


def decomposition(contribution, error):
    common = {"kind": "decomposition", "outcome": "ill", "rank_by": "income", "conf_level": 0.95, "n_obs": 9}
    place = {"term": "sex", "level": "female"}
    limits = {
        "estimate": contribution,
        "std_error": error,
        "conf_low": contribution - 2 * error,
        "conf_high": contribution + 2 * error,
    }
    return [
        TidyRow(measure="standard", estimate=-0.02, std_error=0.002, method="logit", **common),
        TidyRow(measure="mean", estimate=0.5, **place, **common),
        TidyRow(measure="contribution", **limits, **place, **common),
        TidyRow(measure="share", estimate=1.0, **place, **common),
        TidyRow(measure="residual", estimate=-0.01, std_error=0.001, **common),
    ]


@pytest.mark.parametrize("size", [1e-2, 1e-4, 1e-6])
def test_small_contributions__never_read_as_0(size):
    frame = to_frame(decomposition(size, size / 3))
    (table,) = decomposition_tables(frame.to_dicts())
    line = next(row for row in table.rows if row[0].strip() == "female")
    assert float(line[1]) == pytest.approx(size, rel=0.1)
    assert all(float(part) != 0.0 for part in line[2].split(" to "))


def test_narrow_terminal__keeps_contribution_interval_and_share_together():
    (table,) = decomposition_tables(to_frame(decomposition(1e-4, 3e-5)).to_dicts())
    console = Console(file=io.StringIO(), width=64, record=True)
    print_table(console, table)
    first = console.export_text().split("(continued)")[0]
    assert all(heading in first for heading in ("contribution", "95 % interval", "share %"))


def test_columns_under_one_heading__stay_together():
    spanners = tuple(Spanner(label=f"wave {i}", start=1 + 2 * i, end=3 + 2 * i) for i in range(3))
    row = ("name", *("123,456", "12.34") * 3)
    table = Table(title="t", columns=("", *("n", "rate") * 3), rows=(row,), spanners=spanners)
    console = Console(file=io.StringIO(), width=45, record=True)
    print_table(console, table)
    lines = [line for line in console.export_text().splitlines() if line.startswith("name")]
    assert [line.split()[1:] for line in lines] == [["123,456", "12.34"] * 2, ["123,456", "12.34"]]


def test_console__honours_no_color_and_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "77")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    console = make_console()
    assert console.width == 77
    assert console.no_color
