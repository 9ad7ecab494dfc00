"""Writes a run beside its final place and moves it there at the end; reads it back."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.durable import sync_folder, sync_tree
from engine.errors import DataError, Fault, UsageError
from engine.store.manifests import MANIFEST, manifest_damage

if TYPE_CHECKING:
    import polars as pl

RESULTS, SCORECARD, REPORT = "results.parquet", "scorecard.parquet", "report.html"
TABLES, FIGURES = "tables", "figures"
SIGNATURE, CRATE = "signature.json", "ro-crate-metadata.json"
OWN = {RESULTS, MANIFEST, SCORECARD, REPORT, TABLES, FIGURES, SIGNATURE, CRATE}
RUN_FORMAT = "equirank-run-2"
OLDER_FORMATS = ("equirank-run-1",)  # read and brought to the columns of today


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """A run directory, read.

    Attributes
    ----------
    path
        The folder.
    results
        The tidy rows, with the columns of today.
    manifest
        As it was written.
    scorecard
        Published numbers beside those of the run, if it has any.
    written_columns
        The columns of ``results.parquet``; an older format has fewer than `results`.
    """

    path: Path
    results: pl.DataFrame
    manifest: Mapping[str, Any]
    scorecard: pl.DataFrame | None = None
    written_columns: tuple[str, ...] = ()


@contextmanager
def new_run(target: Path, study: str) -> Iterator[Path]:
    """Yield a working folder that becomes `target` if the block succeeds; otherwise nothing is left.

    An earlier run of the same study in `target` is replaced; anything else there is refused.

    Raises
    ------
    UsageError
        If the folder cannot be written, or `target` is something else.
    """
    target = target.resolve()
    _refuse_foreign(target, study)
    if target == Path.cwd() or target in Path.cwd().parents:
        raise UsageError(
            f"--out {target}: is the folder you are in; expected a folder below it. Choose a name."
        )
    with _writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        working = Path(tempfile.mkdtemp(prefix=f".{target.name}.writing-", dir=target.parent))
    try:
        yield working
        with _writing(target):
            sync_tree(working)
            _refuse_foreign(target, study)  # somebody may have come meanwhile
            _move(working, target)
    finally:
        shutil.rmtree(working, ignore_errors=True)


@contextmanager
def _writing(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"--out {target}: cannot be written ({type(error).__name__}); expected a folder you may write "
            "to. Choose another one."
        ) from None


def _refuse_foreign(target: Path, study: str) -> None:
    """Only an empty folder, or an earlier run of the same study and nothing beside it, may be replaced."""
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    try:
        owner = json.loads((target / MANIFEST).read_text(encoding="utf-8"))
        own = {path.name for path in target.iterdir()} <= OWN
        same = own and owner["format"] in (RUN_FORMAT, *OLDER_FORMATS) and owner["study"]["name"] == study
    except (OSError, ValueError, KeyError, TypeError):
        same = False
    if not same:
        raise UsageError(
            f"--out {target}: it holds other files; expected a new folder, or one that holds only an "
            f"earlier run of '{study}'. Choose another one."
        )


def _move(working: Path, target: Path) -> None:
    mask = os.umask(0)
    os.umask(mask)
    working.chmod(0o777 & ~mask)
    if not target.exists():
        working.rename(target)
        sync_folder(target.parent)
        return
    earlier = working.with_name(f"{working.name}.earlier")
    target.rename(earlier)
    try:
        working.rename(target)
    except OSError:
        earlier.rename(target)
        raise
    shutil.rmtree(earlier, ignore_errors=True)
    sync_folder(target.parent)


def write_run(
    folder: Path, results: pl.DataFrame, manifest: Mapping[str, Any], scorecard: pl.DataFrame | None = None
) -> None:
    """Write results and manifest of a run into its working folder, and its scorecard if it has one."""
    marks = {
        "format": RUN_FORMAT,
        "study": manifest["study"]["name"],
        "simulated": str(manifest["simulated"]).lower(),
    }
    results.write_parquet(folder / RESULTS, compression="zstd", metadata=marks)
    if scorecard is not None:
        scorecard.write_parquet(folder / SCORECARD, compression="zstd", metadata=marks)
    digest = hashlib.sha256((folder / RESULTS).read_bytes()).hexdigest()
    told = {"format": RUN_FORMAT, **manifest, "results_sha256": digest}
    text = json.dumps(told, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def read_run(path: Path) -> StoredRun:
    """Read a run directory.

    Raises
    ------
    UsageError
        If it is none.
    DataError
        If it is one, and damaged.
    """
    from engine.store.older_rows import current_rows, parameters_of

    if not (path / MANIFEST).is_file():
        raise UsageError(
            f"{path}: this is no run directory; expected a folder with {RESULTS} and {MANIFEST}. Give one "
            "that `equirank run` wrote."
        )
    manifest = _manifest(path)
    results = _table(path / RESULTS)
    scorecard = _table(path / SCORECARD) if (path / SCORECARD).is_file() else None
    if not {"analysis", "kind", "measure", "method", "status"} <= set(results.columns):
        raise _damaged(path / RESULTS, "lacks columns of tidy rows")
    return StoredRun(
        path=path,
        results=current_rows(results, parameters_of(manifest["study"]["asked"]["analysis"])),
        manifest=manifest,
        scorecard=scorecard,
        written_columns=tuple(results.columns),
    )


def _table(file: Path) -> pl.DataFrame:
    import polars as pl

    try:
        return pl.read_parquet(file, glob=False)
    except (OSError, ValueError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise _damaged(file, f"cannot be read ({type(error).__name__})") from None


def current_files(runs: Sequence[Path], scratch: Path) -> list[str]:
    """Return the files with the rows of runs, for SQL: of an older format a copy with the columns of today.

    Parameters
    ----------
    runs
        Run directories.
    scratch
        A folder for copies; each is in a folder with the name of its run, as the others are.
    """
    files = []
    for run in runs:
        stored = read_run(run)
        file = run / RESULTS
        if stored.written_columns != tuple(stored.results.columns):
            file = scratch / run.name / RESULTS
            file.parent.mkdir(parents=True)
            stored.results.write_parquet(file)
        files.append(str(file))
    return files


def _manifest(path: Path) -> Mapping[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        of_night = isinstance(manifest, dict) and "files" in manifest
        damage = manifest_damage(manifest, of_night=of_night)
    except (OSError, ValueError) as error:
        damage = f"cannot be read ({type(error).__name__})"
    if damage is None and manifest.get("format") not in (RUN_FORMAT, *OLDER_FORMATS):
        damage = f"has another format than {RUN_FORMAT} or an older one"
    if damage is not None:
        raise _damaged(path / MANIFEST, damage)
    return manifest


def _damaged(file: Path, found: str) -> DataError:
    remedy = "Restore it from a copy, or run the study again."
    return DataError(Fault(str(file), found, f"the file that equirank wrote (format {RUN_FORMAT})", remedy))
