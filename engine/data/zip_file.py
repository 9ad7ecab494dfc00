"""Unpacks archives that hold one data file."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

from engine.data.encoding import MOST_INFLATED
from engine.errors import DataError, Fault


def unpacked(path: Path, scratch: Path, known: tuple[str, ...]) -> Path:
    """Return the one data file of an archive, unpacked into a private folder.

    Raises
    ------
    DataError
        If there is not exactly one, or it expands to far more than records ever do.
    """
    with zipfile.ZipFile(path) as archive:
        inside = [one for one in archive.infolist() if one.filename.lower().endswith(known)]
        if len(inside) != 1:
            found = f"it holds {len(inside)} data files"
            raise DataError(Fault(path.name, found, "one", "Unpack it and name the files."))
        if inside[0].file_size > MOST_INFLATED * max(path.stat().st_size, 1 << 20):
            found = f"unpacks to more than {MOST_INFLATED} times its size"
            raise DataError(Fault(path.name, found, "records", "Unpack it yourself if it is right."))
        target = scratch / f"unpacked-{Path(inside[0].filename).name}"
        with archive.open(inside[0]) as source, target.open("wb") as stream:
            target.chmod(0o600)
            shutil.copyfileobj(source, stream)
    return target
