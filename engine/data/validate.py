"""Checks that a wave's records keep the rules of the study, with dataframely schemas made from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.data.broken_rules import Broken, RuleError
from engine.data.design_columns import DESIGN_PREFIX, KEY, LEVEL_PREFIX, LEVEL_WEIGHT_PREFIX
from engine.data.harmonise import KIND_SUFFIX
from engine.errors import DataError, Fault
from engine.study import MISSING_KINDS, StudySpec

ABSENT = [MISSING_KINDS.index(kind) + 1 for kind in ("blank", "missing")]
_CHECK = "|check__"  # between column and rule in dataframely's names


def refuse_records(spec: StudySpec, file: str, records: Path) -> None:
    """Check what a study states about every record of a file: ranges and keys.

    Raises
    ------
    RuleError
        With every broken rule.
    """
    import dataframely as dy

    columns: dict[str, Any] = {}
    for name, variable in spec.variables.items():
        if variable.allowed is not None:
            low, high = variable.allowed
            columns[name] = dy.Float64(nullable=True, check={"range": _between(low, high)})
    if spec.source.key is not None:
        rules = {"key": _is_known, "unique key": _is_unique}
        columns |= {"wave": dy.String(nullable=True), KEY: dy.String(nullable=True, check=rules)}
    _refuse(file, [str(records)], columns)


def refuse_empty_columns(spec: StudySpec, file: str, records: Path) -> None:
    """Check that every variable has a value in some row, or was skipped.

    Raises
    ------
    RuleError
        With every broken rule.
    """
    import dataframely as dy

    columns = {
        name + KIND_SUFFIX: dy.UInt8(nullable=False, check={"values": _is_somewhere})
        for name in spec.variables
    }
    _refuse(file, [str(records)], columns)


def refuse_design(file: str, sample: Sequence[str]) -> None:
    """Check that every row of the sample has its weights, stratum and clusters.

    Raises
    ------
    RuleError
        With every broken rule.
    """
    import dataframely as dy
    import polars as pl

    columns: dict[str, Any] = {}
    for name in pl.scan_parquet([*sample], glob=False).collect_schema().names():
        role = name.removeprefix(DESIGN_PREFIX)
        if role == name or name.startswith(KEY):
            continue
        if role == "weight" or name.startswith(LEVEL_WEIGHT_PREFIX) or role.startswith("replicate_"):
            rule = "replicate weight" if role.startswith("replicate_") else "weight"
            columns[name] = dy.Float64(nullable=True, check={rule: _is_weight})
        elif role != "population":
            columns[name] = dy.String(nullable=True, check={"id": _is_known})
    _refuse(file, sample, columns)


def refuse_other_labels(
    spec: StudySpec, file: str, labels: Mapping[str, Mapping[str, str]], others: Iterable[Mapping[str, Any]]
) -> None:
    """Check that a code means what it meant in the files before.

    If 1 is yes in one file and no in the next, their columns are not one variable. `labels`, and those of
    `others` (facts of parts), are variable -> code of a level -> label.

    Raises
    ------
    RuleError
        With the number of codes of each variable.
    """
    if spec.source.labels == "any":
        return
    known = [other.get("labels", {}) for other in others]
    broken = []
    for name, label_of in labels.items():
        before = [other.get(name, {}) for other in known]
        changed = [
            code for code, label in label_of.items() if any(one.get(code, label) != label for one in before)
        ]
        if changed:
            broken.append(Broken(place=f"variables.{name}", rule="labels", rows=len(changed)))
    if broken:
        raise RuleError(file, broken)


def _between(low: float, high: float) -> Any:  # noqa: ANN401 - a check of dataframely
    return lambda value: value.is_between(low, high)


def _is_known(value: Any) -> Any:  # noqa: ANN401 - Polars expressions
    return value.is_not_null()


def _is_unique(key: Any) -> Any:  # noqa: ANN401 - Polars expressions
    import polars as pl

    return key.is_null() | pl.struct("wave", KEY).is_unique()


def _is_somewhere(kind: Any) -> Any:  # noqa: ANN401 - Polars expressions
    return ~kind.is_in(ABSENT).all()


def _is_weight(value: Any) -> Any:  # noqa: ANN401 - Polars expressions
    return value.is_not_null() & value.is_finite() & (value >= 0)


def _refuse(file: str, records: Sequence[str], columns: Mapping[str, Any]) -> None:
    """Filter the records with a schema of these columns, and report every rule that some row breaks."""
    import dataframely as dy
    import polars as pl

    if not columns:
        return
    schema: Any = type("Wave", (dy.Schema,), dict(columns))
    frame = pl.scan_parquet([*records], glob=False).select([*columns]).collect(engine="in-memory")
    _, failure = schema.filter(frame, cast=True)
    broken = []
    for name, rows in failure.counts().items():
        column, _, rule = name.partition(_CHECK)
        if not rule:
            raise DataError(_other_type(file, column.partition("|")[0]))
        broken.append(Broken(place=_place(column), rule=rule, rows=rows))
    if broken:
        raise RuleError(file, broken)


def _other_type(file: str, column: str) -> Fault:
    return Fault(
        file, f"column {column} has another type than in the study", "the same type", "Correct one of them."
    )


def _place(column: str) -> str:
    """Return where the study states the rules of a panel column."""
    if column == KEY:
        return "source.key"
    for prefix, table in ((LEVEL_PREFIX, "levels"), (LEVEL_WEIGHT_PREFIX, "level_weights")):
        if column.startswith(prefix):
            return f"design.{table}.{column.removeprefix(prefix)}"
    if column.startswith(DESIGN_PREFIX):
        return f"design.{column.removeprefix(DESIGN_PREFIX)}"
    return f"variables.{column.removesuffix(KIND_SUFFIX)}"
