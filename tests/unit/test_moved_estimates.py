"""What differs between the rows of two runs, and how it is shown."""

import pytest

from engine.nights import changes
from engine.store.compare import compare
from tests.unit.tidy_rows import ROW, differences, rows


def test_differences__are_of_four_kinds_the_largest_first():
    before = rows(
        {"level": "same"},
        {"level": "little"},
        {"level": "much"},
        {"level": "no error", "std_error": None},
        {"level": "no error before", "std_error": None},
        {"level": "exact", "std_error": 0.0},
        {"level": "gone"},
        {"level": "error"},
        {"level": "count"},
        {"level": "status"},
        {"level": "was missing", "estimate": None},
    )
    after = rows(
        {"level": "new"},
        {"level": "same"},
        {"level": "little", "estimate": 0.51, "std_error": 0.2},
        {"level": "much", "estimate": 0.2},
        {"level": "no error", "estimate": 0.9, "std_error": None},
        {"level": "no error before", "estimate": 0.6, "std_error": 0.5},
        {"level": "exact", "estimate": 0.6, "std_error": 0.0},
        {"level": "error", "conf_low": 0.2},
        {"level": "count", "n_obs": 11},
        {"level": "status", "status": "few people"},
        {"level": "was missing"},
    )
    found = compare(before, after)
    assert found.n_same == 1
    assert found.counts == {"moved": 6, "error moved": 3, "new": 1, "gone": 1}
    told = found.rows.select("level", "difference", "before", "after", "change", "in_std_errors").rows()
    assert [row[:4] for row in told] == [
        ("much", "moved", 0.5, 0.2),
        ("no error before", "moved", 0.5, 0.6),
        ("little", "moved", 0.5, 0.51),
        ("no error", "moved", 0.5, 0.9),
        ("exact", "moved", 0.5, 0.6),
        ("was missing", "moved", None, 0.5),
        ("error", "error moved", 0.5, 0.5),
        ("count", "error moved", 0.5, 0.5),
        ("status", "error moved", 0.5, 0.5),
        ("new", "new", None, 0.5),
        ("gone", "gone", 0.5, None),
    ]
    assert [row[4] for row in told[:6]] == pytest.approx([-0.3, 0.1, 0.01, 0.4, 0.1, None], nan_ok=True)
    assert [row[5] for row in told[:6]] == pytest.approx([-3.0, 0.2, 0.1, None, None, None])
    assert found.as_dict()["same"] == 1
    assert len(found.as_dict()["rows"]) == 11


def test_rows_of_one_name__are_compared_in_their_order():
    found = compare(rows({}, {"conf_level": 0.9}), rows({}, {"conf_level": 0.9}, {"conf_level": 0.99}))
    assert (found.n_same, found.counts["new"]) == (2, 1)
    assert compare(rows({}, {"conf_level": 0.9}), rows({"conf_level": 0.9}, {})).counts["error moved"] == 2


def test_results__show_thirty_rows_of_each_kind_and_say_how_many_more():
    lines = changes.result_lines(differences(moved=31, error_moved=2, new=30, gone=32))
    assert lines[0] == (
        "Estimates that moved: 31; errors or counts alone: 2; new rows: 30; gone: 32; the same: 7."
    )
    heads = [number for number, line in enumerate(lines) if line.startswith(("| New", "| Gone"))]
    assert [lines[number] for number in heads] == [
        "| New: analysis | of | measure | value |",
        "| Gone: analysis | of | measure | value |",
    ]
    assert lines[heads[0] + 2] == "| rates | 1, ill, sex, 0 | rate, linearised | 0.25 |"
    assert lines[heads[1] + 2] == "| rates | 1, ill, sex, 0 | rate, linearised | 0.5 |"
    moved = lines.index("| Moved: analysis | of | measure | before | after | change in std. errors |")
    assert lines[moved + 2] == "| rates | 1, ill, sex, 0 | rate, linearised | 0.5 | 0.25 | -2.50 |"
    assert sum(line.startswith("| rates") for line in lines) == 90
    assert [line for line in lines if "more; `equirank diff` shows all." in line] == [
        "and 2 more; `equirank diff` shows all.",
        "and 1 more; `equirank diff` shows all.",
    ]
    everything = changes.result_lines(differences(moved=31, new=30, gone=32), show_all=True)
    assert sum(line.startswith("| rates") for line in everything) == 93
    assert not any("more;" in line for line in everything)
    assert changes.result_lines(differences(error_moved=1))[1:] == []


def test_numbers__have_six_digits_and_missing_ones_a_dash():
    row = {**ROW, "before": None, "after": 1 / 3, "in_std_errors": None}
    assert changes._line(row) == "| rates | 1, ill, sex | rate, linearised | - | 0.333333 | - |"
    assert changes._number(None) == "-"
    assert changes._number(0.0) == "0"
