"""The process that reads foreign files: a damaged one may crash it without harm.

It takes requests as lines of JSON on its stdin and answers each with one line on its stdout, until stdin
ends. `engine.data.readers` starts it. Where the system can confine a process, a copy of it reads each file.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.data.answers import refusal
from engine.data.confinement import can_confine
from engine.data.forked_reader import answer_apart, die_with_parent
from engine.data.read_request import packed, unpacked
from engine.data.source_file import SourceFile, full_disk, reading
from engine.durable import is_disk_error
from engine.errors import DataError, EngineError, Fault

if TYPE_CHECKING:
    from engine.study import StudySpec


def answer(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return what came of a request, ready for JSON; see `engine.data.answers`."""
    return _told(request, _read)


def _told(request: Mapping[str, Any], read: Callable[[Mapping[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    path = Path(request["path"])
    try:
        with reading(path):
            return read(request)
    except EngineError as error:
        return {"disk": full_disk(path).message()} if is_disk_error(error) else refusal(error)


def _read(request: Mapping[str, Any]) -> dict[str, Any]:
    # Whatever a library spills lies where the next night, or the command that asked, removes it.
    tempfile.tempdir = os.environ["TMPDIR"] = request["work"]
    if "call" in request:
        return _called(request["call"])
    from engine.data.queries import kept_database

    with kept_database():
        return _built(request)


def _called(call: str) -> dict[str, Any]:
    function, *arguments = unpacked(call)
    return {"value": packed(function(*arguments))}


def _built(request: Mapping[str, Any]) -> dict[str, Any]:
    from engine.data.part import build_part

    spec, source = _study(request["study"]), _source(request)
    part = build_part(spec, source, request["digest"], Path(request["home"]))
    found: dict[str, Any] = {"part": part.key}
    if request["salt"] is None:
        return found
    return {**found, **_taken_in(spec, source, request, Path(request["home"]) / part.key)}


def _source(request: Mapping[str, Any]) -> SourceFile:
    return SourceFile(
        path=Path(request["path"]),
        wave=request["wave"],
        places=tuple(Path(place) for place in request["places"]),
        imputation=request["imputation"],
    )


@lru_cache(maxsize=1)
def _study(text: str) -> StudySpec:
    from engine.study.load import study_from_dict  # a third of a second, and to count rows needs no study

    return study_from_dict(json.loads(text))


def _taken_in(
    spec: StudySpec, source: SourceFile, request: Mapping[str, Any], folder: Path
) -> dict[str, Any]:
    """Check what a night demands of a file alone, and return the facts that its ledger keeps."""
    from engine.data.digests import part_contents
    from engine.data.panel import whole_panel
    from engine.data.part import read_part
    from engine.data.sample import draw_sample
    from engine.data.validate import refuse_design, refuse_empty_columns

    name, part = source.path.name, read_part(folder)
    if part is None or part.source["rows"] == 0:
        raise DataError(Fault(name, "found 0 rows", "records", "Is it a partial copy?"))
    refuse_empty_columns(spec, name, part.records)
    with tempfile.TemporaryDirectory(dir=request["work"]) as scratch:
        sample = draw_sample(spec, whole_panel([part]), Path(scratch), may_be_empty=True)
        refuse_design(name, sample.row_files())
    contents = part_contents(part.records, request["salt"])
    if spec.source.wave is not None and all(one["wave"] is None for one in contents["waves"]):
        fault = f"column '{spec.source.wave}' (source.wave) is blank in every row"
        raise DataError(Fault(name, fault, "the wave of each record", "Correct the file."))
    return {
        "source": dict(part.source),
        "contents": contents,
        "sample": dict(sample.flow[-1].by_wave),
    }


def _main() -> None:
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    os.umask(0o077)
    # Answers alone go to the pipe; what a library prints could quote a record.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    importlib.import_module("engine.data.formats")  # with Polars, while the one who asks still imports too
    is_apart = can_confine()

    def apart(request: Mapping[str, Any]) -> dict[str, Any]:
        return answer_apart(_prepared(request), answer, answers.fileno())

    for line in sys.stdin.buffer:
        asked = json.loads(line)
        found = _told(asked, apart) if is_apart else answer(asked)
        answers.write(json.dumps(found).encode() + b"\n")
        answers.flush()


def _prepared(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Import and parse what the copies of this process would else import and parse for each file.

    Returns the request, with the name of the part that it asks for.
    """
    from engine.data.formats import format_of

    file_format = format_of(Path(request["path"]))
    if file_format is not None and file_format.has_labels:
        importlib.import_module("pyreadstat")
    if "call" in request:
        unpacked(request["call"])
        return request
    ours = (f"engine.data.{name}" for name in ("digests", "panel", "sample", "validate"))
    for module in ("duckdb", "dataframely", "pyarrow.parquet", *ours):
        importlib.import_module(module)
    from engine.data.part import part_key

    return {**request, "key": part_key(_study(request["study"]), _source(request), request["digest"])}


if __name__ == "__main__":
    _main()
