"""Reads one file in a process of its own, which may die of it: harmonised, checked, drawn from, hashed."""

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
from engine.store.layout import Store
from engine.study import StudySpec
from engine.study.load import asked_of, stored_study

PR_SET_PDEATHSIG = 1  # of Linux


def ingest(spec: StudySpec, source: SourceFile, digest: str, store: Store, timeout: float) -> dict[str, Any]:
    """Return what a child process made of a file: ``part``, ``source``, ``contents`` and ``sample`` of a good one.

    A bad one has ``reason`` and ``broken`` (rules with the rows that break them); ``again`` is true where another
    try may end otherwise, because the process died or took too long.

    Raises
    ------
    StoreError
        If the disk of the store did not take what was read.
    """
    request = {
        "study": asked_of(spec),
        "path": source.path,
        "wave": source.wave,
        "places": source.places,
        "digest": digest,
        "home": store.parts,
        "work": store.work,
        "salt": store.salt,
    }
    command = [sys.executable, "-P", "-m", "engine.nights.read"]
    content = json.dumps(request, default=str).encode()
    # Whatever a library spills lies in the store then, where the next night sweeps it up if this one is killed.
    environment = {**os.environ, "TMPDIR": str(store.work)}
    try:
        done = subprocess.run(  # noqa: S603
            command, input=content, capture_output=True, timeout=timeout, check=False, env=environment
        )
    except subprocess.TimeoutExpired:
        return _failed(f"reading took longer than {timeout:,.0f} seconds and was stopped", again=True)
    # What a dying reader writes on stderr can quote a record; it is never passed on.
    if done.returncode < 0:
        return _failed(f"the reading process died of signal {-done.returncode}", again=True)
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        return _failed(
            f"the reading process ended with exit code {done.returncode} and no answer", again=True
        )
    if "disk" in answer:
        raise StoreError(answer["disk"])
    return answer


def _failed(what: str, *, again: bool) -> dict[str, Any]:
    return {
        "reason": f"{what}; expected a file that can be read. Look at the file.",
        "broken": [],
        "again": again,
    }


def _ingested(request: Mapping[str, Any]) -> dict[str, Any]:
    from engine.data.digests import part_contents
    from engine.data.panel import whole_panel
    from engine.data.part import build_part
    from engine.data.sample import draw_sample
    from engine.data.validate import refuse_design, refuse_empty_columns

    spec = stored_study(request["study"])
    places = tuple(Path(place) for place in request["places"])
    source = SourceFile(path=Path(request["path"]), wave=request["wave"], places=places)
    name = source.path.name
    part = build_part(spec, source, request["digest"], Path(request["home"]))
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


def _told(error: Exception, name: str) -> dict[str, Any]:
    from engine.data.broken_rules import RuleError

    if is_disk_error(error):
        return {
            "disk": "the store's disk did not take what was read; expected room on a disk that works. Make room."
        }
    broken = [asdict(one) for one in error.broken] if isinstance(error, RuleError) else []
    reason = str(error) if name in str(error) else f"{name}: {error}"
    return {"reason": reason, "broken": broken, "again": False}


def _die_with_parent() -> None:
    """Let the kernel end this process when the refresh that started it is killed; elsewhere it ends by itself."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _main() -> None:
    _die_with_parent()
    request = json.loads(sys.stdin.buffer.read())
    try:
        answer = _ingested(request)
    except EngineError as error:
        answer = _told(error, Path(request["path"]).name)
    except OSError as error:
        if not is_disk_error(error):
            raise
        answer = _told(error, Path(request["path"]).name)
    sys.stdout.buffer.write(json.dumps(answer).encode())


if __name__ == "__main__":
    _main()
