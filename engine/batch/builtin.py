"""Records that need no file: the simulated CMDS panel, and MEPS as it comes with `linearmodels`."""

from __future__ import annotations

import bz2
import hashlib
import os
from importlib import resources
from importlib.util import find_spec
from pathlib import Path

from engine.data.source_file import SourceFile
from engine.errors import DataError
from engine.paths import cache_folder


def builtin_file(name: str) -> SourceFile:
    """Return the file of a built-in panel, made on first use.

    Raises
    ------
    DataError
        If the package that brings the records is not installed.
    """
    return SourceFile(path=_meps() if name == "meps" else _simulated(name.partition("-")[0]), is_own=True)


def bytes_of_builtin(name: str) -> int:
    """Return how large the file of a built-in panel is, roughly: that of any version; 0 if none was made."""
    folder = cache_folder("builtin" if name == "meps" else "simulated")
    return max((path.stat().st_size for path in folder.glob(f"{name.partition('-')[0]}-*")), default=0)


def _simulated(panel: str) -> Path:
    folder = Path(str(resources.files("engine.simulate")))
    code = sorted(path for path in folder.iterdir() if path.suffix in (".py", ".csv"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in code)).hexdigest()[:16]
    path = cache_folder("simulated") / f"{panel}-{digest}.parquet"
    if not path.is_file():
        _write_simulated(panel, path)
    return path


def _write_simulated(panel: str, path: Path) -> None:
    from engine.simulate import clds, cmds
    from engine.simulate.clds_margins import RESPONDENTS
    from engine.simulate.labelled_panel import clds_panel, cmds_panel
    from engine.simulate.write import write_panel

    simulated = (
        cmds_panel(cmds.simulate_cmds())
        if panel == "cmds"
        else clds_panel(clds.simulate_clds(respondents=RESPONDENTS))
    )
    write_panel(simulated, path)


def _meps() -> Path:
    found = find_spec("linearmodels")
    archive = (
        Path(found.origin).parent / "datasets" / "meps" / "meps.csv.bz2" if found and found.origin else None
    )
    if archive is None or not archive.is_file():
        raise DataError(
            "source.builtin 'meps': the package linearmodels, which brings these records, is not installed; "
            "expected it beside equirank. Install 'equirank[examples]'."
        )
    text = bz2.decompress(archive.read_bytes())
    path = cache_folder("builtin") / f"meps-{hashlib.sha256(text).hexdigest()[:16]}.csv"
    if not path.is_file():
        temporary = path.with_suffix(f".{os.getpid()}")
        temporary.write_bytes(text)
        temporary.rename(path)
    return path
