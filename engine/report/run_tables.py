"""All tables of a run, with the labels of its study, in the order in which a reader wants them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
    terms_are_variables
        Whether `term` names a variable, which is shown by its label.
    """

    build: Callable[[Sequence[Row]], Iterator[Table]]
    side_by_side: bool = False
    terms_are_variables: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The tables of one analysis, or of several side by side, under their names."""

    analyses: tuple[str, ...]
    tables: tuple[Table, ...]


def run_sections(run: StoredRun, kinds: Mapping[str, KindTables], only: str | None = None) -> list[Section]:
    """Return the tables of a run, kind by kind in the order of `kinds`; `only` names one analysis."""
    labels = _labels(run.manifest)
    rows = [
        _labelled(row, labels, kinds) for row in run.results.to_dicts() if only in (None, row["analysis"])
    ]
    groups = [list(group) for _, group in groupby(rows, key=lambda row: _section_key(row, kinds))]
    order = [*kinds]
    return [
        Section(
            analyses=tuple(dict.fromkeys(row["analysis"] for row in group)),
            tables=_with_notes(
                kinds[group[0]["kind"]].build(group), [*_quantile_notes(run.manifest, labels, group)]
            ),
        )
        for group in sorted(groups, key=lambda group: order.index(group[0]["kind"]))
    ]


def _with_notes(tables: Iterable[Table], notes: Sequence[str]) -> tuple[Table, ...]:
    """Put notes below the last table of a section."""
    *others, last = tables
    return (*others, replace(last, notes=(*last.notes, *notes)))


def _quantile_notes(
    manifest: Mapping[str, Any], labels: Mapping[str, str], rows: Sequence[Row]
) -> Iterator[str]:
    """Say of each variable of quantiles that rows show how its ties were put into groups."""
    shown = {row[key] for row in rows for key in ("outcome", "rank_by", "term")}
    subgroups = " ".join({row["subgroup"] or "" for row in rows})
    for name, variable in manifest["study"].get("asked", {}).get("variables", {}).items():
        label = labels.get(name, name)
        if variable.get("quantiles") and (label in shown or f"{name}=" in subgroups):
            how = _TIES[variable.get("ties", "midrank")]
            yield f"{label}: groups of equal weight, ties {how}."


_TIES = {"midrank": "by mid-rank", "xtile": "as with Stata's xtile, up to each cut point"}


def _section_key(row: Row, kinds: Mapping[str, KindTables]) -> str:
    return str(row["kind"]) if kinds[row["kind"]].side_by_side else f"analysis {row['analysis']}"


def _labels(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return the labels that the study gives its variables."""
    variables = manifest["study"].get("asked", {}).get("variables", {})
    return {name: variable["label"] for name, variable in variables.items() if variable.get("label")}


def _labelled(
    row: dict[str, Any], labels: Mapping[str, str], kinds: Mapping[str, KindTables]
) -> dict[str, Any]:
    keys = ("outcome", "rank_by", *(("term",) if kinds[row["kind"]].terms_are_variables else ()))
    return {**row, **{key: labels.get(row[key], row[key]) for key in keys}}
