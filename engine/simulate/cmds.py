"""A simulated panel of the China Migrants Dynamic Survey 2014, 2016 and 2017.

The margins of every wave are exactly the published ones; rates and odds ratios are those of
`engine.simulate.joint`. People live 20 to a sample point (PSU) in 32 strata; those of one point have similar
outcomes. Nobody in the panel is real.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from engine.simulate.columns import BoolArray, Columns, FloatArray, IntArray
from engine.simulate.joint import Truth, cmds_truth
from engine.simulate.margins import ROWS, ROWS_IN_ALL, WAVES, Level, published_levels, scaled_counts

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
    columns: Columns


@dataclass(frozen=True, slots=True, kw_only=True)
class _People:
    """The people of a wave before their outcomes, sorted by region.

    Attributes
    ----------
    codes
        Variable -> (n,) code of each person's level.
    asked
        (n,) whether the person was asked about the record.
    p
        (n,) the person's probability of a record, if asked.
    cell
        (n,) the person's covariate cell in `Truth`.
    stratum, point
        (n,) where the person lives.
    """

    codes: dict[str, IntArray]
    asked: BoolArray
    p: FloatArray
    cell: IntArray
    stratum: IntArray
    point: IntArray


def simulate_cmds(rows: int = ROWS_IN_ALL, seed: int = SEED, *, balanced: bool = True) -> list[SimulatedWave]:
    """Simulate all three waves.

    Parameters
    ----------
    rows
        In all; with fewer or more than 539,926 the margins keep their proportions.
    seed
        Of the simulation.
    balanced
        Whether the records of every covariate cell are their expected number, as far as whole people allow:
        tables of the panel are then the published ones, and not a draw around them. Otherwise each person is
        drawn alone.
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
    people = _people(wave, n, levels, truth, generator)
    z = generator.standard_normal(int(people.point.max()) + 1)[people.point]
    record = _record(people, z, generator, balanced=balanced)
    income = _income(wave, people.codes, z, generator)
    columns: Columns = {
        "wave": np.full(n, int(wave)),
        "point": int(wave) * 100_000 + people.point,
        "stratum": people.stratum,
        "weight": np.exp(0.35 * generator.standard_normal(n) + 0.15 * np.sin(people.stratum)),
        **people.codes,
        "health_record": _with_blanks(wave, record, generator),
        "income": income,
        "simulated": np.ones(n, np.int64),
    }
    if wave == "2016":  # 163 people of 2016 have no range of migration
        migration = people.codes["range"]
        columns["range"] = np.where(migration > len(levels["range"]), np.nan, migration)
    return SimulatedWave(wave=wave, columns=columns)


def _people(
    wave: str, n: int, levels: dict[str, list[Level]], truth: Truth, generator: np.random.Generator
) -> _People:
    """Draw people and where they live; every margin is exact."""
    cell, asked = _cells(wave, n, truth, generator)
    codes = {name: truth.cells[cell, k].copy() for k, name in enumerate(levels)}
    for name, levels_of in levels.items():
        # The duration of those who were not asked is the reason why, and stays.
        may_move = asked | (name != "duration")
        _repair_margin(codes[name], may_move, _wanted(levels_of, wave, n), generator)
    order = generator.permutation(n)
    order = order[np.argsort(codes["region"][order], kind="stable")]
    codes, cell = {name: values[order] for name, values in codes.items()}, cell[order]
    stratum, point = _points(codes["region"])
    p = 1.0 / (1.0 + np.exp(-(truth.waves[wave].beta @ truth.dummies)))[cell]
    return _People(codes=codes, asked=asked[order], p=p, cell=cell, stratum=stratum, point=point)


def _cells(wave: str, n: int, truth: Truth, generator: np.random.Generator) -> tuple[IntArray, BoolArray]:
    """Return each person's cell (n,), and who is asked: systematic draws from the expected numbers."""
    expected = truth.waves[wave]
    n_skipped = round(expected.skipped.sum() * n / ROWS[wave])
    cells = []
    for mass, people in ((expected.asked, n - n_skipped), (expected.skipped, n_skipped)):
        ends = np.floor(np.cumsum(mass) * (people / max(mass.sum(), 1.0)) + generator.random())
        ends[-1] = people
        counts = np.diff(np.minimum(ends, people), prepend=0.0).astype(np.int64)
        cells.append(np.repeat(np.arange(len(mass)), counts))
    return np.concatenate(cells), np.arange(n) < n - n_skipped


def _wanted(levels: list[Level], wave: str, n: int) -> list[int]:
    """Return how many people each level must have, and last those without a value."""
    counts = [level.n[wave] for level in levels]
    return scaled_counts([*counts, ROWS[wave] - sum(counts)], n)


def _repair_margin(
    codes: IntArray, may_move: BoolArray, wanted: list[int], generator: np.random.Generator
) -> None:
    """Move people chosen at random from levels with too many to those with too few.

    They are a few dozen in half a million.
    """
    surplus = np.bincount(codes, minlength=len(wanted) + 1)[1:] - np.array(wanted)
    for giving in np.flatnonzero(surplus > 0) + 1:
        candidates = generator.permutation(np.flatnonzero((codes == giving) & may_move))
        moved = candidates[: surplus[giving - 1]]
        taking = np.repeat(np.arange(1, len(wanted) + 1), np.maximum(-surplus, 0))
        codes[moved] = taking[: len(moved)]
        surplus = np.bincount(codes, minlength=len(wanted) + 1)[1:] - np.array(wanted)


def _points(region: IntArray) -> tuple[IntArray, IntArray]:
    """Return stratum and sample point of each row, sorted by region; points of 20 lie inside one stratum."""
    stratum, point = np.empty(len(region), np.int64), np.empty(len(region), np.int64)
    first_point, first_stratum = 0, 1
    for code, most in STRATA.items():
        rows = np.flatnonzero(region == code)
        points = -(-len(rows) // POINT_SIZE)
        strata = max(min(most, points // 2), 1)  # two points or more in each
        in_region = np.arange(len(rows)) // POINT_SIZE
        point[rows] = first_point + in_region
        stratum[rows] = first_stratum + (np.arange(points) * strata // max(points, 1))[in_region]
        first_point, first_stratum = first_point + points, first_stratum + most
    return stratum, point


def _record(people: _People, z: FloatArray, generator: np.random.Generator, *, balanced: bool) -> IntArray:
    """Return each person's answer about the record (n,); people of one point share their z (n,)."""
    e = generator.standard_normal(len(z))
    v = ndtr(np.sqrt(1.0 - POINT_CORRELATION) * e - np.sqrt(POINT_CORRELATION) * z)
    established = _balanced(people, v, generator) if balanced else people.asked & (v < people.p)
    u = generator.random(len(z))
    shares = [u < SHARE_NOT_SURE, u < SHARE_NOT_SURE + SHARE_HEARD]
    without = np.select(shares, [NOT_SURE, HEARD_NO_RECORD], NO_RECORD)
    return np.where(people.asked, np.where(established, ESTABLISHED, without), SKIPPED)


def _balanced(people: _People, v: FloatArray, generator: np.random.Generator) -> BoolArray:
    """Return who has a record: in each cell those of lowest v (n,), as many as the cell expects."""
    order = np.lexsort((v, people.cell))
    order = order[people.asked[order]]
    ends = np.flatnonzero(np.diff(people.cell[order], append=-1)) + 1
    starts = np.concatenate([[0], ends[:-1]])
    records = np.floor(np.cumsum(people.p[order])[ends - 1] + generator.random())
    quota = np.diff(records, prepend=0.0)
    rank = np.arange(len(order)) - np.repeat(starts, ends - starts)
    established = np.zeros(len(v), bool)
    established[order] = rank < np.repeat(quota, ends - starts)
    return established


def _with_blanks(wave: str, record: IntArray, generator: np.random.Generator) -> FloatArray:
    """Return the answers as numbers, a few of 2014 blank."""
    values = record.astype(np.float64)
    if wave == "2014":
        blanks = round(BLANK_2014 * len(record) / ROWS[wave])
        values[generator.permutation(len(record))[:blanks]] = np.nan
    return values


def _income(
    wave: str, codes: dict[str, IntArray], z: FloatArray, generator: np.random.Generator
) -> FloatArray:
    """Return monthly income in yuan (n,), in round numbers; points that keep more records are poorer."""
    n = len(z)
    log_income = (
        WAVE_INCOME[wave]
        + SCHOOLING_INCOME[codes["education"] - 1]
        + REGION_INCOME[codes["region"] - 1]
        + 0.25 * (codes["marital"] == 2)
        - 0.06 * z
        + 0.5 * generator.standard_normal(n)
    )
    step = generator.choice([1000.0, 500.0, 100.0], size=n, p=[0.55, 0.3, 0.15])
    income: FloatArray = np.maximum(np.round(np.exp(log_income) / step) * step, 300.0)
    return income
