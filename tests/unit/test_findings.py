"""Sentences from numbers: a direction only where the interval carries it; tables whose numbers say enough."""

import io
import re
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from rich.console import Console

from engine.report.decomposition_table import decomposition_tables
from engine.report.financing_table import financing_name
from engine.report.findings import findings
from engine.report.model import Cell, Spanner, Table, missing_decimals, number, with_digits, with_interval
from engine.report.terminal import make_console, print_table
from engine.report.words.figures import FIGURES
from engine.report.words.headings import HEADINGS
from engine.report.words.methods import METHODS
from engine.report.words.sentences import SENTENCES
from engine.report.words.site import SITE
from engine.results import TidyRow, to_frame
from engine.store.run_directory import StoredRun
from engine.study.financing_measures import AT_PERCENTILES, CATASTROPHIC, FinancingMeasure

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


def told(*rows, language="en", analyses=()):
    asked = {**MANIFEST["study"]["asked"], "analysis": analyses}
    manifest = {**MANIFEST, "study": {**MANIFEST["study"], "asked": asked}}
    run = StoredRun(path=Path("run"), results=to_frame(rows), manifest=manifest)
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


def measure(name, low, high, wave="2014", **given):
    told = {"kind": "disparity", "analysis": "gaps", "measure": name, "method": "linearised"}
    return index(low, high, wave, **{**told, **given})


def test_disparity__is_told_with_a_relative_and_an_absolute_measure_of_the_last_group():
    rows = [
        measure(name, low, high, wave)
        for wave in ("2014", "2016")
        for name, low, high in (("ratio", 1.2, 1.6), ("difference", 0.02, 0.06), ("theil", 0.1, 0.2))
    ]
    (sentence,) = told(*rows)
    assert sentence.startswith(
        "Illness: differs by income (2016: ratio 1.4000 (1.2000 to 1.6000); difference 0.0400"
    )
    assert "2014" not in sentence


def test_disparity__says_when_none_was_found_or_one_measure_is_not_sure():
    assert (
        "no disparity by income was found" in told(measure("ratio", 0.8, 1.6), measure("sii", -0.1, 0.2))[0]
    )
    assert "the other is not sure" in told(measure("ratio", 1.1, 1.6), measure("sii", -0.1, 0.2))[0]
    assert "未发现" in told(measure("ratio", 0.8, 1.6), language="zh")[0]


def test_disparity_without_an_interval__is_no_finding():
    """It said that no disparity was found, where none can be looked for."""
    unknown = {"conf_low": None, "conf_high": None, "status": "no degrees of freedom"}
    rows = [replace(measure(name, 0.0, 0.2), **unknown) for name in ("difference", "bgv")]
    assert "difference" not in told(*rows)[0]
    assert "no departure" not in told(replace(payment("kakwani", -0.1, 0.1), **unknown))[0]


def test_disparity_of_amounts__is_told_without_a_verdict():
    (sentence,) = told(measure("gini", 0.3, 0.4, rank_by=None))
    assert sentence.startswith("Illness, inequality between people: 2014: Gini index 0.3500")


def test_disparity__differences_between_groups_are_no_measures():
    rows = [
        measure("ratio", 1.1, 1.6),
        measure("difference", -0.2, 0.2, None, term="ratio", level="2016 - 2014"),
    ]
    assert "difference" not in told(*rows)[0]


def payment(name, low, high, wave="2014", **given):
    return measure(name, low, high, wave, **{"kind": "financing", "analysis": "paid", **given})


def test_kakwani__above_0_is_progressive_below_regressive_and_not_told_where_it_is_not_sure():
    (text,) = told(payment("kakwani", 0.1, 0.3), payment("concentration", 0.4, 0.6))
    assert text.startswith(
        "Illness (2014): progressive. On the whole, people with higher income pay a larger"
    )
    assert "(Kakwani index 0.2000 (0.1000 to 0.3000); concentration index 0.5000" in text
    assert ": regressive. On the whole, people with lower income" in told(payment("kakwani", -0.3, -0.1))[0]
    assert "no departure from payment in proportion" in told(payment("kakwani", -0.1, 0.3))[0]
    assert "累退" in told(payment("kakwani", -0.3, -0.1), language="zh")[0]


def test_kakwani__of_a_benefit_below_0_is_progressive():
    benefit = {"name": "paid", "kind": "financing", "unit_cost": 20.0}
    assert (
        "a progressive benefit. On the whole, people with lower income get"
        in told(payment("kakwani", -0.3, -0.1), analyses=(benefit,))[0]
    )
    assert "a regressive benefit" in told(payment("kakwani", 0.1, 0.3), analyses=(benefit,))[0]


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(-0.3, -0.1, "lower income (conc"), (0.1, 0.3, "higher income (conc"), (-0.1, 0.1, "no difference by")],
)
def test_catastrophic_payments__are_told_with_threshold_size_and_where_they_are(low, high, words):
    found = told(
        payment("headcount", 0.18, 0.22, level="0.1"),
        payment("headcount_concentration", low, high, level="0.1"),
        payment("headcount", 0.01, 0.02, level="0.25"),
    )
    assert found[0].startswith(
        "Illness (2014): 20.0 (18.0–22.0) per cent of people pay more than 10 per cent"
    )
    assert words in found[0]
    assert len(found) == 1


def test_poverty_and_inequality_after_payment__have_their_direction():
    impact, effect = "poverty_headcount_impact", "redistributive_effect"
    found = told(payment(impact, 0.01, 0.03), payment(effect, -0.03, -0.01))
    assert "2.0 (1.0 to 3.0) points more of the people are below the poverty line" in found[0]
    assert "income is more unequal after the payment" in found[1]
    found = told(payment(impact, -0.03, -0.01), payment(effect, 0.01, 0.03))
    assert "2.0 (1.0 to 3.0) points fewer" in found[0]
    assert "income is less unequal" in found[1]
    found = told(payment(impact, -0.01, 0.01), payment(effect, -0.01, 0.03))
    assert all("no difference found" in text for text in found)


def test_financing__tells_the_last_group_and_shares_without_a_direction():
    rows = [payment("poorest_share", 0.1, 0.2, wave, level="20") for wave in ("2014", "2016")]
    assert told(*rows) == ["Illness by income (2016): share of the poorest 20 % 0.1500 (0.1000 to 0.2000)."]


LEVELLED = (*CATASTROPHIC, *AT_PERCENTILES, "achievement", "percentile_ratio")


def test_financing__every_measure_has_chinese_words():
    for name in get_args(FinancingMeasure):
        level = "20" if name in LEVELLED else None
        assert re.search("[\u4e00-\u9fff]", financing_name(name, level, "zh")), name


def coefficient(low, high, **given):
    return measure("rif_coefficient", low, high, **{"kind": "rif", "std_error": 0.01, **given})


def test_rif__tells_the_clearest_covariate_and_none_where_none_is_clear():
    rows = [
        measure("erreygers", -0.2, -0.1, kind="rif"),
        coefficient(0.5, 0.7, term="(constant)"),
        coefficient(0.1, 0.2, term="age"),
        coefficient(0.3, 0.4, term="sex", level="women", std_error=0.2),
    ]
    assert any("goes most clearly with age" in sentence for sentence in told(*rows))
    assert not any("goes most" in sentence for sentence in told(rows[0], coefficient(-0.1, 0.2, term="age")))


def estimate(name, low, high, p_value, **given):
    about = {"kind": "regression", "analysis": "visits", "rank_by": None, "p_value": p_value, **given}
    return measure(name, low, high, **about)


def test_regression__tells_the_clearest_ratio_with_its_reference():
    ratio = "incidence_rate_ratio"
    rows = [
        estimate("coefficient", -2.0, -1.0, 1e-9, term="(constant)"),
        estimate("coefficient", 0.1, 0.4, 1e-4, term="sex", level="women"),
        estimate(ratio, 1.0, 1.0, None, term="sex", level="men", status="reference"),
        estimate(ratio, 1.2, 1.6, 1e-4, term="sex", level="women"),
        estimate(ratio, 0.7, 1.5, 0.8, term="age"),
    ]
    (text,) = told(*rows)
    assert text == (
        "Illness: with the other covariates held fixed, it goes most clearly with sex: women against men: "
        "rate ratio 1.40 (1.20–1.60)."
    )
    assert "发病率比为 1.40（1.20–1.60）" in told(*rows, language="zh")[0]
    odds = [row for row in rows if row.measure != ratio]
    assert "odds" not in told(*odds)[0]


def test_regression__tells_the_difference_of_a_linear_model_and_nothing_where_none_is_clear():
    rows = [
        estimate("coefficient", 4.0, 5.0, 1e-9, term="(constant)"),
        estimate("coefficient", 0.1, 0.3, 1e-3, term="age"),
    ]
    assert told(*rows)[0].endswith("most clearly with age: difference 0.2000 (0.1000 to 0.3000).")
    assert "most clearly" not in told(rows[0], estimate("coefficient", -0.1, 0.3, 0.4, term="age"))[0]


@pytest.mark.parametrize("words", [SENTENCES, FIGURES, HEADINGS, METHODS, SITE])
def test_words__have_the_same_places_in_both_languages(words):
    for key, (english, chinese) in words.items():
        assert set(re.findall(r"{(\w+)}", english)) == set(re.findall(r"{(\w+)}", chinese)), key
