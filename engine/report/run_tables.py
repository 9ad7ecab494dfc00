"""All tables of a run, with the labels of its study, in the order of a paper.

Every renderer takes its tables from here: the sample first, then the kinds of analyses in the order of
`kinds`, the scorecard last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from engine.report.balance_table import balance_tables
from engine.report.flow_table import flow_table
from engine.report.groups import Row
from engine.report.model import Table
from engine.report.scorecard_table import scorecard_tables
from engine.report.small_cells import mark_small_cells, threshold_of, withheld_notes

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
    sections = [Section(kind=SAMPLE, analyses=(), tables=_of_sample(run.manifest))]
    sections += analysis_sections(run, kinds, only)
    if run.scorecard is not None and only is None:
        publication = run.manifest["study"]["asked"]["study"]["published"]
        tables = tuple(scorecard_tables(run.scorecard.to_dicts(), publication))
        sections.append(Section(kind=SCORECARD, analyses=(), tables=tables))
    return sections


def _of_sample(manifest: Mapping[str, Any]) -> tuple[Table, ...]:
    return flow_table(manifest), *balance_tables(manifest, labels_of(manifest))


def analysis_sections(
    run: StoredRun, kinds: Mapping[str, KindTables], only: str | None = None
) -> list[Section]:
    """Return the tables of the analyses of a run, kind by kind in the order of `kinds`."""
    domains = _domains(run.manifest)
    rows = [row for row in labelled_rows(run, kinds) if only in (None, row["analysis"])]
    groups = [list(group) for _, group in groupby(rows, key=lambda row: _section_key(row, kinds))]
    order, labels, threshold = [*kinds], labels_of(run.manifest), threshold_of(run.manifest)
    return [
        Section(
            kind=group[0]["kind"],
            analyses=tuple(dict.fromkeys(row["analysis"] for row in group)),
            tables=tuple(
                replace(table, notes=(*table.notes, *notes))
                for table, notes in _with_notes(
                    mark_small_cells([*kinds[group[0]["kind"]].build(group)], group, threshold),
                    [*_domain_notes(group, domains), *_pooling_notes(group)],
                    [*_quantile_notes(run.manifest, labels, group), *withheld_notes(run.manifest, group)],
                )
            ),
        )
        for group in sorted(groups, key=lambda group: order.index(group[0]["kind"]))
    ]


def _with_notes(
    tables: Iterable[Table], of_each: Sequence[str], of_last: Sequence[str]
) -> Iterator[tuple[Table, Sequence[str]]]:
    """Yield each table of a section with the notes below it."""
    *others, last = tables
    for table in others:
        yield table, of_each
    yield last, [*of_each, *of_last]


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


def _pooling_notes(rows: Sequence[Row]) -> Iterator[str]:
    """Say of a table with pooled numbers from how many data sets they come."""
    largest = max((row.get("missing_information") or 0.0 for row in rows), default=0.0)
    if largest > 0.0:
        m = max(row.get("n_imputations") or 0 for row in rows)
        told = f"missing information up to {100.0 * largest:.0f} %"
        yield f"Pooled from {m} imputations by Rubin's rules; {told}."


_TIES = {"midrank": "by mid-rank", "xtile": "as with Stata's xtile, up to each cut point"}


def labelled_rows(run: StoredRun, kinds: Mapping[str, KindTables]) -> list[dict[str, Any]]:
    """Return the tidy rows of a run with the labels of its study in place of the names of variables."""
    labels, scales = labels_of(run.manifest), _scales(run.manifest)
    return [_labelled(row, labels, kinds[row["kind"]], scales) for row in run.results.to_dicts()]


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


def labels_of(manifest: Mapping[str, Any]) -> dict[str, str]:
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
