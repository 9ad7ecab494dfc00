"""Several completed data sets: whether they are of the same people, and how much of them is imputed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from engine.data.design_columns import DESIGN_PREFIX, KEY
from engine.data.harmonise import KIND_SUFFIX
from engine.errors import DataError, Fault
from engine.study import StudySpec
from engine.study.imputations import PLACE

if TYPE_CHECKING:
    import polars as pl

    from engine.data.panel import Panel

ROUNDING = 1e-6  # relative: one program writes a number in single precision, another in double


@dataclass(frozen=True)
class _Records:
    """The records of one completed data set, in the order of their keys if they have keys.

    `where` names it in messages.
    """

    panel: Panel
    where: str
    has_key: bool

    @property
    def _scan(self) -> pl.LazyFrame:
        import polars as pl

        return pl.scan_parquet(self.panel.parts, glob=False)

    @cached_property
    def _order(self) -> pl.Series | None:
        import polars as pl

        if not self.has_key:
            return None
        keys = self._scan.select("wave", KEY).collect(engine="in-memory")
        return keys.select(pl.arg_sort_by("wave", KEY, maintain_order=True)).to_series()

    @property
    def columns(self) -> list[str]:
        """The columns of the panel."""
        return self._scan.collect_schema().names()

    def column(self, name: str) -> pl.Series:
        """Return a column in the order in which all data sets have the same people."""
        series = self._scan.select(name).collect(engine="in-memory").to_series()
        return series if self._order is None else series.gather(self._order)


def imputation_facts(spec: StudySpec, panels: Sequence[Panel], asked: Panel | None) -> dict[str, Any]:
    """Return how many values of each variable are imputed, ready for JSON.

    Parameters
    ----------
    spec
        The study.
    panels
        The panel of each completed data set.
    asked
        That of the data as they were asked, if these are there.

    Raises
    ------
    DataError
        If they hold different people, differ in a value that is not imputed, or two are the same files.
    """
    given = spec.imputations
    assert given is not None  # noqa: S101 - the caller has looked
    if given.files:
        _refuse_same_content(panels)
    has_key = spec.source.key is not None
    records = [
        _Records(panel, f"imputation {number}", has_key) for number, panel in enumerate(panels, start=1)
    ]
    first, *others = records
    original = None if asked is None else _Records(asked, "the data as they were asked", has_key)
    if not given.columns:
        for other in (*others, *(() if original is None else (original,))):
            _refuse_other_people(spec, first, other)
    variables = {}
    for name in given.imputed:
        is_asked = original is not None and spec.variables[name].source not in given.columns.get(name, ())
        variables[name] = _imputed_rows(name, records, original if is_asked else None)
    return {"m": given.count, "variables": variables}


def _refuse_same_content(panels: Sequence[Panel]) -> None:
    """Refuse the files of an imputation that stand in for another one too: errors would be too small."""
    first: dict[tuple[str, ...], int] = {}
    for number, panel in enumerate(panels, start=1):
        before = first.setdefault(tuple(source["sha256"] for source in panel.sources), number)
        if before != number:
            found = f"the content of imputation {before} again"
            remedy = "Name the file of each imputation."
            raise DataError(Fault(f"{PLACE}.files[{number}]", found, "a data set of its own", remedy))


def _refuse_other_people(spec: StudySpec, first: _Records, other: _Records) -> None:
    """Refuse a data set with other people, or with other values of what is not imputed."""
    assert spec.imputations is not None  # noqa: S101 - the caller has looked
    n, n_first = other.panel.n_rows, first.panel.n_rows
    if n != n_first:
        found = f"{other.where} has {n:,} records, and {first.where} {n_first:,}"
        remedy = "Give every imputation whole (Stata: mi convert flong)."
        raise DataError(Fault(PLACE, found, "the same people in each", remedy))
    free = {name for name, variable in spec.variables.items() if variable.is_derived}
    free |= {*spec.imputations.imputed}
    fixed = [name for name in first.columns if name.removesuffix(KIND_SUFFIX) not in free]
    for name in sorted(fixed, key=lambda name: not name.startswith(DESIGN_PREFIX)):
        rows = int(first.column(name).ne_missing(other.column(name)).sum())
        if rows:
            shown = name.removeprefix(DESIGN_PREFIX).removesuffix(KIND_SUFFIX)
            found = f"{rows:,} records of {other.where} have another '{shown}' than those of {first.where}"
            remedy = "Name it under imputations.variables, or give source.key if the order is another."
            raise DataError(Fault(PLACE, found, "the same people in the same order", remedy))


def _imputed_rows(name: str, records: Sequence[_Records], original: _Records | None) -> dict[str, int]:
    """Return how many values of a variable are imputed, differ between imputations, and are still missing."""
    first = records[0].column(name)
    asked = None if original is None else original.column(name)
    still_missing, differs = int(first.null_count()), first.is_null() & False
    for one in records:
        values = one.column(name)
        if asked is not None:
            changed = int((asked.is_not_null() & _differs(asked, values)).sum())
            if changed:
                place = f"{PLACE}, variable '{name}'"
                found = f"{changed:,} values that were observed are others in {one.where}"
                remedy = "Correct the imputation, or variables.NAME.from."
                raise DataError(Fault(place, found, "observed values as they are", remedy))
        still_missing = max(still_missing, int(values.null_count()))
        differs |= _differs(first, values)
    rows = int(differs.sum()) if asked is None else int((asked.is_null() & first.is_not_null()).sum())
    return {"imputed": rows, "differing": int(differs.sum()), "missing": still_missing}


def _differs(first: pl.Series, second: pl.Series) -> pl.Series:
    """Return which values are others, numbers beyond rounding."""
    if not first.dtype.is_float():
        return first.ne_missing(second)
    apart = (first - second).abs() > ROUNDING * first.abs()
    return apart.fill_null(value=False) | (first.is_null() != second.is_null())


def doubts_of(facts: Mapping[str, Any], n: int) -> Iterator[str]:
    """Yield what a reader must know of the imputations of n records."""
    for name, rows in facts["variables"].items():
        if not rows["differing"]:
            yield f"{name}: no value differs between the {facts['m']} imputations"
        if rows["missing"]:
            yield f"{name}: up to {rows['missing']:,} of {n:,} values are missing in an imputation too"
