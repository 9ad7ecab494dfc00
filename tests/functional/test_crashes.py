"""A refresh is killed, runs out of disk or meets a failing fsync: the next one ends as without it.

Every call that changes a file is a point to be killed at. All of them, and 200 random moments, are tried by
hand (`-m slow`); a few of each kind in every run.
"""

import json
import os
import random
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from functools import cache

import pytest

from tests.functional.nights import STUDY, newest, sha, tree, wave

WRITES = "write,pwrite64,writev,pwritev,sendfile,copy_file_range"
MOVES = (
    "rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,"
    "ftruncate,fchmod,chmod,fchmodat,fsync,fdatasync"
)
REFRESH = [
    sys.executable,
    "-c",
    "import sys; from engine.cli import main; sys.argv[0] = 'equirank'; main()",
    "refresh",
    "study.toml",
    "--inbox",
    "inbox",
    "--store",
    "store",
]
FAILURES = {WRITES: "error=ENOSPC", "fsync,fdatasync": "error=EIO", MOVES: "error=ENOSPC"}
FEW = 2  # points in every run
FEWER_ANALYSES = STUDY.partition('[[analysis]]\nkind = "concentration"\nname = "trend"')[0]

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


@pytest.fixture(scope="module")
def nights(tmp_path_factory):
    """A store after one night, an inbox with changes, and how the second night ends."""
    root = tmp_path_factory.mktemp("nights")
    (root / "study.toml").write_text(FEWER_ANALYSES)
    (root / "inbox").mkdir()
    os.environ["EQUIRANK_CACHE"] = str(root / "cache")
    for number in (1, 2, 4):
        wave(number).write_parquet(root / "inbox" / f"wave_{number}.parquet")
    age(root)
    assert refresh(root).returncode == 0
    wave(3).write_parquet(root / "inbox" / "wave_3.parquet")
    wave(2).head(290).write_parquet(root / "inbox" / "wave_2.parquet")
    (root / "inbox" / "wave_4.parquet").unlink()
    age(root)
    shutil.copytree(root, root / "whole", ignore=shutil.ignore_patterns("cache", "whole"))
    assert refresh(root / "whole").returncode == 0
    yield root
    del os.environ["EQUIRANK_CACHE"]


def age(root):
    """Let the files look settled, so that no refresh waits for them."""
    for path in (root / "inbox").iterdir():
        os.utime(path, (time.time() - 60, time.time() - 60))


def refresh(root, before=()):
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(  # noqa: S603
        [*before, *REFRESH], cwd=root, env=environment, capture_output=True, timeout=120, check=False
    )


def traced(root, calls, what, *, children):
    """Refresh under strace with an injection into the named calls."""
    follow = ["-f", "--seccomp-bpf"] if children else []  # only the named calls stop the process
    options = ["-qq", "-o", "/dev/null", "-e", f"trace={calls}", "-e", f"inject={calls}:{what}"]
    return refresh(root, ["strace", *follow, *options])


@cache
def calls_of_threads(nights):
    """The names of the calls that change files in a whole refresh, for each thread, from the first."""
    root = fresh(nights)
    log = root / "strace.log"
    trace = ["-ff", "--seccomp-bpf", "-qq", "-o", str(log), "-e", f"trace={WRITES},{MOVES}"]
    done = refresh(root, ["strace", *trace])
    assert done.returncode == 0, done.stderr
    logs = sorted(root.glob("strace.log.*"), key=lambda path: int(path.suffix[1:]))
    return [
        [line.partition("(")[0] for line in path.read_text().splitlines() if "=" in line] for path in logs
    ]


def points(nights, calls, *, children):
    """How many such calls the busiest thread of a whole refresh makes, or its first one."""
    names = calls.split(",")
    counts = [sum(name in names for name in thread) for thread in calls_of_threads(nights)]
    return max(counts) if children else counts[0]


def fresh(nights):
    """A copy of the first night's end with the second night's inbox."""
    root = nights / "tried"
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(nights, root, ignore=shutil.ignore_patterns("cache", "whole", "tried"))
    return root


def recovers(nights, root, done):
    """Nothing published is lost or torn, and a refresh without a human ends as the uninterrupted one."""
    store, whole = root / "store", nights / "whole" / "store"
    assert tree(store / "runs" / "000001") == tree(nights / "store" / "runs" / "000001")
    for run in (store / "runs").iterdir():
        manifest = json.loads((run / "manifest.json").read_text())
        assert manifest["results_sha256"] == sha(run)
    if done.returncode == 0:
        assert sha(newest(store)) == sha(newest(whole)), "success was told of a night that is not there"
    again = refresh(root)
    assert again.returncode == 0, again.stderr.decode()
    assert sha(newest(store)) == sha(newest(whole))
    assert not [*(store / "tmp").iterdir()]
    assert len([*(store / "parts").iterdir()]) == 3
    assert json.loads((store / "catalog.json").read_text())["runs"] == sorted(
        run.name for run in (store / "runs").iterdir()
    )
    before = tree(store)
    assert refresh(root).returncode == 0
    assert tree(store) == before


def tried(nights, calls, what, chosen, *, children):
    for n in chosen:
        root = fresh(nights)
        done = traced(root, calls, f"{what}:when={n}", children=children)
        recovers(nights, root, done)


def some(n, count=FEW):
    """A few of the points 1 to n, spread from the first to the last."""
    return sorted({1 + round(i * (n - 1) / (count - 1)) for i in range(count)})


def test_killed__at_calls_that_change_files(nights):
    calls = f"{WRITES},{MOVES}"
    tried(nights, calls, "signal=KILL", some(points(nights, calls, children=True)), children=True)


@pytest.mark.parametrize("calls", [*FAILURES])
def test_failing_calls(nights, calls):
    """Of the own thread: other threads write to each other too, and no disk fails there."""
    middle = (points(nights, calls, children=False) + 1) // 2
    tried(nights, calls, FAILURES[calls], [middle], children=False)


@pytest.mark.slow
@pytest.mark.parametrize("children", [False, True], ids=["own thread", "children and threads"])
def test_killed__at_every_call_that_changes_a_file(nights, children):
    n = points(nights, f"{WRITES},{MOVES}", children=children)
    print(f"{n} points")
    tried(nights, f"{WRITES},{MOVES}", "signal=KILL", range(1, n + 1), children=children)


READER = """#!/bin/sh
case "$*" in *reading_process*) ;; *) exec {python} "$@" ;; esac
[ -e {traced} ] && exec {python} "$@"
: > {traced}
exec strace {follow} -qq -o /dev/null -e trace={calls} -e inject={calls}:signal=KILL:when={n} {python} "$@"
"""


def with_traced_reader(root, n, *, follow):
    """Refresh, and kill the first process that reads files, or a copy of it, at its n-th call.

    In a trace of all processes, that of the night itself makes its n-th call first.
    """
    traced, program = root / "traced", root / "python"
    follow = "-f --seccomp-bpf" if follow else ""
    names = {"python": sys.executable, "traced": traced, "follow": follow, "n": n}
    program.write_text(READER.format(**names, calls=f"{WRITES},{MOVES}"))
    program.chmod(0o755)
    command = [*REFRESH]
    command[2] = command[2].replace("main()", f"sys.executable = '{program}'; main()")
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(  # noqa: S603
        command, cwd=root, env=environment, capture_output=True, timeout=120, check=False
    )
    assert traced.exists()
    traced.unlink()
    program.unlink()
    return done


@pytest.mark.slow
@pytest.mark.parametrize(("follow", "most"), [(False, 15), (True, 21)], ids=["process", "copies"])
def test_reading_process__killed_at_every_call(nights, follow, most):
    """It moves parts into the store: `adopt_part`."""
    for n in range(1, most + 1):
        root = fresh(nights)
        recovers(nights, root, with_traced_reader(root, n, follow=follow))


@pytest.mark.slow
@pytest.mark.parametrize("calls", [*FAILURES])
def test_every_failing_call(nights, calls):
    n = points(nights, calls, children=False)
    print(f"{n} points")
    tried(nights, calls, FAILURES[calls], range(1, n + 1), children=False)


@pytest.mark.slow
def test_two_hundred_random_moments(nights):
    root = fresh(nights)
    began = time.perf_counter()
    refresh(root)
    lasts = time.perf_counter() - began
    draw = random.Random(1)  # noqa: S311 - moments
    for _ in range(200):
        root = fresh(nights)
        process = subprocess.Popen(REFRESH, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
        time.sleep(draw.uniform(0, 1.1 * lasts))
        process.kill()
        process.wait()
        recovers(nights, root, process)


@contextmanager
def small_disk(folder, pages):
    """A disk with room for so many pages of 4 KiB beside what lies in the store of the first night."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    folder.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={4 * pages}k", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:  # noqa: S603
        pytest.skip("no disk can be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)  # noqa: S603, S607


def filled(nights, pages):
    """Refresh with a store on a disk that is too small, then with room; returns whether it was too small."""
    root = fresh(nights)
    with small_disk(root / "disk", pages_of(root / "store") + pages):
        shutil.copytree(root / "store", root / "disk" / "store")
        shutil.rmtree(root / "store")
        (root / "store").symlink_to(root / "disk" / "store")
        done = refresh(root)
        assert done.returncode in (0, 74), done.stderr
        assert b"Traceback" not in done.stderr
        subprocess.run(["mount", "-o", "remount,size=64m", str(root / "disk")], check=True)  # noqa: S603, S607
        recovers(nights, root, done)
        return done.returncode == 74


def pages_of(folder):
    """How many pages the files of a folder need on such a disk, where folders need none."""
    return sum(-(-path.stat().st_size // 4096) for path in folder.rglob("*") if path.is_file())


def test_full_disk(nights):
    assert filled(nights, 24)


@pytest.mark.slow
def test_disk_with_room__is_not_taken_for_full(nights):
    assert not filled(nights, 4096)


@pytest.mark.slow
def test_full_disk__at_every_page(nights):
    pages = 0
    while filled(nights, pages):
        pages += 1
    assert pages > 20
