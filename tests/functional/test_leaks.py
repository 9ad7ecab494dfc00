"""Many runs in one process: memory, open files, threads and temporary files stay as they are."""

import gc
import os
import shutil
import sys
from pathlib import Path

import pytest

import engine
from engine.errors import DataError, StudyError

SELF = Path("/proc/self")
LATE_THREADS = 3
MOST_GROWTH = 20 << 20  # bytes that a thousand runs may keep
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process so much")


def kept(folders):
    """Return bytes in memory, open files, threads, child processes and temporary files of this process."""
    gc.collect()
    memory = int((SELF / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    children = (SELF / "task" / str(os.getpid()) / "children").read_text().split()
    files = sum(1 for folder in folders for path in folder.rglob("*") if path.is_file())
    return memory, {
        "open files": sum(1 for _ in (SELF / "fd").iterdir()),
        "threads": sum(1 for _ in (SELF / "task").iterdir()),
        "children": len(children),
        "temporary files": files,
    }


def work(number, survey):
    """A run, now and then one that fails, one with records of its own, a function on a frame."""
    only = None if number % 5 == 2 else "inequality"
    engine.run("study.toml", out="run", replicates=40, report=False, only=only)
    if number % 5 == 0:
        with pytest.raises(DataError):
            engine.run("study.toml", data="broken.parquet", out="none", report=False)
        with pytest.raises(StudyError):
            engine.run("broken.toml", out="none", report=False)
    if number % 5 == 1:
        engine.logit(survey.drop_nulls(), "ill", ["income", "sex"], weight="weight", cluster="psu")
        engine.concentration_index(survey, "ill", "income", bootstrap=40)


@pytest.mark.parametrize("runs", [4, pytest.param(1000, marks=pytest.mark.slow)])
def test_runs__keep_nothing(project, survey, monkeypatch, runs):
    (project / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(project / "tmp"))
    (project / "broken.parquet").write_bytes(b"no data")
    shutil.copyfile(project / "study.toml", project / "broken.toml")
    with (project / "broken.toml").open("a") as stream:
        stream.write("[nonsense]\n")
    folders = [project / "tmp", Path(os.environ["EQUIRANK_CACHE"])]
    for number in range(max(runs // 20, 3)):
        work(number, survey)
    memory, before = kept(folders)
    for number in range(runs):
        work(number, survey)
    later, after = kept(folders)
    print(f"{runs} runs: {(later - memory) / 2**20:.1f} MiB more, {after}, before {before}")
    # A pool of a library may start a thread late; one for each run would be a leak.
    assert after.pop("threads") <= before.pop("threads") + LATE_THREADS
    assert after == before
    assert later - memory < MOST_GROWTH
