"""Figures from rows: their marks, alt texts and bytes, each from a few rows made by hand."""

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from engine.results.rows import COLUMNS, TidyRow

pytest.importorskip("vl_convert")

from engine.report.figures import drawing
from engine.report.figures.bootstrap import bootstrap_figure
from engine.report.figures.caterpillar import caterpillars
from engine.report.figures.contributions import contribution_figures
from engine.report.figures.curve import curve_figures
from engine.report.figures.disparity import disparity_figures
from engine.report.figures.drawing import drawing_ahead, start_drawing
from engine.report.figures.equiplot import equiplots
from engine.report.figures.figure import StudyFacts
from engine.report.figures.financing import financing_figures
from engine.report.figures.flow import flow_figure
from engine.report.figures.forest import forest_figures
from engine.report.figures.history import history_figure
from engine.report.figures.index import index_figures
from engine.report.figures.render import STYLE, draw, needs_cjk_font
from engine.report.figures.rif import rif_figures
from engine.report.figures.stored import page_figure, stored_figures, without_plate
from engine.report.figures.style import DARK, PAGE, WIDTH, text_width, wrapped

FACTS = StudyFacts(
    labels={"ill": "Ill in the last year", "income": "Household income", "age": "Age 年龄"},
    ranks=frozenset({"fifth"}),
    need={"behind": frozenset({"age"})},
)


def row(**told):
    told = {"analysis": "a", "outcome": "ill", "rank_by": "income", "conf_level": 0.95, **told}
    made = TidyRow(**told)
    return {name: getattr(made, name) for name in COLUMNS}


def estimate(value, half=0.01, **told):
    return row(estimate=value, conf_low=value - half, conf_high=value + half, **told)


def curve(wave, power):
    shares = [place / 10 for place in range(11)]
    return [
        estimate(
            share**power,
            kind="curve",
            measure="concentration_curve",
            wave=wave,
            level=str(share),
            method="linearised, simultaneous",
        )
        for share in shares
    ]


INDEX_ROWS = [
    estimate(value, kind="concentration", measure=measure, wave=wave, method=method)
    for measure in ("standard", "erreygers")
    for method in ("linearised", "iid bootstrap, percentile")
    for wave, value in (("2014", -0.03), ("2016", 0.004))
]
DIFFERENCE_ROWS = [
    estimate(0.034, kind="concentration", measure="difference", term="standard", level="2016 - 2014")
]
RATE_ROWS = [
    estimate(value, kind="rates", measure="rate", wave=wave, term="fifth", level=level)
    for wave in ("2014", "2016")
    for level, value in (("poorest", 0.4), ("middle", 0.3), ("richest", 0.2))
]
RATIO_ROWS = [
    row(kind="logit", measure="odds_ratio", term="sex", level="men", estimate=1.0, status="reference"),
    estimate(2.0, 0.5, kind="logit", measure="odds_ratio", term="sex", level="women"),
    estimate(1.1, 0.5, kind="logit", measure="odds_ratio", term="age"),
    estimate(2.2, 0.5, kind="logit", measure="crude_odds_ratio", term="sex", level="women"),
    estimate(1.2, 0.5, kind="logit", measure="crude_odds_ratio", term="age"),
]
CONTRIBUTION_ROWS = [
    estimate(value, 0.02, analysis="behind", kind="decomposition", **told)
    for value, told in (
        (0.2, {"measure": "erreygers"}),
        (0.05, {"measure": "contribution", "term": "age"}),
        (0.03, {"measure": "contribution", "term": "region", "level": "east"}),
        (0.04, {"measure": "contribution", "term": "region", "level": "west"}),
        (0.07, {"measure": "contribution", "term": "region", "level": "all"}),
        (0.05, {"measure": "contribution", "term": "need", "level": "all"}),
        (0.08, {"measure": "residual"}),
    )
]
MODE_ROWS = [
    estimate(value, 0.1, kind="multilevel", measure="conditional_mode", term="village", level=str(place))
    for place, value in enumerate((-0.3, 0.0, 0.4), start=1)
]
STEPS = [{"label": "All records 全部", "n": 100}, {"label": "Income known", "n": 90}]
HISTORY_ROWS = [
    {
        "run": f"{run:06d}",
        "about": about,
        "method": "linearised",
        "estimate": 0.1 * run,
        "conf_low": 0.1 * run - 0.05,
        "conf_high": 0.1 * run + 0.05,
    }
    for about in ("2014", "2016")
    for run in (1, 2, 3)
]


DISPARITY_ROWS = [
    estimate(value, kind="disparity", measure=measure, wave=wave)
    for measure, value in (
        ("ratio", 1.4),
        ("rii", 1.8),
        ("difference", 0.05),
        ("theil", 0.02),
        ("sii", 0.004),
    )
    for wave in ("2014", "2016")
]
FINANCING_ROWS = [
    estimate(value, half, kind="financing", measure=measure, level=level, wave=wave)
    for measure, level, value, half in (
        ("kakwani", None, -0.08, 0.02),
        ("reynolds_smolensky", None, 0.004, 0.01),
        ("headcount", "0.1", 0.2, 0.02),
        ("poorest_share", "20", 0.11, 0.02),
        ("poverty_headcount_impact", None, 0.01, 0.004),
        ("poverty_gap", None, 2.5, 0.5),
        ("achievement", "2", 30.0, 2.0),
        ("percentile_ratio", "90/10", 4.0, 0.5),
    )
    for wave in ("2014", "2016")
]
RIF_ROWS = [
    estimate(-0.2, kind="rif", measure="erreygers"),
    estimate(0.3, kind="rif", measure="rif_coefficient", term="(constant)"),
    estimate(0.04, kind="rif", measure="rif_coefficient", term="sex", level="women"),
    estimate(0.001, kind="rif", measure="rif_coefficient", term="age"),
]


SUBJECTS = ("index", "held", "catastrophic", "poverty", "poverty_gap", "achievement", "ratio")


def all_figures(facts=FACTS):
    rows = [
        *INDEX_ROWS,
        *DIFFERENCE_ROWS,
        *RATE_ROWS,
        *RATIO_ROWS,
        *CONTRIBUTION_ROWS,
        *MODE_ROWS,
        *DISPARITY_ROWS,
        *FINANCING_ROWS,
        *RIF_ROWS,
        *curve("2014", 0.8),
        *curve("2016", 0.79),
    ]
    yield flow_figure(STEPS, facts)
    yield history_figure(HISTORY_ROWS, "history", "standard", facts.language)
    yield bootstrap_figure([0.1, 0.11, 0.13, float("nan"), 0.12], 0.115, (0.1, 0.13), title="Replicates")
    for make in (
        equiplots,
        curve_figures,
        index_figures,
        disparity_figures,
        financing_figures,
        contribution_figures,
        rif_figures,
        forest_figures,
        caterpillars,
    ):
        yield from make(rows, facts)


FIGURES = {figure.name: figure for figure in all_figures()}


def numbers_of(figure, field):
    """The values of a field in all layers of a chart."""
    datasets = figure.chart.get("datasets", {})
    found = {}  # layers share their data
    for layer in figure.chart["layer"]:
        own = layer["data"]
        values = own["values"] if "values" in own else datasets[own["name"]]
        found[str(values)] = values
    return [value[field] for values in found.values() for value in values if field in value]


def test_figures__are_those_that_the_rows_ask_for():
    assert set(FIGURES) == {
        "flow",
        "history",
        "bootstrap",
        "equiplot-a-ill-fifth",
        "curve-a-ill",
        "deviation-a-ill",
        "index-a-ill",
        "difference-a-ill",
        "disparity-a-ill-ratio",
        "disparity-a-ill-gap",
        "disparity-a-ill-entropy",
        *(f"financing-a-ill-{subject}" for subject in SUBJECTS),
        "contributions-behind",
        "rif-a",
        "forest-a",
        "effects-a-village",
    }


@pytest.mark.parametrize("name", FIGURES)
def test_figure__is_valid_svg_one_column_wide_with_its_alt_text(name):
    figure = FIGURES[name]
    for svg in (draw(figure).svg(), draw(figure).in_page):
        root = ET.fromstring(svg)  # noqa: S314 - our own
        assert root.get("role") == "img"
        assert root.get("width") == str(WIDTH)
        assert root.get("aria-label") == f"{figure.title}. {figure.alt_text}"
        assert "http" not in re.sub(r'xmlns(:xlink)?="[^"]*"', "", svg)
        assert 'id="' not in svg  # several stand in one page
        assert "graphics-symbol" not in svg  # one image with one name
        assert svg.count("role=") == 1
    assert re.search(r"\d", figure.alt_text)


CHINESE = {figure.name: figure for figure in all_figures(replace(FACTS, language="zh"))}


@pytest.mark.parametrize("name", sorted(set(FIGURES) - {"bootstrap"}))  # of a Python function: English
def test_figure_in_chinese__has_no_english_words_of_ours(name):
    figure = CHINESE[name]
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", draw(figure).svg())
    ours = {"a", "iid", "bootstrap", "percentile", "linearised", "standard", "Erreygers", "Theil"}
    ours |= {"Kakwani", "Reynolds", "Smolensky"}
    labels = "Ill in the last year Household income Age All records Income known sex men women region"
    labels += " village poorest middle richest fifth behind"
    given = ours | set(labels.lower().split()) | set(labels.split())
    words = set(re.findall(r"[A-Za-z]{2,}", " ".join([figure.title, figure.alt_text, *texts])))
    assert words <= given
    assert re.search("[\u4e00-\u9fff]", figure.title)
    ET.fromstring(draw(figure).svg())  # noqa: S314 - our own


def test_ratios__that_no_logarithm_has_are_left_out():
    rows = [estimate(0.02, 0.05, kind="disparity", measure="ratio", wave="2014")]
    assert not [*disparity_figures(rows, FACTS)]


def test_disparity__hollow_points_hold_what_is_no_disparity():
    fills = dict.fromkeys(numbers_of(FIGURES["disparity-a-ill-gap"], "fill"))
    assert "transparent" in fills  # the slope index of 0.004
    assert "transparent" not in numbers_of(FIGURES["disparity-a-ill-ratio"], "fill")


def test_financing__shares_are_per_cent_and_points_hollow_where_no_direction_is_sure():
    figure = FIGURES["financing-a-ill-catastrophic"]
    assert {*numbers_of(figure, "estimate")} == {20.0}
    assert figure.alt_text.startswith("catastrophic headcount, above 0.1, 2014: 20 (18 to 22)")
    assert numbers_of(FIGURES["financing-a-ill-index"], "fill").count("transparent") == 2
    assert "灾难性支出发生率，超过 0.1" in CHINESE[figure.name].alt_text


def test_financing__every_measure_has_its_figure():
    from typing import get_args

    from engine.study.financing_measures import FinancingMeasure

    for measure in get_args(FinancingMeasure):
        assert len([*financing_figures([estimate(2.0, kind="financing", measure=measure)], FACTS)]) == 1


def test_rif__leaves_out_the_constant():
    assert sorted(numbers_of(FIGURES["rif-a"], "estimate")) == [0.001, 0.04]
    assert "2 coefficients; the intervals of 1 leave out 0" in FIGURES["rif-a"].alt_text


@pytest.mark.parametrize("figures", [FIGURES, CHINESE], ids=["en", "zh"])
def test_stored_figure__without_its_plate_is_that_of_the_page(figures):
    for figure in figures.values():
        drawn = draw(replace(figure, mark="SIMULATED: <nobody>" if figure.name == "flow" else ""))
        assert without_plate(drawn.svg()) == page_figure(drawn)


def test_stored_figure__of_another_program_is_left_out(tmp_path):
    (tmp_path / "flow.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    (tmp_path / "forest-a.svg").write_text(draw(FIGURES["forest-a"]).svg())
    (tmp_path / "curve-a-ill.svg").write_text(draw(FIGURES["curve-a-ill"]).svg())
    titles = [figure.title for figure in stored_figures(tmp_path)]
    assert titles == [FIGURES["curve-a-ill"].title, FIGURES["forest-a"].title]  # in the order of a report
    assert stored_figures(tmp_path / "no") == []


@pytest.mark.parametrize("name", ["flow", "index-a-ill", "curve-a-ill", "forest-a"])
def test_figure__has_the_same_bytes_twice(name):
    again = {figure.name: figure for figure in all_figures()}[name]
    drawn = [draw(FIGURES[name]), draw(again), draw(again), draw(again)]
    for made in ([one.svg() for one in drawn], [one.png() for one in drawn], [one.pdf() for one in drawn]):
        assert len(set(made)) == 1
    assert drawn[0].png().startswith(b"\x89PNG")
    assert drawn[0].pdf().startswith(b"%PDF")


@pytest.mark.parametrize("name", FIGURES)
def test_figure__has_no_colour_that_a_dark_page_does_not_know(name):
    colours = set(re.findall(r'(?:fill|stroke)="(#[0-9a-f]+)"', draw(FIGURES[name]).in_page))
    assert colours <= set(DARK), "add it to the colours of style.py"
    assert f'"{PAGE}"' not in draw(FIGURES[name]).in_page
    assert all(f'[fill="{colour}"]' in STYLE for colour in colours)


def luminance(colour):
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def test_colours__have_the_contrast_of_wcag_aa():
    from engine.report.figures.style import COLORS, INK, MUTED

    for text in (INK, MUTED, COLORS[1]):
        assert contrast(text, PAGE) >= 4.5
        assert contrast(DARK[text], "#14171c") >= 4.5
    for mark in COLORS:
        assert contrast(mark, PAGE) >= 3
        assert contrast(DARK[mark], "#14171c") >= 3
    first_three = sorted(luminance(colour) for colour in COLORS[:3])
    assert first_three[1] / first_three[0] > 1.5  # apart in grey
    assert first_three[2] / first_three[1] > 1.5


def test_index__draws_the_last_method_of_each_group():
    assert sorted(numbers_of(FIGURES["index-a-ill"], "estimate")) == [-0.03, -0.03, 0.004, 0.004]
    assert "standard index, 2014: −0.030 (−0.040 to −0.020)" in FIGURES["index-a-ill"].alt_text
    hollow = numbers_of(FIGURES["index-a-ill"], "fill")
    assert hollow.count("transparent") == 2  # the intervals of 2016 hold 0


def test_equiplot__has_a_dot_for_each_group_and_joins_them():
    figure = FIGURES["equiplot-a-ill-fifth"]
    assert sorted({*numbers_of(figure, "rate")}) == [20.0, 30.0, 40.0]
    assert figure.alt_text == (
        "2014: 40.0 % in 'poorest', 20.0 % in 'richest', −20.0 points between them; "
        "2016: 40.0 % in 'poorest', 20.0 % in 'richest', −20.0 points between them."
    )


def test_curve__tells_the_share_of_the_lower_half():
    assert "2014: the 50 % of people with the lowest household income hold 57.4 %" in (
        FIGURES["curve-a-ill"].alt_text
    )
    shares = [share for share in numbers_of(FIGURES["deviation-a-ill"], "share") if share]
    assert max(shares) == pytest.approx(100 * (0.3**0.79 - 0.3), rel=1e-9)  # the curve of 2016


def test_curves_that_lie_apart__need_no_deviation():
    names = [figure.name for figure in curve_figures([*curve("1", 0.5), *curve("2", 2.0)], FACTS)]
    assert names == ["curve-a-ill"]


def test_many_groups__are_drawn_in_several_figures():
    rows = [point for wave in range(8) for point in curve(str(wave), 0.3 + 0.2 * wave)]
    names = [figure.name for figure in curve_figures(rows, FACTS)]
    assert names[0] == "curve-a-ill-1"
    assert "curve-a-ill-2" in names


def few_rows():
    """Rows of all figures: those of 2014, and those without a wave, rest on 12 people, the others on 900."""
    rows = [*INDEX_ROWS, *RATE_ROWS, *RATIO_ROWS, *CONTRIBUTION_ROWS, *MODE_ROWS, *DISPARITY_ROWS]
    rows += [*FINANCING_ROWS, *RIF_ROWS, *curve("2014", 0.8), *curve("2016", 0.79)]
    return [{**one, "n_obs": 900 if one["wave"] == "2016" else 12} for one in rows]


MAKERS = (
    equiplots,
    curve_figures,
    index_figures,
    disparity_figures,
    financing_figures,
    contribution_figures,
    rif_figures,
    forest_figures,
    caterpillars,
)


@pytest.mark.parametrize("make", MAKERS)
def test_few_people__are_marked_in_the_figure_and_its_alt_text(make):
    for figure in make(few_rows(), FACTS):
        drawn = re.sub(r"<title>.*</desc>", "", draw(figure).in_page)  # title and alt text apart
        marks = "".join(re.findall(r">([^<]*†[^<]*)<", drawn))
        assert marks.count("†") > 1 or "†" in figure.title  # at the estimate, and below with its meaning
        assert figure.alt_text.endswith("† fewer than 30 people: read with care.")


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("facts", [replace(FACTS, mark_below=12), replace(FACTS, mark_below=0)])
def test_as_many_people_as_the_study_asks_for__have_no_mark(make, facts):
    for figure in make(few_rows(), facts):
        assert "†" not in draw(figure).svg()


def test_few_people__only_their_own_group_is_marked():
    (figure,) = index_figures(
        [{**one, "n_obs": 12 if one["wave"] == "2014" else 900} for one in INDEX_ROWS], FACTS
    )
    names = [name for text in numbers_of(figure, "text") if isinstance(text, list) for name in text]
    assert {"2014†", "2016"} <= {*names}
    assert not {"2014", "2016†"} & {*names}


def test_few_people__the_threshold_is_that_of_the_study():
    manifest = {"study": {"asked": {"study": {"mark_below": 50}}}}
    assert StudyFacts.of(manifest).mark_below == 50
    (figure,) = index_figures([{**INDEX_ROWS[0], "n_obs": 40}], StudyFacts.of(manifest, "zh"))
    assert figure.alt_text.endswith("† 少于 50 人：请谨慎解读。")


def test_contributions__need_first_residual_last_levels_summed():
    figure = FIGURES["contributions-behind"]
    assert [*dict.fromkeys(numbers_of(figure, "estimate"))] == [0.05, 0.07, 0.08]
    assert figure.alt_text.startswith("Index 0.20 (0.18 to 0.22). ")
    texts = [
        text for text in numbers_of(figure, "text") if text in (["Need"], ["Other covariates"], ["Rest"])
    ]
    assert texts == [["Need"], ["Other covariates"], ["Rest"]]


def test_forest__is_logarithmic_without_rounding_of_its_ends():
    figure = FIGURES["forest-a"]
    scales = [
        layer["encoding"]["x"]["scale"]
        for layer in figure.chart["layer"]
        if "scale" in layer["encoding"].get("x", {})
    ]
    assert scales
    assert all(scale["type"] == "log" and scale["nice"] is False for scale in scales)
    assert "2 adjusted odds ratios; the intervals of 1 leave out 1" in figure.alt_text
    assert "1 (Ref)" in numbers_of(figure, "text")


def test_caterpillar__counts_the_intervals_without_0():
    assert "3 clusters" in FIGURES["effects-a-village"].alt_text
    assert "the intervals of 2 leave out 0" in FIGURES["effects-a-village"].alt_text


def test_bootstrap__leaves_out_undefined_replicates_and_tells_the_monte_carlo_error():
    figure = FIGURES["bootstrap"]
    assert sum(numbers_of(figure, "n")) == 4
    assert "Standard error 0.01291, Monte-Carlo error of it 0.005270" in figure.alt_text


def test_labels__stand_for_names_and_texts_of_all_scripts_stay():
    svg = draw(FIGURES["forest-a"]).svg()
    assert "Age 年龄" in svg
    assert needs_cjk_font(FIGURES["forest-a"])
    assert not needs_cjk_font(FIGURES["index-a-ill"])
    assert "Ill in the last year" in draw(FIGURES["equiplot-a-ill-fifth"]).svg()


def test_wrapped__keeps_every_letter_and_the_width():
    text = "Ethnic minorities in the community (per cent) 社区中少数民族的比例非常高的地方"
    lines = wrapped(text, 100, 10)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(text_width(line, 10) <= 100 for line in lines)


def test_drawing_process__draws_what_is_drawn_here_and_its_death_loses_no_figure():
    figures = [*FIGURES.values()]
    here = tuple(draw(figure) for figure in figures)
    with drawing_ahead():
        first, second = start_drawing(figures), start_drawing(figures[:1])
        assert not drawing._ready.get()  # the process has the first figures; the second are drawn here
        assert first() == here
        assert second() == here[:1]
    with drawing_ahead():
        (process,) = drawing._ready.get()
        process._process.kill()
        assert start_drawing(figures)() == here
    assert not drawing._ready.get()


@pytest.fixture
def result_frame():
    import numpy as np
    import polars as pl

    rng = np.random.default_rng(4)
    income, age = rng.lognormal(3, 1, 400), rng.integers(20, 80, 400).astype(float)
    return pl.DataFrame({"ill": rng.random(400) < 0.2 + age / 200, "income": income, "age": age})


def test_results__plot_themselves(result_frame, tmp_path):
    import engine

    index = engine.concentration_index(result_frame, "ill", rank_by="income", index="erreygers", bootstrap=50)
    curve = engine.concentration_curve(result_frame, "ill", rank_by="income")
    parts = engine.decompose(result_frame, "ill", rank_by="income", terms=["age"])
    fit = engine.logit(result_frame, "ill", ["age"])
    names = [[figure.name for figure in result.plot().figures] for result in (index, curve, parts, fit)]
    assert names == [
        ["bootstrap", "index-result-ill"],
        ["curve-result-ill", "deviation-result-ill"],
        ["contributions-result"],
        ["forest-result"],
    ]
    plot = index.plot()
    assert plot._repr_html_().count("<svg") == 2
    assert "50 replicates" in repr(plot)
    assert [path.name for path in plot.save(tmp_path / "p.svg")] == ["p.svg", "p-2.svg"]
    assert (tmp_path / "p-2.svg").read_text().startswith("<svg")


def test_plot__of_a_table_without_a_figure_says_so(result_frame):
    import engine
    from engine.errors import UsageError

    with pytest.raises(UsageError, match="there is no figure of it"):
        engine.describe(result_frame, ["age"]).plot()
    with pytest.raises(UsageError, match="found the format 'gif'"):
        engine.logit(result_frame, "ill", ["age"]).plot().save("x.gif")
