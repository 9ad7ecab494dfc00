"""What is asked: a study file as frozen models, with every fault told at once. No IO beyond reading the file."""

from engine.study.analyses import (
    AnalysisSpec,
    BootstrapSpec,
    ConcentrationSpec,
    CurveSpec,
    DecompositionSpec,
    DescribeSpec,
    LogitSpec,
    MultilevelSpec,
    RatesSpec,
    RifSpec,
)
from engine.study.load import json_schema, load_study, parse_study, shipped_studies
from engine.study.models import (
    DesignSpec,
    MergeSpec,
    ReplicateWeightsSpec,
    SourceSpec,
    StudySpec,
    VariableSpec,
)

__all__ = [
    "AnalysisSpec",
    "BootstrapSpec",
    "ConcentrationSpec",
    "CurveSpec",
    "DecompositionSpec",
    "DescribeSpec",
    "DesignSpec",
    "LogitSpec",
    "MergeSpec",
    "MultilevelSpec",
    "RatesSpec",
    "ReplicateWeightsSpec",
    "RifSpec",
    "SourceSpec",
    "StudySpec",
    "VariableSpec",
    "json_schema",
    "load_study",
    "parse_study",
    "shipped_studies",
]
