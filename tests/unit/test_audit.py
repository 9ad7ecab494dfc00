"""The audit finds every certain mistake of the shipped papers and none in clean tables; the scorecard."""

import csv
import json
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from engine.audit.audit import audit, audit_tables
from engine.audit.findings import CERTAIN
from engine.audit.labels import band
from engine.audit.published import PrintedCell, Tables, fold_label
from engine.audit.scorecard import ABSENT, DIFFERS, LAST_DIGIT, SAME, WITHIN, scorecard


@pytest.fixture(scope="module")
def wang():
    return audit("wang2021")


def findings_of(findings, check, place=""):
    return [finding for finding in findings if finding.check == check and place in finding.place]


def test_wang2021__has_every_certain_mistake(wang):
    certain = [finding for finding in wang if finding.certainty == "certain"]
    (total,) = findings_of(certain, "total")  # A1: 16,900 for 169,000
    assert total.printed == "16900"
    assert "sum to 169,000" in total.evidence
    assert "to 387,826, with it to 539,926 as printed overall" in total.evidence
    male, married = findings_of(certain, "percentage")  # A2, A3
    assert (male.printed, "= 51.69 %" in male.evidence, "sum to 105.00" in male.evidence) == (
        "56.69",
        True,
        True,
    )
    assert (married.printed, "152,931 / 200,937 = 76.11 %" in married.evidence) == ("76.12", True)
    old = findings_of(certain, "people too few", "2017")[0]  # A4
    assert "need 2,625 to 2,626 people, the count says 2,213" in old.evidence
    y2017, overall = findings_of(certain, "total and parts")  # A5, A7
    assert (
        "with that denominator 30.01 %; it lies outside all of its parts (Sex 28.92 to 31.17"
        in y2017.evidence
    )
    assert "with that denominator 30.0" in overall.evidence
    left = findings_of(certain, "people left out", "2017")[0]  # A6
    assert "of the 15,401 people left out of the rates, 15,396 are in one level" in left.evidence
    swaps = findings_of(certain, "swapped rows")  # A8: all waves and overall
    assert len(swaps) == 4
    assert all(
        "counts of East and West are swapped, the rates are right" in finding.evidence for finding in swaps
    )
    (interval,) = findings_of(certain, "interval")  # A10
    assert interval.printed == "1.15, 1.18, 1.16"
    assert "the counts imply 1.1445 (1.127 to 1.162)" in interval.evidence
    (models,) = findings_of(certain, "people in the models")  # A11
    assert "17 of 17 crude odds ratios follow from the people behind the rates (about 524," in models.evidence
    labels = " ".join(finding.printed for finding in findings_of(certain, "label"))  # A12
    assert "5–10 / 6–10" in labels
    assert "other / Studying/family issues" in labels
    (design,) = findings_of(certain, "design")  # A14
    assert "'55-64' is cut off at 59 and '65-' cannot occur" in design.evidence


def test_wang2021__has_no_other_certain_mistake(wang):
    allowed = {
        "total",
        "percentage",
        "people too few",
        "total and parts",
        "people left out",
        "swapped rows",
        "interval",
        "people in the models",
        "label",
        "overlap",
        "design",
    }
    assert {finding.check for finding in wang if finding.certainty == "certain"} == allowed
    inferred = [finding for finding in wang if finding.certainty == "inferred"]
    assert {finding.check for finding in inferred} == {
        "single coefficient",
        "label",
    }  # A13, Agricultural / Rural
    assert len(inferred) == 7


def clean_cells(seed, decimals=2):
    """Print the tables of a simulated survey without a mistake."""
    chance = random.Random(seed)  # noqa: S311
    groups = ["2001", "2002"]
    people = {group: chance.choice([60, 300, 3_000, 90_000]) for group in groups}
    cells = []
    totals = {}
    variables = {
        "Sex": ["male", "female"],
        "Age": ["15-24", "25-44", "45-64", ">= 65"],
        "Place": ["a", "b", "c"],
    }
    rate = {group: chance.uniform(0.05, 0.6) for group in groups}
    events = {group: round(rate[group] * people[group]) for group in groups}
    for variable, levels in variables.items():
        for level in levels:
            totals[variable, level, "Overall"] = [0, 0]
        for group in groups:
            ends = sorted(chance.sample(range(1, 100), len(levels) - 1))
            shares = [(b - a) / 100 for a, b in zip([0, *ends], [*ends, 100], strict=True)]
            counts = [round(share * people[group]) for share in shares]
            counts[-1] += people[group] - sum(counts)
            hits = [
                min(count, round(events[group] * share)) for count, share in zip(counts, shares, strict=True)
            ]
            for k, count in enumerate(counts):  # events that rounding leaves over go to a level with people
                hits[k] = max(0, min(count, hits[k] + events[group] - sum(hits)))
            for level, n, e in zip(levels, counts, hits, strict=True):
                totals[variable, level, group] = [n, e]
                for i, value in enumerate((n, e)):
                    totals[variable, level, "Overall"][i] += value
    everybody = {**people, "Overall": sum(people.values())}
    hits = {**events, "Overall": sum(events.values())}
    for (variable, level, column), (n, e) in totals.items():
        place = {"variable": variable, "level": level, "column": column}
        cells.append(PrintedCell(table="1", measure="n", printed=f"{n:,}", **place))
        cells.append(
            PrintedCell(
                table="1", measure="percent", printed=f"{100 * n / everybody[column]:.{decimals}f}", **place
            )
        )
        if n:
            cells.append(PrintedCell(table="2", measure="events", printed=str(e), **place))
            cells.append(
                PrintedCell(table="2", measure="rate", printed=f"{100 * e / n:.{decimals}f}", **place)
            )
    for column, n in everybody.items():
        place = {"variable": "Total", "level": "Total", "column": column}
        cells.append(PrintedCell(table="2", measure="n", printed=str(n), **place))
        cells.append(PrintedCell(table="2", measure="events", printed=str(hits[column]), **place))
        cells.append(
            PrintedCell(table="2", measure="rate", printed=f"{100 * hits[column] / n:.{decimals}f}", **place)
        )
    return cells


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9), st.sampled_from([0, 1, 2]))
def test_clean_tables__have_no_findings(seed, decimals):
    assert audit_tables(Tables(clean_cells(seed, decimals))) == ()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.data())
def test_wrong_percentage__is_the_only_finding(seed, data):
    cells = clean_cells(seed)
    place = data.draw(st.sampled_from([i for i, cell in enumerate(cells) if cell.measure == "percent"]))
    wrong = cells[place]
    moved = f"{(wrong.value + 3.0):.2f}"
    cells[place] = PrintedCell(
        table=wrong.table,
        variable=wrong.variable,
        level=wrong.level,
        column=wrong.column,
        measure="percent",
        printed=moved,
    )
    findings = audit_tables(Tables(cells))
    assert [(finding.check, finding.printed) for finding in findings] == [("percentage", moved)]


def test_odd_tables__do_not_stop_the_audit():
    rows = [
        ("1", "a", "b", "c", measure, printed)
        for measure in ("n", "events", "rate", "percent", "odds_ratio")
        for printed in ("0",)
    ]
    names = ("table", "variable", "level", "column", "measure", "printed")
    assert audit_tables(Tables([PrintedCell(**dict(zip(names, row, strict=True))) for row in rows])) == ()
    assert audit_tables(Tables([])) == ()


def test_bands__do_not_overlap_and_labels_fold():
    closed = [("<=5", ">5"), ("<5", "5-9"), ("< 5", "5+"), ("10-20", ">20")]
    for one, other in closed:
        cells = [
            PrintedCell(table="1", variable="x", level=level, column="c", measure="n", printed="9")
            for level in (one, other)
        ]
        assert audit_tables(Tables(cells)) == ()
    assert band("10~20") == (10.0, 20.0)
    assert fold_label("Never married/ Divorced") == fold_label("never married/divorced")


def test_rates_of_100_and_overlapping_groups__give_no_findings():
    def cells(*rows):
        names = ("table", "variable", "level", "column", "measure", "printed")
        return Tables([PrintedCell(**dict(zip(names, row, strict=True))) for row in rows])

    ratios = [
        ("3", "Sex", "m", "crude", "odds_ratio", "1.00"),
        ("3", "Sex", "f", "crude", "odds_ratio", "0.50"),
    ]
    rates = [
        ("2", "Sex", level, "Overall", measure, printed)
        for level, events, rate in (("m", "5", "10.0"), ("f", "50", "100"))
        for measure, printed in (("events", events), ("rate", rate))
    ]
    assert audit_tables(cells(*ratios, *rates)) == ()
    # Men, women, town and country are two partitions: their sum is not the whole.
    columns = ("Overall", "Men", "Women", "Town", "Country")
    counts = {"a": "9 4 5 3 6", "b": "8 4 4 2 6"}
    groups = [
        ("1", "Age", level, column, "n", n)
        for level, printed_counts in counts.items()
        for column, n in zip(columns, printed_counts.split(), strict=True)
    ]
    assert audit_tables(cells(*groups)) == ()
    # In a subsample the same levels have other percentages.
    counts = {"1": (("m", "40", "40.0"), ("f", "60", "60.0")), "5": (("m", "5", "25.0"), ("f", "15", "75.0"))}
    twice = [
        (table, "Sex", level, "All", measure, printed)
        for table, rows in counts.items()
        for level, n, percent in rows
        for measure, printed in (("n", n), ("percent", percent))
    ]
    assert audit_tables(cells(*twice)) == ()


def test_command__prints_findings_and_reads_a_file(cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, _ = cli("audit", "wang2021")
    assert code == 0
    assert out.startswith("wang2021: 19 certain findings, 7 inferred")
    with open("tables.csv", "w", newline="", encoding="utf-8") as stream:  # noqa: PTH123
        writer = csv.writer(stream)
        writer.writerow(["table", "variable", "level", "column", "measure", "printed"])
        writer.writerows(
            (cell.table, cell.variable, cell.level, cell.column, cell.measure, cell.printed)
            for cell in clean_cells(3)
        )
    code, out, _ = cli("audit", "tables.csv", "--json")
    assert (code, json.loads(out)) == (0, [])


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        (None, 2, "no such publication or file"),
        ("a,b\n", 11, "line 1: the columns are a, b"),
        ("table,variable,level,column,measure,printed\n1,a,b,c,n\n", 11, "line 2: 5 fields"),
        ("table,variable,level,column,measure,printed\n1,a,b,c,count,3\n", 11, "unknown measure 'count'"),
        ("table,variable,level,column,measure,printed\n1,a,b,c,n,many\n", 11, "'printed' is not a number"),
        (
            "table,variable,level,column,measure,printed\n1,a,b,c,n,3\n1,a,b,c,n,4\n",
            11,
            "the same cell as line 2",
        ),
    ],
)
def test_bad_file__names_place_and_finding(cli, tmp_path, monkeypatch, text, code, message):
    monkeypatch.chdir(tmp_path)
    if text is not None:
        (tmp_path / "tables.csv").write_text(text)
    exit_code, _, err = cli("audit", "tables.csv")
    assert (exit_code, message in err) == (code, True), err


def row(analysis, measure, estimate, *, wave=None, term="sex", level="female", **other):
    base = dict.fromkeys(("conf_low", "conf_high", "n_events"))
    return {
        "analysis": analysis,
        "wave": wave,
        "term": term,
        "level": level,
        "measure": measure,
        "estimate": estimate,
        **base,
        **other,
    }


def test_scorecard__gives_verdicts_and_reasons():
    rows = [
        row("table-1", "count", 87_871.0, wave="2017", level="male"),
        row("table-1", "percent", 51.692, wave="2017", level="male"),
        row("table-2", "rate", 0.24103, wave="2014", n_events=20_075),
        row("model-1", "odds_ratio", 1.1262, conf_low=1.118, conf_high=1.1549),
        row("model-2", "odds_ratio", 1.10, conf_low=1.08, conf_high=1.12),
    ]
    scores = {(s.table, s.level, s.column, s.measure): s for s in scorecard("wang2021", rows, simulated=True)}
    assert scores["Table 1", "male", "2017", "n"].verdict == SAME
    male = scores["Table 1", "male", "2017", "percent"]
    assert (male.verdict, male.published, "= 51.69 %" in male.reason) == (DIFFERS, 56.69, True)
    assert scores["Table 2", "Female", "2014", "rate"].verdict == SAME
    assert scores["Table 2", "Female", "2014", "events"].verdict == LAST_DIGIT
    assert scores["Table 3", "female", "model1", "odds_ratio"].verdict == WITHIN
    assert scores["Table 3", "female", "model1", "conf_low"].verdict == SAME
    assert scores["Table 3", "female", "model2", "odds_ratio"].verdict == DIFFERS
    assert "Model 2" in scores["Table 3", "female", "model2", "odds_ratio"].reason
    assert scores["Table 1", "West", "2014", "n"].verdict == ABSENT


LI_CERTAIN = [
    ("interval", "Results, Concentration index, outpatient", "outside its interval, whose middle is -0.164"),
    ("two values", "Abstract, Concentration index, outpatient", "Abstract says -0.168, Results -0.020"),
    ("horizontal inequity", "Abstract, Horizontal inequity, outpatient", "-0.168 (Abstract) gives -0.0995"),
    ("impossible index", "Abstract, Concentration index, inpatient", "between -1 and 1"),
    ("share of need", "Table 7, Need, outpatient", "sum to 152.66 %"),
    ("sum of parts", "Table 5, Income quintiles, Poorest, outpatient", "they sum to 186, the total says 210"),
    ("sum of parts", "Table 5, Income quintiles, Poorest, inpatient", "they sum to 180, the total says 196"),
    ("people behind rates", "Table 5, Income quintiles, outpatient", "rest on 2,876 people"),
    ("intraclass correlation", "Table 3, city, outpatient", "give 0.068"),
    ("intraclass correlation", "Table 3, community, outpatient", "give 0.010 or 0.078"),
    ("intraclass correlation", "Table 3, community, inpatient", "give 0.020"),
    ("boundary", "Table 3, city, inpatient", "the variance is 0"),
    ("AIC and BIC", "Table 2, Model, outpatient", "3,316 to 3,319 people, not 3,322"),
    ("AIC and BIC", "Table 3, Model, outpatient", "43 parameters and 3,243 people fit"),
    ("AIC and BIC", "Table 3, Model, inpatient", "42 parameters and 3,243 people fit"),
    ("odds ratio", "Table 2, Intercept, outpatient", "this is its logarithm"),
    ("rows", "Table 1, Income quintiles", "the rows are shifted"),
    ("rows", "Table 1, Injury insurance", "293 + 3029 = 3,322"),
    ("rows", "Table 1, number of friends", "1904 + 811 + 607 = 3,322"),
    ("rows", "Table 1, SAH", "3,729, not to 3,322"),
    ("overlap", "Table 1, Age group", "both hold 36"),
    ("significance", "Table 4, Place of work, Across the county/district, inpatient", "p = 0.033"),
    ("significance", "Table 4, number of friends, >=11, outpatient", "p = 0.043"),
    ("significance", "Table 4, Number of doctors for 10,000 people in the city, inpatient", "p = 4.5e-08"),
    ("significance", "Table 4, Intercept, outpatient", "p = 0.0069"),
    ("significance", "Table 4, Intercept, inpatient", "p = 1.3e-06"),
    ("odds ratio and error", "Table 4, Per capita in the community, inpatient", "z = 709"),
    (
        "separation",
        "Table 4, Number of medical institutions for 10,000 people in the community, outpatient",
        "no estimate",
    ),
    ("shares", "Table 6, outpatient", "a residual of 45.45 % is not shown"),
    ("shares", "Table 6, inpatient", "a residual of 11.24 % is not shown"),
]


@pytest.mark.parametrize(("check", "place", "evidence"), LI_CERTAIN)
def test_li2022__has_every_certain_mistake(check, place, evidence):
    findings = [item for item in audit("li2022") if (item.check, item.place) == (check, place)]
    assert {item.certainty for item in findings} == {CERTAIN}
    assert any(evidence in item.evidence for item in findings)


def test_li2022__consistent_numbers_are_no_findings():
    findings = {(item.check, item.place) for item in audit("li2022")}
    consistent = [
        ("intraclass correlation", "Table 2, community, outpatient"),
        ("intraclass correlation", "Table 2, community, inpatient"),
        ("intraclass correlation", "Table 3, city, inpatient"),
        ("horizontal inequity", "Abstract, Horizontal inequity, inpatient"),
        ("share of need", "Table 7, Need, inpatient"),
        ("rows", "Table 1, Gender"),
        ("rows", "Table 1, Region"),
        ("significance", "Table 4, SAH, Poor, outpatient"),
    ]
    assert not findings & {*consistent}
    # The places exist: with another number the audit would report them.
    from engine.audit.reading import read_publication

    cells = read_publication("li2022").cells
    assert {place for _, place in consistent[2:3]} <= {cell.place for cell in cells if cell.measure == "icc"}
    assert {place for _, place in consistent[3:5]} <= {cell.place for cell in cells}


def printed(*rows):
    return Tables(
        PrintedCell(table=t, variable=v, level=lv, column=c, measure=m, printed=p)
        for t, v, lv, c, m, p in rows
    )


@pytest.mark.parametrize("seed", range(30))
def test_clean_models__have_no_findings(seed):
    """Random models and decompositions, printed without a mistake."""
    generator = np.random.default_rng(seed)
    n, k = int(generator.integers(300, 90_000)), 3
    city, place = generator.uniform(0.01, 1.5, 2)
    total, ll = city + place + np.pi**2 / 3, generator.uniform(-9_000, -300)
    need = generator.normal(0, 30, 3)
    shares = [*need, *generator.normal(0, 20, 4)]
    index, error = generator.uniform(-0.4, 0.4), generator.uniform(0.01, 0.05)
    rows = [
        ("A", "Total", "Total", "Overall", "n", f"{n}"),
        ("B", "city", "", "y", "variance", f"{city:.3f}"),
        ("B", "community", "", "y", "variance", f"{place:.3f}"),
        ("B", "city", "", "y", "icc", f"{city / total:.3f}"),
        ("B", "community", "", "y", "icc", f"{(city + place) / total:.3f}"),
        ("B", "Intercept", "", "y", "odds_ratio", "0.053"),
        ("B", "Model", "", "y", "aic", f"{2 * k - 2 * ll:.3f}"),
        ("B", "Model", "", "y", "bic", f"{k * np.log(n) - 2 * ll:.3f}"),
        ("D", "Index", "", "y", "index", f"{index:.3f}"),
        ("D", "Index", "", "y", "conf_low", f"{index - 1.96 * error:.3f}"),
        ("D", "Index", "", "y", "conf_high", f"{index + 1.96 * error:.3f}"),
        ("D", "HI", "", "y", "horizontal_inequity", f"{index * (1 - need.sum() / 100):.3f}"),
        ("D", "Need", "", "y", "need_share", f"{need.sum():.2f}"),
    ]
    for i, share in enumerate([*shares, 100 - sum(shares)]):
        rows.append(
            (
                "D",
                f"need {i}" if i < 3 else "residual" if i == 7 else f"other {i}",
                "",
                "y",
                "share",
                f"{share:.2f}",
            )
        )
    rows += [("D", f"need {i}", "", "Overall", "is_need", "1") for i in range(3)]
    for i in range(20):
        log_ratio, se = generator.normal(0, 0.5), generator.uniform(0.1, 0.4)
        p = 2 * ndtr(-abs(log_ratio / se))
        ratio = np.exp(log_ratio)
        rows.append(("C", f"x{i}", "b", "y", "odds_ratio", f"{ratio:.3f}"))
        rows.append(("C", f"x{i}", "b", "y", "std_error", f"{ratio * se:.3f}"))
        stars = next((level for level in ("0.001", "0.01", "0.05") if p < float(level)), None)
        if stars:
            rows.append(("C", f"x{i}", "b", "y", "p_below", stars))
    assert audit_tables(printed(*rows)) == ()
