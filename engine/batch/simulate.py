"""Writes a simulated panel."""

from __future__ import annotations

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
    from engine.simulate.write import FORMATS, write_panel

    if out.suffix.lower() not in FORMATS:
        raise UsageError(f"--out {out.name}: found the ending '{out.suffix}'; expected one of {', '.join(FORMATS)}.")
    waves = simulate_cmds(rows, seed)
    write_panel(waves, out)
    return f"{out}: {rows:,} simulated rows in {len(waves)} waves (seed {seed}); nobody in them is real."
