"""Keys of records that stand in more than one file of a wave.

All files are looked at together once. One after the other, each beside those before it, the first of two
hundred would be read two hundred times.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.data.broken_rules import Broken, RuleError
from engine.data.design_columns import KEY, shared_key
from engine.study import StudySpec

if TYPE_CHECKING:
    import polars as pl

_UNIQUE = "unique key"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysInCommon:
    """What one look at the keys of many files has told.

    Attributes
    ----------
    new, everything
        Files of records that were compared with everything, and all that were looked at.
    others
        File -> those with which it has a key in common.
    """

    new: frozenset[Path]
    everything: frozenset[Path]
    others: Mapping[Path, frozenset[Path]]

    def to_compare(self, records: Path, files: Sequence[Path]) -> list[Path]:
        """Return the files that may hold a key of some records: those not looked at may."""
        if records not in self.new:
            return [*files]
        shared = self.others.get(records, frozenset())
        return [file for file in files if file in shared or file not in self.everything]


def keys_in_common(spec: StudySpec, new: Sequence[Path], old: Sequence[Path] = ()) -> KeysInCommon:
    """Look for the keys of new files in each other and in old files.

    Parameters
    ----------
    spec
        The study, which names the keys.
    new, old
        Files of records; old ones are not compared with each other.
    """
    everything = [*dict.fromkeys([*new, *old])]
    others: dict[Path, set[Path]] = {file: set() for file in everything}
    if new and len(everything) > 1:
        for column, rule in _rules(spec).values():
            for numbers in _files_of_one_key(new, everything, column, nulls_equal=rule == _UNIQUE):
                sharing = {everything[number] for number in numbers}
                for file in sharing:
                    others[file] |= sharing - {file}
    return KeysInCommon(
        new=frozenset(new),
        everything=frozenset(everything),
        others={file: frozenset(sharing) for file, sharing in others.items()},
    )


def refuse_shared_keys(spec: StudySpec, file: str, records: Path, others: Sequence[Path]) -> None:
    """Check that no record, and no household that is aggregated, is also in another file of its wave.

    Raises
    ------
    RuleError
        With the number of rows.
    """
    broken = []
    for place, (column, rule) in _rules(spec).items() if others else ():
        if rows := _rows_with_keys_of(records, others, column, nulls_equal=rule == _UNIQUE):
            broken.append(Broken(place=place, rule=rule, rows=rows))
    if broken:
        raise RuleError(file, broken)


def _rules(spec: StudySpec) -> dict[str, tuple[str, str]]:
    """Return place in the study -> the column of a key that one file of a wave may have, and its rule."""
    rules = {"source.key": (KEY, _UNIQUE)} if spec.source.key is not None else {}
    for name, variable in spec.variables.items():
        if variable.aggregate is not None:
            rules[f"variables.{name}.by"] = (shared_key(name), "key of one file")
    return rules


def _files_of_one_key(
    new: Sequence[Path], everything: Sequence[Path], key: str, *, nulls_equal: bool
) -> list[list[int]]:
    """Return each set of files, as numbers in `everything`, that have a key of a new file in common.

    Hashes stand for keys, which saves memory: where two keys have one, the files are compared for nothing.
    """
    import polars as pl

    def hashed(file: Path) -> pl.LazyFrame:
        return _keys(file, key, nulls_equal=nulls_equal).select(hash=pl.struct("wave", key).hash())

    hashes = pl.concat([hashed(file).with_columns(file=n) for n, file in enumerate(everything)])
    if set(everything) != set(new):  # of old files, those keys alone that new ones have
        of_new = pl.concat([hashed(file) for file in dict.fromkeys(new)])
        hashes = hashes.join(of_new, on="hash", how="semi")
    # Two numbers for each key, as a list for each would take much memory; few keys are shared, if any.
    span = hashes.group_by("hash").agg(first=pl.col("file").min(), last=pl.col("file").max())
    shared = span.filter(pl.col("first") < pl.col("last")).select("hash").collect(engine="in-memory")
    if shared.is_empty():
        return []
    sharing = hashes.join(shared.lazy(), on="hash", how="semi")
    files = sharing.group_by("hash").agg(pl.col("file").unique().sort()).select("file").unique()
    found: list[list[int]] = files.collect(engine="in-memory")["file"].to_list()
    return found


def _rows_with_keys_of(records: Path, others: Sequence[Path], key: str, *, nulls_equal: bool) -> int:
    """Return how many records of a file have a key that is also in another file of their wave."""
    import polars as pl

    known = pl.scan_parquet(list(others), glob=False).select("wave", key)
    shared = _keys(records, key, nulls_equal=nulls_equal).join(
        known, on=["wave", key], how="semi", nulls_equal=True
    )
    return int(shared.select(pl.len()).collect(engine="in-memory").item())


def _keys(records: Path, key: str, *, nulls_equal: bool) -> pl.LazyFrame:
    """Return wave and key of each record; where an absent key equals nothing, without it."""
    import polars as pl

    keys = pl.scan_parquet(records, glob=False).select("wave", key)
    return keys if nulls_equal else keys.filter(pl.col(key).is_not_null())
