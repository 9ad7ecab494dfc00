"""What imputations refuse, in the study file and in the data, and how single rows are pooled."""

import re
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import pytest

from engine.batch import tasks
from engine.data.imputations import imputation_facts
from engine.data.panel import Panel
from engine.data.part import Part
from engine.errors import DataError, EstimationError, StudyError
from engine.estimators.pooled_rows import MANY, NOT_EVERYWHERE, NOT_POOLED, pooled_rows
from engine.estimators.rubin import rubin, rubin_of_tests
from engine.results import TidyRow
from engine.study import parse_study
from engine.study.completed import completed
from tests.conftest import ROOT
from tests.study_texts import analysis, factor, study_text, table

COLUMNS = {"income": ["income_1", "income_2"]}
FILES = {"files": ["done_1.csv", "done_2.csv"], "variables": ["income"]}


def study(imputations, *, income=None, analyses=None, source="asked.csv", **more):
    return parse_study(
        study_text(
            source=source,
            design={"weight": "w"},
            variables={
                "income": income or {},
                "sex": factor(f=["f"], m=["m"]),
                "log_income": {"from": "", "expression": "log(income)"},
            },
            analyses=analyses or [analysis("rates", outcome="income")],
            extra=table("[imputations]", imputations) + "".join(table(f"[{k}]", v) for k, v in more.items()),
        ).replace('from = ""\n', "")
    )


def test_analysis_that_fails_in_one_data_set__says_in_which(monkeypatch):
    def failing(_task, context):
        if context.number == 2:
            raise EstimationError("analysis 'rates': nobody has the event.")
        return context.number

    @dataclass(frozen=True)
    class OfOne:
        number: int

    monkeypatch.setattr(tasks, "_estimates_of_one", failing)
    assert tasks._estimates_of_imputation(None, OfOne(1), 1) == 1
    with pytest.raises(EstimationError, match=r"^in imputation 2: analysis 'rates': nobody has the event"):
        tasks._estimates_of_imputation(None, OfOne(2), 2)


@pytest.mark.parametrize(
    ("imputations", "words"),
    [
        ({"m": 3}, ["none of columns, files and number"]),
        ({**FILES, "columns": COLUMNS}, ["columns and files; expected one of the three"]),
        ({"files": ["a.csv"]}, ["imputations.files: found 1", "imputations.variables: found none"]),
        ({"number": "_mi_m"}, ["imputations.m: found nothing", "imputations.variables: found none"]),
        ({"number": "_mi_m", "m": 1, "variables": "income"}, ["imputations.m: found 1; expected 2 or more"]),
        ({"columns": {"income": ["a"]}}, ["expected at least 2 items"]),
        ({"columns": {"income": ["a", "A"]}}, ["a column twice"]),
        ({"columns": {"income": ["a", "b"], "sex": ["c", "d", "e"]}}, ["2 columns, and 3 of another"]),
        ({"columns": {"incme": ["a", "b"]}}, ["the unknown variable 'incme'", "Did you mean 'income'?"]),
        ({"columns": COLUMNS, "m": 2}, ["m beside columns"]),
        ({"columns": COLUMNS, "variables": ["sex"]}, ["variables beside columns"]),
        ({**FILES, "variables": ["log_income"]}, ["'log_income', which is made from other variables"]),
        ({"files": [{"1": "a.csv"}, "b.csv"], "variables": ["income"]}, ["files[1]: found a form of paths"]),
        ({"columns": {"income": [{"1": "a"}, {"1": "b"}]}}, ["a column for each wave"]),
    ],
)
def test_study__tells_every_fault_of_its_imputations(imputations, words):
    with pytest.raises(StudyError) as error:
        study(imputations)
    for word in words:
        assert word in str(error.value)


def test_study__refuses_what_cannot_be_pooled():
    asked = [analysis("concentration", outcome="income", rank_by="income", bootstrap={"interval": "bca"})]
    with pytest.raises(StudyError, match=r"'bca' with imputations.*'normal'"):
        study({"columns": COLUMNS}, analyses=asked)
    with pytest.raises(StudyError, match="imputations with disclosure control"):
        study({"columns": COLUMNS}, disclosure={"threshold": 10})
    with pytest.raises(StudyError, match="whose missing values take the mean"):
        study({"columns": COLUMNS}, income={"impute": "mean"})
    with pytest.raises(StudyError, match="a built-in panel"):
        study({"columns": COLUMNS}, source={"builtin": "meps"})


def test_each_completed_study__reads_its_own_column_or_file():
    of_columns = study({"columns": COLUMNS}, income={"from": "inc"})
    sources = [completed(of_columns, number).variables["income"].source for number in (0, 1, 2)]
    assert sources == ["inc", "income_1", "income_2"]
    of_files = study(FILES)
    paths = [completed(of_files, number).source.path for number in (0, 1, 2)]
    assert paths == ["asked.csv", "done_1.csv", "done_2.csv"]
    without = study_text(variables={"income": {}}, analyses=[analysis("rates", outcome="income")], source={})
    spec = parse_study(
        without.replace('from = "income"\n', "") + table("[imputations]", {"columns": COLUMNS})
    )
    assert spec.variables["income"].source == "income_1"
    spec = parse_study(without + table("[imputations]", FILES))
    assert spec.source.path == "done_1.csv"


def test_page__shows_studies_that_can_be_read():
    page = (ROOT / "docs" / "imputations.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    text = study_text(variables={"income": {}}, analyses=[analysis("rates", outcome="income")])
    counts = [parse_study(text + block).imputations.count for block in blocks]
    assert counts == [5, 3, 5]


def panel(folder, name, **columns):
    frame = pl.DataFrame(
        {
            "wave": [None] * 3,
            "income": [1.0, 2.0, 3.0],
            "income__missing": [0, 0, 0],
            "sex": ["f", "m", "f"],
            "sex__missing": [0, 0, 0],
            "log_income": [0.0, 0.7, 1.1],
            "log_income__missing": [0, 0, 0],
            "design__weight": [1.0, 1.0, 2.0],
            **columns,
        },
        schema_overrides={"wave": pl.String},
    )
    path = folder / f"{name}.parquet"
    frame.write_parquet(path)
    source = {"rows": len(frame), "file": name, "sha256": name}
    return Panel(each=(Part(records=path, source=source, reused=True),))


ASKED = {"income": [1.0, None, 3.0], "income__missing": [0, 1, 0]}


def test_facts__count_what_is_imputed(tmp_path):
    two = panel(tmp_path, "2", income=[1.0 + 1e-9, 5.0, 3.0], log_income=[0.0, 1.6, 1.1])
    panels = [panel(tmp_path, "1"), two]
    facts = imputation_facts(study(FILES), panels, panel(tmp_path, "0", **ASKED))
    assert facts == {"m": 2, "variables": {"income": {"imputed": 1, "differing": 1, "missing": 0}}}
    assert imputation_facts(study(FILES), panels, None) == facts


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"sex": ["f", "f", "f"]}, "1 records of imputation 2 have another 'sex'"),
        ({"design__weight": [1.0, 1.0, 9.25]}, "1 records of imputation 2 have another 'weight'"),
        ({"sex__missing": [0, 0, 2]}, "another 'sex'"),
        (
            {"income": [7.25, 2.0, 3.0]},
            "variable 'income': 1 values that were observed are others in imputation 2",
        ),
    ],
)
def test_other_people_or_observed_values__are_refused_and_no_value_is_told(tmp_path, columns, words):
    panels = [panel(tmp_path, "1"), panel(tmp_path, "2", **columns)]
    with pytest.raises(DataError, match=words) as error:
        imputation_facts(study(FILES), panels, panel(tmp_path, "0", **ASKED))
    assert not {"9.25", "7.25"} & {*str(error.value).split()}


def test_fewer_people__are_refused(tmp_path):
    two = panel(tmp_path, "2")
    fewer = replace(two, each=(replace(two.each[0], source={"rows": 2, "file": "2", "sha256": "2"}),))
    with pytest.raises(DataError, match=r"imputation 2 has 2 records, and imputation 1 3;.*mi convert flong"):
        imputation_facts(study(FILES), [panel(tmp_path, "1"), fewer], None)


def test_same_file_twice__is_refused(tmp_path):
    one, two = panel(tmp_path, "1"), panel(tmp_path, "2")
    with pytest.raises(DataError, match=r"files\[3\]: the content of imputation 1 again"):
        imputation_facts(study(FILES), [one, two, one], None)


def rows_of(measure, estimates, error=0.1, **more):
    return [[TidyRow(measure=measure, estimate=value, std_error=error, **more)] for value in estimates]


def test_tests__are_pooled_as_miceadds_does():
    """The example of `micombine.chisquare` of the R package miceadds: F(4, 482.06) = 4.438, p = 0.00157."""
    chi2 = np.array([24.957, 18.051, 18.812, 17.362, 21.234, 18.615, 19.84])
    statistic, degrees, _ = rubin_of_tests(chi2, 4.0)
    assert (round(statistic, 3), round(degrees, 2)) == (4.438, 482.06)
    each = [[TidyRow(measure="wald_f", estimate=value / 4, df1=4.0, p_value=0.1)] for value in chi2]
    (row,) = pooled_rows(each)
    assert (row.df1, row.df2, row.n_imputations) == (4.0, pytest.approx(482.06, abs=0.005), 7)
    assert row.p_value == pytest.approx(0.00157, abs=5e-6)
    # In small samples F has few degrees of freedom in each data set, and no more when it is pooled.
    small = [[replace(one, df2=20.0 + place) for one in rows] for place, rows in enumerate(each)]
    (limited,) = pooled_rows(small)
    assert (limited.df2, limited.estimate) == (20.0, row.estimate)
    assert limited.p_value > row.p_value
    large = [[replace(one, df2=1000.0) for one in rows] for rows in each]
    assert pooled_rows(large) == (row,)
    of_chi2 = [[TidyRow(measure="lr_chi2", estimate=value, df1=4.0)] for value in chi2]
    assert pooled_rows(of_chi2)[0].estimate == pytest.approx(4.0 * row.estimate)
    other = [*each[:6], [TidyRow(measure="wald_f", estimate=1.0, df1=3.0)]]
    assert pooled_rows(other)[0].status == NOT_POOLED


def test_ratios_and_variances__are_pooled_as_logarithms_and_others_as_they_are():
    estimates, error = np.array([0.5, 1.0, 4.0]), 0.25
    for measure in ("odds_ratio", "rii", "variance"):
        (row,) = pooled_rows(rows_of(measure, estimates, error, df2=12.0))
        found = rubin(np.log(estimates), (error / estimates) ** 2, 12.0)
        assert row.estimate == pytest.approx(np.exp(np.log(estimates).mean()))
        assert row.conf_high == pytest.approx(np.exp(found.interval(0.95)[1]))
        assert row.df2 == pytest.approx(found.degrees)
    (row,) = pooled_rows(rows_of("variance", [0.0, 1.0, 4.0]))
    assert row.estimate == pytest.approx(5.0 / 3.0)


def test_group_that_is_empty_in_one_imputation__has_one_row():
    full = rows_of("rate", [0.2, 0.3], method="linearised, logit", conf_level=0.95, n_obs=20)
    empty = [TidyRow(measure="rate", status="no observations", n_obs=0)]
    for each in ([*full, empty], [empty, *full]):
        (row,) = pooled_rows(each)
        assert (row.status, row.estimate, row.method) == (
            "not in every imputation",
            None,
            "linearised, logit",
        )
    assert pooled_rows([empty, empty])[0].status == "no observations"


def test_shares__have_limits_inside_0_and_1():
    shares = [0.01, 0.02, 0.05]
    (row,) = pooled_rows(rows_of("rate", shares, 0.02, method="linearised, logit", df2=9.0))
    assert 0.0 < row.conf_low < row.estimate < row.conf_high < 1.0
    assert row.method == f"linearised, logit, {MANY}"
    # In one data set nobody has the event: its limits are exact ones, and its method says so.
    nobody = TidyRow(measure="rate", estimate=0.0, std_error=0.0, method="Korn-Graubard", conf_low=0.0)
    (mixed,) = pooled_rows([*rows_of("rate", shares, 0.02, method="linearised, logit"), [nobody]])
    assert (mixed.status, mixed.method) == ("ok", row.method)
    low, high = replace(nobody, conf_high=0.1), replace(nobody, conf_high=0.2, n_obs=9)
    assert pooled_rows([[low], [high]])[0].conf_high == 0.2
    # A part of the method of other measures may be called logit too.
    (other,) = pooled_rows(rows_of("contribution", [-0.1, 0.0, 0.3], method="linearised, logit"))
    assert other.method == f"linearised, logit, {MANY}"
    assert other.conf_low < -0.1


def test_bands__are_as_many_errors_wide_as_those_of_the_data_sets():
    def band(share, error, half):
        return TidyRow(
            measure="concentration_curve",
            method="linearised, simultaneous",
            estimate=share,
            std_error=error,
            conf_low=1.0 / (1.0 + np.exp(-(np.log(share / (1.0 - share)) - half / (share * (1.0 - share))))),
            conf_high=1.0 / (1.0 + np.exp(-(np.log(share / (1.0 - share)) + half / (share * (1.0 - share))))),
        )

    (row,) = pooled_rows([[band(0.3, 0.02, 2.8 * 0.02)], [band(0.32, 0.03, 3.0 * 0.03)]])
    half = 2.9 * row.std_error
    p = row.estimate
    logit = np.log(p / (1.0 - p))
    assert row.conf_high == pytest.approx(1.0 / (1.0 + np.exp(-(logit + half / (p * (1.0 - p))))))
    assert row.std_error > 0.025
    assert row.df2 is None  # the critical value is no quantile of Student's t
    ends = [
        [TidyRow(measure="concentration_curve", estimate=share, std_error=0.0, df2=9.0)]
        for share in (1.0, 1.0 + 1e-16 * 4)
    ]
    (end,) = pooled_rows(ends)
    assert (end.conf_low, end.conf_high) == pytest.approx((1.0, 1.0), rel=1e-15)
    assert end.missing_information == 0.0
    assert end.df2 == pytest.approx(10.0 / 12.0 * 9.0)


def test_numbers_of_one_data_set__are_not_pooled_and_counts_are_the_fewest():
    (row,) = pooled_rows([[TidyRow(measure="aic", estimate=value)] for value in (1.0, 2.0)])
    assert (row.estimate, row.status) == (None, NOT_POOLED)
    verdicts = [TidyRow(measure="dominance", term=term, estimate=1.0) for term in ("above", "crosses")]
    (row,) = pooled_rows([[one] for one in verdicts])
    assert (row.term, row.status) == (None, NOT_POOLED)
    (row,) = pooled_rows(
        [[TidyRow(measure="mean", estimate=value, n_obs=n, n_failed=n)] for value, n in ((1.0, 5), (2.0, 4))]
    )
    assert (row.estimate, row.n_obs, row.n_failed, row.n_imputations) == (1.5, 4, 5, 2)
    lacking = pooled_rows([[TidyRow(measure="mean", estimate=1.0)], []])
    assert (lacking[0].estimate, lacking[0].status) == (None, NOT_EVERYWHERE)
