"""The JSON Schema of a study file, with a description of every key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.study.study_spec import StudySpec

_OF_KEY = {
    "name": "Name of the analysis, used in results and with --only",
    "kind": "What the analysis computes",
    "outcome": "Variable, or list of variables where several are allowed: a number or an event",
    "rank_by": "Variable that orders people from the lowest to the highest, such as income",
    "conf_level": "Of all intervals",
    "measure": "Measure of disparity, or a list of them",
    "index": "Index of inequality, or a list of them where several are allowed",
    "bootstrap": "Replicates behind the intervals; without it, linearised errors only",
    "interval": "How the interval of a rate is made: logit stays between 0 and 1",
}
_OF_TABLE = {
    ("BootstrapSpec", "replicates"): "How many; 0: none; auto: until the bounds of all intervals are precise",
    ("BootstrapSpec", "method"): "How the replicates are drawn; auto: as the design asks",
    ("DecompositionSpec", "model"): "Model that explains the outcome",
    ("DesignSpec", "weight"): "Column with the weight",
    ("DesignSpec", "single_psu"): "What to do with a stratum of one PSU",
    ("DesignSpec", "replicate_weights"): "Replicate weights that come with the data",
    ("DesignSpec", "calibration"): "Known totals of the population to which the weights are adjusted",
    ("DesignSpec", "balance"): "Weights with which waves or groups have the same covariates",
    ("CalibrationSpec", "margins"): "The margins: factors, and the totals of their levels",
    ("ReplicateWeightsSpec", "method"): "How the survey made them",
    ("SampleRule", "label"): "What the rule does, in the table of the sample",
    ("StudyInfo", "title"): "Heading of reports; default: the name",
    ("StudyInfo", "note"): "Remark under reports",
    ("VariableSpec", "reference"): "Level with which models compare; default: the first",
    ("VariableSpec", "label"): "Name in tables; default: the file's label of the column, else the name",
}
_OF_STUDY = {
    "study": "Name, title and seed",
    "source": "Where the records come from",
    "design": "Weights, strata and clusters of the survey",
    "variables": "Variables by name: columns, levels, missing codes",
    "sample": "Rules that a record must satisfy, in order",
    "analysis": "What to compute",
}


def json_schema() -> Mapping[str, Any]:
    """Return the JSON Schema of a study file, for editors; every key has a description."""
    schema: dict[str, Any] = StudySpec.model_json_schema(by_alias=True)
    for key, about in schema["properties"].items():
        about.setdefault("description", _OF_STUDY.get(key, ""))
    for table, definition in schema["$defs"].items():
        for key, about in definition.get("properties", {}).items():
            about.setdefault("description", _OF_TABLE.get((table, key), _OF_KEY.get(key, "")))
    return schema
