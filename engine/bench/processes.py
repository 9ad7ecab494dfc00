"""What a user waits for: commands in a fresh process, the reading of a file, the memory of a whole run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.bench.check import Check, at_most
from engine.bench.timing import seconds

_MAIN = "from engine.cli import main; main()"
_MEASURE = """
import json, resource, time
from pathlib import Path
started = time.perf_counter()
{work}
spent = time.perf_counter() - started
status = Path("/proc/self/status")  # getrusage also counts the process that started this one
lines = status.read_text().splitlines() if status.is_file() else []
peak = [int(line.split()[1]) for line in lines if line.startswith("VmHWM")]
print(json.dumps([spent, (peak or [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss])[0] / 1024]))
"""
# One string a line: the hash of sources takes a line that begins with "from" for an import of this module.
_READ_STATA = (
    "from pathlib import Path; from engine.data.formats import open_frame\n"
    "from engine.data.source_file import SourceFile\n"
    "open_frame(SourceFile(path=Path({path!r}), wave=None), ('*',), None, Path({folder!r}))"
)


def start_check() -> Check:
    """Time ``equirank --help`` in a separate process."""
    spent = seconds(lambda: _run_command(["--help"], os.environ.copy()))
    return at_most("equirank --help", spent, "s", target=0.3, compared_with="clock")


def main_job_checks() -> list[Check]:
    """Run the CMDS study in an empty folder with empty caches, then again."""
    with TemporaryDirectory() as folder:
        environment = {**os.environ, "EQUIRANK_CACHE": str(Path(folder) / "cache")}
        environment.pop("NUMBA_CACHE_DIR", None)
        cold, warm = (_time_run(Path(folder) / name, environment) for name in ("first", "second"))
    clock = "clock; compiles and simulates"
    return [
        at_most("main job, first run", cold, "s", target=60, compared_with=clock),
        at_most("main job, warm", warm, "s", target=20, stretch=10, compared_with="clock"),
    ]


def _time_run(out: Path, environment: dict[str, str]) -> float:
    started = time.perf_counter()
    _run_command(["run", "--out", str(out), "--json"], environment)
    return time.perf_counter() - started


def _run_command(arguments: list[str], environment: dict[str, str]) -> None:
    subprocess.run(  # noqa: S603
        [sys.executable, "-c", _MAIN, *arguments], env=environment, stdout=subprocess.DEVNULL, check=True
    )


def peak_memory(work: str) -> tuple[float, float]:
    """Return (seconds, peak megabytes) of some lines of Python in a separate process."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", _MEASURE.format(work=work)], capture_output=True, text=True, check=True
    )
    spent, megabytes = json.loads(done.stdout.splitlines()[-1])
    return spent, megabytes


def reading_checks(rows: int) -> list[Check]:
    """Read a Stata file into the panel, and with pyreadstat alone; each in a separate process."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "cmds.dta"
        _run_command(["simulate", "cmds", "--rows", str(rows), "--out", str(path)], os.environ.copy())
        alone, _ = peak_memory(f"import pyreadstat; pyreadstat.read_dta({str(path)!r})")
        ours, megabytes = peak_memory(_READ_STATA.format(path=str(path), folder=folder))
    file = f"{rows:,} .dta rows"
    return [
        at_most(f"reading {file}", ours / alone, "x", target=1.2, compared_with="pyreadstat alone"),
        at_most(
            f"memory of reading {file}", megabytes, "MB", target=300, compared_with="peak of the process"
        ),
    ]
