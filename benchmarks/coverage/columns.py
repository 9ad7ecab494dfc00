"""The columns of a survey as the estimators take them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.coverage.designs import Survey
from benchmarks.coverage.population import EDUCATION
from engine.arrays import Group, IntArray, SampleArrays, TableArrays, VariableArrays
from engine.estimators.replicates.settings import ReplicateSettings
from engine.estimators.sample.sorting import sort_sample, table_arrays
from engine.estimators.sample.variables import complete_rows
from engine.results import TidyRow

Rows = Iterator[TidyRow]
NO_REPLICATES = ReplicateSettings(seed=0, threads=1)
ONE = (Group(),)
PERIODS = (Group(wave="0"), Group(wave="1"))
TERMS = ("age", "sex", "school")
LEVELS = {
    "sex": ("0", "1"),
    "education": EDUCATION,
    "age group": ("20", "40", "60"),
    "severity": ("0", "1", "2"),
}
LEVELS |= {"ill": ("0", "1"), "school": ("1", "2", "3")}


def number(survey: Survey, name: str) -> VariableArrays:
    """Return a column as a number."""
    values = survey.values[name]
    return VariableArrays(
        name=name, levels=(), codes=None, values=values, missing=np.isnan(values).astype(np.uint8)
    )


def factor(survey: Survey, name: str) -> VariableArrays:
    """Return a column of codes as a factor; the event ``ill`` keeps its values."""
    values = np.digitize(survey.values["age"], [40.0, 60.0]) if name == "age group" else survey.values[name]
    is_missing = np.isnan(survey.values["age"])
    codes = np.where(is_missing, -1, values).astype(np.int32)
    return VariableArrays(
        name=name,
        levels=LEVELS[name],
        codes=codes,
        values=survey.values[name] if name == "ill" else None,
        missing=is_missing.astype(np.uint8),
        scores=tuple(range(len(LEVELS[name]))),
    )


def terms(survey: Survey) -> dict[str, VariableArrays]:
    """Return the covariates of models."""
    return {"age": number(survey, "age"), "sex": number(survey, "sex"), "school": factor(survey, "school")}


def table(survey: Survey) -> TableArrays:
    """Return the arrays of tables and models."""
    return table_arrays(survey.columns, np.zeros(len(survey.values["age"]), np.int64), ONE)


def ranked(
    survey: Survey, outcome: str, *, by_period: bool = False, of: tuple[VariableArrays, ...] = ()
) -> SampleArrays:
    """Return the people sorted by their rank."""
    values = survey.values[outcome]
    if of:
        values = np.where(complete_rows(of), values, np.nan)
    return sort_sample(
        outcomes={outcome: values},
        rank=survey.values["rank"],
        rank_name="rank",
        columns=survey.columns,
        group=period(survey) if by_period else None,
        groups=PERIODS if by_period else ONE,
    )


def period(survey: Survey) -> IntArray:
    """Return the period (n,) of each person, -1 outside of the domain."""
    values = survey.values["period"]
    return np.where(np.isnan(values), -1, values).astype(np.int64)
