"""Reads one file in a child process, which may crash without harm: harmonises, checks and hashes it."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from engine.data.source_file import SourceFile
from engine.durable import is_disk_error
from engine.errors import DataError, EngineError, StoreError
from engine.nights.night import NightJob
from engine.study.load import study_as_dict, study_from_dict

PR_SET_PDEATHSIG = 1  # of Linux


def read_file(job: NightJob, source: SourceFile, digest: str) -> dict[str, Any]:
    """Return what a child process made of a file.

    Of a good file: ``part``, ``source``, ``contents`` and ``sample``, see `engine.store.ledger.FileVersion`.
    Of a bad one: ``reason``, ``broken`` (rules with the rows that break them), and ``retry``, true where
    another try may end otherwise, because the process died or took too long.

    Raises
    ------
    StoreError
        If the disk of the store did not take what was read.
    """
    store = job.store
    request = {
        "study": study_as_dict(job.spec),
        "path": source.path,
        "wave": source.wave,
        "places": source.places,
        "digest": digest,
        "parts": store.parts,
        "work": store.work,
        "salt": store.salt,
    }
    command = [sys.executable, "-P", "-m", __name__]
    content = json.dumps(request, default=str).encode()
    # Whatever a library spills lies in the store then, where the next night removes it if this one is killed.
    environment = {**os.environ, "TMPDIR": str(store.work)}
    timeout = job.options.timeout
    try:
        child = subprocess.run(  # noqa: S603
            command, input=content, capture_output=True, timeout=timeout, check=False, env=environment
        )
    except subprocess.TimeoutExpired:
        return _failed(f"reading took longer than {timeout:,.0f} seconds and was stopped")
    # What a dying reader writes on stderr can quote a record; it is never passed on.
    if child.returncode < 0:
        return _failed(f"the reading process died of signal {-child.returncode}")
    try:
        answer: dict[str, Any] = json.loads(child.stdout)
    except ValueError:
        return _failed(f"the reading process ended with exit code {child.returncode} and no answer")
    if "disk" in answer:
        raise StoreError(answer["disk"])
    return answer


def _failed(finding: str) -> dict[str, Any]:
    reason = f"{finding}; expected a file that can be read. Look at the file."
    return {"reason": reason, "broken": [], "retry": True}


def _read(request: Mapping[str, Any]) -> dict[str, Any]:
    from engine.data.digests import part_contents
    from engine.data.panel import whole_panel
    from engine.data.part import build_part
    from engine.data.sample import draw_sample
    from engine.data.validate import refuse_design, refuse_empty_columns

    spec = study_from_dict(request["study"])
    places = tuple(Path(place) for place in request["places"])
    source = SourceFile(path=Path(request["path"]), wave=request["wave"], places=places)
    name = source.path.name
    part = build_part(spec, source, request["digest"], Path(request["parts"]))
    if part.source["rows"] == 0:
        raise DataError(f"{name}: found 0 rows; expected records. Is it a partial copy?")
    refuse_empty_columns(spec, name, part.records)
    with TemporaryDirectory(dir=request["work"]) as scratch:
        sample = draw_sample(spec, whole_panel([part]), Path(scratch), may_be_empty=True)
        refuse_design(name, sample.path)
    return {
        "part": part.key,
        "source": dict(part.source),
        "contents": part_contents(part.records, request["salt"]),
        "sample": dict(sample.flow[-1].by_wave),
    }


def _refusal(error: Exception, name: str) -> dict[str, Any]:
    """Return the answer about a file that was rejected, or a disk that failed."""
    from engine.data.broken_rules import RuleError

    if is_disk_error(error):
        return {"disk": "the store's disk did not take what was read; expected a disk with room. Make room."}
    broken = [asdict(rule) for rule in error.broken] if isinstance(error, RuleError) else []
    reason = str(error) if name in str(error) else f"{name}: {error}"
    return {"reason": reason, "broken": broken, "retry": False}


def _die_with_parent() -> None:
    """Let the system end this process when the refresh that started it is killed (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _main() -> None:
    _die_with_parent()
    request = json.loads(sys.stdin.buffer.read())
    try:
        answer = _read(request)
    except EngineError as error:
        answer = _refusal(error, Path(request["path"]).name)
    except OSError as error:
        if not is_disk_error(error):
            raise
        answer = _refusal(error, Path(request["path"]).name)
    sys.stdout.buffer.write(json.dumps(answer).encode())


if __name__ == "__main__":
    _main()
