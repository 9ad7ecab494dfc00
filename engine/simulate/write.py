"""Writes a simulated panel as .parquet, .csv, .dta (Chinese labels) or .sav, and says so inside the file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import UsageError
from engine.simulate.cmds import ESTABLISHED, HEARD_NO_RECORD, NO_RECORD, NOT_SURE, SKIPPED, SimulatedWave
from engine.simulate.margins import published_levels

if TYPE_CHECKING:
    import polars as pl

FORMATS = (".parquet", ".csv", ".dta", ".sav")
TITLE = "SIMULATED panel, no real person: margins of Wang et al. 2021"
COLUMN_LABELS = {
    "wave": "年份", "point": "样本点编码", "stratum": "层", "weight": "权重", "sex": "性别", "age": "年龄组",
    "region": "地区", "marital": "婚姻状况", "education": "受教育程度", "hukou": "户口性质", "duration": "流动时间",
    "reason": "本次流动原因", "range": "本次流动范围", "health_record": "是否建立居民健康档案",
    "income": "家庭月总收入", "simulated": "模拟数据",
}  # fmt: skip
RECORD_LABELS = {
    NO_RECORD: "没建/没听说过",
    HEARD_NO_RECORD: "没建/但听说过",
    ESTABLISHED: "已经建立",
    NOT_SURE: "不清楚",
    SKIPPED: "不适用",
}


def panel_frame(waves: Sequence[SimulatedWave]) -> pl.DataFrame:
    """Return all waves as one frame; whole numbers as integers, blanks as null."""
    import polars as pl

    frames = [pl.DataFrame(wave.columns, nan_to_null=True) for wave in waves]
    whole = [name for name in frames[0].columns if name not in ("weight", "income")]
    return pl.concat([frame.with_columns(pl.col(whole).cast(pl.Int64)) for frame in frames])


def write_panel(waves: Sequence[SimulatedWave], path: Path) -> None:
    """Write the panel beside its final place and move it there whole.

    Raises
    ------
    UsageError
        If the name has no known ending, or the folder cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise UsageError(f"--out {path.name}: found the ending '{suffix}'; expected one of {', '.join(FORMATS)}.")
    temporary = path.with_name(f".{path.stem}.writing-{os.getpid()}{suffix}")
    try:
        _write(panel_frame(waves), temporary, suffix)
        os.replace(temporary, path)  # noqa: PTH105 - atomic
    except OSError as error:
        raise UsageError(
            f"--out {path}: cannot be written ({type(error).__name__}); expected a folder you may write to."
        ) from None
    finally:
        temporary.unlink(missing_ok=True)


def _write(frame: pl.DataFrame, path: Path, suffix: str) -> None:
    if suffix == ".parquet":
        frame.write_parquet(path, compression="zstd", metadata={"simulated": "true", "title": TITLE})
        return
    if suffix == ".csv":
        frame.write_csv(path)
        return
    import pyreadstat

    labels = {name: {level.code: level.label_zh for level in levels} for name, levels in published_levels().items()}
    writer = pyreadstat.write_dta if suffix == ".dta" else pyreadstat.write_sav
    writer(
        frame, path, file_label="SIMULATED, no real person", column_labels=COLUMN_LABELS,
        variable_value_labels={**labels, "health_record": RECORD_LABELS},
    )  # fmt: skip
