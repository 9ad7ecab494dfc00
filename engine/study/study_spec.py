"""A whole study file, with its sample rules and analyses (DESIGN 4.3)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from engine.study.analyses import AnalysisSpec
from engine.study.base import NAME_PATTERN, Spec
from engine.study.design import DesignSpec
from engine.study.disclosure import DisclosureSpec
from engine.study.imputations import ImputationsSpec
from engine.study.source import SourceSpec, StudyInfo
from engine.study.variables import VariableSpec


class SampleRule(Spec):
    """One step of the sample flow; the count after it is kept."""

    label: str
    keep: Annotated[str, Field(description="SQL boolean expression over the study's variables and `wave`")]


VariableName = Annotated[str, Field(pattern=NAME_PATTERN)]


class StudySpec(Spec):
    """A whole study file."""

    extends: Annotated[
        str | None, Field(description="A shipped study or a file whose tables this one completes or replaces")
    ] = None
    study: StudyInfo
    source: SourceSpec
    design: DesignSpec = DesignSpec()
    imputations: Annotated[
        ImputationsSpec | None, Field(description="Completed data sets of multiple imputation")
    ] = None
    variables: dict[VariableName, VariableSpec]
    sample: tuple[SampleRule, ...] = ()
    disclosure: Annotated[
        DisclosureSpec | None, Field(description="What is withheld of results that leave the house")
    ] = None
    analysis: Annotated[tuple[AnalysisSpec, ...], Field(min_length=1)]
