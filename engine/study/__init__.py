"""A study file as frozen models, with all of its faults reported at once. It reads no other file."""

from engine.study.analyses import (
    AnalysisSpec,
    ConcentrationSpec,
    CurveSpec,
    DecompositionSpec,
    DescribeSpec,
    LevelScaling,
    LogitSpec,
    MultilevelSpec,
    QuadraturePoints,
    RatesSpec,
    RifSpec,
    bootstrap_of,
)
from engine.study.bootstrap import BootstrapSpec
from engine.study.design import DesignSpec, ReplicateWeightsSpec
from engine.study.json_schema import json_schema
from engine.study.load import load_study, parse_study, shipped_studies
from engine.study.source import MergeSpec, SourceSpec
from engine.study.study_spec import StudySpec
from engine.study.variables import MISSING_KINDS, VariableSpec

__all__ = [
    "MISSING_KINDS",
    "AnalysisSpec",
    "BootstrapSpec",
    "ConcentrationSpec",
    "CurveSpec",
    "DecompositionSpec",
    "DescribeSpec",
    "DesignSpec",
    "LevelScaling",
    "LogitSpec",
    "MergeSpec",
    "MultilevelSpec",
    "QuadraturePoints",
    "RatesSpec",
    "ReplicateWeightsSpec",
    "RifSpec",
    "SourceSpec",
    "StudySpec",
    "VariableSpec",
    "bootstrap_of",
    "json_schema",
    "load_study",
    "parse_study",
    "shipped_studies",
]
