"""Replicate weights as columns of a file for R and Stata, and a side file that says how to use them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from engine.batch.reporter import Reporter
from engine.batch.request import make_request
from engine.durable import write_file
from engine.errors import EstimationError, Fault, UsageError
from engine.study.bootstrap import BootstrapSpec, ReplicateMethod
from engine.study.completed import refuse_imputations
from engine.version import VERSION

if TYPE_CHECKING:
    import polars as pl

    from engine.arrays import FloatArray, SampleArrays
    from engine.batch.context import Context
    from engine.estimators.replicates.resampling_plan import ResamplingPlan

SUFFIXES = (".csv", ".parquet", ".dta")
MOST_WEIGHTS = 4 * 10**8  # rows x replicates: 3 GB
WEIGHT, REPLICATE = "weight", "rw_"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedWeights:
    """What was written.

    Attributes
    ----------
    path, side
        The file, and the side file beside it.
    facts
        The content of the side file.
    """

    path: Path
    side: Path
    facts: Mapping[str, Any]


def export_weights(
    study: str | Path,
    out: Path,
    data: Path | None = None,
    *,
    replicates: int = 500,
    method: ReplicateMethod = "auto",
    seed: int | None = None,
) -> ExportedWeights:
    """Write the sample of a study with its weight and replicate weights, and the side file.

    In a design with clusters or strata, replicate r is that of every analysis with the same method and seed.

    Raises
    ------
    UsageError
        If the suffix is unknown, names collide, or the file would be too large.
    StudyError, DataError, EstimationError
        As `run` does; an EstimationError if the method is not defined for the design.
    """
    side = out.with_suffix(".json")
    if out.suffix.lower() not in SUFFIXES:
        found = f"found the suffix '{out.suffix}'"
        raise UsageError(Fault(f"--out {out.name}", found, f"one of {', '.join(SUFFIXES)}", "Rename it."))
    request = make_request(study, data, seed=seed)
    remedy = "Leave the imputations out of a copy of the study."
    refuse_imputations(request.spec, "a file of weights, which is of one", remedy)
    if request.spec.design.replicate_weights is not None:
        raise UsageError(
            "design.replicate_weights: found replicate weights that came with the data; expected none. Give "
            "these weights to the other program."
        )
    taken = [name for name in request.spec.variables if name == WEIGHT or name.startswith(REPLICATE)]
    if taken:
        expected = f"names other than '{WEIGHT}' and '{REPLICATE}...', which the file needs"
        raise UsageError(Fault(f"variables.{taken[0]}", "found this name", expected, "Rename it."))
    from engine.batch.context import make_context, read_sample

    spec, reporter = request.spec, Reporter()
    with TemporaryDirectory(prefix="equirank-") as scratch:
        panel, sample = read_sample(spec, request.files(), Path(scratch), None, reporter)
        context = make_context(spec, panel, sample, None, reporter)
        bootstrap = BootstrapSpec(replicates=replicates, method=method, interval=("normal",))
        frame, facts = _weighted_frame(context, bootstrap)
        if panel.calibrated is not None:
            facts |= {str(spec.design.adjustment): dict(panel.calibrated.facts)}
        work = Path(scratch)
        content = _content(frame, work / f"weights{out.suffix.lower()}")
        try:
            write_file(out, content, out.parent)
            write_file(side, f"{json.dumps(facts, indent=1)}\n".encode(), side.parent)
        except OSError as error:
            found = f"cannot be written ({type(error).__name__})"
            expected = "a folder you may write to"
            raise UsageError(Fault(f"--out {out}", found, expected, "Choose another.")) from None
    return ExportedWeights(path=out, side=side, facts=facts)


def _weighted_frame(context: Context, bootstrap: BootstrapSpec) -> tuple[pl.DataFrame, dict[str, Any]]:
    """Return the rows of the sample with a weight above 0, and the content of the side file."""
    import numpy as np
    import polars as pl

    from engine.estimators.replicates.resampling_methods import make_plan
    from engine.estimators.sample.degrees import degrees_of_freedom
    from engine.estimators.sample.sorting import sort_sample

    design = context.columns.design()
    n_rows = len(context.columns.numbers(next(iter(context.spec.variables))))
    place = np.arange(n_rows, dtype=np.float64)
    arrays = sort_sample(outcomes={"": place}, rank=place, rank_name="record", columns=design)
    plan = make_plan(bootstrap, arrays, context.seed)
    if arrays.n * plan.n_replicates > MOST_WEIGHTS:
        raise UsageError(
            f"--replicates: found {plan.n_replicates:,} weights of {arrays.n:,} rows; expected at most "
            f"{MOST_WEIGHTS // arrays.n:,}. Ask for fewer."
        )
    columns = {name: values[arrays.order] for name, values in _variables(context).items()}
    columns[WEIGHT] = arrays.weight * arrays.weight_scale
    for r, weight in enumerate(_replicate_weights(arrays, plan), start=1):
        columns[f"{REPLICATE}{r}"] = weight * arrays.weight_scale
    degrees = degrees_of_freedom(arrays.design, None, [arrays.unit], [np.arange(arrays.n)])
    facts = _facts(plan, degrees) | {"study": context.spec.study.name, "seed": context.seed}
    return pl.DataFrame(columns), facts


def _variables(context: Context) -> dict[str, Any]:
    """Return the variables of the study, and the wave: numbers, and names of levels."""
    import numpy as np

    found: dict[str, Any] = {}
    for name in (*(("wave",) if context.columns.waves else ()), *context.spec.variables):
        variable = context.columns.variable(name)
        if variable.codes is None:
            found[name] = context.columns.numbers(name)
        else:
            levels = np.array([*variable.levels, None], dtype=object)
            found[name] = levels[variable.codes]  # -1, missing, is the last
    return found


def _replicate_weights(arrays: SampleArrays, plan: ResamplingPlan) -> list[FloatArray]:
    """Return the whole weights (n,) of each replicate."""
    import numpy as np

    from engine.kernels.draws.streams import LANES

    base = plan.weight(arrays.weight, plan.unit)
    weights: list[FloatArray] = []
    while len(weights) < plan.n_replicates:
        (block,) = plan.draws.multipliers(arrays.n, len(weights) // LANES, 1)
        lanes = min(LANES, plan.n_replicates - len(weights))
        weights += [base * block[:, lane] for lane in range(lanes)]
    if failed := sum(not np.isfinite(weight).all() for weight in weights):
        raise EstimationError(
            f"weights: found {failed:,} replicates in which no weights of 0 or more meet the totals, or "
            "balance the covariates; expected none. Combine levels, or calibrate with method = 'raking'."
        )
    return weights


def _facts(plan: ResamplingPlan, degrees: int) -> dict[str, Any]:
    """Return what R's `svrepdesign` and Stata's `svyset` need to know."""
    factors = [float(factor) for factor in plan.factors]
    is_equal = len({*factors}) == 1
    scale, rscales = (factors[0], [1.0] * len(factors)) if is_equal else (1.0, factors)
    kind = "bootstrap" if plan.is_bootstrap else "JKn"
    mse = plan.centre == "estimate"
    shown = f"rep(1, {len(factors)})" if is_equal else "side$rscales"
    return {
        "equirank": VERSION,
        "method": plan.name,
        "type": kind,
        "scale": scale,
        "rscales": rscales,
        "mse": mse,
        "df": degrees,
        "combined_weights": True,
        "weight": WEIGHT,
        "replicate_weights": [f"{REPLICATE}1", f"{REPLICATE}{len(factors)}"],
        "r": (
            f'svrepdesign(data = d, weights = ~{WEIGHT}, repweights = "^{REPLICATE}[0-9]+$", '
            f'type = "{kind}", '
            f"scale = {scale!r}, rscales = {shown}, "
            f"mse = {str(mse).upper()}, combined.weights = TRUE, degf = {degrees})"
        ),
        "stata": _stata(plan, factors, degrees),
    }


def _stata(plan: ResamplingPlan, factors: list[float], degrees: int) -> str:
    """Return the command that declares the weights; Stata's bootstrap divides by B in place of B - 1."""
    if plan.is_bootstrap:
        return f"svyset [pweight={WEIGHT}], bsrweight({REPLICATE}*) vce(bootstrap) dof({degrees})"
    parts, first = [], 1
    for factor, run in groupby(factors):
        last = first + len(list(run)) - 1
        parts.append(f"jkrweight({REPLICATE}{first}-{REPLICATE}{last}, multiplier({factor!r}))")
        first = last + 1
    return f"svyset [pweight={WEIGHT}], {' '.join(parts)} vce(jackknife) dof({degrees})"


def _content(frame: pl.DataFrame, path: Path) -> bytes:
    """Return the bytes of a file of the format that the suffix names."""
    if path.suffix == ".parquet":
        frame.write_parquet(path, compression="zstd")
    elif path.suffix == ".csv":
        frame.write_csv(path)
    else:
        import pyreadstat

        pyreadstat.write_dta(frame, path)
    return path.read_bytes()
