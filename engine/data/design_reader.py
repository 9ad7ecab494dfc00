"""Sample -> design columns: weights, strata, clusters, replicate weights, and the units of the panel."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.arrays import DesignColumns, DesignFrame, FloatArray, ReplicateWeights
from engine.data.design_columns import DESIGN_PREFIX
from engine.data.series import as_codes, as_floats
from engine.errors import DataError, Fault
from engine.source_hash import hash_of_files
from engine.study import DesignSpec, ReplicateWeightsSpec

if TYPE_CHECKING:
    import polars as pl


def read_design(design: DesignSpec, sample: pl.LazyFrame, n: int, units: pl.DataFrame) -> DesignColumns:
    """Return the design columns of the n rows of a sample.

    A sample rule makes a domain and does not change the design, so the strata and clusters of the whole panel
    are returned too: `units` is what `units_of` returns for it.

    Raises
    ------
    DataError
        If replicate weights are missing or negative.
    """
    import polars as pl

    given = design.replicate_weights
    ids = ids_of(design, sample).collect(engine="in-memory")
    enums = {role: pl.Enum(units[role].drop_nulls().unique().sort()) for role in ids.columns}
    complete = units.drop_nulls()
    return DesignColumns(
        weight=_numbers(sample, "weight") if design.weight else None,
        stratum=as_codes(ids["stratum"].cast(enums["stratum"])) if "stratum" in enums else None,
        cluster=as_codes(ids["cluster"].cast(enums["cluster"])) if "cluster" in enums else None,
        population=_numbers(sample, "population") if design.population else None,
        replicate_weights=None if given is None else _replicate_weights(given, sample, n),
        nested=design.nested,
        single_psu=design.single_psu,
        frame=DesignFrame(
            stratum=as_codes(complete["stratum"].cast(enums["stratum"])) if "stratum" in enums else None,
            cluster=as_codes(complete["cluster"].cast(enums["cluster"])) if "cluster" in enums else None,
            rows=complete["rows"].to_numpy().astype(np.int64),
        ),
        names=_column_names(design),
    )


def ids_of(design: DesignSpec, frame: pl.LazyFrame) -> pl.LazyFrame:
    """Return the stratum and cluster of each row as text, those the study has."""
    import polars as pl

    ids = {}
    for role in ("stratum", "cluster"):
        if getattr(design, role) is not None:
            column = pl.col(DESIGN_PREFIX + role)
            in_wave = pl.concat_str([pl.col("wave"), column], separator="\x1f")
            ids[role] = in_wave if design.independent_waves else column
        elif role == "stratum" and design.independent_waves:
            ids[role] = pl.col("wave")
    return frame.select(**ids)


@cache
def code_of_units() -> str:
    """Return a hash of the code of `units_of`: what other code answered is asked again."""
    return hash_of_files([Path(__file__)])


def units_of(design: DesignSpec, panel: pl.LazyFrame) -> pl.DataFrame:
    """Return every combination of stratum and cluster in the panel, with its number of rows."""
    import polars as pl

    ids = ids_of(design, panel)
    if len(ids.collect_schema()):
        units = ids.group_by(pl.all()).agg(rows=pl.len())
    else:
        units = panel.select(rows=pl.len())
    return units.collect(engine="streaming")


def joined_units(units: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return the combinations of stratum and cluster of several files together."""
    import polars as pl

    joined = pl.concat(units)
    ids = [name for name in joined.columns if name != "rows"]
    return joined.group_by(ids).sum() if ids else joined.sum()


def _column_names(design: DesignSpec) -> dict[str, str]:
    """Return the columns of each role, for messages."""
    names = {}
    for role in ("weight", "stratum", "cluster"):
        name = getattr(design, role)
        if name:
            names[role] = name if isinstance(name, str) else " / ".join(dict.fromkeys(name.values()))
    return names


def _column(sample: pl.LazyFrame, name: str) -> FloatArray:
    # In-memory: the streaming engine may change the order of rows.
    return as_floats(sample.select(name).collect(engine="in-memory")[name])


def _numbers(sample: pl.LazyFrame, role: str) -> FloatArray:
    return _column(sample, DESIGN_PREFIX + role)


def _replicate_weights(given: ReplicateWeightsSpec, sample: pl.LazyFrame, n: int) -> ReplicateWeights:
    """Return the replicate weights of the n rows, read a column at a time."""
    prefix = f"{DESIGN_PREFIX}replicate_"
    columns = [name for name in sample.collect_schema().names() if name.startswith(prefix)]
    values = np.empty((len(columns), n))
    for row, name in zip(values, columns, strict=True):
        row[:] = _column(sample, name)
    return given_weights(given, values)


def given_weights(given: ReplicateWeightsSpec, values: FloatArray) -> ReplicateWeights:
    """Return replicate weights (r, n) with what each of them counts.

    Raises
    ------
    DataError
        If some are missing, infinite or negative, if all replicates have the same ones, or the study gives
        another number of factors.
    """
    if count := int((~((values >= 0) & np.isfinite(values))).any(axis=0).sum()):
        raise DataError(
            Fault(
                "design.replicate_weights",
                f"{count:,} rows have missing or negative ones",
                "0 or more",
                "Drop these rows by a sample rule, or correct the file.",
            )
        )
    if len(values) > 1 and all(np.array_equal(one, values[0]) for one in values[1:]):
        found = f"the {len(values):,} replicates are all alike, so that every error would be 0"
        raise DataError(
            Fault("design.replicate_weights", found, "weights that differ", "Name the columns of replicates.")
        )
    return ReplicateWeights(
        values=values,
        factors=replicate_factors(given, len(values)),
        centre=given.centre,
        is_bootstrap=given.method == "bootstrap",
    )


def replicate_factors(given: ReplicateWeightsSpec, n: int) -> FloatArray:
    """Return c_r of v = sum_r c_r (theta_r - centre)^2 for n replicates of a method (survey's `svrepdesign`).

    Raises
    ------
    DataError
        If the study gives a number of factors other than n.

    Examples
    --------
    >>> from engine.study import DesignSpec, ReplicateWeightsSpec
    >>> replicate_factors(ReplicateWeightsSpec(columns="rw*", method="jk1"), 4)
    array([0.75, 0.75, 0.75, 0.75])
    """
    if given.rscales is not None and len(given.rscales) != n:
        raise DataError(
            Fault(
                "design.replicate_weights.rscales",
                f"found {len(given.rscales)} factors for {n} replicates",
                "one each",
                "Correct the list or the columns.",
            )
        )
    scale = {
        "brr": 1.0 / n,
        "fay": 1.0 / (n * (1.0 - given.fay) ** 2),
        "jk1": (n - 1.0) / n,
        "jk2": 1.0,
        "jkn": 1.0,
        "bootstrap": 1.0 / max(n - 1, 1),
        "successive-difference": 4.0 / n,
        "other": 1.0,
    }[given.method]
    scale = given.scale if given.scale is not None else scale
    return scale * (np.ones(n) if given.rscales is None else np.array(given.rscales))
