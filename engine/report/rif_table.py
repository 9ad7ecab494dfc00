"""Tidy rows of a RIF regression -> one table for each group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.report.doubts import doubts
from engine.report.groups import Row, group_label, group_labels
from engine.report.model import Table, digits_of, interval, number, p_value


def rif_tables(rows: Sequence[Row]) -> Iterator[Table]:
    """Return the coefficients of each group, on the scale of the index."""
    for label in group_labels(rows):
        own = [row for row in rows if group_label(row) == label]
        coefficients = [row for row in own if row["measure"] == "rif_coefficient"]
        index = next((row for row in own if row["measure"] != "rif_coefficient"), None)
        what = "" if index is None else f"{index['measure']} index {number(index['estimate'], 4)}"
        digits = digits_of([row["estimate"] for row in coefficients])
        lines = tuple(
            (
                f"{row['term']}: {row['level']}" if row["level"] else str(row["term"] or row["status"]),
                number(row["estimate"], digits),
                number(row["std_error"], digits + 1),
                interval(row["conf_low"], row["conf_high"], digits),
                p_value(row["p_value"]),
            )
            for row in coefficients
        )
        level = f"{100 * (coefficients[0]['conf_level'] or 0.95):g} % interval"
        yield Table(
            title=f"RIF regression of {rows[0]['outcome']} by {rows[0]['rank_by']}, {label}: {what}",
            columns=("", "coefficient", "std. error", level, "p"),
            rows=lines,
            notes=("By how much the index changes, to first order, with the mean of a term.", *doubts(own)),
        )
