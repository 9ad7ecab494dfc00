"""A simulated panel of the China Migrants Dynamic Survey 2014, 2016 and 2017.

Margins of every wave are exactly those published; the joint structure is a Gaussian copula of assumed
correlations; the outcome follows a logit whose effects are calibrated, wave by wave, until the expected rate
of every level is the published one. People live 20 to a sample point (PSU) in 32 strata; points differ.
Nobody in it is real.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.simulate.margins import ROWS, ROWS_IN_ALL, WAVES, Level, published_levels, scaled_counts

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

SEED = 539_926
POINT_SIZE = 20
STRATA = {1: 11, 2: 8, 3: 13}  # region -> strata
POINT_SD = 0.45  # of the points' effect on the log-odds of the outcome
SWEEPS = 12

NO_RECORD, HEARD_NO_RECORD, ESTABLISHED, NOT_SURE, SKIPPED = 1, 2, 3, 4, -8
SHARE_NOT_SURE, SHARE_HEARD = 0.2, 0.35  # of those without a record; assumed

# The 2017 question was not put to recent arrivals, by age group (all of 0-5 years' stay); see the audit, A6.
SKIPPED_2017 = (4_559, 5_647, 2_802, 1_935, 385, 68)
BLANK_2014 = 37  # a few dozen outcomes of 2014 are missing (A9)

# Loadings on (age, schooling) behind the copula: young people are unmarried, better schooled, newly arrived.
LOADINGS = {
    "sex": (0.0, 0.0),
    "age": (1.0, 0.0),
    "marital": (0.62, -0.1),
    "education": (-0.35, 0.8),
    "hukou": (0.0, 0.5),
    "duration": (0.4, 0.1),
    "reason": (-0.1, -0.1),
    "range": (0.0, -0.15),
}
SCHOOLING_INCOME = np.array([0.0, 0.18, 0.42, 0.75])
REGION_INCOME = np.array([0.2, -0.05, 0.0])
WAVE_INCOME = {"2014": 8.55, "2016": 8.72, "2017": 8.80}


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedWave:
    """One wave: column name -> (n,) values; float columns hold NaN where blank."""

    wave: str
    columns: dict[str, NDArray[np.float64] | NDArray[np.int64]]


def simulate_cmds(rows: int = ROWS_IN_ALL, seed: int = SEED) -> list[SimulatedWave]:
    """Simulate all three waves.

    Parameters
    ----------
    rows
        In all; with fewer or more than 539,926 the margins keep their proportions.
    seed
        Of the simulation.
    """
    levels = published_levels()
    sizes = scaled_counts([ROWS[wave] for wave in WAVES], rows)
    return [_simulate_wave(wave, n, levels, seed) for wave, n in zip(WAVES, sizes, strict=True)]


def _simulate_wave(wave: str, n: int, levels: dict[str, list[Level]], seed: int) -> SimulatedWave:
    generator = np.random.Generator(np.random.Philox(key=[seed, int(wave)]))
    region, stratum, point = _points(wave, n, levels["region"])
    columns: dict[str, IntArray] = {"region": region}
    age, schooling = generator.standard_normal((2, n))
    for name, (on_age, on_schooling) in LOADINGS.items():
        noise = np.sqrt(max(1.0 - on_age**2 - on_schooling**2, 0.0))
        latent = on_age * age + on_schooling * schooling + noise * generator.standard_normal(n)
        if name == "range":
            latent += np.where(region == 1, 0.6, 0.0)  # the East draws people from other provinces
        columns[name] = _exact_margin(latent, wave, n, levels[name])
    effect = POINT_SD * generator.standard_normal(int(point.max()) + 1)[point]
    asked = _asked(wave, columns, generator)
    p = _calibrated(wave, columns, levels, effect, asked)
    record = _record(np.where(asked, p, 0.0), columns, generator)
    income = _income(wave, columns, effect, generator)
    values: dict[str, NDArray[np.float64] | NDArray[np.int64]] = {
        "wave": np.full(n, int(wave)),
        "point": int(wave) * 100_000 + point,
        "stratum": stratum,
        "weight": np.exp(0.35 * generator.standard_normal(n) + 0.15 * np.sin(stratum)),
        **{name: columns[name] for name in levels},
        "health_record": _with_blanks(wave, np.where(asked, record, SKIPPED), generator),
        "income": income,
        "simulated": np.ones(n, np.int64),
    }
    if wave == "2016":  # 163 people of 2016 have no range of migration
        values["range"] = np.where(columns["range"] > len(levels["range"]), np.nan, columns["range"])
    return SimulatedWave(wave=wave, columns=values)


def _points(wave: str, n: int, regions: list[Level]) -> tuple[IntArray, IntArray, IntArray]:
    """Return region, stratum and sample point of each row; points of 20 lie inside one stratum."""
    counts = scaled_counts([level.n[wave] for level in regions], n)
    region = np.repeat([level.code for level in regions], counts)
    stratum, point = np.empty(n, np.int64), np.empty(n, np.int64)
    start, first_point, first_stratum = 0, 0, 1
    for level, count in zip(regions, counts, strict=True):
        points = -(-count // POINT_SIZE)
        strata = max(min(STRATA[level.code], points // 2), 1)  # two points or more in each
        of_point = np.arange(points) * strata // points
        point[start : start + count] = first_point + np.arange(count) // POINT_SIZE
        stratum[start : start + count] = first_stratum + of_point[np.arange(count) // POINT_SIZE]
        start, first_point, first_stratum = (
            start + count,
            first_point + points,
            first_stratum + STRATA[level.code],
        )
    return region, stratum, point


def _exact_margin(latent: FloatArray, wave: str, n: int, levels: list[Level]) -> IntArray:
    """Cut the latent variable at its own ranks, so that every level has exactly its count.

    Rows beyond the published total (people without a value) get the number after the last level.
    """
    counts = [level.n[wave] for level in levels]
    unknown = ROWS[wave] - sum(counts)
    counts = scaled_counts([*counts, unknown], n)
    codes = np.empty(n, np.int64)
    codes[np.argsort(latent, kind="stable")] = np.repeat(np.arange(1, len(counts) + 1), counts)
    return codes


def _asked(wave: str, columns: dict[str, IntArray], generator: np.random.Generator) -> NDArray[np.bool_]:
    asked = np.ones(len(columns["age"]), bool)
    if wave != "2017":
        return asked
    for code, published in enumerate(SKIPPED_2017, start=1):
        candidates = np.flatnonzero((columns["age"] == code) & (columns["duration"] == 1))
        skipped = round(published * len(asked) / ROWS[wave])
        asked[generator.permutation(candidates)[:skipped]] = False
    return asked


def _calibrated(
    wave: str,
    columns: dict[str, IntArray],
    levels: dict[str, list[Level]],
    effect: FloatArray,
    asked: NDArray[np.bool_],
) -> FloatArray:
    """Return each person's probability: level effects are moved until every level's mean is its rate."""
    logit = effect - 0.9
    for _ in range(SWEEPS):
        for name, own in levels.items():
            codes = columns[name]
            p = 1.0 / (1.0 + np.exp(-logit))
            counts = np.bincount(codes[asked], minlength=len(own) + 2)
            means = np.bincount(codes[asked], weights=p[asked], minlength=len(own) + 2) / np.maximum(counts, 1)
            step = np.zeros(len(counts))
            for level in own:
                rate = level.rate[wave]
                if rate is not None and counts[level.code]:
                    wanted = rate / 100.0
                    step[level.code] = np.log(wanted / (1 - wanted)) - np.log(
                        means[level.code] / (1 - means[level.code])
                    )
            logit = logit + step[codes]
    return 1.0 / (1.0 + np.exp(-logit))


def _record(p: FloatArray, columns: dict[str, IntArray], generator: np.random.Generator) -> IntArray:
    """Draw the answers systematically through people sorted by education and age.

    Every person has probability p, but small levels (653 people above college) come out at their rate
    instead of two points beside it.
    """
    u, v = generator.random((2, len(p)))
    order = np.lexsort((u, columns["age"], columns["education"]))
    steps = np.floor(np.cumsum(p[order]) + generator.random())
    established = np.empty(len(p), bool)
    established[order] = np.diff(steps, prepend=0.0) > 0
    without = np.select([v < SHARE_NOT_SURE, v < SHARE_NOT_SURE + SHARE_HEARD], [NOT_SURE, HEARD_NO_RECORD], NO_RECORD)
    return np.where(established, ESTABLISHED, without)


def _with_blanks(wave: str, record: IntArray, generator: np.random.Generator) -> FloatArray:
    values = record.astype(np.float64)
    if wave == "2014":
        blanks = round(BLANK_2014 * len(record) / ROWS[wave])
        values[generator.permutation(len(record))[:blanks]] = np.nan
    return values


def _income(wave: str, columns: dict[str, IntArray], effect: FloatArray, generator: np.random.Generator) -> FloatArray:
    """Monthly household income in yuan, told in round numbers: thousands, five hundreds, hundreds."""
    n = len(effect)
    log_income = (
        WAVE_INCOME[wave]
        + SCHOOLING_INCOME[columns["education"] - 1]
        + REGION_INCOME[columns["region"] - 1]
        + 0.25 * (columns["marital"] == 2)
        - 0.08 * effect
        + 0.5 * generator.standard_normal(n)
    )
    step = generator.choice([1000.0, 500.0, 100.0], size=n, p=[0.55, 0.3, 0.15])
    income: FloatArray = np.maximum(np.round(np.exp(log_income) / step) * step, 300.0)
    return income
