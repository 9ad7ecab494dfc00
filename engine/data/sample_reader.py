"""Sample -> numpy columns, a column at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from engine.arrays import (
    DesignColumns,
    DesignFrame,
    FloatArray,
    Group,
    IntArray,
    ReplicateWeights,
    VariableArrays,
)
from engine.data.harmonise import DESIGN_PREFIX, KIND_SUFFIX, LEVEL_PREFIX
from engine.errors import DataError
from engine.study import ReplicateWeightsSpec, StudySpec

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from engine.data.panel import Panel
    from engine.data.sample import Sample


class SampleReader:
    """Reads the columns of a sample on demand, of some waves as if there were no others; holds none of them."""

    def __init__(
        self, spec: StudySpec, sample: Sample, panel: Panel, only: Sequence[str] | None = None
    ) -> None:
        self._spec = spec
        self._sample = sample
        self._panel = panel
        self._only = None if only is None else list(only)
        self.waves = sort_waves(sample.waves if only is None else only)
        self.n = sample.n if only is None else sum(sample.flow[-1].by_wave[wave] for wave in only)

    def of_waves(self, waves: Sequence[str] | None) -> SampleReader:
        """Return a reader of some waves alone; of all without a list.

        Raises
        ------
        DataError
            If the sample has no row of one of them.
        """
        for wave in waves or ():
            if not self._sample.flow[-1].by_wave.get(wave):
                raise DataError(
                    f"wave {wave}: no row of it is in the sample; expected some. Check the sample rules."
                )
        return self if waves is None else SampleReader(self._spec, self._sample, self._panel, waves)

    def _scan(self, files: Path | list[str]) -> pl.LazyFrame:
        import polars as pl

        frame = pl.scan_parquet(files, glob=False)
        return frame if self._only is None else frame.filter(pl.col("wave").is_in(self._only))

    def _series(self, name: str) -> pl.Series:
        # In-memory: the streaming engine may change the order of rows.
        return self._scan(self._sample.path).select(name).collect(engine="in-memory")[name]

    def numbers(self, name: str) -> FloatArray:
        """Return a variable as (N,) float64, NaN where missing: an event as 0 and 1, a factor by level number."""
        variable = self._spec.variables[name]
        if variable.event:
            series = self._series(name)
            return _floats(series.is_in(list(variable.event)).cast(int).set(series.is_null(), None))
        if variable.level_names:
            codes = self._codes(name).astype(np.float64)
            return np.where(codes >= 0, codes, np.nan)
        return _floats(self._series(name))

    def _codes(self, name: str) -> IntArray:
        import polars as pl

        levels = self._spec.variables[name].level_names
        return _codes(self._series(name).cast(pl.Enum(levels)))

    def variable(self, name: str) -> VariableArrays:
        """Return a variable, or the wave, with its levels and reasons of missing, for tables."""
        if name == "wave":
            codes = self._wave_codes().astype(np.int32)
            return VariableArrays(
                name=name,
                levels=self.waves,
                codes=codes,
                values=None,
                missing=(codes < 0).astype(np.uint8),
                scores=tuple(range(len(self.waves))),
            )
        spec = self._spec.variables[name]
        return VariableArrays(
            name=name,
            levels=spec.level_names,
            codes=self._codes(name).astype(np.int32) if spec.level_names else None,
            values=self.numbers(name) if spec.event or not spec.level_names else None,
            missing=self._series(name + KIND_SUFFIX).to_numpy().astype(np.uint8),
            scores=spec.scores,
        )

    def groups(self, by: Sequence[str]) -> tuple[IntArray, tuple[Group, ...]]:
        """Return each row's group (N,), -1 for none, and the groups of all combinations of levels."""
        number = np.zeros(self.n, np.int64)
        groups: list[Group] = [Group()]
        missing = np.zeros(self.n, bool)
        for name in by:
            if name == "wave":
                codes, levels = self._wave_codes(), self.waves
            else:
                codes, levels = self._codes(name), self._spec.variables[name].level_names
            missing |= codes < 0
            number = number * len(levels) + codes
            groups = [_refine(group, name, level) for group in groups for level in levels]
        return np.where(missing, -1, number), tuple(groups)

    def _wave_codes(self) -> IntArray:
        import polars as pl

        return _codes(self._series("wave").cast(pl.Enum(self.waves)))

    def design(self) -> DesignColumns:
        """Return the design columns of all rows.

        With ``independent_waves`` strata and clusters count as different in different waves.
        """
        import polars as pl

        design = self._spec.design
        given = design.replicate_weights
        ids = self._design_ids(self._scan(self._sample.path)).collect(engine="in-memory")
        every = self._scan(self._panel.parts)
        units = (
            self._design_ids(every).group_by(pl.all()).agg(rows=pl.len())
            if ids.width
            else every.select(rows=pl.len())
        )
        found = units.collect(engine="in-memory")
        names = {role: pl.Enum(found[role].drop_nulls().unique().sort()) for role in ids.columns}
        known = found.drop_nulls()
        return DesignColumns(
            weight=self._design_numbers("weight") if design.weight else None,
            stratum=_codes(ids["stratum"].cast(names["stratum"])) if "stratum" in names else None,
            cluster=_codes(ids["cluster"].cast(names["cluster"])) if "cluster" in names else None,
            population=self._design_numbers("population") if design.population else None,
            replicate_weights=None if given is None else self._replicate_weights(given),
            nested=design.nested,
            single_psu=design.single_psu,
            frame=DesignFrame(
                stratum=_codes(known["stratum"].cast(names["stratum"])) if "stratum" in names else None,
                cluster=_codes(known["cluster"].cast(names["cluster"])) if "cluster" in names else None,
                rows=known["rows"].to_numpy().astype(np.int64),
            ),
            names={
                role: name if isinstance(name, str) else " / ".join(dict.fromkeys(name.values()))
                for role in ("weight", "stratum", "cluster")
                if (name := getattr(design, role))
            },
        )

    def level(self, name: str) -> IntArray:
        """Return each row's cluster (N,) of a level of `design.levels`, in the order of the ids, -1 if missing."""
        import polars as pl

        ids = self._series(LEVEL_PREFIX + name)
        return _codes(ids.cast(pl.Enum(ids.drop_nulls().unique().sort())))

    def _design_ids(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Return the stratum and cluster of each row as text, those the study has."""
        import polars as pl

        design = self._spec.design
        ids = {}
        for role in ("stratum", "cluster"):
            if getattr(design, role) is not None:
                own = pl.col(DESIGN_PREFIX + role)
                ids[role] = (
                    pl.concat_str([pl.col("wave"), own], separator="\x1f")
                    if design.independent_waves
                    else own
                )
            elif role == "stratum" and design.independent_waves:
                ids[role] = pl.col("wave")
        return frame.select(**ids)

    def _design_numbers(self, role: str) -> FloatArray:
        return _floats(self._series(DESIGN_PREFIX + role))

    def _replicate_weights(self, given: ReplicateWeightsSpec) -> ReplicateWeights:
        import polars as pl

        schema = pl.scan_parquet(self._sample.path, glob=False).collect_schema().names()
        columns = [name for name in schema if name.startswith(f"{DESIGN_PREFIX}replicate_")]
        values = np.empty((len(columns), self.n))
        for row, name in zip(values, columns, strict=True):
            row[:] = _floats(self._series(name))
        if count := int((~(values >= 0)).any(axis=0).sum()):
            raise DataError(
                f"design.replicate_weights: {count:,} rows have missing or negative ones; expected 0 or more. "
                "Drop these rows by a sample rule, or correct the file."
            )
        return ReplicateWeights(
            values=values,
            factors=replicate_factors(given, len(columns)),
            centre=given.centre,
            is_bootstrap=given.method == "bootstrap",
        )


def replicate_factors(given: ReplicateWeightsSpec, n: int) -> FloatArray:
    """Return c_r of v = sum_r c_r (theta_r - centre)^2 for n replicates of a method (survey's `svrepdesign`).

    Examples
    --------
    >>> from engine.study import ReplicateWeightsSpec
    >>> replicate_factors(ReplicateWeightsSpec(columns="rw*", method="jk1"), 4)
    array([0.75, 0.75, 0.75, 0.75])
    """
    if given.rscales is not None and len(given.rscales) != n:
        raise DataError(
            f"design.replicate_weights.rscales: found {len(given.rscales)} factors for {n} replicates; expected one "
            "each. Correct the list or the columns."
        )
    scale = {
        "brr": 1.0 / n,
        "fay": 1.0 / (n * (1.0 - given.fay) ** 2),
        "jk1": (n - 1.0) / n,
        "jkn": 1.0,
        "bootstrap": 1.0 / (n if given.centre == "estimate" else max(n - 1, 1)),
        "other": 1.0,
    }[given.method]
    scale = given.scale if given.scale is not None else scale
    return scale * (np.ones(n) if given.rscales is None else np.array(given.rscales))


def sort_waves(waves: Sequence[str]) -> tuple[str, ...]:
    """Sort waves as numbers where they are numbers.

    Examples
    --------
    >>> sort_waves(["10", "9"]), sort_waves(["b", "a"])
    (('9', '10'), ('a', 'b'))
    """
    try:
        return tuple(sorted(waves, key=float))
    except ValueError:
        return tuple(sorted(waves))


def _refine(group: Group, name: str, level: str) -> Group:
    if name == "wave":
        return Group(wave=level, subgroup=group.subgroup)
    part = f"{name}={level}"
    return Group(wave=group.wave, subgroup=f"{group.subgroup}, {part}" if group.subgroup else part)


def _codes(series: pl.Series) -> IntArray:
    codes: IntArray = series.to_physical().cast(int).fill_null(-1).to_numpy().astype(np.int64)
    return codes


def _floats(series: pl.Series) -> FloatArray:
    import polars as pl

    values: FloatArray = series.cast(pl.Float64).fill_null(float("nan")).to_numpy().copy()
    return values
