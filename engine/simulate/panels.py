"""The simulated panels by name: what `equirank simulate` writes for each."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from engine.errors import Fault, UsageError
from engine.simulate import clds_margins, cmds, margins
from engine.simulate.clds import simulate_clds
from engine.simulate.cmds import simulate_cmds
from engine.simulate.labelled_panel import clds_panel, cmds_panel
from engine.simulate.wave_files import write_truth, write_wave_files
from engine.simulate.write import cannot_be_written, refuse_unknown_suffix, write_panel


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedPanel:
    """A panel that can be simulated.

    Attributes
    ----------
    rows, seed
        Those of a run that asks for no others.
    write
        Writes one file of `rows` rows from a seed, with its truth, and says how they are grouped.
    has_wave_files
        Whether it can be written as a folder of files, as the survey distributes it.
    """

    rows: int
    seed: int
    write: Callable[[Path, int, int], str]
    has_wave_files: bool = False


def simulate_panel(panel: str, out: Path, rows: int | None, seed: int | None) -> str:
    """Simulate a panel, write it and its truth, and return a message that says what was written.

    Raises
    ------
    UsageError
        If there is no such panel, or the file cannot be written.
    """
    if panel not in PANELS:
        expected = " or ".join(f"'{name}'" for name in PANELS)
        raise UsageError(Fault(f"simulate '{panel}'", "no such panel", expected, "Write `simulate cmds`."))
    simulated = PANELS[panel]
    rows = simulated.rows if rows is None else rows
    seed = simulated.seed if seed is None else seed
    if simulated.has_wave_files and (out.is_dir() or not out.suffix):
        return _write_folder(out, rows, seed)
    refuse_unknown_suffix(out)
    groups = simulated.write(out, rows, seed)
    return f"{out}: {rows:,} simulated rows in {groups} (seed {seed}); nobody in them is real."


def _write_cmds(out: Path, rows: int, seed: int) -> str:
    waves = simulate_cmds(rows, seed)
    write_panel(cmds_panel(waves), out)
    write_truth(_truth_path(out))
    return f"{len(waves)} waves"


def _write_clds(out: Path, rows: int, seed: int) -> str:
    sample = simulate_clds(rows, seed)
    write_panel(clds_panel(sample), out)
    truth = json.dumps(sample.truth, indent=1, ensure_ascii=False)
    _truth_path(out).write_text(truth + "\n", encoding="utf-8")
    return f"{len(set(sample.columns['community'].tolist())):,} communities"


def _truth_path(out: Path) -> Path:
    return out.with_name(f"{out.stem}.truth.json")


PANELS = {
    "cmds": SimulatedPanel(rows=margins.ROWS_IN_ALL, seed=cmds.SEED, write=_write_cmds, has_wave_files=True),
    "clds": SimulatedPanel(rows=clds_margins.ROWS, seed=clds_margins.SEED, write=_write_clds),
}


def _write_folder(folder: Path, rows: int, seed: int) -> str:
    """Write a Stata file for each wave of CMDS, as the survey is distributed, into a new or empty folder."""
    try:
        if folder.exists() and any(folder.iterdir()):
            found = "the folder is not empty"
            raise UsageError(Fault(f"--out {folder}", found, "a new or empty one", "Choose another."))
        working = folder.with_name(f".{folder.name}.writing-{os.getpid()}")
        try:
            written = write_wave_files(simulate_cmds(rows, seed), working, seed)
            working.replace(folder)  # whole, or not there
        finally:
            shutil.rmtree(working, ignore_errors=True)
    except OSError as error:
        raise UsageError(cannot_be_written(folder, error)) from None
    names = ", ".join(path.name for path in written)
    return (
        f"{folder}: {rows:,} simulated rows in {names}; nobody in them is real. "
        f"Run `equirank run {folder}/study.toml`."
    )
