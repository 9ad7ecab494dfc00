"""What equirank says about a sample: its Python functions, called as a user calls them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl

from engine.api.concentration_index import concentration_index
from engine.api.describe import describe
from engine.api.inequality import inequality
from engine.api.rates import rates
from engine.kernels.index.ranks import tie_ends, weighted_fractional_rank
from engine.study.indices import IndexName
from engine.validate.exact import EXTENDED_PARAMETER
from engine.validate.samples import HardSample

INDICES: tuple[IndexName, ...] = ("standard", "generalized", "erreygers", "wagstaff", "modified")
Answer = tuple[str, float | None]


def frame_of(sample: HardSample) -> pl.DataFrame:
    """Return a sample as a frame."""
    columns: dict[str, Any] = {"rank": sample.rank, "outcome": sample.outcome, "weight": sample.weight}
    if sample.cluster is not None:
        columns |= {"stratum": sample.stratum, "cluster": sample.cluster}
    return pl.DataFrame(columns)


def answers(sample: HardSample) -> Iterator[Answer]:
    """Yield the name and the number of every statistic, standard errors included."""
    frame = frame_of(sample)
    design: dict[str, Any] = {"weight": "weight"}
    if sample.cluster is not None:
        design |= {"stratum": "stratum", "cluster": "cluster"}
    rows = {row.measure: row for row in describe(frame, "outcome", **design).rows}
    yield "mean", rows["mean"].estimate
    yield "mean, standard error", rows["mean"].std_error
    yield "standard deviation", rows["sd"].estimate
    if set(sample.outcome) <= {0.0, 1.0}:
        rate = rates(frame, "outcome", **design).rows[0]
        yield "rate", rate.estimate
        yield "rate, standard error", rate.std_error
    for name in INDICES:
        bounds = None if name in ("standard", "generalized") else sample.bounds
        found = concentration_index(frame, "outcome", "rank", index=name, bounds=bounds, **design)
        yield f"{name} index", found.estimate
        yield f"{name} index, standard error", found.std_error
    extended = concentration_index(
        frame, "outcome", "rank", index="extended", parameter=float(EXTENDED_PARAMETER), **design
    )
    yield "extended index", extended.estimate
    yield "Gini index", inequality(frame, "outcome", "gini", **design).estimate
    yield "slope index", inequality(frame, "outcome", "sii", rank_by="rank", **design).estimate


def answers_of_amounts(sample: HardSample) -> Iterator[Answer]:
    """Yield the name and the number of more measures of inequality between people."""
    frame = frame_of(sample)
    design: dict[str, Any] = {"weight": "weight"}
    if sample.cluster is not None:
        design |= {"stratum": "stratum", "cluster": "cluster"}
    yield "Gini index, standard error", inequality(frame, "outcome", "gini", **design).std_error
    if min(sample.outcome) > 0:
        yield "Theil index", inequality(frame, "outcome", "theil", **design).estimate
        yield "mean log deviation", inequality(frame, "outcome", "mld", **design).estimate
        entropy = inequality(frame, "outcome", "ge", parameter=2.0, **design)
        yield "generalized entropy of 2", entropy.estimate
        atkinson = inequality(frame, "outcome", "atkinson", parameter=0.5, **design)
        yield "Atkinson index of 1/2", atkinson.estimate


def mid_ranks(sample: HardSample) -> tuple[list[int], list[float]]:
    """Return the order of people by rank, and their mid-ranks in this order."""
    order = np.argsort(np.array(sample.rank), kind="stable")
    weight = np.array(sample.weight)[order]
    ranks = weighted_fractional_rank(weight / weight.max(), tie_ends(np.array(sample.rank)[order]))
    return order.tolist(), ranks.tolist()
