"""Checks of decompositions: horizontal inequity, the share of need, and shares that add up to 100 %."""

from __future__ import annotations

from collections.abc import Iterator

from engine.audit.findings import Finding
from engine.audit.published import PrintedCell, Tables, fold_label


def check_inequity(tables: Tables) -> Iterator[Finding]:
    """HI = index x (1 - share of need); the share of need is the sum of the shares of the need terms."""
    for column in tables.columns("horizontal_inequity"):
        needs, indices = tables.in_column("need_share", column), tables.in_column("index", column)
        for inequity in tables.in_column("horizontal_inequity", column) if needs else ():
            yield from _check_product(inequity, indices, needs[0])
        terms = _need_terms(tables, column)
        total, rounding = sum(cell.value for cell in terms), sum(cell.rounding for cell in terms)
        for need in needs:
            if terms and abs(total - need.value) > need.rounding + rounding:
                evidence = f"the shares of the need terms sum to {total:.2f} %"
                yield Finding.about("share of need", [need], evidence)


def _check_product(inequity: PrintedCell, indices: list[PrintedCell], need: PrintedCell) -> Iterator[Finding]:
    """Compare horizontal inequity with what each printed index and the share of need give."""
    implied = [(index, index.value * (1.0 - need.value / 100.0)) for index in indices]
    if all(
        abs(value - inequity.value) <= inequity.rounding + index.rounding * 2.0 for index, value in implied
    ):
        return
    values = "; ".join(f"{index.printed} ({index.table}) gives {value:.4f}" for index, value in implied)
    evidence = f"index x (1 - {need.printed} %): {values}"
    yield Finding.about("horizontal inequity", [inequity, *indices, need], evidence)


def _need_terms(tables: Tables, column: str) -> list[PrintedCell]:
    """Return the shares of the need variables in a column."""
    need_variables = {fold_label(cell.variable) for cell in tables.cells if cell.measure == "is_need"}
    return [cell for cell in tables.in_column("share", column) if fold_label(cell.variable) in need_variables]


def check_shares(tables: Tables) -> Iterator[Finding]:
    """Shares of a decomposition and its residual add up to 100 %."""
    for column in tables.columns("share"):
        cells = tables.in_column("share", column)
        total, rounding = sum(cell.value for cell in cells), sum(cell.rounding for cell in cells)
        if len(cells) <= 2 or abs(total - 100.0) <= rounding:
            continue
        evidence = f"the shares sum to {total:.2f} %"
        if not any(fold_label(cell.variable) == "residual" for cell in cells):
            evidence += f"; a residual of {100.0 - total:.2f} % is not shown"
        yield Finding.about("shares", cells, evidence, place=f"{cells[0].table}, {column}")
