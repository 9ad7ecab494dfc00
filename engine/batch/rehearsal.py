"""Which analyses of a study would fail on its files: each is tried without its replicates."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from engine.errors import DataError, EngineError, Fault
from engine.study import MultilevelSpec, StudySpec

if TYPE_CHECKING:
    from engine.batch.request import RunRequest

NO_REPLICATES = 10**9  # a share of so many that none of them gets a replicate
LAPLACE = 1  # quadrature point of a multilevel logit: the cheapest fit


def analysis_faults(study: Path, data: Path) -> Iterator[Fault]:
    """Yield a fault for each analysis that fails on the files.

    Everything but replicates is computed. A multilevel logit is fitted with one quadrature point; what only
    its full fit would show is not found here.
    """
    from engine.batch.request import make_request

    request = make_request(study, data)
    places = {analysis.name: f"analysis[{i}]" for i, analysis in enumerate(request.spec.analysis, start=1)}
    try:
        for name, failure in _failures(request):
            yield _fault(places[name], failure)
    except DataError as error:
        yield _fault("source", error)


def _failures(request: RunRequest) -> Iterator[tuple[str, EngineError]]:
    from engine.batch.context import make_context, read_sample
    from engine.batch.reporter import Reporter
    from engine.batch.tasks import run_tasks, tasks_of
    from engine.estimators.replicates.settings import Share

    reporter, spec = Reporter(), _cheapest(request.spec)
    with TemporaryDirectory(prefix="equirank-") as scratch:
        panel, sample = read_sample(spec, request.files(), Path(scratch), None, reporter)
        share = Share(number=1, of=NO_REPLICATES)
        context = make_context(spec, panel, sample, None, reporter, share)
        for result in run_tasks(tasks_of(spec, context.columns.waves), context):
            if result.failure is not None:
                yield result.task.analysis.name, result.failure


def _cheapest(spec: StudySpec) -> StudySpec:
    analyses = tuple(
        one.model_copy(update={"points": LAPLACE}) if isinstance(one, MultilevelSpec) else one
        for one in spec.analysis
    )
    return spec.model_copy(update={"analysis": analyses})


def _fault(place: str, error: EngineError) -> Fault:
    """Return the fault of an error, as one of a place in the study."""
    fault = error.fault
    if fault is not None:
        return Fault(place, f"{fault.place}: {fault.found}", fault.expected, fault.remedy)
    found, _, rest = str(error).partition("; expected ")
    expected, _, remedy = rest.partition(". ")
    return Fault(place, found, expected or "data that allow the analysis", remedy or "Correct it.")
