"""The study of each completed data set of multiple imputation."""

from __future__ import annotations

from engine.errors import Fault, StudyError
from engine.study.imputations import ORIGINAL, PLACE
from engine.study.study_spec import StudySpec


def completed(spec: StudySpec, number: int) -> StudySpec:
    """Return the study of one completed data set, from 1 on; 0: of the data as they were asked.

    Where a column holds the number of the imputation, the files say which rows are read.
    """
    given = spec.imputations
    assert given is not None  # noqa: S101 - the caller has looked
    if given.number is not None:
        return spec
    if given.files:
        path = spec.source.path if number == ORIGINAL else given.files[number - 1]
        source = spec.source.model_copy(update={"path": path})
        return spec.model_copy(update={"source": source, "imputations": None})
    variables = dict(spec.variables)
    for name, columns in given.columns.items() if number != ORIGINAL else ():
        variables[name] = variables[name].model_copy(update={"source": columns[number - 1]})
    return spec.model_copy(update={"variables": variables, "imputations": None})


def refuse_imputations(spec: StudySpec, what: str, remedy: str) -> None:
    """Refuse a study with imputations where they mean nothing.

    Raises
    ------
    StudyError
        With what to do.
    """
    if spec.imputations is not None:
        fault = Fault(PLACE, f"several data sets, and {what}", "a study without imputations", remedy)
        raise StudyError(spec.study.name, (fault,))
