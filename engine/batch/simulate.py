"""Writes a simulated panel."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from engine.errors import UsageError


def simulate_panel(panel: str, out: Path, rows: int, seed: int) -> str:
    """Simulate a panel, write it, and say what was written.

    Raises
    ------
    UsageError
        If there is no such panel, or the file cannot be written.
    """
    if panel != "cmds":
        raise UsageError(f"simulate '{panel}': no such panel; expected 'cmds'. Write `equirank simulate cmds`.")
    from engine.simulate.cmds import simulate_cmds
    from engine.simulate.wave_files import write_truth
    from engine.simulate.write import FORMATS, write_panel

    if out.is_dir() or not out.suffix:
        return _wave_files(out, rows, seed)
    if out.suffix.lower() not in FORMATS:
        raise UsageError(f"--out {out.name}: found the ending '{out.suffix}'; expected one of {', '.join(FORMATS)}.")
    waves = simulate_cmds(rows, seed)
    write_panel(waves, out)
    write_truth(out.with_name(f"{out.stem}.truth.json"))
    return f"{out}: {rows:,} simulated rows in {len(waves)} waves (seed {seed}); nobody in them is real."


def _wave_files(folder: Path, rows: int, seed: int) -> str:
    """Write a Stata file for each wave, as the survey is handed out, into a new or empty folder."""
    from engine.simulate.cmds import simulate_cmds
    from engine.simulate.wave_files import write_wave_files

    try:
        if folder.exists() and any(folder.iterdir()):
            raise UsageError(f"--out {folder}: the folder is not empty; expected a new or empty one. Choose another.")
        beside = folder.with_name(f".{folder.name}.writing-{os.getpid()}")
        try:
            written = write_wave_files(simulate_cmds(rows, seed), beside, seed)
            beside.replace(folder)  # whole, or not there
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    except OSError as error:
        raise UsageError(
            f"--out {folder}: cannot be written ({type(error).__name__}); expected a folder you may write to."
        ) from None
    names = ", ".join(path.name for path in written)
    return (
        f"{folder}: {rows:,} simulated rows in {names}; nobody in them is real. Run `equirank run {folder}/study.toml`."
    )
