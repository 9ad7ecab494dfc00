"""Replicates of every kind of measure: each measure alone, and all of a kind in one analysis.

    python -m benchmarks.measures [--rows 100000] [--replicates 500] [--threads 2]

All measures of one analysis share one draw, so that many cost little more than one. The seconds are those of
the processor, on all threads: other programs slow down the clock only, which the last column shows.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from pydantic import TypeAdapter

from engine.batch.context import Context, make_context, read_sample
from engine.batch.reporter import Reporter
from engine.batch.request import make_request
from engine.batch.tasks import Task, run_tasks
from engine.bench.data import PSUS, STRATA, make_people
from engine.bench.machine import machine
from engine.study import AnalysisSpec

STUDY = """\
[study]
name = "measures"
[source]
path = "people.parquet"
[design]
weight = "w"
stratum = "stratum"
cluster = "psu"
[variables.ill]
from = "ill"
levels = { no = [0], yes = [1] }
event = "yes"
[variables.income]
from = "income"
[variables.paid]
from = "paid"
[variables.place]
from = "place"
levels = { a = [0], b = [1], c = [2], d = [3], e = [4], f = [5] }
[variables.age]
from = "age"
levels = { a = [0], b = [1], c = [2] }
[[analysis]]
name = "people"
kind = "describe"
"""
ALONG = {"outcome": ["ill"], "rank_by": "income"}
PAYMENTS = {"kind": "financing", "outcome": ["paid"], "resources": "income"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Measures of one kind of analysis: the field that lists them, and the other fields."""

    name: str
    field: str
    measures: tuple[str, ...]
    fields: dict[str, Any]


FAMILIES = (
    Family(
        name="indices",
        field="index",
        measures=("standard", "generalized", "erreygers", "wagstaff"),
        fields={**ALONG, "kind": "concentration"},
    ),
    Family(
        name="gaps and dispersion of groups",
        field="measure",
        measures=("difference", "ratio", "bgv", "mdmw", "idisw", "par", "paf", "aci", "rci", "theil"),
        fields={"kind": "disparity", "outcome": ["ill"], "group": "place"},
    ),
    Family(
        name="SII and RII along a rank",
        field="measure",
        measures=("sii", "rii"),
        fields={**ALONG, "kind": "disparity"},
    ),
    Family(
        name="SII and RII, logit",
        field="measure",
        measures=("sii", "rii"),
        fields={**ALONG, "kind": "disparity", "link": "logit"},
    ),
    Family(
        name="Gini and entropy of an amount",
        field="measure",
        measures=("gini", "theil", "mld"),
        fields={"kind": "disparity", "outcome": ["income"]},
    ),
    Family(
        name="Atkinson",
        field="measure",
        measures=("atkinson",),
        fields={"kind": "disparity", "outcome": ["income"], "parameter": 1.0},
    ),
    Family(
        name="progressivity and redistribution",
        field="measure",
        measures=("kakwani", "reynolds_smolensky", "redistributive_effect", "reranking"),
        fields=PAYMENTS,
    ),
    Family(
        name="catastrophic payments",
        field="measure",
        measures=("headcount", "overshoot", "headcount_concentration", "weighted_overshoot"),
        fields={**PAYMENTS, "threshold": 0.1},
    ),
    Family(
        name="decomposition, linear",
        field="index",
        measures=("standard",),
        fields={"kind": "decomposition", "outcome": "ill", "rank_by": "income", "terms": ["place", "age"]},
    ),
    Family(
        name="decomposition, logit fitted again",
        field="index",
        measures=("standard",),
        fields={
            "kind": "decomposition",
            "outcome": "ill",
            "rank_by": "income",
            "terms": ["place", "age"],
            "model": "logit",
        },
    ),
    Family(
        name="RIF regression",
        field="index",
        measures=("standard",),
        fields={"kind": "rif", "outcome": "ill", "rank_by": "income", "terms": ["place", "age"]},
    ),
)


def main() -> None:
    """Print a table of Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--replicates", type=int, default=500)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    print(f"{options.rows:,} rows, {options.replicates:,} replicates, {options.threads} threads, {machine()}")
    print("| kind | measures | first alone | each alone, added | all in one analysis | clock of that |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        context = _context(Path(folder), options.rows, options.threads)
        for family in FAMILIES:
            print(f"| {' | '.join(_line(family, context, options.replicates))} |", flush=True)


def _context(folder: Path, rows: int, threads: int) -> Context:
    people = make_people(rows)
    random = np.random.default_rng(1)
    pl.DataFrame(
        {
            "w": people.w,
            "psu": people.psu,
            "stratum": people.psu * STRATA // PSUS,
            "ill": people.y[0].astype(np.int64),
            "income": people.x,
            "paid": np.round(people.x * random.exponential(0.05, rows), 2),
            "place": people.factors[1].codes,
            "age": people.factors[2].codes,
        }
    ).write_parquet(folder / "people.parquet")
    (folder / "study.toml").write_text(STUDY)
    asked = make_request(folder / "study.toml", None)
    panel, sample = read_sample(asked.spec, asked.files(), folder, threads, Reporter())
    return make_context(asked.spec, panel, sample, threads, Reporter())


def _line(family: Family, context: Context, replicates: int) -> Iterator[str]:
    """Yield the cells of a line: seconds of the processor, and at last of the clock."""
    _seconds(family, family.measures, context, 32)  # compiles, and reads the columns
    each = [_seconds(family, (one,), context, replicates)[0] for one in family.measures]
    together, clock = _seconds(family, family.measures, context, replicates)
    yield family.name
    yield str(len(family.measures))
    yield from (f"{seconds:.2f} s" for seconds in (each[0], sum(each), together, clock))


def _seconds(
    family: Family, measures: tuple[str, ...], context: Context, replicates: int
) -> tuple[float, float]:
    is_list = family.fields["kind"] not in ("decomposition", "rif")
    fields = {
        **family.fields,
        "name": "measures",
        family.field: list(measures) if is_list else measures[0],
        "bootstrap": {"replicates": replicates},
    }
    analysis: AnalysisSpec = TypeAdapter(AnalysisSpec).validate_python(fields)
    began, used = time.perf_counter(), time.process_time()
    for result in run_tasks([Task(analysis=analysis)], context):
        result.rows()
    return time.process_time() - used, time.perf_counter() - began


if __name__ == "__main__":
    main()
