"""The data of the benchmark: a simulated survey from a fixed seed, the same for every program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.arrays import DesignColumns, FloatArray, Group, IntArray, SampleArrays, VariableArrays
from engine.estimators.sample.sorting import sort_sample

PSUS, STRATA, WAVES, OUTCOMES = 8_000, 40, 3, 3
LEVELS = (2, 6, 3, 2, 4, 2, 3, 2, 2, 5)  # of the ten factors, as in the CMDS model


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """A survey of n people.

    Attributes
    ----------
    y
        Outcomes 0/1 (k, n).
    x
        Income (n,), rounded to hundreds, so with ties.
    w, psu, wave
        Weight, PSU and wave (n,); each stratum holds 200 PSUs.
    factors
        Ten categorical covariates.
    """

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
        """Return the sorted sample of the first `outcomes`; `design` names its columns: cluster, stratum."""
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
            groups=tuple(Group(wave=str(wave)) for wave in range(WAVES)) if waves else (Group(),),
        )


def make_people(rows: int) -> People:
    """Simulate a survey with about 376 distinct incomes."""
    # The draws keep their order: it decides every number.
    rng = np.random.default_rng(540_000)
    x = np.round(np.minimum(np.exp(rng.normal(8.6, 0.6, rows)), 37_500) / 100) * 100
    rich = x > np.median(x)
    factors = [_draw_factor(rng, f"f{j}", levels, rows) for j, levels in enumerate(LEVELS)]
    assert factors[0].codes is not None  # noqa: S101 - narrowing for mypy: factors have codes
    lift = 0.05 * (factors[0].codes == 1)
    y = [
        (rng.random(rows) < 0.35 + lift - (0.1 - 0.03 * k) * rich).astype(np.float64) for k in range(OUTCOMES)
    ]
    return People(
        y=np.array(y),
        x=x,
        w=rng.uniform(0.5, 2.0, rows),
        psu=rng.integers(0, PSUS, rows),
        wave=rng.integers(0, WAVES, rows),
        factors=factors,
    )


def _draw_factor(rng: np.random.Generator, name: str, levels: int, rows: int) -> VariableArrays:
    codes = rng.choice(levels, rows, p=rng.dirichlet(np.full(levels, 3.0))).astype(np.int32)
    return VariableArrays(
        name=name,
        levels=tuple("abcdef"[:levels]),
        codes=codes,
        values=None,
        missing=np.zeros(rows, np.uint8),
    )
