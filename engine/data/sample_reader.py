"""Sample -> numpy columns, a column at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from engine.arrays import DesignColumns, FloatArray, Group, IntArray, VariableArrays
from engine.data.calibration_reader import with_calibration
from engine.data.cell_key import CellKey
from engine.data.cells import ROWS, SQUARES, read_cells
from engine.data.design_columns import DESIGN_PREFIX, LEVEL_PREFIX, LEVEL_WEIGHT_PREFIX
from engine.data.design_reader import code_of_units, joined_units, read_design, units_of
from engine.data.harmonise import KIND_SUFFIX
from engine.data.series import as_codes, as_floats
from engine.errors import DataError, Fault
from engine.study import StudySpec

if TYPE_CHECKING:
    import polars as pl

    from engine.data.panel import Panel
    from engine.data.sample import Sample


KEPT_BYTES = 2**28  # of columns that are kept for the next analysis; others are read again
_BYTES_OF_COLUMN = 16  # a row, at most
_Value = TypeVar("_Value")


class SampleReader:
    """Reads the columns of a sample on demand; as many as fit into some memory are kept.

    A reader of some waves acts as if there were no others.

    Attributes
    ----------
    waves
        The waves it reads, sorted.
    n
        Its rows.
    """

    def __init__(
        self,
        spec: StudySpec,
        sample: Sample,
        panel: Panel,
        only: Sequence[str] | None = None,
        room: int = KEPT_BYTES,
    ) -> None:
        self._spec = spec
        self._room = room
        self._sample = sample
        self._panel = panel
        self._only = None if only is None else list(only)
        self.waves = sort_waves(sample.waves if only is None else only)
        self.n = sample.n if only is None else sum(sample.flow[-1].by_wave[wave] for wave in only)
        self._kept: dict[tuple[str, ...], Any] = {}

    def _once(self, what: tuple[str, ...], make: Callable[[], _Value]) -> _Value:
        """Return what `make` makes, kept under a name while there is room."""
        if what not in self._kept:
            made = make()
            if (len(self._kept) + 1) * _BYTES_OF_COLUMN * self.n > self._room:
                return made
            self._kept[what] = made
        kept: _Value = self._kept[what]
        return kept

    def of_waves(self, waves: Sequence[str] | None) -> SampleReader:
        """Return a reader of some waves alone; of all if `waves` is None.

        Raises
        ------
        DataError
            If the sample has no row of one of them.
        """
        if waves is None:
            return self
        for wave in waves:
            if not self._sample.flow[-1].by_wave.get(wave):
                raise DataError(
                    Fault(f"wave {wave}", "no row of it is in the sample", "some", "Check the sample rules.")
                )
        # Not kept: each reader keeps columns of its own, and a study may have many waves.
        return SampleReader(self._spec, self._sample, self._panel, waves, self._room)

    def where(self, condition: str | None) -> SampleReader:
        """Return a reader of the rows for which a condition holds: a domain, with the design of all rows.

        Raises
        ------
        DataError
            If no row is left.
        """
        if condition is None:
            return self
        from engine.data.sample import draw_domain

        domain = draw_domain(self._spec, self._sample, condition)
        return SampleReader(self._spec, domain, self._panel, self._only, self._room)

    def cells(self, key: CellKey) -> SampleReader:
        """Return a reader of the cells of a key, or this one of rows where cells would be nearly as many.

        Its rows stand for all rows alike in these variables, in stratum and in cluster; the design says for
        how many.
        """
        design = self._spec.design
        if design.replicate_weights is not None or design.adjustment is not None:
            return self
        cells = read_cells(self._spec, self._sample, key, self._only)
        if cells is None:
            return self
        return CellReader(self._spec, self._sample, self._panel, cells, self._only)

    def _of_these_waves(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        import polars as pl

        return frame if self._only is None else frame.filter(pl.col("wave").is_in(self._only))

    def _scan(self) -> pl.LazyFrame:
        import polars as pl

        return self._of_these_waves(pl.scan_parquet(self._sample.row_files(), glob=False))

    def _series(self, name: str) -> pl.Series:
        # In-memory: the streaming engine may change the order of rows.
        return self._scan().select(name).collect(engine="in-memory")[name]

    def numbers(self, name: str) -> FloatArray:
        """Return a variable as (n,) float64, NaN if missing: an event as 0 or 1, a factor by level number."""
        return self._once(("numbers", name), lambda: self._numbers(name))

    def _numbers(self, name: str) -> FloatArray:
        variable = self._spec.variables[name]
        if variable.event:
            series = self._series(name)
            return as_floats(series.is_in(list(variable.event)).cast(int).set(series.is_null(), None))
        if variable.level_names:
            codes = self._codes(name).astype(np.float64)
            return np.where(codes >= 0, codes, np.nan)
        return as_floats(self._series(name))

    def _codes(self, name: str) -> IntArray:
        """Return the number of each row's level (n,), -1 where missing."""
        import polars as pl

        levels = self._spec.variables[name].level_names
        return as_codes(self._series(name).cast(pl.Enum(levels)))

    def _wave_codes(self) -> IntArray:
        """Return the number of each row's wave (n,), -1 where missing."""
        import polars as pl

        return self._once(("wave",), lambda: as_codes(self._series("wave").cast(pl.Enum(self.waves))))

    def variable(self, name: str) -> VariableArrays:
        """Return a variable, or the wave, with its levels and reasons of missing, for tables."""
        if name == "wave":
            return self._wave_variable()
        return self._once(("variable", name), lambda: self._variable(name))

    def _variable(self, name: str) -> VariableArrays:
        spec = self._spec.variables[name]
        return VariableArrays(
            name=name,
            levels=spec.level_names,
            codes=self._codes(name).astype(np.int32) if spec.level_names else None,
            values=self.numbers(name) if spec.event or not spec.level_names else None,
            missing=self._series(name + KIND_SUFFIX).to_numpy().astype(np.uint8),
            scores=spec.scores,
        )

    def _wave_variable(self) -> VariableArrays:
        codes = self._wave_codes().astype(np.int32)
        return VariableArrays(
            name="wave",
            levels=self.waves,
            codes=codes,
            values=None,
            missing=(codes < 0).astype(np.uint8),
            scores=tuple(range(len(self.waves))),
        )

    def groups(self, by: Sequence[str]) -> tuple[IntArray, tuple[Group, ...]]:
        """Return each row's group (n,), -1 for none, and the groups of all combinations of levels."""
        return self._once(("groups", *by), lambda: self._groups(by))

    def _groups(self, by: Sequence[str]) -> tuple[IntArray, tuple[Group, ...]]:
        number = np.zeros(self.n, np.int64)
        groups: list[Group] = [Group()]
        is_missing = np.zeros(self.n, bool)
        for name in by:
            if name == "wave":
                codes, levels = self._wave_codes(), self.waves
            else:
                codes, levels = self._codes(name), self._spec.variables[name].level_names
            is_missing |= codes < 0
            number = number * len(levels) + codes
            groups = [group.refined(name, level) for group in groups for level in levels]
        return np.where(is_missing, -1, number), tuple(groups)

    def design(self) -> DesignColumns:
        """Return the design columns of all rows.

        With ``independent_waves`` strata and clusters count as different in different waves. Where weights
        are calibrated the design is that of all waves: their records share the totals.
        """
        return self._once(("design",), self._design)

    def _design(self) -> DesignColumns:
        import polars as pl

        design, calibrated = self._spec.design, self._panel.calibrated
        if calibrated is None:
            return read_design(design, self._scan(), self.n, self._units())
        panel = pl.scan_parquet(self._panel.weighted_records.opened(), glob=False)
        columns = read_design(design, self._scan(), self.n, units_of(design, panel))
        return with_calibration(columns, design, calibrated.cells, self._scan(), panel)

    def _units(self) -> pl.DataFrame:
        """Return the combinations of stratum and cluster in the panel; those of a large one are kept."""
        import polars as pl

        design, records = self._spec.design, self._panel.records

        def units(files: list[str]) -> pl.DataFrame:
            return units_of(design, self._of_these_waves(pl.scan_parquet(files, glob=False)))

        if not records.keeps_answers:
            return units(records.opened())
        question = f"units of {self._only} by {design.model_dump_json()}, {code_of_units()}"
        kept = [records.kept(file, question, partial(units, [file])) for file in records.files]
        return joined_units([pl.read_parquet(answer) for answer in kept])

    def level(self, name: str) -> IntArray:
        """Return each row's cluster (n,) of one of `design.levels`, sorted by id, -1 if missing."""
        import polars as pl

        ids = self._series(LEVEL_PREFIX + name)
        return as_codes(ids.cast(pl.Enum(ids.drop_nulls().unique().sort())))

    def level_weight(self, name: str) -> FloatArray:
        """Return the weight of each row's cluster (n,) of one of `design.level_weights`, NaN if missing."""
        return as_floats(self._series(LEVEL_WEIGHT_PREFIX + name))


class CellReader(SampleReader):
    """Reads the columns of cells, see `engine.data.cells`, as if they were those of a sample."""

    def __init__(
        self,
        spec: StudySpec,
        sample: Sample,
        panel: Panel,
        cells: pl.DataFrame,
        only: Sequence[str] | None = None,
    ) -> None:
        super().__init__(spec, sample, panel, only)
        self._cells = cells
        self.n = cells.height

    def _scan(self) -> pl.LazyFrame:
        return self._cells.lazy()

    def _design(self) -> DesignColumns:
        """Return the design columns of all cells, with how many rows each stands for."""
        return replace(
            super()._design(),
            weight=as_floats(self._series(f"{DESIGN_PREFIX}weight")),
            count=self._series(ROWS).to_numpy().astype(np.int64),
            weight_squares=as_floats(self._series(SQUARES)),
        )


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
