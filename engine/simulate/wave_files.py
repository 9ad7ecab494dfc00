"""Writes the simulated panel as the survey is handed out: a Stata file for each wave, with its own names and codes.

Format 114 with Chinese labels in GB18030, as the older releases have it; a study file that settles the open names and
the truth stand beside them. Names of the outcome, of income and of the reason in 2014 are made up: nobody has
published them (see `cmds-files`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.simulate.cmds import SKIPPED, SimulatedWave
from engine.simulate.joint import cmds_truth

Array = NDArray[np.float64]
FILES = {"2014": "2014年全国个人A卷.dta", "2016": "2016.dta", "2017": "cmds2017a卷.dta"}
ENCODING = "gb18030"
FILE_LABEL = "SIMULATED, no real person"
PROVINCES = (
    11,
    12,
    13,
    21,
    31,
    32,
    33,
    35,
    37,
    44,
    46,
    14,
    22,
    23,
    34,
    36,
    41,
    42,
    43,
    15,
    45,
    50,
    51,
    52,
    53,
    54,
    61,
    62,
    63,
    64,
    65,
    66,
)
AGES = ((15, 25), (25, 35), (35, 45), (45, 55), (55, 65), (65, 80))
OLDEST_2014 = 60  # the wave sampled ages 15 to 59
YEARS = ((0, 6), (6, 11), (11, 31))
SURVEY_MONTH = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a wave's file: its name by wave, label, values and value labels."""

    names: Mapping[str, str]
    label: str
    values: Array
    labels: Mapping[int, str]


def _same(name: str) -> dict[str, str]:
    return dict.fromkeys(FILES, name)


def _columns(wave: SimulatedWave, generator: np.random.Generator) -> list[Column]:
    own, year = {name: values.astype(np.float64) for name, values in wave.columns.items()}, int(wave.wave)
    n = len(own["sex"])

    def drawn(levels: Sequence[Sequence[int]], codes: Array) -> Array:
        """Draw a raw code of each person's level."""
        found = np.full(n, np.nan)
        for code, raw in enumerate(levels, start=1):
            rows = np.flatnonzero(codes == code)
            found[rows] = generator.choice(raw, size=len(rows))
        return found

    top = [(low, min(high, OLDEST_2014) if year == 2014 else high) for low, high in AGES]
    age = drawn([range(low, max(high, low + 1)) for low, high in top], own["age"])
    months = year * 12 + SURVEY_MONTH - (age * 12 + generator.integers(0, 12, n)) - 1
    arrival = year - drawn([range(*years) for years in YEARS], own["duration"])
    province = np.array(PROVINCES, np.float64)[own["stratum"].astype(np.int64) - 1]
    point = province * 1e10 + own["point"]
    record = np.where(own["health_record"] == SKIPPED, np.nan, own["health_record"])
    place = [Column(names={"2014": "inte_code"}, label="居住地代码", values=point, labels={})]
    if year != 2014:
        place = [
            Column(names=_same("C1"), label="现居住地：省", values=province, labels={}),
            Column(names=_same("C5"), label="居/村委会代码", values=point, labels={}),
        ]
    reasons = (
        {1: "务工", 2: "经商", 3: "家属随迁", 4: "婚姻嫁娶", 5: "其他"}
        if year == 2014
        else {1: "务工/工作", 2: "经商", 3: "家属随迁", 4: "婚姻嫁娶", 7: "投亲靠友", 12: "其他"}
    )
    others = [code for code in reasons if code > 2]
    schooling = {
        1: "未上过学",
        2: "小学",
        3: "初中",
        4: "高中/中专",
        5: "大学专科",
        6: "大学本科",
        7: "研究生",
    }
    marital = {1: "未婚", 2: "初婚", 3: "再婚", 4: "离婚", 5: "丧偶", 6: "同居"}
    return [
        *place,
        Column(
            names=_names("gender_1", "Q101B1", "q101b1"),
            label="性别",
            values=own["sex"],
            labels={1: "男", 2: "女"},
        ),
        Column(
            names=_names("birt_y_1", "Q101C1Y", "q101c1y"),
            label="出生年",
            values=np.floor(months / 12),
            labels={},
        ),
        Column(
            names=_names("birt_m_1", "Q101C1M", "q101c1m"), label="出生月", values=months % 12 + 1, labels={}
        ),
        Column(
            names=_names("edu_stat_1", "Q101E1", "q101e1"),
            label="受教育程度",
            values=drawn([(1, 2, 3), (4,), (5, 6), (7,)], own["education"]),
            labels=schooling,
        ),
        Column(
            names=_names("acc_nat_1", "Q101F1", "q101f1"),
            label="户口性质",
            values=drawn([(1,), (2,)], own["hukou"]),
            labels={1: "农业", 2: "非农业"},
        ),
        Column(
            names=_names("mar_status_1", "Q101H1", "q101h1"),
            label="婚姻状况",
            values=drawn([(1, 4, 5), (2, 3, 6)], own["marital"]),
            labels=marital,
        ),
        Column(
            names=_names("flo_rage_1", "Q101L1", "q101l1"),
            label="本次流动范围",
            values=drawn([(2, 3), (1,)], own["range"]),
            labels={1: "跨省", 2: "省内跨市", 3: "市内跨县"},
        ),
        Column(
            names=_names("floyear_1", "Q101M1Y", "q101m1y"), label="本次流动年份", values=arrival, labels={}
        ),
        Column(
            names=_names("flo_reas_1", "Q101N1", "q101n1"),
            label="本次流动原因",
            values=drawn([others, (1, 2)], own["reason"]),
            labels=reasons,
        ),
        Column(
            names=_names("health_file", "Q402", "Q403"),
            label="您在本地是否建立了居民健康档案",
            values=record,
            labels={1: "没建/没听说过", 2: "没建/但听说过", 3: "已经建立", 4: "不清楚"},
        ),
        Column(
            names=_names("famincom_m", "Q105", "Q104"),
            label="家庭月总收入（元）",
            values=own["income"],
            labels={},
        ),
        Column(names=_same("w_l"), label="权重", values=own["weight"], labels={}),
    ]


def _names(*names: str) -> dict[str, str]:
    return dict(zip(FILES, names, strict=True))


def write_wave_files(
    waves: Sequence[SimulatedWave], folder: Path, seed: int, encoding: str = ENCODING
) -> list[Path]:
    """Write a file for each wave, `study.toml` and `truth.json` into an empty folder; returns what was written."""
    import pandas as pd
    from pandas.io.stata import StataWriter

    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for wave in waves:
        generator = np.random.Generator(np.random.Philox(key=[seed, int(wave.wave) + 10_000]))
        columns = _columns(wave, generator)
        # The writer knows Latin-1 only: each byte of the text is handed over as one character.
        names = {id(column): column.names[wave.wave] for column in columns}
        frame = pd.DataFrame({names[id(column)]: _smallest(column.values) for column in columns})
        StataWriter(
            str(folder / FILES[wave.wave]),
            frame,
            write_index=False,
            data_label=FILE_LABEL,
            variable_labels={names[id(column)]: _as_bytes(column.label, encoding) for column in columns},
            value_labels={
                names[id(column)]: {code: _as_bytes(text, encoding) for code, text in column.labels.items()}
                for column in columns
                if column.labels
            },
        ).write_file()
        written.append(folder / FILES[wave.wave])
    (folder / "study.toml").write_text(_study(waves), encoding="utf-8")
    write_truth(folder / "truth.json")
    return [*written, folder / "study.toml", folder / "truth.json"]


def _as_bytes(text: str, encoding: str) -> str:
    return text.encode(encoding).decode("latin-1")


def _smallest(values: Array) -> NDArray[np.generic]:
    """Return whole numbers without blanks as integers, as Stata stores them."""
    whole = bool(
        np.isfinite(values).all() and (values == np.floor(values)).all() and np.abs(values).max() < 2**31
    )
    return values.astype(np.int32) if whole else values


def _study(waves: Sequence[SimulatedWave]) -> str:
    rows = ", ".join(f"{wave.wave} = {len(wave.columns['sex'])}" for wave in waves)
    files = ", ".join(f'{wave} = "{name}"' for wave, name in FILES.items())
    return f"""# SIMULATED wave files: names that the survey's public documents leave open, settled.
extends = "cmds-files"

[study]
name = "cmds"
note = "SIMULATED, nobody in these records is real"

[source]
path = {{ {files} }}
rows = {{ {rows} }}

[variables]
record.from = {{ 2014 = "health_file", 2016 = "Q402", 2017 = "Q403" }}
income.from = {{ 2014 = "famincom_m", 2016 = "Q105", 2017 = "Q104" }}
reason.from = {{ 2014 = "flo_reas_1", 2016 = "Q101N1", 2017 = "q101n1" }}
"""


def write_truth(path: Path) -> None:
    """Write what is true of the simulated people: coefficients of each wave, and of Model 1 without the wave."""
    truth = cmds_truth()
    terms = [{"term": term, "level": level or None} for term, level in truth.names]
    found = {
        "note": "log odds; the first level of each published variable is the reference",
        "model_1": [
            {**term, "coefficient": round(float(b), 8)} for term, b in zip(terms, truth.model_1, strict=True)
        ],
        "waves": {
            wave: [{**term, "coefficient": float(b)} for term, b in zip(terms, own.beta, strict=True)]
            for wave, own in truth.waves.items()
        },
    }
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
