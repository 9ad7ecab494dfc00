"""A panel larger than most memories: from Parquet to linearised errors and replicates, time per row.

    python benchmarks/large_panel.py FOLDER [--rows 54000000] [--replicates 200]

Simulates a weighted panel of PSUs in strata into FOLDER (54 million rows: 0.6 GB). Runs the same study on it
and on a panel of a hundredth of the rows, each in a separate process. Prints seconds, nanoseconds per row and
the peak memory.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl

CHUNK = 2_700_000
STUDY = """
[study]
name = "large"
seed = 1
[source]
path = "{path}"
[design]
weight = "w"
stratum = "stratum"
cluster = "psu"
[variables.record]
from = "y"
levels = {{ no = [0], yes = [1] }}
event = "yes"
[variables.income]
from = "x"
[[analysis]]
name = "index"
kind = "concentration"
outcome = "record"
rank_by = "income"
index = ["standard", "erreygers", "wagstaff"]
bootstrap = {{ replicates = {replicates}, method = "rao-wu" }}
"""
RUN = """
import json, resource, sys, time
import engine
from engine.batch.compiling import compile_all
compile_all()
started = time.perf_counter()
result = engine.run(sys.argv[1], out=sys.argv[2])
spent = time.perf_counter() - started
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
errors = [row.std_error for row in result.rows[:2]]
print(json.dumps({"seconds": spent, "mb": peak, "timings": result.manifest["seconds"], "std_error": errors}))
"""


def simulate(folder: Path, rows: int, *, psus: int = 8_000, step: int = 100) -> None:
    """Write Parquet files of CHUNK rows; each depends only on its number.

    The strata are 40; `step` divides incomes of up to 37,500 into classes.
    """
    folder.mkdir(parents=True)
    for chunk in range(-(-rows // CHUNK)):
        n = min(CHUNK, rows - chunk * CHUNK)
        rng = np.random.default_rng([54, chunk])
        psu = rng.integers(0, psus, n)
        x = np.round(np.minimum(np.exp(rng.normal(8.6, 0.6, n)), 37_500) / step) * step
        pl.DataFrame(
            {
                "y": (rng.random(n) < 0.35 - 0.1 * (x > 5_400)).astype(np.int8),
                "x": x.astype(np.int32),
                "w": rng.uniform(0.5, 2.0, n).astype(np.float32),
                "psu": psu.astype(np.int16),
                "stratum": (psu * 40 // psus).astype(np.int16),
            }
        ).write_parquet(folder / f"chunk-{chunk:03}.parquet")


def measure(folder: Path, data: Path, replicates: int, name: str) -> dict[str, object]:
    """Run the study on a folder of Parquet files in a separate process."""
    study = folder / f"{name}.toml"
    study.write_text(STUDY.format(path=f"{data.name}/*.parquet", replicates=replicates))
    environment = {**os.environ, "EQUIRANK_CACHE": str(folder / "cache")}
    done = subprocess.run(  # noqa: S603 - this very interpreter
        [sys.executable, "-c", RUN, str(study), str(folder / f"run-{name}")],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Simulate both panels, run the study on each, and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=54_000_000)
    parser.add_argument("--replicates", type=int, default=200)
    options = parser.parse_args()
    for name, rows in (("small", options.rows // 100), ("large", options.rows)):
        data = options.folder / name
        if not data.exists():
            simulate(data, rows)
        run = measure(options.folder, data, options.replicates, name)
        seconds = float(str(run["seconds"]))
        print(f"{rows:>12,} rows {seconds:8.1f} s {1e9 * seconds / rows:8.0f} ns/row", end="")
        print(f" {run['mb']:8.0f} MB  {json.dumps(run['timings'])}", flush=True)


if __name__ == "__main__":
    main()
