"""Writes a simulated panel."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from engine.errors import UsageError

PANELS = ("cmds", "clds")


def simulate_panel(panel: str, out: Path, rows: int | None, seed: int | None) -> str:
    """Simulate a panel, write it and its truth, and say what was written.

    Raises
    ------
    UsageError
        If there is no such panel, or the file cannot be written.
    """
    if panel not in PANELS:
        raise UsageError(
            f"simulate '{panel}': no such panel; expected 'cmds' or 'clds'. Write `simulate cmds`."
        )
    from engine.simulate import clds, cmds, margins
    from engine.simulate.write import FORMATS

    module_rows, module_seed = (margins.ROWS_IN_ALL, cmds.SEED) if panel == "cmds" else (clds.ROWS, clds.SEED)
    rows, seed = module_rows if rows is None else rows, module_seed if seed is None else seed
    if panel == "cmds" and (out.is_dir() or not out.suffix):
        return _wave_files(out, rows, seed)
    if out.suffix.lower() not in FORMATS:
        raise UsageError(
            f"--out {out.name}: found the ending '{out.suffix}'; expected one of {', '.join(FORMATS)}."
        )
    what = _cmds(out, rows, seed) if panel == "cmds" else _clds(out, rows, seed)
    return f"{out}: {rows:,} simulated rows {what} (seed {seed}); nobody in them is real."


def _cmds(out: Path, rows: int, seed: int) -> str:
    from engine.simulate.cmds import simulate_cmds
    from engine.simulate.wave_files import write_truth
    from engine.simulate.write import cmds_panel, write_panel

    waves = simulate_cmds(rows, seed)
    write_panel(cmds_panel(waves), out)
    write_truth(_truth(out))
    return f"in {len(waves)} waves"


def _clds(out: Path, rows: int, seed: int) -> str:
    from engine.simulate.clds import simulate_clds
    from engine.simulate.write import clds_panel, write_panel

    sample = simulate_clds(rows, seed)
    write_panel(clds_panel(sample), out)
    _truth(out).write_text(json.dumps(sample.truth, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return f"in {len(set(sample.columns['community'].tolist())):,} communities"


def _truth(out: Path) -> Path:
    return out.with_name(f"{out.stem}.truth.json")


def _wave_files(folder: Path, rows: int, seed: int) -> str:
    """Write a Stata file for each wave, as the survey is handed out, into a new or empty folder."""
    from engine.simulate.cmds import simulate_cmds
    from engine.simulate.wave_files import write_wave_files

    try:
        if folder.exists() and any(folder.iterdir()):
            raise UsageError(
                f"--out {folder}: the folder is not empty; expected a new or empty one. Choose another."
            )
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
    return f"{folder}: {rows:,} simulated rows in {names}; nobody in them is real. Run `equirank run {folder}/study.toml`."
