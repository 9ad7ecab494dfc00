"""The analysis of measures of disparity: its fields and checks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from engine.study import analysis_checks as check
from engine.study.analysis_fields import AnalysisFields
from engine.study.base import Names, as_tuple
from engine.study.bootstrap import BootstrapSpec
from engine.study.disparity_measures import LinkName, MeasureName
from engine.study.standard import StandardSpec, check_standard_of_groups


class DisparitySpec(AnalysisFields):
    """Measures of disparity between groups, along a rank, or of an amount between people."""

    kind: Literal["disparity"]
    outcome: Annotated[Names, Field(min_length=1)]
    measure: Annotated[
        tuple[MeasureName, ...],
        BeforeValidator(as_tuple, json_schema_input_type=MeasureName | tuple[MeasureName, ...]),
        Field(min_length=1),
    ]
    group: Annotated[
        str | None, Field(description="The factor whose levels are compared, worst off first")
    ] = None
    rank_by: Annotated[str | None, Field(description="In place of group: people are ranked by it")] = None
    ordered: Annotated[bool, Field(description="false: the levels of group have no order")] = True
    favourable: Annotated[bool, Field(description="false: more of the outcome is worse, as of a disease")] = (
        True
    )
    reference: Annotated[
        str | None, Field(description="The level of group that the others are compared with")
    ] = None
    link: Annotated[LinkName, Field(description="Of the model behind sii and rii")] = "linear"
    parameter: Annotated[
        float | None, Field(ge=-10, le=10, description="alpha of ge, epsilon of atkinson")
    ] = None
    decompose_by: Annotated[
        str | None,
        Field(description="A factor: theil, mld and ge of amounts are split within and between its levels"),
    ] = None
    standardise: Annotated[
        StandardSpec | None,
        Field(description="Direct standardisation of the means of group by cells, such as age and sex"),
    ] = None
    compare: Annotated[bool, Field(description="Differences between groups and a joint test")] = False
    bootstrap: BootstrapSpec | None = None

    checks = (check.measures, check_standard_of_groups, check.bootstrap, check.no_influence)
    variables_in = (*AnalysisFields.variables_in, "group", "decompose_by")
    factors_in = (*AnalysisFields.factors_in, "group", "decompose_by")
