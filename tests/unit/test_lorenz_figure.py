"""The Lorenz and the concentration curve of a payment: drawn where a study asks for both at percentiles."""

import json

import pytest

from engine.report.figures.figure import StudyFacts
from engine.report.figures.lorenz import lorenz_figures

FACTS = StudyFacts(labels={"income": "Income", "payment": "Payment"})


def share(measure, level, estimate, **given):
    empty = {
        "wave": None,
        "subgroup": None,
        "term": None,
        "n_obs": 500,
        "conf_level": 0.95,
        "method": "linearised",
    }
    about = {"analysis": "paid", "kind": "financing", "outcome": "payment", "rank_by": "income"}
    ends = {"conf_low": estimate - 0.02, "conf_high": estimate + 0.02}
    return {**empty, **about, **ends, "measure": measure, "level": level, "estimate": estimate, **given}


ROWS = [
    *(share("lorenz", level, held) for level, held in (("20", 0.06), ("50", 0.25), ("80", 0.6))),
    *(share("poorest_share", level, held) for level, held in (("20", 0.09), ("50", 0.3), ("80", 0.65))),
]


def test_curves_of_resources_and_payment__stand_in_one_figure():
    (figure,) = lorenz_figures(ROWS, FACTS)
    assert figure.name == "lorenz-paid-payment"
    assert "Income: the poorest 20 % of people hold 6.0 %" in figure.alt_text
    assert "Payment: the poorest 80 % of people hold 65.0 %" in figure.alt_text
    lines = [layer for layer in figure.chart["layer"] if layer["mark"]["type"] == "line"]
    assert [len(line["data"]["values"]) for line in lines] == [2, 5, 5]
    assert lines[1]["data"]["values"][2] == pytest.approx(
        {"people": 50.0, "share": 25.0, "low": 23.0, "high": 27.0}
    )
    assert "Payment" in json.dumps(figure.chart)


def test_each_wave__has_a_figure():
    rows = [{**row, "wave": wave} for wave in ("2014", "2016") for row in ROWS]
    names = [figure.name for figure in lorenz_figures(rows, FACTS)]
    assert names == ["lorenz-paid-payment-2014", "lorenz-paid-payment-2016"]


def test_one_curve_or_one_point__is_no_figure():
    assert not [*lorenz_figures(ROWS[:3], FACTS)]
    assert not [*lorenz_figures([ROWS[0], ROWS[3]], FACTS)]


def test_small_groups__are_marked():
    rows = [{**row, "n_obs": 12} for row in ROWS]
    (figure,) = lorenz_figures(rows, StudyFacts(labels=FACTS.labels, mark_below=30))
    assert "30" in figure.alt_text
