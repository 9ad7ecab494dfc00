"""Writes the simulated CMDS panel as the survey is distributed: a Stata file for each wave.

Format 114 with Chinese labels in GB18030, as older releases have it. Beside the files are a study that
settles the names the public documents leave open, and the truth.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.simulate.cmds import SimulatedWave
from engine.simulate.columns import FloatArray
from engine.simulate.joint import cmds_truth
from engine.simulate.wave_columns import WaveColumn, wave_columns

FILES = {"2014": "2014年全国个人A卷.dta", "2016": "2016.dta", "2017": "cmds2017a卷.dta"}
ENCODING = "gb18030"
FILE_LABEL = "SIMULATED, no real person"
STREAM = 10_000  # added to the wave: random numbers other than those of the simulation


def write_wave_files(
    waves: Sequence[SimulatedWave], folder: Path, seed: int, encoding: str = ENCODING
) -> list[Path]:
    """Write a file for each wave, `study.toml` and `truth.json` into an empty folder; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for wave in waves:
        generator = np.random.Generator(np.random.Philox(key=[seed, int(wave.wave) + STREAM]))
        path = folder / FILES[wave.wave]
        _write_wave(wave.wave, wave_columns(wave, generator), path, encoding)
        written.append(path)
    study, truth = folder / "study.toml", folder / "truth.json"
    study.write_text(_study(waves), encoding="utf-8")
    write_truth(truth)
    return [*written, study, truth]


def _write_wave(wave: str, columns: Sequence[WaveColumn], path: Path, encoding: str) -> None:
    import pandas as pd
    from pandas.io.stata import StataWriter

    named = {column.names[wave]: column for column in columns}
    StataWriter(
        str(path),
        pd.DataFrame({name: _smallest(column.values) for name, column in named.items()}),
        write_index=False,
        data_label=FILE_LABEL,
        variable_labels={name: _as_latin(column.label, encoding) for name, column in named.items()},
        value_labels={
            name: {code: _as_latin(text, encoding) for code, text in column.labels.items()}
            for name, column in named.items()
            if column.labels
        },
    ).write_file()


def _as_latin(text: str, encoding: str) -> str:
    """Return each byte of a text as one character: the writer knows Latin-1 only."""
    return text.encode(encoding).decode("latin-1")


def _smallest(values: FloatArray) -> NDArray[np.generic]:
    """Return whole numbers without blanks as integers, as Stata stores them."""
    is_whole = bool(
        np.isfinite(values).all() and (values == np.floor(values)).all() and np.abs(values).max() < 2**31
    )
    return values.astype(np.int32) if is_whole else values


def _study(waves: Sequence[SimulatedWave]) -> str:
    """Return the text of the study that reads the files."""
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
    """Write the true coefficients of the simulated people: of each wave, and of Model 1 without the wave."""
    truth = cmds_truth()
    terms = [{"term": term, "level": level or None} for term, level in truth.names]
    coefficients = {
        "note": "log odds; the first level of each published variable is the reference",
        "model_1": [
            {**term, "coefficient": round(float(b), 8)} for term, b in zip(terms, truth.model_1, strict=True)
        ],
        "waves": {
            wave: [{**term, "coefficient": float(b)} for term, b in zip(terms, of_wave.beta, strict=True)]
            for wave, of_wave in truth.waves.items()
        },
    }
    path.write_text(json.dumps(coefficients, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
