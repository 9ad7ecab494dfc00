"""All tables of a run, with the labels of its study, in the order of a paper.

Every renderer takes its tables from here: the sample first, then the kinds of analyses in the order of
`kinds`, the scorecard last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from engine.report.flow_table import flow_table
from engine.report.groups import Row
from engine.report.model import Table
from engine.report.scorecard_table import scorecard_tables

if TYPE_CHECKING:
    from engine.store.run_directory import StoredRun

SAMPLE, SCORECARD = "sample", "scorecard"


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
    """The tables of one analysis, or of several side by side.

    Attributes
    ----------
    kind
        The kind of the analyses; `SAMPLE` and `SCORECARD` for the tables of the run itself.
    analyses
        Their names.
    tables
        Their tables.
    """

    kind: str
    analyses: tuple[str, ...]
    tables: tuple[Table, ...]

    @property
    def name(self) -> str:
        """What the section is called in headings and names of files."""
        return ", ".join(self.analyses) or self.kind


def run_sections(run: StoredRun, kinds: Mapping[str, KindTables], only: str | None = None) -> list[Section]:
    """Return all tables of a run; with the name of an analysis, the sample and the tables of that one."""
    sections = [Section(kind=SAMPLE, analyses=(), tables=(flow_table(run.manifest),))]
    sections += analysis_sections(run, kinds, only)
    if run.scorecard is not None and only is None:
        publication = run.manifest["study"]["asked"]["study"]["published"]
        tables = tuple(scorecard_tables(run.scorecard.to_dicts(), publication))
        sections.append(Section(kind=SCORECARD, analyses=(), tables=tables))
    return sections


def analysis_sections(
    run: StoredRun, kinds: Mapping[str, KindTables], only: str | None = None
) -> list[Section]:
    """Return the tables of the analyses of a run, kind by kind in the order of `kinds`."""
    rows = [row for row in labelled_rows(run, kinds) if only in (None, row["analysis"])]
    groups = [list(group) for _, group in groupby(rows, key=lambda row: _section_key(row, kinds))]
    order, labels = [*kinds], labels_of(run.manifest)
    return [
        Section(
            kind=group[0]["kind"],
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


def labelled_rows(run: StoredRun, kinds: Mapping[str, KindTables]) -> list[dict[str, Any]]:
    """Return the tidy rows of a run with the labels of its study in place of the names of variables."""
    labels = labels_of(run.manifest)
    return [_labelled(row, labels, kinds) for row in run.results.to_dicts()]


def _section_key(row: Row, kinds: Mapping[str, KindTables]) -> str:
    return str(row["kind"]) if kinds[row["kind"]].side_by_side else f"analysis {row['analysis']}"


def labels_of(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return the labels that the study gives its variables."""
    variables = manifest["study"].get("asked", {}).get("variables", {})
    return {name: variable["label"] for name, variable in variables.items() if variable.get("label")}


def _labelled(
    row: dict[str, Any], labels: Mapping[str, str], kinds: Mapping[str, KindTables]
) -> dict[str, Any]:
    keys = ("outcome", "rank_by", *(("term",) if kinds[row["kind"]].terms_are_variables else ()))
    return {**row, **{key: labels.get(row[key], row[key]) for key in keys}}
