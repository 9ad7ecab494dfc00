"""The analysis of payments and benefits by resources: its fields and checks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from engine.errors import Fault
from engine.study import analysis_checks as check
from engine.study.analysis_fields import AnalysisFields
from engine.study.base import Names, as_tuple
from engine.study.bootstrap import BootstrapSpec
from engine.study.financing_measures import CATASTROPHIC, POVERTY, FinancingMeasure
from engine.study.raw_tables import RawStudy, Table, as_names, is_factor

Threshold = Annotated[float, Field(gt=0, lt=10)]
Percentile = Annotated[float, Field(gt=0, lt=100)]


def needs(
    names: list[str] | tuple[str, ...], thresholds: object, line: object
) -> Iterator[tuple[str, str, str]]:
    """Yield what some measures lack: (field, the measure, an example)."""
    for name in names:
        if name in CATASTROPHIC and not thresholds:
            yield "threshold", name, "0.1"
        if name in POVERTY and line is None:
            yield "poverty_line", name, "2.15"


def _measures(path: str, analysis: Table, study: RawStudy) -> Iterator[Fault]:
    """Measures have the threshold and the poverty line that they need, and amounts are numbers."""
    given = (analysis.get("threshold"), analysis.get("poverty_line"))
    for field, name, example in needs(as_names(analysis.get("measure")), *given):
        yield Fault(f"{path}.{field}", "nothing", f"a number for '{name}'", f"Add {field} = {example}.")
    for field in ("resources", "capacity", "fee"):
        for name in as_names(analysis.get(field)):
            if is_factor(study.variables.get(name, {})):
                remedy = "Name a number, such as an income."
                yield Fault(f"{path}.{field}", f"the factor '{name}'", "an amount", remedy)
    if analysis.get("fee") is not None and analysis.get("unit_cost") is None:
        remedy = "Give the public cost of a unit, or drop fee."
        yield Fault(f"{path}.fee", "a fee without unit_cost", "unit_cost", remedy)
    if analysis.get("compare") is True and not analysis.get("by"):
        yield Fault(f"{path}.compare", "true without groups", "groups to compare", "Give by = [...].")


HeadcountLimits = Literal["normal", "logit", "beta"]


class FinancingSpec(AnalysisFields):
    """Payments for health and benefits from health services, by people's resources."""

    kind: Literal["financing"]
    outcome: Annotated[
        Names,
        Field(min_length=1, description="What people pay; with unit_cost, how often they use a service"),
    ]
    resources: Annotated[
        str, Field(description="Income or consumption before payments, which also ranks people")
    ]
    measure: Annotated[
        tuple[FinancingMeasure, ...],
        BeforeValidator(as_tuple, json_schema_input_type=FinancingMeasure | tuple[FinancingMeasure, ...]),
        Field(min_length=1, description="Measure of payments or benefits, or a list of them"),
    ]
    capacity: Annotated[
        str | None,
        Field(description="What catastrophic payments are a share of, such as non-food consumption"),
    ] = None
    threshold: Annotated[
        tuple[Threshold, ...],
        BeforeValidator(as_tuple, json_schema_input_type=float | tuple[float, ...]),
        Field(description="Shares of capacity (default: resources) above which payments are catastrophic"),
    ] = ()
    poverty_line: Annotated[float | None, Field(gt=0, description="In the unit of resources")] = None
    aversion: Annotated[
        float, Field(gt=1, le=100, description="v of achievement; 2 is that of the standard index")
    ] = 2.0
    percentiles: Annotated[
        tuple[Percentile, ...],
        BeforeValidator(as_tuple, json_schema_input_type=float | tuple[float, ...]),
        Field(min_length=1, description="Ascending per cents of people, for lorenz and the shares"),
    ] = (20.0, 40.0, 60.0, 80.0)
    ratio: Annotated[
        tuple[Percentile, Percentile], Field(description="Percentiles of resources, above and below")
    ] = (90.0, 10.0)
    unit_cost: Annotated[
        float | None,
        Field(gt=0, description="Public cost of a unit of use: the outcome is then a benefit"),
    ] = None
    fee: Annotated[
        str | None, Field(description="Variable with what a person paid; the benefit is never below 0")
    ] = None
    limits: Annotated[
        HeadcountLimits,
        Field(description="Of headcounts: logit and beta stay between 0 and 1; beta: Korn and Graubard"),
    ] = "normal"
    compare: Annotated[bool, Field(description="Differences between groups and a joint test")] = False
    bootstrap: BootstrapSpec | None = None

    checks = (_measures, check.bootstrap, check.no_influence)
    variables_in = (*AnalysisFields.variables_in, "resources", "capacity", "fee")
