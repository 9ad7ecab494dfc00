"""Numbers that rest on few people are marked, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.batch.kinds import TABLES
from engine.report.model import Table, count, number, people, with_digits
from engine.report.render.text_tables import csv_table
from engine.report.small_cells import mark_small_cells, threshold_of
from engine.report.words.tables import translated
from engine.results.rows import COLUMNS, TidyRow


def row(**told):
    made = TidyRow(**{"analysis": "a", "outcome": "ill", "rank_by": "income", "conf_level": 0.95, **told})
    return {name: getattr(made, name) for name in COLUMNS}


def rate(n, **told):
    return row(kind="rates", measure="rate", estimate=0.5, conf_low=0.4, conf_high=0.6, n_obs=n, **told)


def marked(rows, threshold=30):
    return [*mark_small_cells([*TABLES[rows[0]["kind"]].build(rows)], rows, threshold)]


def test_rate_of_few_people__is_marked_at_its_number_with_a_note():
    (table,) = marked([rate(29, term="sex", level="men"), rate(30, term="sex", level="women")])
    cells = {line[0].strip(): line[1] for line in table.rows if len(line) > 1}
    assert cells == {"men": "29†", "women": "30"}
    assert table.notes[-1] == "† fewer than 30 people: read with care."


def test_nobody__is_not_few():
    rows = [rate(0, term="sex", level="men"), rate(500, term="sex", level="women")]
    assert all("†" not in cell for line in marked(rows)[0].rows for cell in line)


def test_threshold_of_0__marks_nothing():
    (table,) = marked([rate(3, term="sex", level="men")], threshold=0)
    assert not any("care" in note for note in table.notes)


def test_table_without_numbers_of_people__names_the_groups():
    told = {"kind": "curve", "measure": "concentration_curve", "estimate": 0.5, "method": "x, simultaneous"}
    rows = [
        row(**told, wave=wave, level=level, n_obs=n)
        for wave, n in (("2014", 12), ("2016", 900))
        for level in ("0.0", "0.5", "1.0")
    ]
    (table,) = marked(rows)
    assert table.notes[-1] == "Fewer than 30 people: 2014; read with care."


def test_mark__survives_digits_and_translation():
    table = Table(title="", columns=("", "n", "x"), rows=(("a", people(7), number(0.123)),))
    (table,) = mark_small_cells([table], [], 30)
    shown = translated(with_digits(table, 1), "zh")
    assert shown.rows == (("a", "7†", "0.1"),)
    assert shown.notes == ("† 少于 30 人：请谨慎解读。",)
    assert "7†" in csv_table(table, "").decode("utf-8-sig")


@given(st.integers(0, 200), st.integers(0, 60))
def test_mark__stands_only_behind_people_below_the_threshold(n, threshold):
    table = Table(title="", columns=("", "n", "other"), rows=(("a", people(n), count(n)),))
    (shown,) = mark_small_cells([table], [], threshold)
    assert shown.rows[0][1] == (f"{n}†" if 0 < n < threshold else str(n))
    assert shown.rows[0][2] == str(n)


@pytest.mark.parametrize(("asked", "threshold"), [({}, 30), ({"study": {"mark_below": 50}}, 50)])
def test_threshold__is_that_of_the_study(asked, threshold):
    assert threshold_of({"study": {"asked": asked}}) == threshold
