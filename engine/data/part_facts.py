"""The facts kept beside a part: about its source file, its text and its labels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.data.design_columns import replicate_columns
from engine.data.file_labels import numbers_with_labels
from engine.data.harmonise import variable_column
from engine.data.raw_frame import RawFrame
from engine.data.source_file import SourceFile, file_hash
from engine.study import StudySpec

SIMULATED = "SIMULATED"  # first word of a simulated file's title, and name of a column of a simulated panel


def part_facts(
    spec: StudySpec, file: SourceFile, digest: str, raw: RawFrame, records: Path
) -> dict[str, Any]:
    """Return the facts about a source file and the records made from it, ready for JSON."""
    return {
        "file": file.path.name,
        "sha256": digest,
        "wave": file.wave,
        "rows": raw.n_rows,
        "part_bytes": records.stat().st_size,
        "part_sha256": file_hash(records),
        "encoding": None if raw.encoding is None else str(raw.encoding),
        "doubts": [*_doubts(raw), *_labelled_numbers(spec, file, raw)],
        "simulated": _is_simulated(raw),
        "replicate_weights": [name.casefold() for name in replicate_columns(spec, raw)],
        "labels": _labels(spec, file, raw),
    }


def _is_simulated(raw: RawFrame) -> bool:
    """Whether a file says that nobody in it is real."""
    return raw.file_label.startswith(SIMULATED) or raw.has(SIMULATED)


def _doubts(raw: RawFrame) -> Iterator[str]:
    """Yield what a reader of the results must know about the file."""
    if _is_simulated(raw):
        yield f"{raw.name}: SIMULATED data, nobody in it is real"
    if raw.encoding is not None and raw.encoding.is_mislabelled:
        yield f"{raw.name}: the text is {raw.encoding.name}, though the file says {raw.encoding.declared}"
    if raw.encoding is not None and raw.encoding.name == "cp1252":
        yield f"{raw.name}: the text was taken for Western (cp1252); give source.encoding if it is not"
    for place, rows in raw.unmatched.items():
        if rows:
            yield f"{raw.name}: {rows:,} rows have no record of their {place}: its variables are blank there"
    if raw.n_undecodable:
        yield f"{raw.name}: {raw.n_undecodable:,} distinct texts hold bytes that are not valid {raw.encoding}"


def _labelled_numbers(spec: StudySpec, file: SourceFile, raw: RawFrame) -> Iterator[str]:
    for name, shown, _ in numbers_with_labels(spec, file, raw):
        yield (
            f"{raw.name}: {name} is taken for a number, though some of its values have labels ({shown}); "
            "numeric = true if it is one"
        )


def _labels(spec: StudySpec, file: SourceFile, raw: RawFrame) -> dict[str, dict[str, str]]:
    """Return the file's labels of the codes of each variable's levels, without regard to case and spaces."""
    labels_of: dict[str, dict[str, str]] = {}
    for name, variable in spec.variables.items():
        if variable.is_derived:
            continue
        labels = raw.labels.get(variable_column(name, variable, raw, file.wave).name, {})
        for level, codes in (variable.levels_of(file.wave) or {}).items():
            for code in codes:
                if code in labels:
                    label = " ".join(labels[code].casefold().split())
                    labels_of.setdefault(name, {})[f"{level} = {code}"] = label
    return labels_of
