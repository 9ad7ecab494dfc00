"""A simulated panel of the China Migrants Dynamic Survey 2014, 2016 and 2017.

Margins of every wave are exactly those published, rates and odds ratios those of `engine.simulate.joint`. People live
20 to a sample point (PSU) in 32 strata; those of a point are alike in the outcome. Nobody in it is real.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from engine.simulate.joint import Truth, cmds_truth
from engine.simulate.margins import ROWS, ROWS_IN_ALL, WAVES, Level, published_levels, scaled_counts

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

SEED = 539_926
POINT_SIZE = 20
STRATA = {1: 11, 2: 8, 3: 13}  # region -> strata
POINT_CORRELATION = 0.06  # of the latent outcomes of two people of one point

NO_RECORD, HEARD_NO_RECORD, ESTABLISHED, NOT_SURE, SKIPPED = 1, 2, 3, 4, -8
SHARE_NOT_SURE, SHARE_HEARD = 0.2, 0.35  # of those without a record; assumed
BLANK_2014 = 37  # a few dozen outcomes of 2014 are missing (A9)

SCHOOLING_INCOME = np.array([0.0, 0.18, 0.42, 0.75])
REGION_INCOME = np.array([0.2, -0.05, 0.0])
WAVE_INCOME = {"2014": 8.55, "2016": 8.72, "2017": 8.80}


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedWave:
    """One wave: column name -> (n,) values; float columns hold NaN where blank."""

    wave: str
    columns: dict[str, NDArray[np.float64] | NDArray[np.int64]]


def simulate_cmds(rows: int = ROWS_IN_ALL, seed: int = SEED, *, balanced: bool = True) -> list[SimulatedWave]:
    """Simulate all three waves.

    Parameters
    ----------
    rows
        In all; with fewer or more than 539,926 the margins keep their proportions.
    seed
        Of the simulation.
    balanced
        Whether the records of every covariate cell are their expected number, as far as whole people allow: tables
        of the panel are then those published, and not a draw around them. Otherwise everybody is drawn.
    """
    levels = published_levels()
    truth = cmds_truth()
    sizes = scaled_counts([ROWS[wave] for wave in WAVES], rows)
    return [
        _simulate_wave(wave, n, levels, truth, seed, balanced=balanced)
        for wave, n in zip(WAVES, sizes, strict=True)
    ]


def _simulate_wave(
    wave: str, n: int, levels: dict[str, list[Level]], truth: Truth, seed: int, *, balanced: bool
) -> SimulatedWave:
    generator = np.random.Generator(np.random.Philox(key=[seed, int(wave)]))
    cell, asked = _cells(wave, n, truth, generator)
    columns = {name: truth.cells[cell, k].copy() for k, name in enumerate(levels)}
    for name, own in levels.items():
        _repair_margin(columns[name], asked | (name != "duration"), _wanted(own, wave, n), generator)
    place = generator.permutation(n)
    place = place[np.argsort(columns["region"][place], kind="stable")]
    columns, cell, asked = {name: own[place] for name, own in columns.items()}, cell[place], asked[place]
    stratum, point = _points(columns["region"])
    z = generator.standard_normal(int(point.max()) + 1)[point]
    p = 1.0 / (1.0 + np.exp(-(truth.waves[wave].beta @ truth.dummies)))[cell]
    established = _established(p, asked, cell, z, generator, balanced=balanced)
    v = generator.random(n)
    without = np.select(
        [v < SHARE_NOT_SURE, v < SHARE_NOT_SURE + SHARE_HEARD], [NOT_SURE, HEARD_NO_RECORD], NO_RECORD
    )
    record = np.where(asked, np.where(established, ESTABLISHED, without), SKIPPED)
    income = _income(wave, columns, z, generator)
    values: dict[str, NDArray[np.float64] | NDArray[np.int64]] = {
        "wave": np.full(n, int(wave)),
        "point": int(wave) * 100_000 + point,
        "stratum": stratum,
        "weight": np.exp(0.35 * generator.standard_normal(n) + 0.15 * np.sin(stratum)),
        **{name: columns[name] for name in levels},
        "health_record": _with_blanks(wave, record, generator),
        "income": income,
        "simulated": np.ones(n, np.int64),
    }
    if wave == "2016":  # 163 people of 2016 have no range of migration
        values["range"] = np.where(columns["range"] > len(levels["range"]), np.nan, columns["range"])
    return SimulatedWave(wave=wave, columns=values)


def _cells(
    wave: str, n: int, truth: Truth, generator: np.random.Generator
) -> tuple[IntArray, NDArray[np.bool_]]:
    """Return each person's cell (n,), and who is asked: systematic draws from the expected numbers."""
    own = truth.waves[wave]
    n_skipped = round(own.skipped.sum() * n / ROWS[wave])
    found = []
    for mass, people in ((own.asked, n - n_skipped), (own.skipped, n_skipped)):
        ends = np.floor(np.cumsum(mass) * (people / max(mass.sum(), 1.0)) + generator.random())
        ends[-1] = people
        found.append(
            np.repeat(np.arange(len(mass)), np.diff(np.minimum(ends, people), prepend=0.0).astype(np.int64))
        )
    return np.concatenate(found), np.arange(n) < n - n_skipped


def _wanted(own: list[Level], wave: str, n: int) -> list[int]:
    """Return how many people each level has, and last those without a value."""
    counts = [level.n[wave] for level in own]
    return scaled_counts([*counts, ROWS[wave] - sum(counts)], n)


def _repair_margin(
    codes: IntArray, may_move: NDArray[np.bool_], wanted: list[int], generator: np.random.Generator
) -> None:
    """Move people chosen at random from levels with too many to those with too few: a few dozen in half a million."""
    surplus = np.bincount(codes, minlength=len(wanted) + 1)[1:] - np.array(wanted)
    for giving in np.flatnonzero(surplus > 0) + 1:
        candidates = generator.permutation(np.flatnonzero((codes == giving) & may_move))[
            : surplus[giving - 1]
        ]
        taking = np.repeat(np.arange(1, len(wanted) + 1), np.maximum(-surplus, 0))[: len(candidates)]
        codes[candidates] = taking
        surplus = np.bincount(codes, minlength=len(wanted) + 1)[1:] - np.array(wanted)


def _points(region: IntArray) -> tuple[IntArray, IntArray]:
    """Return stratum and sample point of each row, sorted by region; points of 20 lie inside one stratum."""
    stratum, point = np.empty(len(region), np.int64), np.empty(len(region), np.int64)
    first_point, first_stratum = 0, 1
    for code, most in STRATA.items():
        rows = np.flatnonzero(region == code)
        points = -(-len(rows) // POINT_SIZE)
        strata = max(min(most, points // 2), 1)  # two points or more in each
        own = np.arange(len(rows)) // POINT_SIZE
        point[rows] = first_point + own
        stratum[rows] = first_stratum + (np.arange(points) * strata // max(points, 1))[own]
        first_point, first_stratum = first_point + points, first_stratum + most
    return stratum, point


def _established(
    p: FloatArray,
    asked: NDArray[np.bool_],
    cell: IntArray,
    z: FloatArray,
    generator: np.random.Generator,
    *,
    balanced: bool,
) -> NDArray[np.bool_]:
    """Say who has a record: probability p each, people of one point alike through their common z."""
    e = generator.standard_normal(len(p))
    v = ndtr(np.sqrt(1.0 - POINT_CORRELATION) * e - np.sqrt(POINT_CORRELATION) * z)
    if not balanced:
        drawn: NDArray[np.bool_] = asked & (v < p)
        return drawn
    order = np.lexsort((v, cell))
    order = order[asked[order]]
    ends = np.flatnonzero(np.diff(cell[order], append=-1)) + 1
    starts = np.concatenate([[0], ends[:-1]])
    records = np.floor(np.cumsum(p[order])[ends - 1] + generator.random())
    quota = np.diff(records, prepend=0.0)
    rank = np.arange(len(order)) - np.repeat(starts, ends - starts)
    established = np.zeros(len(p), bool)
    established[order] = rank < np.repeat(quota, ends - starts)
    return established


def _with_blanks(wave: str, record: IntArray, generator: np.random.Generator) -> FloatArray:
    values = record.astype(np.float64)
    if wave == "2014":
        blanks = round(BLANK_2014 * len(record) / ROWS[wave])
        values[generator.permutation(len(record))[:blanks]] = np.nan
    return values


def _income(
    wave: str, columns: dict[str, IntArray], z: FloatArray, generator: np.random.Generator
) -> FloatArray:
    """Monthly household income in yuan, told in round numbers; points that keep more records are a little poorer."""
    n = len(z)
    log_income = (
        WAVE_INCOME[wave]
        + SCHOOLING_INCOME[columns["education"] - 1]
        + REGION_INCOME[columns["region"] - 1]
        + 0.25 * (columns["marital"] == 2)
        - 0.06 * z
        + 0.5 * generator.standard_normal(n)
    )
    step = generator.choice([1000.0, 500.0, 100.0], size=n, p=[0.55, 0.3, 0.15])
    income: FloatArray = np.maximum(np.round(np.exp(log_income) / step) * step, 300.0)
    return income
