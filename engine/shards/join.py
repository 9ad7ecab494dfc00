"""Writes a part of a run, and the run that parts make together."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from engine.batch.reporter import Reporter
from engine.batch.run import Asked, RunResult, scorecard_of, with_study
from engine.durable import move_folder
from engine.errors import UsageError
from engine.estimators.replicates.settings import Share
from engine.results import to_frame
from engine.shards.shard import SHARD, Shard, join_shards, make_shard, read_shard, write_shard
from engine.store.run_directory import new_run, write_run


def parse_share(text: str) -> Share:
    """Return the part that ``k/K`` names.

    Raises
    ------
    UsageError
        If it names none.

    Examples
    --------
    >>> parse_share("2/5")
    Share(number=2, of=5)
    """
    found = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text)
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise UsageError(f"--shard {text!r}: expected k/K with 1 <= k <= K, such as 2/16. Correct it.")
    return Share(number=int(found[1]), of=int(found[2]))


def run_shard(
    asked: Asked,
    share: Share,
    out: Path | None = None,
    *,
    threads: int | None = None,
    reporter: Reporter | None = None,
) -> Path:
    """Compute a part of a run and write it; `merge_shards` joins the parts.

    Raises
    ------
    StudyError, DataError, EstimationError, UsageError
        As for `run`; nothing is written then.
    """
    target = out or Path("equirank-runs") / f"{asked.spec.study.name}-shard-{share.number}-of-{share.of}"
    if target.exists() and not _is_this_part(target, share):
        raise UsageError(
            f"--out {target}: there is something else already; expected a new folder. Choose another one."
        )
    shard = make_shard(asked.spec, asked.files(), share, threads, reporter)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        working = Path(tempfile.mkdtemp(prefix=f".{target.name}.writing-", dir=target.parent))
        try:
            write_shard(shard, working)
            if target.exists():
                shutil.rmtree(target)
            move_folder(working, target)
        finally:
            shutil.rmtree(working, ignore_errors=True)
    except OSError as error:
        raise UsageError(
            f"--out {target}: cannot be written ({type(error).__name__}); expected a folder you may write to."
        ) from None
    return target


def _is_this_part(folder: Path, share: Share) -> bool:
    """Whether a folder holds an earlier result of this part and nothing else."""
    own = folder.is_dir() and all(
        path.name == SHARD or path.name.startswith("task-") for path in folder.iterdir()
    )
    try:
        return own and read_shard(folder).share == share
    except UsageError:
        return False


def merge_shards(folders: Sequence[Path], out: Path) -> RunResult:
    """Join the parts of a run into its run directory; the results have the bits of a run in one piece.

    Raises
    ------
    UsageError
        If the folders are not all the parts of one run, or `out` cannot be written.
    """
    return write_joined([read_shard(folder) for folder in folders], out)


def write_joined(shards: Sequence[Shard], out: Path) -> RunResult:
    """Join parts and write their run directory."""
    spec, rows, manifest = join_shards(shards)
    rows = with_study(rows, spec, simulated=manifest["simulated"])
    with new_run(out, spec.study.name) as folder:
        write_run(folder, to_frame(rows), manifest, scorecard_of(spec, rows, simulated=manifest["simulated"]))
    return RunResult(path=out, rows=rows, manifest=manifest)
