"""The data that every program of the benchmark gets: a survey of half a million people, drawn anew from a seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.arrays import DesignColumns, FloatArray, Group, IntArray, SampleArrays, VariableArrays
from engine.estimators.sample.sorting import sort_sample

PSUS, STRATA = 8_000, 40
LEVELS = (2, 6, 3, 2, 4, 2, 3, 2, 2, 5)  # of the ten factors, as in the CMDS model


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """One sample: outcomes 0/1 (k, n), income in hundreds with ties, weight, PSU, stratum, wave, factors."""

    y: FloatArray
    x: FloatArray
    w: FloatArray
    psu: IntArray
    wave: IntArray
    factors: Sequence[VariableArrays]

    @property
    def n(self) -> int:
        """How many people."""
        return len(self.x)

    def arrays(
        self, *, outcomes: int = 1, waves: bool = False, weight: bool = True, design: str = ""
    ) -> SampleArrays:
        """Return the sorted sample of the first outcomes; design names the columns: cluster, stratum."""
        columns = DesignColumns(
            weight=self.w if weight else None,
            cluster=self.psu if "cluster" in design else None,
            stratum=self.psu * STRATA // PSUS if "stratum" in design else None,
        )
        return sort_sample(
            outcomes={f"y{k}": self.y[k] for k in range(outcomes)},
            rank=self.x,
            rank_name="x",
            columns=columns,
            group=self.wave if waves else None,
            groups=tuple(Group(wave=str(wave)) for wave in range(3)) if waves else (Group(),),
        )


def make_people(rows: int) -> People:
    """Simulate a sample with about 376 distinct incomes."""
    rng = np.random.default_rng(540_000)
    x = np.round(np.minimum(np.exp(rng.normal(8.6, 0.6, rows)), 37_500) / 100) * 100
    rich = x > np.median(x)
    factors = []
    for j, levels in enumerate(LEVELS):
        codes = rng.choice(levels, rows, p=rng.dirichlet(np.full(levels, 3.0))).astype(np.int32)
        names = tuple("abcdef"[:levels])
        factors.append(
            VariableArrays(
                name=f"f{j}", levels=names, codes=codes, values=None, missing=np.zeros(rows, np.uint8)
            )
        )
    assert factors[0].codes is not None  # noqa: S101 - told to mypy: factors have codes
    lift = 0.05 * (factors[0].codes == 1)
    return People(
        y=np.array(
            [(rng.random(rows) < 0.35 + lift - (0.1 - 0.03 * k) * rich).astype(np.float64) for k in range(3)]
        ),
        x=x,
        w=rng.uniform(0.5, 2.0, rows),
        psu=rng.integers(0, PSUS, rows),
        wave=rng.integers(0, 3, rows),
        factors=factors,
    )
