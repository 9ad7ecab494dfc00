"""Writes simulated panels. The formats are one table; a new one is a function and a line of `WRITERS`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.errors import Fault, UsageError
from engine.simulate.labelled_panel import LabelledPanel

FILE_LABEL = "SIMULATED, no real person"

Writer = Callable[[LabelledPanel, Path], None]


def _write_parquet(panel: LabelledPanel, path: Path) -> None:
    panel.frame.write_parquet(path, compression="zstd", metadata={"simulated": "true", "title": panel.title})


def _write_csv(panel: LabelledPanel, path: Path) -> None:
    panel.frame.write_csv(path)


def _write_stata(panel: LabelledPanel, path: Path) -> None:
    import pyreadstat

    pyreadstat.write_dta(panel.frame, path, **_labels(panel))


def _write_spss(panel: LabelledPanel, path: Path) -> None:
    import pyreadstat

    pyreadstat.write_sav(panel.frame, path, **_labels(panel))


def _labels(panel: LabelledPanel) -> dict[str, Any]:
    return {
        "file_label": FILE_LABEL,
        "column_labels": dict(panel.column_labels),
        "variable_value_labels": {name: dict(labels) for name, labels in panel.value_labels.items()},
    }


WRITERS: dict[str, Writer] = {
    ".parquet": _write_parquet,
    ".csv": _write_csv,
    ".dta": _write_stata,
    ".sav": _write_spss,
}


def refuse_unknown_suffix(path: Path) -> None:
    """Check that a panel can be written under a name.

    Raises
    ------
    UsageError
        If its suffix is that of no format.
    """
    suffix = path.suffix.lower()
    if suffix not in WRITERS:
        raise UsageError(
            Fault(
                f"--out {path.name}",
                f"found the suffix '{suffix}'",
                f"one of {', '.join(WRITERS)}",
                "Rename the file.",
            )
        )


def write_panel(panel: LabelledPanel, path: Path) -> None:
    """Write a panel beside its final place and move it there whole.

    Raises
    ------
    UsageError
        If the suffix is that of no format, or the folder cannot be written.
    """
    refuse_unknown_suffix(path)
    suffix = path.suffix.lower()
    temporary = path.with_name(f".{path.stem}.writing-{os.getpid()}{suffix}")
    try:
        WRITERS[suffix](panel, temporary)
        os.replace(temporary, path)  # noqa: PTH105 - atomic
    except OSError as error:
        raise UsageError(cannot_be_written(path, error)) from None
    finally:
        temporary.unlink(missing_ok=True)


def cannot_be_written(out: Path, error: OSError) -> Fault:
    """Return the fault of an output that the disk or the folder refuses."""
    return Fault(
        f"--out {out}",
        f"cannot be written ({type(error).__name__})",
        "a folder you may write to",
        "Choose another.",
    )
