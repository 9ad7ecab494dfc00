"""The nested clusters of a multilevel model: their numbers and sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.arrays import IntArray
from engine.errors import DataError


@dataclass(frozen=True, slots=True, kw_only=True)
class Clusters:
    """The nested clusters of n rows.

    Attributes
    ----------
    names
        The levels, innermost first: one or two.
    inner, outer
        (n,) int64: each row's cluster, numbered 0, 1, ... in the order of the ids; inner ones by outer
        cluster. With one level the two are the same.
    n_repeated
        How many ids of inner clusters occur in several outer ones; each stands for another cluster there.
    """

    names: tuple[str, ...]
    inner: IntArray
    outer: IntArray
    n_repeated: int

    @classmethod
    def of(cls, ids: Mapping[str, IntArray]) -> Clusters:
        """Nest the ids (n,) of each level, innermost first; -1 is missing.

        Raises
        ------
        DataError
            If an id is missing: its row can neither be left out silently nor put into a cluster.
        """
        _check_complete(ids)
        names, codes = tuple(ids), [*ids.values()]
        inner = np.unique(codes[0], return_inverse=True)[1]
        if len(codes) == 1:
            return cls(names=names, inner=inner, outer=inner, n_repeated=0)
        outer = np.unique(codes[1], return_inverse=True)[1]
        n_inner = inner.max() + 1
        pairs, nested = np.unique(outer * n_inner + inner, return_inverse=True)
        n_repeated = int((np.bincount(pairs % n_inner) > 1).sum())
        return cls(names=names, inner=nested, outer=outer, n_repeated=n_repeated)

    @property
    def has_outer(self) -> bool:
        """Whether there are two levels."""
        return len(self.names) == 2

    def sizes(self) -> dict[str, IntArray]:
        """Return level -> people in each cluster."""
        sizes = (np.bincount(self.inner), np.bincount(self.outer))
        return dict(zip(self.names, sizes, strict=False))

    @property
    def n_inner(self) -> int:
        """How many clusters the innermost level has."""
        return int(self.inner.max()) + 1

    def n_outermost(self) -> int:
        """Return how many clusters the outermost level has."""
        return len(self.sizes()[self.names[-1]])


def _check_complete(ids: Mapping[str, IntArray]) -> None:
    for name, clusters in ids.items():
        if n_missing := int((clusters < 0).sum()):
            raise DataError(
                f"levels '{name}': {n_missing:,} complete rows have no cluster; expected one each. "
                "Fill the ids, or drop these rows by a sample rule."
            )
