"""Differences between the results of two runs: estimates that moved, new rows, missing rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

WHAT = ("analysis", "kind", "outcome", "rank_by", "wave", "subgroup", "term", "level", "measure", "method")
NUMBERS = (
    "estimate",
    "std_error",
    "conf_low",
    "conf_high",
    "conf_level",
    "p_value",
    "n_obs",
    "n_events",
    "n_clusters",
    "sum_weights",
    "n_replicates",
    "n_failed",
)
MOVED, ERROR_MOVED, NEW, GONE = "moved", "error moved", "new", "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """The rows that differ between two runs, and how many do not.

    Attributes
    ----------
    rows
        What a row is about, ``difference`` (moved, error moved: its error, interval or counts only, new,
        gone), ``before``, ``after``, ``change`` and ``in_std_errors``: the change over the standard error
        before (after, where there was none). The largest of each kind first.
    n_same
        Rows with the same bits in both.
    """

    rows: pl.DataFrame
    n_same: int

    @property
    def counts(self) -> Mapping[str, int]:
        """How many rows of each kind there are."""
        counted = dict(self.rows["difference"].value_counts().iter_rows())
        return {kind: int(counted.get(kind, 0)) for kind in (MOVED, ERROR_MOVED, NEW, GONE)}

    def as_dict(self) -> dict[str, Any]:
        """Return counts and rows for JSON."""
        return {"same": self.n_same, **self.counts, "rows": self.rows.to_dicts()}


def compare(before: pl.DataFrame, after: pl.DataFrame) -> Differences:
    """Compare two frames of tidy rows.

    Rows of one name (several intervals of one estimate, say) are compared in their order.
    """
    import polars as pl

    both = _numbered(before).join(
        _numbered(after),
        on=[*WHAT, "copy"],
        how="full",
        suffix="_after",
        coalesce=True,
        nulls_equal=True,
        maintain_order="left_right",
    )
    same = pl.all_horizontal(
        pl.col(name).eq_missing(pl.col(f"{name}_after")) for name in (*NUMBERS, "status")
    )
    moved = pl.col("estimate").ne_missing(pl.col("estimate_after"))
    error = pl.coalesce("std_error", "std_error_after")
    change = pl.col("estimate_after") - pl.col("estimate")
    rows = both.with_columns(
        difference=pl.when(pl.col("here").is_null())
        .then(pl.lit(NEW))
        .when(pl.col("here_after").is_null())
        .then(pl.lit(GONE))
        .when(moved)
        .then(pl.lit(MOVED))
        .when(~same)
        .then(pl.lit(ERROR_MOVED)),
        change=change,
        in_std_errors=pl.when(error > 0).then(change / error),
    )
    differing = rows.filter(pl.col("difference").is_not_null()).select(
        *WHAT, "difference", "change", "in_std_errors", before="estimate", after="estimate_after"
    )
    order = pl.col("difference").replace_strict({MOVED: 0, ERROR_MOVED: 1, NEW: 2, GONE: 3})
    largest = pl.col("in_std_errors").abs().fill_null(-1.0)
    return Differences(
        rows=differing.sort(order, -largest, maintain_order=True), n_same=rows["difference"].null_count()
    )


def _numbered(frame: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    kept = frame.select(*WHAT, *NUMBERS, "status")
    return kept.with_columns(copy=pl.int_range(pl.len()).over(WHAT), here=pl.lit(value=True))
