"""Simulated panels as frames with titles and labels, ready to be written to a file of any format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.simulate.clds import SimulatedClds
from engine.simulate.clds_margins import EVENTS, clds_levels
from engine.simulate.cmds import ESTABLISHED, HEARD_NO_RECORD, NO_RECORD, NOT_SURE, SKIPPED, SimulatedWave
from engine.simulate.margins import published_levels

if TYPE_CHECKING:
    import polars as pl

TITLE = "SIMULATED panel, no real person: margins of"
CMDS_LABELS = {
    "wave": "年份",
    "point": "样本点编码",
    "stratum": "层",
    "weight": "权重",
    "sex": "性别",
    "age": "年龄组",
    "region": "地区",
    "marital": "婚姻状况",
    "education": "受教育程度",
    "hukou": "户口性质",
    "duration": "流动时间",
    "reason": "本次流动原因",
    "range": "本次流动范围",
    "health_record": "是否建立居民健康档案",
    "income": "家庭月总收入",
    "simulated": "模拟数据",
}
CLDS_LABELS = {"simulated": "模拟数据", "person": "个人编码", "community": "社区编码", "city": "城市编码"}
RECORD_LABELS = {
    NO_RECORD: "没建/没听说过",
    HEARD_NO_RECORD: "没建/但听说过",
    ESTABLISHED: "已经建立",
    NOT_SURE: "不清楚",
    SKIPPED: "不适用",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledPanel:
    """A simulated panel.

    Attributes
    ----------
    frame
        Its records.
    title
        Says that it is simulated, and whose margins it has.
    column_labels
        Column -> label.
    value_labels
        Column -> code -> label.
    """

    frame: pl.DataFrame
    title: str
    column_labels: Mapping[str, str]
    value_labels: Mapping[str, Mapping[int, str]]


def cmds_panel(waves: Sequence[SimulatedWave]) -> LabelledPanel:
    """Return the simulated CMDS panel with its labels."""
    labels = {
        name: {level.code: level.label_zh for level in levels} for name, levels in published_levels().items()
    }
    return LabelledPanel(
        frame=panel_frame(waves),
        title=f"{TITLE} Wang et al. 2021",
        column_labels=CMDS_LABELS,
        value_labels={**labels, "health_record": RECORD_LABELS},
    )


def panel_frame(waves: Sequence[SimulatedWave]) -> pl.DataFrame:
    """Return all waves as one frame; whole numbers as integers, blanks as null."""
    import polars as pl

    frames = [pl.DataFrame(wave.columns, nan_to_null=True) for wave in waves]
    whole = [name for name in frames[0].columns if name not in ("weight", "income")]
    return pl.concat([frame.with_columns(pl.col(whole).cast(pl.Int64)) for frame in frames])


def clds_panel(sample: SimulatedClds) -> LabelledPanel:
    """Return the simulated CLDS sample with its labels."""
    import polars as pl

    labels = {
        name: {level.code: level.label_zh for level in levels} for name, levels in clds_levels().items()
    }
    labels |= {name: {0: "否", 1: "是"} for name in EVENTS}
    return LabelledPanel(
        frame=pl.DataFrame(sample.columns),
        title=f"{TITLE} Li et al. 2022",
        column_labels=CLDS_LABELS,
        value_labels={name: of_codes for name, of_codes in labels.items() if name in sample.columns},
    )
