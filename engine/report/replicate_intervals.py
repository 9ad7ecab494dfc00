"""The intervals that an analysis requests of the same replicates: tables show all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.report.model import Table, digits_of_error, interval
from engine.report.row_groups import Row, method_of_one, term_label

_NOT_LISTED = ("mean", "effect", "elasticity", "concentration_index", "share")


def interval_name(row: Row) -> str:
    """Return which interval a row of replicates has, such as ``bca``; empty without replicates."""
    return method_of_one(row["method"]).rpartition(", ")[2] if row["n_replicates"] else ""


def interval_names(rows: Sequence[Row]) -> list[str]:
    """Return the different intervals of rows of replicates, in their order."""
    return [name for name in dict.fromkeys(map(interval_name, rows)) if name]


def every_interval(rows: Sequence[Row]) -> list[Row]:
    """Keep a row for each interval of a quantity, the linearised one only where there is no other.

    What peers print stays.
    """
    kept: dict[tuple[Any, ...], dict[str, Row]] = {}
    for row in rows:
        of_quantity = kept.setdefault(_quantity(row), {})
        if interval_name(row):
            of_quantity.pop("linearised", None)
        of_quantity[interval_name(row) or method_of_one(row["method"])] = row
    return [row for of_quantity in kept.values() for row in of_quantity.values()]


def interval_tables(rows: Sequence[Row], title: str) -> Iterator[Table]:
    """Yield a table of all intervals of a decomposition or a change, if there are several."""
    names = interval_names(rows)
    if len(names) < 2:
        return
    cells: dict[tuple[Any, ...], dict[str, Row]] = {}
    for row in rows:
        if interval_name(row) and row["measure"] not in _NOT_LISTED:
            # The two weightings of a change differ in their methods.
            method = method_of_one(row["method"]).rpartition(", ")[0]
            cells.setdefault((*_quantity(row), method), {})[interval_name(row)] = row
    lines = tuple((_line_name(of_quantity), *_cells(of_quantity, names)) for of_quantity in cells.values())
    yield Table(title=f"All intervals: {title}", columns=("", *names), rows=lines)


def _quantity(row: Row) -> tuple[Any, ...]:
    return tuple(row[key] for key in ("measure", "wave", "subgroup", "term", "level"))


def _line_name(of_quantity: Mapping[str, Row]) -> str:
    row = next(iter(of_quantity.values()))
    measure = str(row["measure"]).replace("_", " ")
    return f"{measure}, {term_label(row['term'], row['level'])}" if row["term"] else measure


def _cells(of_quantity: Mapping[str, Row], names: Sequence[str]) -> Iterator[str]:
    for name in names:
        row = of_quantity.get(name)
        if row is None:
            yield "-"
            continue
        digits = digits_of_error(row["estimate"], row["std_error"])
        yield interval(row["conf_low"], row["conf_high"], digits)
