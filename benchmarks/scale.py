"""From records to results: the times and the memory of whole runs, line by line, beside two comparisons.

    python -m benchmarks.scale FOLDER [--release PYTHON] [--lines NAME,...] [--rows N] [--huge N]
        [--inbox FOLDER] [--picture FILE]

FOLDER is an empty folder, or one of an earlier call: simulated panels there are used again. Every line runs
each program twice in separate processes and prints the median. `--release` is the Python of an environment
with another version of equirank, measured in turn. `--inbox` holds the three files of BRFSS for line `brfss`.
The line `by-hand` is an index of the large panel in DuckDB and numpy, without errors or replicates. What was
measured is kept in FOLDER/measured.json; `--picture` draws the cost of a row from all first runs there.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.cost_picture import Cost, draw_costs
from benchmarks.large_panel import STUDY, simulate
from engine.data.records import ANSWERS

RUN = """
import json, resource, sys, time
import engine
started = time.perf_counter()
engine.run(sys.argv[1], out=sys.argv[2])
spent = time.perf_counter() - started
peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
print(json.dumps({"seconds": spent, "mb": peak / 1024}))
"""
BY_HAND = """
import json, resource, sys, time
import duckdb, numpy as np
started = time.perf_counter()
cells = duckdb.sql(
    f"SELECT x, sum(w) AS w, sum(w * y) AS wy "
    f"FROM read_parquet('{sys.argv[1]}/*.parquet') GROUP BY x ORDER BY x"
).fetchnumpy()
w, wy = np.asarray(cells["w"]), np.asarray(cells["wy"])
rank = (np.cumsum(w) - 0.5 * w) / w.sum()
index = 2.0 * (wy @ rank) / wy.sum() - 1.0
spent = time.perf_counter() - started
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"seconds": spent, "mb": peak / 1024, "index": index}))
"""
MIXED = """
import json, resource, sys, time
import numpy as np, polars as pl
import engine
from engine.batch.compiling import compile_all
compile_all()
n, random = 540_000, np.random.default_rng(1)
city = random.integers(0, 350, n)
frame = {f"x{i}": random.choice(["a", "b", "c", "d"], n) for i in range(13)}
effect = random.normal(0.0, 0.6, 350)[city]
frame |= {"city": city.astype(str), "ill": (random.random(n) < 1 / (1 + np.exp(1.5 - effect))).astype(int)}
frame = pl.DataFrame(frame)
started = time.perf_counter()
engine.mixed_logit(frame, "ill", [f"x{i}" for i in range(13)], levels=["city"])
spent = time.perf_counter() - started
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"seconds": spent, "mb": peak / 1024}))
"""
NIGHT = """
import json, resource, sys, time
from pathlib import Path
from engine.nights.refresh import refresh
started = time.perf_counter()
refresh(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
spent = time.perf_counter() - started
peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
print(json.dumps({"seconds": spent, "mb": peak / 1024}))
"""
WAVE_ROWS = 540_000
TWICE = 2
_SIZES = (100_000, 1_000_000, 10_000_000)
MEASURED = "measured.json"


@dataclass(frozen=True)
class Place:
    """Where a program runs: its Python, a folder of its own, and its cache."""

    python: str
    folder: Path

    def run(self, code: str, *arguments: object) -> dict[str, float]:
        """Run code in a process of its own, and return what it prints last."""
        environment = {**os.environ, "EQUIRANK_CACHE": str(self.folder / "cache")}
        done = subprocess.run(  # noqa: S603 - the Python that the caller names
            [self.python, "-c", code, *map(str, arguments)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(done.stderr)
        return dict(json.loads(done.stdout.splitlines()[-1]))

    def forget(self, what: str) -> None:
        """Remove the folders of a pattern, such as ``cache/panels``."""
        for folder in list(self.folder.glob(what)):
            shutil.rmtree(folder, ignore_errors=True)


def large(
    place: Place, panels: Path, rows: int, *, forget: str = "cache/panels", psus: int = 8_000
) -> dict[str, float]:
    """Run three indices with 200 replicates on a simulated panel, without what is forgotten of the cache."""
    data = _panel(panels, rows, psus=psus)
    study = place.folder / f"large-{rows}.toml"
    study.write_text(STUDY.format(path=f"{data}/*.parquet", replicates=200))
    place.forget(forget)
    return place.run(RUN, study, place.folder / "run-large")


def _panel(panels: Path, rows: int, *, psus: int = 8_000, step: int = 100) -> Path:
    data = panels / f"rows-{rows}-{psus}-{step}"
    if not data.exists():
        simulate(data, rows, psus=psus, step=step)
    return data


def shipped(place: Place, study: str, *, first: bool = False) -> dict[str, float]:
    """Run the command with a shipped study, and return its seconds with starting; first: without a cache."""
    if first:
        place.forget("cache")
    started = time.perf_counter()
    program = str(Path(place.python).with_name("equirank"))
    environment = {**os.environ, "EQUIRANK_CACHE": str(place.folder / "cache")}
    subprocess.run(  # noqa: S603 - the program of the Python that the caller names
        [program, "run", *study.split(), "--out", str(place.folder / f"run-{study.split()[0]}")],
        env=environment,
        capture_output=True,
        check=True,
    )
    return {"seconds": time.perf_counter() - started, "mb": float("nan")}


def night(place: Place, panels: Path, waves: int) -> dict[str, float]:
    """Take a new wave into a store of old ones; with no old ones the same wave alone.

    The waves have 540,000 people in 1,000 PSUs and 38 classes of income.
    """
    inbox, store = place.folder / f"inbox-{waves}", place.folder / f"store-{waves}"
    for folder in (inbox, store):
        shutil.rmtree(folder, ignore_errors=True)
    inbox.mkdir()
    study = place.folder / "night.toml"
    study.write_text(STUDY.format(path="wave-*.parquet", replicates=200))
    data = sorted(_panel(panels, WAVE_ROWS * 11, psus=1_000, step=1_000).glob("*.parquet"))
    _write_waves(data, inbox, range(waves))
    if waves:
        place.run(NIGHT, study, inbox, store)
    _write_waves(data, inbox, [10])
    return place.run(NIGHT, study, inbox, store)


def _write_waves(files: list[Path], inbox: Path, waves: range | list[int]) -> None:
    import polars as pl

    people = pl.scan_parquet(files)
    long_ago = time.time() - 3600
    for wave in waves:
        path = inbox / f"wave-{wave:02}.parquet"
        people.slice(wave * WAVE_ROWS, WAVE_ROWS).collect().write_parquet(path)
        os.utime(path, (long_ago, long_ago))


def lines(
    options: argparse.Namespace, place: Place
) -> Iterator[tuple[str, str, Callable[[], dict[str, float]]]]:
    """Yield each line: its name, what is asked, and what measures it once."""
    panels = options.folder / "panels"
    rows, huge = options.rows, options.huge
    yield "large-first", "<= 45 s, <= 3 GB", lambda: large(place, panels, rows)
    yield "large-ready", "<= 15 s", lambda: large(place, panels, rows, forget=f"cache/panels/*/{ANSWERS}")
    yield "large-again", "comparison", lambda: large(place, panels, rows, forget="nothing")
    yield "by-hand", "comparison", lambda: place.run(BY_HAND, _panel(panels, rows))
    yield "cmds-first", "<= 25 s", lambda: shipped(place, "cmds", first=True)
    yield "cmds-warm", "<= 5 s", lambda: shipped(place, "cmds")
    if options.inbox is not None:
        yield "brfss-warm", "<= 3 s", lambda: shipped(place, f"brfss --data {options.inbox}")
    yield "night-alone", "comparison", lambda: night(place, panels, 0)
    yield "night-on-ten", "<= 1.5 x alone", lambda: night(place, panels, 10)
    yield "mixed-logit", "<= 5 s", lambda: place.run(MIXED)
    for size in _SIZES:
        yield f"rows-{size}", "cost a row", partial(large, place, panels, size)
    if huge:
        yield "huge", "finishes, <= 4 GB", lambda: large(place, panels, huge, psus=1_000)


def main() -> None:
    """Measure the lines and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--release", help="Python of an environment with another version")
    parser.add_argument("--lines", help="Names of lines, divided by commas; default: all")
    parser.add_argument("--rows", type=int, default=54_000_000)
    parser.add_argument("--huge", type=int, default=0, help="rows of the line 'huge', such as 500000000")
    parser.add_argument("--inbox", type=Path, help="folder with the files of BRFSS")
    parser.add_argument("--picture", type=Path, help="file for a picture of the cost of a row, such as .svg")
    options = parser.parse_args()
    options.folder = options.folder.resolve()
    programs = {"this": sys.executable} | ({"release": options.release} if options.release else {})
    chosen = None if options.lines is None else options.lines.split(",")
    for name, python in programs.items():
        place = Place(python=python, folder=options.folder / name)
        place.folder.mkdir(parents=True, exist_ok=True)
        for line, asked, measure in lines(options, place):
            if chosen is None or line in chosen:
                found = [measure() for _ in range(TWICE)]
                seconds, mb = (statistics.median(one[what] for one in found) for what in ("seconds", "mb"))
                each = ", ".join(f"{one['seconds']:.1f}" for one in found)
                print(f"{name:8} {line:16} {asked:18} {seconds:8.1f} s  {mb:8.0f} MB  ({each})", flush=True)
                _keep(options.folder / MEASURED, f"{name} {line}", {"seconds": seconds, "mb": mb})
    if options.picture is not None:
        draw_costs(_costs(options), options.picture)


def _keep(path: Path, line: str, measured: dict[str, float]) -> None:
    """Keep what a line measured, in place of what it measured before."""
    kept = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**kept, line: measured}, indent=1))


def _costs(options: argparse.Namespace) -> list[Cost]:
    """Return the first runs of this version that were measured, the fewest rows first."""
    kept = json.loads((options.folder / MEASURED).read_text())
    sizes = {f"rows-{size}": size for size in _SIZES} | {"large-first": options.rows, "huge": options.huge}
    return [
        Cost(rows=rows, **kept[f"this {line}"])
        for line, rows in sorted(sizes.items(), key=lambda one: one[1])
        if rows and f"this {line}" in kept
    ]


if __name__ == "__main__":
    main()
