"""The result of `concentration_curve` and `inequality` with `by`: one result a group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from engine.results.rows import TidyRow, to_frame
from engine.results.shown import Shown, readable

if TYPE_CHECKING:
    import polars as pl

R_co = TypeVar("R_co", bound=Shown, covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class GroupedResult(Shown, Generic[R_co]):
    """The same statistic in several groups.

    Attributes
    ----------
    kind
        The kind of analysis, such as ``curve``.
    groups
        Name of a group, such as ``"2014, sex=female"``, -> its result, in the order of the levels.
    rows
        The tidy rows of all groups, then those that compare groups.
    """

    kind: str
    groups: Mapping[str, R_co]
    rows: tuple[TidyRow, ...]

    def table(self) -> pl.DataFrame:
        """Return the tables of the groups under each other, with the name of the group in front."""
        import polars as pl

        tables = [
            result.table().select(pl.lit(name).alias("group"), pl.all())
            for name, result in self.groups.items()
        ]
        return pl.concat(tables, how="diagonal_relaxed")

    def differences(self) -> pl.DataFrame:
        """Return what compares groups: differences and their joint test, or the dominance of curves."""
        between = [row for row in self.rows if row.wave is None and row.subgroup is None]
        return readable(to_frame(between))
