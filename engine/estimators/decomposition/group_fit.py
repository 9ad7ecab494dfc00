"""The decomposition of one group by the sample, from which its replicates start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.arrays import FloatArray, SampleArrays, VariableArrays
from engine.errors import EstimationError
from engine.estimators.decomposition.covariates import Covariates, covariates_of
from engine.estimators.decomposition.fit import STATUS, USABLE, fit_sample, requested_model
from engine.estimators.decomposition.group_arrays import GroupArrays, group_arrays
from engine.estimators.decomposition.linearised import Linearised, LinearisedDecomposition
from engine.estimators.decomposition.quantities import Quantities, quantities_of
from engine.estimators.index.indices import Index
from engine.estimators.index.linearised import estimate_index
from engine.estimators.replicates.resampling_plan import ResamplingPlan
from engine.estimators.sample.group_sample import GroupSample, group_sample
from engine.kernels.decomposition.decomposition import DecompositionNumbers
from engine.kernels.regression import glm
from engine.study import DecompositionSpec

BOUNDARY = STATUS[glm.BOUNDARY]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFit:
    """A group's decomposition.

    Attributes
    ----------
    sample
        The complete rows.
    status
        ``ok``, ``fitted probabilities on the boundary``, or why there is no model.
    covariates
        None if there is no index or no model.
    quantities
        The quantities of the sample, (1,) each.
    replicate_arrays, start
        What replicates are computed from, and the coefficients (q,) they start from; None without replicates.
    linearised
        The linearised standard errors, without replicates.
    index_error
        The linearised standard error of the index, whether there are replicates or not.
    """

    sample: GroupSample
    status: str
    covariates: Covariates | None = None
    quantities: Quantities = field(default_factory=dict)
    replicate_arrays: GroupArrays | None = None
    start: FloatArray | None = None
    linearised: Linearised = field(default_factory=Linearised)
    index_error: float = float("nan")

    @property
    def is_fitted(self) -> bool:
        """Whether the model was fitted."""
        return self.status in ("ok", BOUNDARY)


@dataclass(frozen=True, slots=True, kw_only=True)
class FitInputs:
    """What every group is decomposed from."""

    arrays: SampleArrays
    variables: Sequence[VariableArrays]
    spec: DecompositionSpec
    index: Index
    plan: ResamplingPlan | None


def fit_group(inputs: FitInputs, group: int) -> GroupFit:
    """Decompose a group (by number) of the sample; what cannot be estimated is a status."""
    arrays, spec = inputs.arrays, inputs.spec
    sample = group_sample(arrays, 0, group)
    if sample.status != "ok":
        return GroupFit(sample=sample, status=sample.status)
    try:
        covariates = covariates_of(inputs.variables, arrays.order[arrays.rows_of(group)], spec.need)
    except EstimationError as error:
        return GroupFit(sample=sample, status=str(error))
    model = requested_model(spec)
    numbers, centre = fit_sample(arrays, covariates, group, model)
    quantities = quantities_of(
        numbers, covariates, inputs.index, centre, sample.largest, predicts_need=model.predicts_need
    )
    replicate_arrays, linearised = None, Linearised()
    if inputs.plan is None:
        # A maximum on the boundary is no root of the scores, and moves by other rules.
        is_root = numbers.status[0] == glm.CONVERGED
        linearised = LinearisedDecomposition(arrays, sample, covariates, inputs.index, quantities).linearised(
            model if is_root else None, numbers.beta[0], keeps_parts=spec.change
        )
    elif numbers.status[0] in USABLE:
        replicate_arrays = group_arrays(
            arrays, covariates, group, inputs.plan, predicts_need=model.predicts_need
        )
    return GroupFit(
        sample=sample,
        status=_status(numbers, covariates),
        covariates=covariates,
        quantities=quantities,
        replicate_arrays=replicate_arrays,
        start=numbers.beta[0],
        linearised=linearised,
        index_error=float(estimate_index(inputs.index, [sample], arrays.design).std_errors[0]),
    )


def _status(numbers: DecompositionNumbers, covariates: Covariates) -> str:
    """Return the status of a fit of the sample; a singular one names its column."""
    code = int(numbers.status[0])
    if code != glm.SINGULAR:
        return STATUS[code]
    name, singular = "the constant", int(numbers.beta[0, 0])  # where the kernel leaves the column's number
    if singular > 0:
        column = covariates.columns[singular - 1]
        name = f"'{column.term}'" if column.level is None else f"'{column.term}' = '{column.level}'"
    return f"{name} is a combination of the other covariates"
