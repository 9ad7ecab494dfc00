"""The columns of the simulated CMDS waves as the survey names and codes them.

Names of the outcome, of income and of the reason in 2014 are made up: nobody has published them (see the
study `cmds-files`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.simulate.cmds import SKIPPED, SimulatedWave
from engine.simulate.columns import FloatArray
from engine.simulate.margins import WAVES

EAST = (11, 12, 13, 21, 31, 32, 33, 35, 37, 44, 46)
MIDDLE = (14, 22, 23, 34, 36, 41, 42, 43)
WEST = (15, 45, 50, 51, 52, 53, 54, 61, 62, 63, 64, 65, 66)
PROVINCES = (*EAST, *MIDDLE, *WEST)  # in the order of the strata
AGES = ((15, 25), (25, 35), (35, 45), (45, 55), (55, 65), (65, 80))
OLDEST_2014 = 60  # the wave sampled ages 15 to 59
YEARS = ((0, 6), (6, 11), (11, 31))  # since arrival
SURVEY_MONTH = 5

SEX = {1: "男", 2: "女"}
SCHOOLING = {
    1: "未上过学",
    2: "小学",
    3: "初中",
    4: "高中/中专",
    5: "大学专科",
    6: "大学本科",
    7: "研究生",
}
HUKOU = {1: "农业", 2: "非农业"}
MARITAL = {1: "未婚", 2: "初婚", 3: "再婚", 4: "离婚", 5: "丧偶", 6: "同居"}
RANGE = {1: "跨省", 2: "省内跨市", 3: "市内跨县"}
REASON_2014 = {1: "务工", 2: "经商", 3: "家属随迁", 4: "婚姻嫁娶", 5: "其他"}
REASON = {1: "务工/工作", 2: "经商", 3: "家属随迁", 4: "婚姻嫁娶", 7: "投亲靠友", 12: "其他"}
RECORD = {1: "没建/没听说过", 2: "没建/但听说过", 3: "已经建立", 4: "不清楚"}


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveColumn:
    """One column of a wave's file.

    Attributes
    ----------
    names
        Wave -> name.
    label
        The column's label.
    values
        (n,) codes or numbers, NaN where blank.
    labels
        Code -> label.
    """

    names: Mapping[str, str]
    label: str
    values: FloatArray
    labels: Mapping[int, str] = field(default_factory=dict)


def wave_columns(wave: SimulatedWave, generator: np.random.Generator) -> list[WaveColumn]:
    """Return the columns of a wave's file; a level of several raw codes or years gets a random one."""
    people = {name: values.astype(np.float64) for name, values in wave.columns.items()}
    drawn = _Drawn(people, generator)
    # The order of these draws is part of the file: each takes its random numbers from one stream.
    age = drawn.codes("age", _ages(wave.wave))
    months = int(wave.wave) * 12 + SURVEY_MONTH - (age * 12 + generator.integers(0, 12, len(age))) - 1
    arrival = int(wave.wave) - drawn.codes("duration", [range(*years) for years in YEARS])
    return [
        *_place(wave.wave, people),
        *_person(people, months, drawn),
        *_migration(wave.wave, arrival, drawn),
        *_answers(people),
    ]


class _Drawn:
    """Draws a raw code of each person's level, by variable."""

    def __init__(self, people: Mapping[str, FloatArray], generator: np.random.Generator) -> None:
        self._people = people
        self._generator = generator

    def codes(self, name: str, levels: Sequence[Sequence[int]]) -> FloatArray:
        """Return (n,) raw codes; `levels` are the raw codes of each level."""
        of_people = self._people[name]
        drawn = np.full(len(of_people), np.nan)
        for code, raw in enumerate(levels, start=1):
            rows = np.flatnonzero(of_people == code)
            drawn[rows] = self._generator.choice(raw, size=len(rows))
        return drawn


def _ages(wave: str) -> list[range]:
    """Return the ages of each group; a group beyond the oldest age of the wave has one."""
    oldest = {"2014": OLDEST_2014}.get(wave)
    tops = [(low, high if oldest is None else min(high, oldest)) for low, high in AGES]
    return [range(low, max(high, low + 1)) for low, high in tops]


def _place(wave: str, people: Mapping[str, FloatArray]) -> Iterator[WaveColumn]:
    province = np.array(PROVINCES, np.float64)[people["stratum"].astype(np.int64) - 1]
    point = province * 1e10 + people["point"]
    if wave == "2014":
        yield WaveColumn(names={"2014": "inte_code"}, label="居住地代码", values=point)
    else:
        yield WaveColumn(names=_same("C1"), label="现居住地：省", values=province)
        yield WaveColumn(names=_same("C5"), label="居/村委会代码", values=point)


def _person(people: Mapping[str, FloatArray], months: FloatArray, drawn: _Drawn) -> Iterator[WaveColumn]:
    """Yield sex, birth, schooling, household registration and marital status."""
    yield WaveColumn(
        names=_names("gender_1", "Q101B1", "q101b1"), label="性别", values=people["sex"], labels=SEX
    )
    yield WaveColumn(
        names=_names("birt_y_1", "Q101C1Y", "q101c1y"), label="出生年", values=np.floor(months / 12)
    )
    yield WaveColumn(names=_names("birt_m_1", "Q101C1M", "q101c1m"), label="出生月", values=months % 12 + 1)
    yield WaveColumn(
        names=_names("edu_stat_1", "Q101E1", "q101e1"),
        label="受教育程度",
        values=drawn.codes("education", [(1, 2, 3), (4,), (5, 6), (7,)]),
        labels=SCHOOLING,
    )
    yield WaveColumn(
        names=_names("acc_nat_1", "Q101F1", "q101f1"),
        label="户口性质",
        values=drawn.codes("hukou", [(1,), (2,)]),
        labels=HUKOU,
    )
    yield WaveColumn(
        names=_names("mar_status_1", "Q101H1", "q101h1"),
        label="婚姻状况",
        values=drawn.codes("marital", [(1, 4, 5), (2, 3, 6)]),
        labels=MARITAL,
    )


def _migration(wave: str, arrival: FloatArray, drawn: _Drawn) -> Iterator[WaveColumn]:
    """Yield range, year and reason of the migration."""
    yield WaveColumn(
        names=_names("flo_rage_1", "Q101L1", "q101l1"),
        label="本次流动范围",
        values=drawn.codes("range", [(2, 3), (1,)]),
        labels=RANGE,
    )
    yield WaveColumn(names=_names("floyear_1", "Q101M1Y", "q101m1y"), label="本次流动年份", values=arrival)
    reasons = REASON_2014 if wave == "2014" else REASON
    others = [code for code in reasons if code > 2]
    yield WaveColumn(
        names=_names("flo_reas_1", "Q101N1", "q101n1"),
        label="本次流动原因",
        values=drawn.codes("reason", [others, (1, 2)]),
        labels=reasons,
    )


def _answers(people: Mapping[str, FloatArray]) -> Iterator[WaveColumn]:
    """Yield the outcome, income and weight."""
    yield WaveColumn(
        names=_names("health_file", "Q402", "Q403"),
        label="您在本地是否建立了居民健康档案",
        values=np.where(people["health_record"] == SKIPPED, np.nan, people["health_record"]),
        labels=RECORD,
    )
    yield WaveColumn(
        names=_names("famincom_m", "Q105", "Q104"), label="家庭月总收入（元）", values=people["income"]
    )
    yield WaveColumn(names=_same("w_l"), label="权重", values=people["weight"])


def _names(*names: str) -> dict[str, str]:
    return dict(zip(WAVES, names, strict=True))


def _same(name: str) -> dict[str, str]:
    return dict.fromkeys(WAVES, name)
