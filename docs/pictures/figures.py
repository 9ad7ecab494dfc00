"""Draw the pictures of docs/figures.md from runs of the studies `cmds` and `clds`.

equirank run cmds --out cmds-run && equirank run clds --out clds-run
python docs/pictures/figures.py cmds-run clds-run
"""

from __future__ import annotations

import sys
from pathlib import Path

from engine.report.figures.of_run import drawings_of
from engine.store.run_directory import read_run

FROM_CMDS = ("deviation-", "index-", "contributions-")
FROM_CLDS = ("flow", "equiplot-", "curve-", "forest-", "effects-outpatient-full-city")


def draw_figures(cmds: Path, clds: Path) -> None:
    """Write the first figure of each sort."""
    folder = Path(__file__).parent / "figures"
    folder.mkdir(exist_ok=True)
    for run, starts in ((cmds, FROM_CMDS), (clds, FROM_CLDS)):
        figures = drawings_of(read_run(run))
        for start in starts:
            figure = next(one for one in figures if one.figure.name.startswith(start))
            name = f"{start.split('-')[0]}.svg"
            (folder / name).write_text(figure.svg(), encoding="utf-8")


if __name__ == "__main__":
    draw_figures(Path(sys.argv[1]), Path(sys.argv[2]))
