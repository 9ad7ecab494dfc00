"""Brings tidy rows that an older version wrote to the columns of today."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engine.results.rows import COLUMNS, column_type

if TYPE_CHECKING:
    import polars as pl

# Format 1 wrote degrees of freedom into `method`: "adjusted Wald, F(2, 9)", "likelihood ratio, 3 df".
_OF_F = r", F\((?<df1>[0-9.e+]+), (?<df2>[0-9.e+]+)\)$"
_OF_CHI2 = r", (?<df1>[0-9]+) df( \(conservative\))?$"
_WITH_PARAMETER = (
    "extended",
    "generalized_extended",
    "symmetric",
    "generalized_symmetric",
    "ge",
    "atkinson",
)


def parameters_of(analyses: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return name -> parameter of the analyses that have one, as a manifest holds them."""
    return {str(one["name"]): one["parameter"] for one in analyses if one.get("parameter") is not None}


def current_rows(frame: pl.DataFrame, parameters: Mapping[str, float]) -> pl.DataFrame:
    """Return rows with the columns of today; rows that have them already as they are.

    Degrees of freedom move from `method` to `df1` and `df2`. Those of Student's t were never written.

    Parameters
    ----------
    frame
        Tidy rows of any version.
    parameters
        Name of an analysis -> its parameter.

    Examples
    --------
    >>> import polars as pl
    >>> old = pl.DataFrame({"analysis": ["a"], "measure": ["wald_f"], "term": ["age"],
    ...                     "method": ["adjusted Wald, F(2, 9)"]})
    >>> current_rows(old, {}).select("method", "df1", "df2").row(0)
    ('adjusted Wald', 2.0, 9.0)
    """
    import polars as pl

    missing = [name for name in COLUMNS if name not in frame.columns]
    if not missing:
        return frame
    none = {name: pl.lit(None, dtype=column_type(name)) for name in missing}
    if not {"df1", "df2", "parameter"} & set(missing):
        return frame.with_columns(**none).select(COLUMNS)
    method = pl.col("method")
    of_f, of_chi2 = (method.str.extract_groups(pattern) for pattern in (_OF_F, _OF_CHI2))
    df1 = pl.coalesce(of_f.struct.field("df1"), of_chi2.struct.field("df1"))
    plain = method.str.replace(_OF_F, "").str.replace(_OF_CHI2, "$2")
    measured = pl.col("measure").is_in(_WITH_PARAMETER)
    of_index = pl.col("measure") == "rif_coefficient", measured.any().over("analysis")
    compared = pl.col("measure").is_in(("difference", "wald_f")) & pl.col("term").is_in(_WITH_PARAMETER)
    parameter = pl.col("analysis").replace_strict(parameters, default=None, return_dtype=pl.Float64)
    found = {
        "df1": df1.cast(pl.Float64),
        "df2": of_f.struct.field("df2").cast(pl.Float64),
        "parameter": pl.when(measured | compared | pl.all_horizontal(of_index)).then(parameter),
        "method": plain,
    }
    return frame.with_columns(**{**none, **found}).select(COLUMNS)
