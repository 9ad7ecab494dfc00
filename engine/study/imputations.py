"""Completed data sets of multiple imputation: where a study says that they are, and its faults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field

from engine.errors import Fault, nearest
from engine.study.base import Names, Spec
from engine.study.raw_tables import RawStudy, Table, as_list, as_names, as_table

PLACE = "imputations"
FORMS = ("columns", "files", "number")
ORIGINAL = 0  # number of the data as they were asked
Column = str | dict[str, str]
Path = str | tuple[str, ...] | dict[str, str]


class ImputationsSpec(Spec):
    """Completed data sets of multiple imputation: `columns`, `files` or the column `number` says where.

    Every analysis is computed in each of them, and Rubin's rules pool its estimates. What stands in
    `variables.NAME.from`, in `source.path` or in the rows of number 0 are the data as they were asked, if
    it is there: a value that was observed must be the same in every imputation.
    """

    columns: Annotated[
        dict[str, Annotated[tuple[Column, ...], Field(min_length=2)]],
        Field(description="Variable -> its column in each imputation, or tables wave -> column"),
    ] = Field(default_factory=dict)
    files: Annotated[
        tuple[Path, ...], Field(description="The file, glob, list or table wave -> file of each imputation")
    ] = ()
    number: Annotated[
        str | None, Field(description="Column with the number of the imputation, such as .imp or _mi_m")
    ] = None
    m: Annotated[
        int | None, Field(ge=2, le=1000, description="With number: how many imputations, 1 to m")
    ] = None
    variables: Annotated[
        Names, Field(description="With files or number: the variables that are imputed")
    ] = ()

    @property
    def count(self) -> int:
        """How many completed data sets there are."""
        of_columns = next(iter(self.columns.values()), ())
        return self.m or len(self.files) or len(of_columns)

    @property
    def imputed(self) -> tuple[str, ...]:
        """The variables whose values may differ between the data sets."""
        return tuple(self.columns) or self.variables


def filled(raw: dict[str, Any]) -> dict[str, Any]:
    """Return a raw study in which an imputed variable without a column, or no path, takes the first one.

    A column or a path that the study names stays: it holds the data as they were asked.
    """
    given = as_table(raw.get(PLACE))
    columns, files = as_table(given.get("columns")), given.get("files")
    variables, source = as_table(raw.get("variables")), as_table(raw.get("source"))
    changed = {
        name: {"from": columns[name][0], **variable}
        for name, variable in variables.items()
        if isinstance(variable, Mapping) and isinstance(columns.get(name), list) and columns[name]
    }
    if isinstance(files, list) and files and source.get("builtin") is None:
        raw = {**raw, "source": {"path": files[0], **source}}
    return {**raw, "variables": {**variables, **changed}} if changed else raw


def check_imputations(raw: Table, study: RawStudy) -> Iterator[Fault]:
    """One form, of two or more data sets, of variables that have a column."""
    given = as_table(raw.get(PLACE))
    if not given:
        return
    forms = [form for form in FORMS if given.get(form)]
    if len(forms) != 1:
        found = "none of columns, files and number" if not forms else f"{' and '.join(forms)}"
        yield Fault(PLACE, found, "one of the three", "Say where the imputed values are, once.")
        return
    if study.source.get("builtin") is not None:
        yield Fault(PLACE, "a built-in panel", "files of completed data", "Give source.path.")
    if raw.get("disclosure"):
        found = "imputations with disclosure control, which counts the people of one data set"
        yield Fault("disclosure", found, "one of the two", "Leave one out.")
    yield from _keys(given, forms[0], study)
    for name in [*as_table(given.get("columns")), *as_names(given.get("variables", ()))]:
        yield from _imputed(f"{PLACE}.{'columns' if forms[0] == 'columns' else 'variables'}", name, study)


def _keys(given: Table, form: str, study: RawStudy) -> Iterator[Fault]:
    if form == "number" and given.get("m") is None:
        yield Fault(f"{PLACE}.m", "nothing", "the number of imputations", "Add m = 5, or as many as it is.")
    if form != "number" and given.get("m") is not None:
        found = f"m beside {form}, which say how many there are"
        yield Fault(f"{PLACE}.m", found, "one of the two", "Leave m out.")
    if form == "columns":
        if given.get("variables"):
            found = "variables beside columns, which name them"
            yield Fault(f"{PLACE}.variables", found, "one of the two", "Leave variables out.")
        yield from _columns(as_table(given["columns"]), study)
        return
    if not given.get("variables"):
        yield Fault(f"{PLACE}.variables", "none", "the imputed variables", "Name them.")
    files = as_list(given["files"]) if form == "files" else []
    if form == "files" and len(files) < 2:
        yield Fault(f"{PLACE}.files", f"{len(files)}", "two or more", "Name the file of each imputation.")
    for number, file in enumerate(files, start=1):
        if isinstance(file, Mapping) != study.has_a_file_for_each_wave:
            found = "a form of paths that source.path does not have"
            expected = "tables wave -> file in both, or in none"
            yield Fault(f"{PLACE}.files[{number}]", found, expected, "Write both alike.")


def _columns(columns: Table, study: RawStudy) -> Iterator[Fault]:
    counts = {name: len(given) for name, given in columns.items() if isinstance(given, list)}
    most = max(counts.values(), default=0)
    for name, count in counts.items():
        place = f"{PLACE}.columns.{name}"
        if count != most:
            yield Fault(place, f"{count} columns, and {most} of another", "equally many", "Name all of them.")
        texts = [str(one).casefold() for one in columns[name]]
        if len({*texts}) < count:
            yield Fault(place, "a column twice", "a column of its own for each", "Correct the names.")
        for one in columns[name]:
            if isinstance(one, Mapping) and not study.has_a_file_for_each_wave:
                remedy = "Give source.path as wave = file."
                yield Fault(place, "a column for each wave", "a file for each wave too", remedy)
                break


def _imputed(place: str, name: str, study: RawStudy) -> Iterator[Fault]:
    variable = study.variables.get(name)
    if variable is None:
        found = f"the unknown variable '{name}'"
        yield Fault(place, found, "a variable of this study", nearest(name, [*study.variables]))
    elif variable.get("expression") or variable.get("aggregate"):
        found = f"'{name}', which is made from other variables"
        yield Fault(place, found, "a variable with a column", "Name those it is made from.")
    elif variable.get("impute"):
        remedy = f"Delete variables.{name}.impute."
        yield Fault(place, f"'{name}', whose missing values take the mean", "one imputation", remedy)


def check_analysis_with_imputations(path: str, analysis: Table, raw: Table) -> Iterator[Fault]:
    """Refuse intervals that cannot be pooled."""
    if not raw.get(PLACE):
        return
    asked = as_names(as_table(analysis.get("bootstrap")).get("interval", ()))
    other = [name for name in asked if name != "normal"]
    if other:
        found = f"'{other[0]}' with imputations: limits that are quantiles of replicates cannot be pooled"
        yield Fault(f"{path}.bootstrap.interval", found, "'normal'", "Leave it out.")
