"""A finished run as Python sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.batch.failures import failures_of
from engine.batch.released import rows_of_run
from engine.errors import UsageError, nearest
from engine.results import TidyRow, to_frame
from engine.results.shown import MOST_LINES, Drawing, Shown, html_table, readable

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RunResult(Shown):
    """A finished run.

    Attributes
    ----------
    path
        The run directory.
    rows
        The tidy rows.
    manifest
        Study and source hashes, versions, seed, row counts, timings, warnings, and what came of each task.
    """

    path: Path
    rows: tuple[TidyRow, ...]
    manifest: Mapping[str, Any]

    @property
    def analyses(self) -> list[str]:
        """The names of the analyses."""
        return list(dict.fromkeys(str(row.analysis) for row in self.rows))

    @property
    def failures(self) -> dict[str, str]:
        """The tasks that failed, each with the reason; their analyses have no rows of them."""
        return failures_of(self.manifest["tasks"])

    def to_frame(self) -> pl.DataFrame:
        """Return the tidy rows as a Polars frame, with all columns of ``results.parquet``."""
        return to_frame(self.rows)

    def table(self, analysis: str | None = None) -> pl.DataFrame:
        """Return what one reads first of an analysis; without a name, of the first one.

        Raises
        ------
        UsageError
            If there is no such analysis.
        """
        names = self.analyses
        wanted = analysis if analysis is not None else next(iter(names), "")
        if wanted not in names:
            expected = "expected one of this run"
            raise UsageError(f"analysis '{wanted}': no such analysis; {expected}. {nearest(wanted, names)}")
        return readable(to_frame(row for row in self.rows if row.analysis == wanted))

    def summary(self) -> str:
        """Return the study, its sample, its analyses and its warnings as text."""
        study, flow = self.manifest["study"], self.manifest["sample_flow"]
        lines = [str(study["title"] or study["name"]), f"{flow[-1]['n']:,} people, run {self.path}"]
        for name in self.analyses:
            kinds = [row.kind for row in self.rows if row.analysis == name]
            lines.append(f"  {name}: {kinds[0]}, {len(kinds):,} numbers")
        warnings = self.manifest["warnings"]
        lines += [f"{len(warnings)} warnings: .manifest['warnings']"] if warnings else []
        return "\n".join([*lines, ".table('NAME'), .to_frame()"])

    def plot(self, analysis: str | None = None) -> Drawing:
        """Return the figures of an analysis; without a name, of the whole run.

        Raises
        ------
        UsageError
            If vl-convert is not installed.
        """
        from engine.report.figures.of_run import figures_of
        from engine.report.figures.plot import Plot
        from engine.store.run_directory import read_run as read_stored

        return Plot(figures=figures_of(read_stored(self.path), analysis))

    def __repr__(self) -> str:
        lines = self.summary().splitlines()
        some = lines if len(lines) <= MOST_LINES else [*lines[: MOST_LINES - 1], "..."]
        return "\n".join(["RunResult", *some])

    def _repr_html_(self) -> str:
        import polars as pl

        names = self.analyses
        kinds = [next(str(row.kind) for row in self.rows if row.analysis == name) for name in names]
        frame = pl.DataFrame(
            {"analysis": names, "kind": kinds}, schema={"analysis": pl.String, "kind": pl.String}
        )
        return html_table(frame, MOST_LINES)


def read_run(path: str | Path) -> RunResult:
    """Read a run directory, or the current run of a store.

    Parameters
    ----------
    path
        The folder.

    Raises
    ------
    UsageError
        If there is no run.
    """
    from engine.store.layout import run_of
    from engine.store.run_directory import read_run as read_stored

    stored = read_stored(run_of(Path(path)))
    return RunResult(path=Path(path), rows=rows_of_run(stored), manifest=stored.manifest)
