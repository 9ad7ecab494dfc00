"""Stored English lines in Chinese: each line that the code can write is known to the words."""

import re

import pytest

from engine.batch import coverage_warnings
from engine.batch.failures import failure_warnings
from engine.batch.manifest import _interrupted, row_warnings
from engine.data.broken_rules import CLAUSES, Broken, RuleError
from engine.estimators.decomposition.change import ONLY_IN_ONE, OTHER_REFERENCE
from engine.estimators.index.curve import FEW_UNITS
from engine.estimators.sample.group_sample import TOTAL_NEAR_ZERO
from engine.nights.changes import first_run
from engine.report.words.notices import RULE_NAMES, notice
from engine.report.words.statuses import status_name
from engine.results.rows import TidyRow
from engine.store.ledger import FAILED

CODES = {
    "wave",
    "parquet",
    "variables",
    "age",
    "missing",
    "range",
    "blank",
    "skipped",
    "source",
    "key",
    "levels_by",
}
CODES |= {"levels", "by", "labels", "any", "accept", "revision", "rates", "city"}


def english(text):
    return {*re.findall("[A-Za-z]{2,}", text)} - CODES


@pytest.mark.parametrize("rule", CLAUSES)
def test_broken_rules__are_told_in_chinese(rule):
    error = RuleError("wave_5.parquet", [Broken(place="variables.age", rule=rule, rows=1234)])
    assert not english(notice("zh", str(error)))
    assert not english(notice("zh", f"wave_5.parquet is in quarantine: {error}"))
    assert rule in RULE_NAMES


def test_several_broken_rules__are_told_line_by_line():
    broken = [Broken(place="variables.age", rule=rule, rows=2) for rule in ("range", "values")]
    told = notice("zh", f"wave_5.parquet is in quarantine: {RuleError('wave_5.parquet', broken)}")
    assert not english(told)
    assert told.count("\n") == str(RuleError("wave_5.parquet", broken)).count("\n")


@pytest.mark.parametrize(
    "status", [ONLY_IN_ONE, OTHER_REFERENCE, FEW_UNITS, TOTAL_NEAR_ZERO, "undefined", "no observations"]
)
def test_statuses__are_told_in_chinese(status):
    assert status_name(status) != status


def test_warnings_of_a_run__are_told_in_chinese():
    rows = [
        TidyRow(analysis="rates", kind="rates", measure="rate", status="undefined"),
        TidyRow(analysis="rates", kind="rates", measure="rate", n_failed=3),
        TidyRow(analysis="rates", kind="multilevel", measure="points", term="city", estimate=81.0),
    ]
    failed = failure_warnings([{"name": "rates", "why": "-", "state": FAILED}])
    told = [*row_warnings(rows), *failed, *_interrupted(["rates"]), *_interrupted([])]
    assert len(told) == 6
    assert not [text for text in told if english(notice("zh", text))]


@pytest.mark.parametrize(("tasks", "told"), [(1, "- 1 analysis, first run"), (2, "- 2 analyses, first run")])
def test_first_run__counts_its_analyses(tasks, told):
    assert first_run(tasks) == told
    assert not english(notice("zh", told))


DOUBTS = [
    text for name, text in vars(coverage_warnings).items() if name.isupper() and not name.startswith("_")
]


@pytest.mark.parametrize("doubt", DOUBTS)
@pytest.mark.parametrize("count", ["1 interval", "2 intervals"])
def test_doubts_of_limits__are_told_in_chinese(doubt, count):
    told = notice("zh", f"analysis rates: {count} may hold the true value too seldom: {doubt}")
    assert not english(told)


def test_english__stays():
    assert notice("en", "as before") == "as before"
