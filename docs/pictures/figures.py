"""Draw the pictures of docs/figures.md from runs of the studies `cmds` and `clds`, and of made-up households.

equirank run cmds --out cmds-run && equirank run clds --out clds-run
python docs/pictures/figures.py cmds-run clds-run
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import polars as pl

from engine.batch.run import run
from engine.report.figures.of_run import drawings_of
from engine.store.run_directory import read_run

FROM_CMDS = ("deviation-", "index-", "contributions-")
FROM_CLDS = ("flow", "equiplot-", "curve-", "forest-", "effects-outpatient-full-city")
FROM_HOUSEHOLDS = ("lorenz-", "financing-payments-payment-index", "disparity-gaps-ill-gap")
STUDY = """
[study]
name = "households"
title = "Payments and illness of made-up households"
seed = 1
[source]
path = "households.parquet"
[variables.income]
from = "income"
label = "Income"
[variables.payment]
from = "payment"
label = "Payment for health"
[variables.ill]
from = "ill"
levels = { well = [0], ill = [1] }
event = "ill"
label = "Illness"
[variables.fifth]
from = "income"
quantiles = ["poorest", "poorer", "middle", "richer", "richest"]
label = "income fifth"
[[analysis]]
name = "payments"
kind = "financing"
outcome = "payment"
resources = "income"
measure = [
    "gini", "concentration", "kakwani", "redistributive_effect", "reranking", "lorenz", "poorest_share"
]
percentiles = [10, 20, 30, 40, 50, 60, 70, 80, 90]
[[analysis]]
name = "gaps"
kind = "disparity"
outcome = "ill"
group = "fifth"
favourable = false
measure = ["difference", "sii", "mdbw", "mdmw", "par"]
"""


def draw_figures(cmds: Path, clds: Path) -> None:
    """Write the first figure of each sort."""
    folder = Path(__file__).parent / "figures"
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        households = run_households(Path(made))
        for path, starts in ((cmds, FROM_CMDS), (clds, FROM_CLDS), (households, FROM_HOUSEHOLDS)):
            write_first(path, starts, folder)


def run_households(folder: Path) -> Path:
    """Return a run on 4,000 households that nobody lives in."""
    random = np.random.default_rng(1)
    income = np.exp(random.normal(7.0, 0.6, 4000))
    payment = 0.9 * income**0.75 * random.gamma(0.5, 1.0, 4000)
    ill = (random.random(4000) < 0.5 / (1.0 + income / 900.0)).astype(int)
    frame = pl.DataFrame({"income": income.round(0), "payment": payment.round(0), "ill": ill})
    frame.write_parquet(folder / "households.parquet")
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    return run(folder / "study.toml", out=folder / "run").path


def write_first(path: Path, starts: tuple[str, ...], folder: Path) -> None:
    """Write the first figure whose name begins with each start."""
    figures = drawings_of(read_run(path))
    for start in starts:
        figure = next(one for one in figures if one.figure.name.startswith(start))
        (folder / f"{start.split('-')[0]}.svg").write_text(figure.svg(), encoding="utf-8")


if __name__ == "__main__":
    draw_figures(Path(sys.argv[1]), Path(sys.argv[2]))
