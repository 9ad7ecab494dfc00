"""All tables of a run, with the labels of its study, in the order in which a reader wants them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from engine.report.groups import Row
from engine.report.model import Table

if TYPE_CHECKING:
    from engine.store.run_directory import StoredRun


@dataclass(frozen=True, slots=True, kw_only=True)
class KindTables:
    """How the rows of a kind of analysis are shown.

    Attributes
    ----------
    build
        Rows -> tables.
    side_by_side
        Whether neighbouring analyses of the kind stand in one table.
    terms_are_scaled
        Whether coefficients of numbers are those of the `scale` of the variable.
    terms_are_variables
        Whether `term` names a variable, which is shown by its label.
    """

    build: Callable[[Sequence[Row]], Iterator[Table]]
    side_by_side: bool = False
    terms_are_scaled: bool = False
    terms_are_variables: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The tables of one analysis, or of several side by side, under their names."""

    analyses: tuple[str, ...]
    tables: tuple[Table, ...]


def run_sections(run: StoredRun, kinds: Mapping[str, KindTables], only: str | None = None) -> list[Section]:
    """Return the tables of a run, kind by kind in the order of `kinds`; `only` names one analysis."""
    labels = _labels(run.manifest)
    scales, domains = _scales(run.manifest), _domains(run.manifest)
    rows = [
        _labelled(row, labels, kinds[row["kind"]], scales)
        for row in run.results.to_dicts()
        if only in (None, row["analysis"])
    ]
    groups = [list(group) for _, group in groupby(rows, key=lambda row: _section_key(row, kinds))]
    order = [*kinds]
    return [
        Section(
            analyses=tuple(dict.fromkeys(row["analysis"] for row in group)),
            tables=tuple(
                replace(table, notes=(*table.notes, *_domain_notes(group, domains)))
                for table in kinds[group[0]["kind"]].build(group)
            ),
        )
        for group in sorted(groups, key=lambda group: order.index(group[0]["kind"]))
    ]


def _section_key(row: Row, kinds: Mapping[str, KindTables]) -> str:
    return str(row["kind"]) if kinds[row["kind"]].side_by_side else f"analysis {row['analysis']}"


def _scales(manifest: Mapping[str, Any]) -> dict[str, float]:
    """Return the units of each number whose coefficients are not those of one unit."""
    variables = manifest["study"].get("asked", {}).get("variables", {})
    return {name: variable["scale"] for name, variable in variables.items() if "scale" in variable}


def _domains(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return the domain of each analysis that has one."""
    analyses = manifest["study"].get("asked", {}).get("analysis", [])
    return {analysis["name"]: analysis["where"] for analysis in analyses if analysis.get("where")}


def _domain_notes(rows: Sequence[Row], domains: Mapping[str, str]) -> Iterator[str]:
    """Yield which records the analyses of a table are about."""
    names = dict.fromkeys(row["analysis"] for row in rows)
    for name in names:
        if name in domains:
            which = f"{name}: the" if len(names) > 1 else "The"
            yield f"{which} records where {domains[name]}; the design is that of all records."


def _labels(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return the labels that the study gives its variables."""
    variables = manifest["study"].get("asked", {}).get("variables", {})
    return {name: variable["label"] for name, variable in variables.items() if variable.get("label")}


def _labelled(
    row: dict[str, Any], labels: Mapping[str, str], kind: KindTables, scales: Mapping[str, float]
) -> dict[str, Any]:
    """Return a row with the labels of its variables, and with the units of its coefficients."""
    keys = ("outcome", "rank_by", *(("term",) if kind.terms_are_variables else ()))
    labelled = {**row, **{key: labels.get(row[key], row[key]) for key in keys}}
    scaled = [name for name in str(row["term"]).split(" x ") if name in scales]
    if kind.terms_are_scaled and scaled:
        units = ", ".join(f"{scales[name]:,g}" for name in scaled)
        labelled["term"] = f"{labelled['term']} (per {units})"
    return labelled
