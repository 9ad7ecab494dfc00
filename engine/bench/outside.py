"""What a user waits for: commands in a fresh process, reading a file, memory of a whole run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.bench.timing import Check, seconds

_MAIN = "from engine.cli import main; main()"
_PEAK = """
import json, resource, time
from pathlib import Path
started = time.perf_counter()
{work}
spent = time.perf_counter() - started
own = Path("/proc/self/status")  # getrusage counts the process that this one was forked from
lines = own.read_text().splitlines() if own.is_file() else []
peak = [int(line.split()[1]) for line in lines if line.startswith("VmHWM")]
print(json.dumps([spent, (peak or [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss])[0] / 1024]))
"""


def start_check() -> Check:
    """Time ``equirank --help`` in a process of its own."""
    spent = seconds(lambda: _command(["--help"], os.environ.copy()))
    return Check(
        work="equirank --help",
        value=spent,
        unit="s",
        target=0.3,
        stretch=None,
        at_most=True,
        compared_with="clock",
    )


def main_job_checks() -> list[Check]:
    """Run the CMDS study in an empty folder with empty caches, then again."""
    with TemporaryDirectory() as folder:
        environment = {**os.environ, "EQUIRANK_CACHE": str(Path(folder) / "cache")}
        environment.pop("NUMBA_CACHE_DIR", None)
        first, warm = (_timed_run(Path(folder), environment, name) for name in ("first", "second"))
    return [
        Check(
            work="main job, first run",
            value=first,
            unit="s",
            target=60,
            stretch=None,
            at_most=True,
            compared_with="clock; compiles and simulates",
        ),
        Check(
            work="main job, warm",
            value=warm,
            unit="s",
            target=20,
            stretch=10,
            at_most=True,
            compared_with="clock",
        ),
    ]


def _timed_run(folder: Path, environment: dict[str, str], name: str) -> float:
    started = time.perf_counter()
    _command(["run", "--out", str(folder / name), "--json"], environment)
    return time.perf_counter() - started


def _command(arguments: list[str], environment: dict[str, str]) -> None:
    subprocess.run(  # noqa: S603
        [sys.executable, "-c", _MAIN, *arguments], env=environment, stdout=subprocess.DEVNULL, check=True
    )


def peak_memory(work: str) -> tuple[float, float]:
    """Return (seconds, megabytes at most) of some Python lines in a process of their own."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", _PEAK.format(work=work)], capture_output=True, text=True, check=True
    )
    spent, megabytes = json.loads(done.stdout.splitlines()[-1])
    return spent, megabytes


def reading_checks(rows: int) -> list[Check]:
    """Read a Stata file into the panel, against pyreadstat reading it alone; each in its own process."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "cmds.dta"
        _command(["simulate", "cmds", "--rows", str(rows), "--out", str(path)], os.environ.copy())
        alone, _ = peak_memory(f"import pyreadstat; pyreadstat.read_dta({str(path)!r})")
        ours, megabytes = peak_memory(
            "from pathlib import Path; from engine.data.formats import open_frame\n"
            "from engine.data.source_file import SourceFile\n"
            f"open_frame(SourceFile(path=Path({str(path)!r}), wave=None), ('*',), None, Path({folder!r}))"
        )
    return [
        Check(
            work=f"reading {rows:,} .dta rows",
            value=ours / alone,
            unit="x",
            target=1.2,
            stretch=None,
            at_most=True,
            compared_with="pyreadstat alone",
        ),
        Check(
            work=f"memory of reading {rows:,} .dta rows",
            value=megabytes,
            unit="MB",
            target=300,
            stretch=None,
            at_most=True,
            compared_with="peak of the process",
        ),
    ]
