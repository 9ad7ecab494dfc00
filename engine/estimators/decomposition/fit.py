"""Fits the model of a decomposition and takes its numbers, in the sample and in batches of replicates.

For y = alpha + sum_k beta_k x_k + e: GC(y) = sum_k beta_k GC(x_k) + GC(e) (Wagstaff, van Doorslaer and
Watanabe 2003), with marginal effects in place of beta where the model is not linear.
"""

from __future__ import annotations

from dataclasses import dataclass
from queue import SimpleQueue

import numpy as np

from engine.arrays import FloatArray, SampleArrays
from engine.estimators.decomposition.covariates import Covariates
from engine.estimators.decomposition.group_arrays import GroupArrays, group_arrays
from engine.kernels.decomposition import effects
from engine.kernels.decomposition.decomposition import DecompositionNumbers, block_numbers, block_sums
from engine.kernels.decomposition.rows import DecompositionRows
from engine.kernels.draws.draws import Draws
from engine.kernels.draws.tiles import TABLE, BatchDraws
from engine.kernels.jit import in_threads
from engine.kernels.regression import glm, links
from engine.study import DecompositionSpec

LINKS = {
    "linear": links.LINEAR,
    "logit": links.LOGIT,
    "probit": links.PROBIT,
    "binomial-identity": links.IDENTITY,
}
EFFECTS = {"average": effects.AVERAGE, "at-means": effects.AT_MEANS, "discrete": effects.DISCRETE}
STATUS = {
    glm.CONVERGED: "ok",
    glm.SINGULAR: "a covariate is a combination of the others",
    glm.NOT_CONVERGED: "the model does not converge: a covariate may separate the outcome",
    glm.BOUNDARY: "fitted probabilities on the boundary",
}
USABLE = (glm.CONVERGED, glm.BOUNDARY)
_FEWEST_LANES = 8  # of a fit that needs one


@dataclass(frozen=True, slots=True, kw_only=True)
class DecompositionModel:
    """The model of a decomposition, and the effects taken from it; names as in the study file.

    `predicts_need` says whether the outcome is predicted from need, for the standardised inequity.
    """

    model: str
    effect: str = "average"
    predicts_need: bool = False

    @property
    def link(self) -> int:
        """The number of the link in the kernels."""
        return LINKS[self.model]

    @property
    def effect_code(self) -> int:
        """The number of the effect in the kernels."""
        return EFFECTS[self.effect]


def requested_model(spec: DecompositionSpec) -> DecompositionModel:
    """Return the model of an analysis; of a linear one the standardised inequity is the difference."""
    predicts_need = spec.model != "linear" and bool(spec.need)
    return DecompositionModel(model=spec.model, effect=spec.effect, predicts_need=predicts_need)


def fit_sample(
    arrays: SampleArrays, covariates: Covariates, group: int, model: DecompositionModel
) -> tuple[DecompositionNumbers, float]:
    """Decompose a group of the sample: the kernel of replicates with multipliers of 1, fitted from scratch.

    Returns the numbers of one replicate, and the mean at which the outcome was centred.
    """
    rows = group_arrays(arrays, covariates, group, None, predicts_need=model.predicts_need)
    once = Draws(
        source=TABLE,
        n_units=1,
        unit=rows.unit,
        table=lambda _, starts, __: np.ones((1, 1, starts.shape[1]), np.uint8),
    )
    batch = once.batch(len(rows.unit), 0, 1, _FEWEST_LANES)
    from_scratch = np.full(len(covariates.factor), np.nan)
    sums = block_sums(batch, batch, 0, rows.sample, *_workspace(rows.sample, _FEWEST_LANES))
    numbers = block_numbers(rows.sample, sums, model.link, model.effect_code, from_scratch)
    return _in_units(numbers, rows.size), rows.centre


def replicate_group(
    rows: GroupArrays,
    draws: Draws,
    batch: BatchDraws,
    start: FloatArray,
    model: DecompositionModel,
    n_threads: int,
) -> DecompositionNumbers:
    """Decompose a group in the replicates of a batch.

    Refits the model in each, starting from the sample's coefficients `start` (q,).
    """
    n = len(rows.unit)
    by_rank = draws.reordered(batch, rows.unit, n)
    by_pattern = draws.reordered(batch, rows.unit_by_pattern, n)
    start = np.ascontiguousarray(start / rows.size)
    # Fresh memory costs threads more than the sums.
    workspaces: SimpleQueue[tuple[FloatArray, FloatArray]] = SimpleQueue()
    for _ in range(n_threads):
        workspaces.put(_workspace(rows.sample, batch.starts.shape[1]))

    def work(b: int) -> DecompositionNumbers:
        workspace = workspaces.get()
        try:
            sums = block_sums(by_rank, by_pattern, b, rows.sample, *workspace)
            numbers = block_numbers(rows.sample, sums, model.link, model.effect_code, start)
            return _in_units(numbers, rows.size)
        finally:
            workspaces.put(workspace)

    blocks = in_threads(work, len(batch.starts))
    return DecompositionNumbers(*(np.concatenate(numbers) for numbers in zip(*blocks, strict=True)))


def _in_units(numbers: DecompositionNumbers, size: float) -> DecompositionNumbers:
    """Return the numbers of an outcome, given those of the outcome over `size`."""
    if size == 1.0:
        return numbers
    # The first coefficient of a singular fit is the number of a column.
    is_singular = (numbers.status == glm.SINGULAR)[:, None]
    return numbers._replace(
        total=numbers.total * np.array([1.0, size, size]),
        beta=np.where(is_singular, numbers.beta, numbers.beta * size),
        effect=numbers.effect * size,
        need=numbers.need * size,
    )


def _workspace(sample: DecompositionRows, lanes: int) -> tuple[FloatArray, FloatArray]:
    """Return memory for two sums of each pattern (p, lanes)."""
    shape = (len(sample.patterns.indptr) - 1, lanes)
    return np.empty(shape), np.empty(shape)
