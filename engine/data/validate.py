"""Rules that a wave's records must keep, and how many rows break each: dataframely schemas made from the study.

A message names file, place, rule and the number of rows, never a value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.data.harmonise import DESIGN_PREFIX, KEY, KIND_SUFFIX
from engine.errors import DataError
from engine.study import MISSING_KINDS, StudySpec

ABSENT = [MISSING_KINDS.index(kind) + 1 for kind in ("blank", "missing")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A rule that a file breaks: the place in the study, the rule, and how many rows break it."""

    place: str
    rule: str
    rows: int


class RuleError(DataError):
    """A file breaks rules of its study; the message tells each, or is given."""

    def __init__(self, file: str, broken: Sequence[Broken], message: str | None = None) -> None:
        self.broken = tuple(broken)
        super().__init__(message or "\n".join(_told(file, one) for one in broken))


REMEDIES = {
    "range": ("lie outside the range", "numbers inside", "List the codes under missing, or widen range"),
    "values": ("hold nothing", "a value somewhere", "Is the column another one, or blank = 'skipped'"),
    "unique key": ("share their key with another row", "every record once", "Is the file joined twice"),
    "key": ("have no key", "one for every record", "Correct source.key"),
    "weight": (
        "of the sample have no weight of 0 or more",
        "finite weights",
        "Correct the file, or add a sample rule",
    ),
    "id": ("of the sample have no id", "one for every record", "Correct the file, or add a sample rule"),
    "replicate weight": (
        "of the sample have no replicate weight of 0 or more",
        "finite weights",
        "Correct the file",
    ),
    "rows": (
        "of the version before are gone",
        "no much shorter version",
        "If it is right: --accept-revision",
    ),
    "labels": (
        "other labels than before",
        "the labels of the files before",
        "Use levels_by_wave, or labels = 'any'",
    ),
}


def _told(file: str, one: Broken) -> str:
    found, expected, remedy = REMEDIES[one.rule]
    what = f"{one.rows:,} codes have" if one.rule == "labels" else f"{one.rows:,} rows"
    return f"{file} ({one.place}): {what} {found}; expected {expected}. {remedy}."


def refuse_records(spec: StudySpec, file: str, records: Path) -> None:
    """Check what a study says of every record of a file: ranges and keys.

    Raises
    ------
    RuleError
        With every broken rule.
    """
    import dataframely as dy
    import polars as pl

    columns: dict[str, Any] = {}
    for name, variable in spec.variables.items():
        if variable.allowed is not None:
            low, high = variable.allowed
            columns[name] = dy.Float64(nullable=True, check={"range": _between(low, high)})
    if spec.source.key is not None:
        unique = {
            "key": _is_there,
            "unique key": lambda key: key.is_null() | pl.struct("wave", KEY).is_unique(),
        }
        columns |= {"wave": dy.String(nullable=True), KEY: dy.String(nullable=True, check=unique)}
    _refuse(file, records, columns)


def refuse_empty_columns(spec: StudySpec, file: str, records: Path) -> None:
    """Check that every variable has a value somewhere, or was skipped.

    Raises
    ------
    RuleError
        With every broken rule.
    """
    import dataframely as dy

    columns = {
        name + KIND_SUFFIX: dy.UInt8(nullable=False, check={"values": lambda kind: ~kind.is_in(ABSENT).all()})
        for name in spec.variables
    }
    _refuse(file, records, columns)


def refuse_design(file: str, sample: Path) -> None:
    """Check that every row of the sample has its weight, stratum and clusters.

    Raises
    ------
    RuleError
        With every broken rule.
    """
    import dataframely as dy
    import polars as pl

    columns: dict[str, Any] = {}
    for name in pl.scan_parquet(sample, glob=False).collect_schema().names():
        role = name.removeprefix(DESIGN_PREFIX)
        if role == name or name == KEY:
            continue
        if role == "weight" or role.startswith("replicate_"):
            rule = "weight" if role == "weight" else "replicate weight"
            columns[name] = dy.Float64(nullable=True, check={rule: _is_weight})
        elif role != "population":
            columns[name] = dy.String(nullable=True, check={"id": _is_there})
    _refuse(file, sample, columns)


def refuse_shared_keys(spec: StudySpec, file: str, records: Path, others: Sequence[Path]) -> None:
    """Check that no record of a file stands in another file of its wave too.

    Raises
    ------
    RuleError
        With the number of rows.
    """
    import polars as pl

    if spec.source.key is None or not others:
        return
    known = pl.scan_parquet(list(others), glob=False).select("wave", KEY)
    twice = (
        pl.scan_parquet(records, glob=False)
        .select("wave", KEY)
        .join(known, on=["wave", KEY], how="semi", nulls_equal=True)
    )
    rows = int(twice.select(pl.len()).collect(engine="in-memory").item())
    if rows:
        raise RuleError(file, [Broken(place="source.key", rule="unique key", rows=rows)])


def refuse_other_labels(
    spec: StudySpec, file: str, labels: Mapping[str, Mapping[str, str]], others: Iterable[Mapping[str, Any]]
) -> None:
    """Check that a code means what it meant in the files before: 1 = yes here and 1 = no there is no one variable.

    `labels` and those of `others` (facts of parts) are variable -> code of a level -> label.

    Raises
    ------
    RuleError
        With the number of codes of each variable.
    """
    if spec.source.labels == "any":
        return
    known = [other.get("labels", {}) for other in others]
    broken = []
    for name, own in labels.items():
        changed = {
            code
            for code, label in own.items()
            for other in known
            if other.get(name, {}).get(code, label) != label
        }
        if changed:
            broken.append(Broken(place=f"variables.{name}", rule="labels", rows=len(changed)))
    if broken:
        raise RuleError(file, broken)


def _between(low: float, high: float) -> Any:  # noqa: ANN401 - a check of dataframely
    return lambda value: value.is_between(low, high)


def _is_there(value: Any) -> Any:  # noqa: ANN401 - Polars expressions
    return value.is_not_null()


def _is_weight(value: Any) -> Any:  # noqa: ANN401 - Polars expressions
    return value.is_not_null() & value.is_finite() & (value >= 0)


def _refuse(file: str, records: Path, columns: Mapping[str, Any]) -> None:
    import dataframely as dy
    import polars as pl

    if not columns:
        return
    schema: Any = type("Wave", (dy.Schema,), dict(columns))
    frame = pl.scan_parquet(records, glob=False).select([*columns]).collect(engine="in-memory")
    _, failure = schema.filter(frame, cast=True)
    broken = []
    for rule, rows in failure.counts().items():
        column, _, check = rule.partition("|check__")
        if not check:
            raise DataError(
                f"{file}: column {column.partition('|')[0]} has another type than the study gives it."
            )
        broken.append(Broken(place=_place(column), rule=check, rows=rows))
    if broken:
        raise RuleError(file, broken)


def _place(column: str) -> str:
    if column == KEY:
        return "source.key"
    if column.startswith(DESIGN_PREFIX):
        return f"design.{column.removeprefix(DESIGN_PREFIX)}"
    return f"variables.{column.removesuffix(KIND_SUFFIX)}"
