"""The balance of covariates of a manifest -> a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.report.model import Table, number

SIZE = "effective size"
OF_FIRST = "Differences and sizes are those of the first imputation."


def balance_tables(manifest: Mapping[str, Any], labels: Mapping[str, str]) -> Iterator[Table]:
    """Yield how far groups were from the reference, before and after, where weights balance covariates.

    A manifest under disclosure control has no differences, and then there is no table.
    """
    facts = manifest.get("balance") or {}
    differences, sizes = facts.get("differences") or [], facts.get("effective_sizes") or []
    if not differences:
        return
    groups = [*dict.fromkeys(one["group"] for one in differences)]
    columns = [f"{group}, {when}" for group in groups for when in ("before", "after")]
    cells = {(one["variable"], one["level"], one["group"]): one for one in differences}
    rows = [
        (
            labels.get(variable, variable) if level is None else f"{labels.get(variable, variable)}: {level}",
            *(number(cells[variable, level, g][when], 3) for g in groups for when in ("before", "after")),
        )
        for variable, level in dict.fromkeys((one["variable"], one["level"]) for one in differences)
    ]
    of_group = {one["group"]: one for one in sizes}
    last = (SIZE, *(number(of_group[g][when], 0) for g in groups for when in ("before", "after")))
    everybody = facts["to"] == "all"
    title = "Balance: standardised differences from {to}".format(to="all" if everybody else facts["to"])
    notes = (OF_FIRST,) if manifest.get("imputations") else ()
    yield Table(title=title, columns=("", *columns), rows=(*rows, last), notes=notes)
