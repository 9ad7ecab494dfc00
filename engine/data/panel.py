"""The harmonised panel: one folder of Parquet parts, written once and reused while nothing has changed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.data import queries
from engine.data.harmonise import (
    KIND_SUFFIX,
    NOT_UNDERSTOOD,
    harmonised_columns,
    replicate_columns,
    variable_column,
)
from engine.data.merge import open_source
from engine.data.sources import RawFrame, SourceFile, reading
from engine.errors import DataError
from engine.paths import cache_folder
from engine.study import StudySpec

PANEL_FORMAT = 3
BUILDING = ".building-"
ABANDONED_AFTER = 24 * 3600  # seconds
SIMULATED = "SIMULATED"  # how the label of a simulated file begins
SHOWN_FROM = 10  # a code held by fewer people than this is never shown

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A harmonised panel on disk.

    Attributes
    ----------
    folder
        Holds the Parquet parts, one for each source file.
    sources
        File name, SHA-256, wave and rows of each source.
    reused
        Whether it was there already.
    """

    folder: Path
    sources: tuple[Mapping[str, Any], ...]
    reused: bool

    @property
    def parts(self) -> list[str]:
        """The Parquet files, in the order of the sources."""
        return [str(path) for path in sorted(self.folder.glob("part-*.parquet"))]

    @property
    def n_rows(self) -> int:
        """Rows of all parts."""
        return sum(int(source["rows"]) for source in self.sources)


def panel_key(spec: StudySpec, digests: Sequence[str]) -> str:
    """Return the name of the panel that these files and this part of the study make."""
    import polars as pl

    asked = spec.model_dump(mode="json", include={"source", "design", "variables"})
    waves = list(spec.source.path) if isinstance(spec.source.path, dict) else []
    code = [path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py"))]
    made_by = hashlib.sha256(b"".join(code)).hexdigest()
    # Not sorted: the order of levels and intervals is part of what is asked.
    text = json.dumps([PANEL_FORMAT, pl.__version__, made_by, asked, waves, list(digests)], default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def build_panel(spec: StudySpec, files: Sequence[SourceFile], progress: Progress | None = None) -> Panel:
    """Return the harmonised panel of a study, writing it only if it is not there.

    Parameters
    ----------
    spec
        The study.
    files
        Its data files.
    progress
        Told how many more rows have been read.

    Raises
    ------
    DataError
        If a file cannot be read, a column is not there, or a value fits no level.
    """
    digests = [file.digest() for file in files]
    target = cache_folder("panels") / panel_key(spec, digests)
    _refuse_same_content(files, digests)
    if _is_whole(target):
        sources = json.loads((target / "sources.json").read_text(encoding="utf-8"))
        if progress is not None:
            progress(sum(source["rows"] for source in sources))
        return Panel(folder=target, sources=tuple(sources), reused=True)
    shutil.rmtree(target, ignore_errors=True)  # what is there is not whole
    _sweep(target.parent)
    working = Path(tempfile.mkdtemp(prefix=BUILDING, dir=target.parent))
    try:
        sources = [
            _write_part(spec, file, digest, working, number, progress)
            for number, (file, digest) in enumerate(zip(files, digests, strict=True))
        ]
        _refuse_differing_replicates(sources)
        (working / "sources.json").write_text(json.dumps(sources), encoding="utf-8")
        shutil.rmtree(working / "scratch", ignore_errors=True)
        try:
            working.rename(target)
        except OSError:
            if not _is_whole(target):
                raise
            # Another run has just written the same panel.
        return Panel(folder=target, sources=tuple(sources), reused=False)
    finally:
        shutil.rmtree(working, ignore_errors=True)


def _is_whole(folder: Path) -> bool:
    """Whether every part of a panel is there with its size."""
    try:
        sources = json.loads((folder / "sources.json").read_text(encoding="utf-8"))
        sizes = [path.stat().st_size for path in sorted(folder.glob("part-*.parquet"))]
        return sizes == [source["part_bytes"] for source in sources]
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _refuse_same_content(files: Sequence[SourceFile], digests: Sequence[str]) -> None:
    for number, digest in enumerate(digests):
        first = digests.index(digest)
        if first != number:
            raise DataError(
                f"{files[number].path.name}: has the same content as {files[first].path.name}; expected every record "
                "once. Name one of them."
            )


def _refuse_differing_replicates(sources: Sequence[Mapping[str, Any]]) -> None:
    for source in sources:
        if source["replicate_weights"] != sources[0]["replicate_weights"]:
            raise DataError(
                f"{source['file']}: other replicate weights than {sources[0]['file']}; expected the same columns in "
                "every file. Correct design.replicate_weights.columns."
            )


def _sweep(folder: Path) -> None:
    """Remove what killed runs have left: half-built panels hold microdata."""
    for left in folder.glob(f"{BUILDING}*"):
        if time.time() - left.stat().st_mtime > ABANDONED_AFTER:
            shutil.rmtree(left, ignore_errors=True)


def _write_part(
    spec: StudySpec, file: SourceFile, digest: str, working: Path, number: int, progress: Progress | None
) -> dict[str, Any]:
    scratch = working / "scratch"
    scratch.mkdir(exist_ok=True)
    raw = open_source(spec, file, scratch)
    _refuse_other_rows(spec, file, raw.n_rows)
    columns = harmonised_columns(spec, file, raw)
    part = working / f"part-{number:04d}.parquet"
    with reading(file.path):
        raw.frame.select(columns).sink_parquet(part, maintain_order=True, compression="zstd")
    os.chmod(part, 0o600)  # noqa: PTH101 - microdata: for the owner only
    _refuse_not_understood(spec, file, raw, part)
    if progress is not None:
        progress(raw.n_rows)
    return {
        "file": file.path.name,
        "sha256": digest,
        "wave": file.wave,
        "rows": raw.n_rows,
        "part_bytes": part.stat().st_size,
        "encoding": None if raw.encoding is None else str(raw.encoding),
        "doubts": [*_text_doubts(raw)],
        "simulated": _is_simulated(raw),
        "replicate_weights": [name.casefold() for name in replicate_columns(spec, raw)],
    }


def _refuse_other_rows(spec: StudySpec, file: SourceFile, n_rows: int) -> None:
    """A wave's file has the rows its publishers counted: partial copies circulate, and waves are mixed up."""
    expected = spec.source.rows or {}
    wanted = expected.get(str(file.wave))
    if wanted is None or wanted == n_rows:
        return
    others = [wave for wave, rows in expected.items() if rows == n_rows and wave != file.wave]
    remedy = f"That is the count of wave {others[0]}: are the files swapped?" if others else "Is it a partial copy?"
    raise DataError(
        f"{file.path.name}: found {n_rows:,} rows; expected the {wanted:,} of wave {file.wave}. {remedy} "
        "(source.rows holds the counts.)"
    )


def _is_simulated(raw: RawFrame) -> bool:
    """Whether a file says that nobody in it is real: by its label, or by the column that every simulated panel has."""
    return raw.file_label.startswith(SIMULATED) or raw.has(SIMULATED)


def _text_doubts(raw: RawFrame) -> Iterator[str]:
    """Say what a reader of the results must know about a file's text."""
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
        yield f"{raw.name}: {raw.n_undecodable:,} different texts hold bytes that are no {raw.encoding}"


def _refuse_not_understood(spec: StudySpec, file: SourceFile, raw: RawFrame, part: Path) -> None:
    """Say which variables hold values that fit nothing, all at once."""
    params = {"panel": [str(part)], "pattern": f".*{KIND_SUFFIX}"}
    with queries.database() as connection:
        counts = queries.rows(connection, "panel_missing", params)
    told = [
        _not_understood(spec, file, raw, column.removesuffix(KIND_SUFFIX), n)
        for column, kind, n in counts
        if kind == NOT_UNDERSTOOD
    ]
    if told:
        raise DataError("\n".join(told))


def _not_understood(spec: StudySpec, file: SourceFile, raw: RawFrame, name: str, n: int) -> str:
    import polars as pl

    variable = spec.variables[name]
    source = variable.column_of(file.wave)
    place = f"{file.path.name}, column '{source}' (variables.{name})"
    if not variable.levels and not variable.cut:
        return (
            f"{place}: {n:,} rows hold text where a number belongs; expected numbers. "
            "List the codes under missing, or give the variable levels."
        )
    if variable.cut:
        return f"{place}: {n:,} rows lie outside every interval of cut; expected all inside. Widen it, or list missing."
    column = variable_column(name, variable, raw, file.wave)
    levels = variable.levels_of(file.wave) or {}
    known = [code for codes in (*levels.values(), *variable.missing_codes.values()) for code in codes]
    unknown = raw.frame.filter(~column.matches(known) & ~column.is_blank).select(code=column.identifier())
    counts = unknown.group_by("code").agg(n=pl.len()).filter(pl.col("n") >= SHOWN_FROM).sort("code")
    codes = counts.collect(engine="in-memory")["code"].to_list()
    shown = f"code {', '.join(map(str, codes[:20]))}" if codes else "codes held by very few people, not shown here"
    return (
        f"{place}: {n:,} rows hold a value that no level names ({shown}); expected one of "
        f"{', '.join(variable.level_names)}, or a code listed as missing. Add it to levels or to missing."
    )


def missing_counts(panel: Panel) -> dict[str, dict[int, int]]:
    """Return how many rows of each variable hold a value (0) or each kind of missing (1 to 4)."""
    params = {"panel": panel.parts, "pattern": f".*{KIND_SUFFIX}"}
    counts: dict[str, dict[int, int]] = {}
    with queries.database() as connection:
        for column, kind, n in queries.rows(connection, "panel_missing", params):
            counts.setdefault(column.removesuffix(KIND_SUFFIX), {})[kind] = n
    return counts
