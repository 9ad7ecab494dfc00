"""The panel cache: private, swept, and safe when two runs build the same panel."""

import os
import time
from pathlib import Path

import polars as pl

from engine.data import panel, part
from engine.data.source_file import SourceFile
from engine.paths import cache_folder
from engine.study import parse_study

STUDY = """
[study]
name = "x"
[source]
path = "x.parquet"
[variables.a]
from = "a"
[[analysis]]
name = "d"
kind = "describe"
"""


def files(tmp_path):
    pl.DataFrame({"a": [1.0, 2.0, None]}).write_parquet(tmp_path / "x.parquet")
    return (SourceFile(path=tmp_path / "x.parquet"),)


def test_panel__is_for_its_owner_only(tmp_path, monkeypatch):
    monkeypatch.setenv("EQUIRANK_CACHE", str(tmp_path / "cache"))
    built = panel.build_panel(parse_study(STUDY), files(tmp_path))
    folder = built.each[0].records.parent
    assert folder.stat().st_mode & 0o077 == 0
    assert all(Path(path).stat().st_mode & 0o077 == 0 for path in built.parts)
    assert [path.name for path in sorted(folder.iterdir())] == ["part.json", "part.parquet"]


def test_abandoned_panel__is_swept_and_a_fresh_one_is_not(tmp_path, monkeypatch):
    monkeypatch.setenv("EQUIRANK_CACHE", str(tmp_path / "cache"))
    old, fresh = (cache_folder("panels") / f".building-{name}" for name in ("old", "fresh"))
    for folder in (old, fresh):
        folder.mkdir()
    yesterday = time.time() - 2 * part.ABANDONED_AFTER
    os.utime(old, (yesterday, yesterday))
    panel.build_panel(parse_study(STUDY), files(tmp_path))
    assert not old.exists()
    assert fresh.exists()


def test_two_runs__that_build_the_same_panel_agree(tmp_path, monkeypatch):
    monkeypatch.setenv("EQUIRANK_CACHE", str(tmp_path / "cache"))
    spec, sources = parse_study(STUDY), files(tmp_path)
    write, raced = part._write, []

    def race(*arguments):
        if not raced:  # another run finishes the same panel while this one writes
            raced.append(True)
            panel.build_panel(spec, sources)
        return write(*arguments)

    monkeypatch.setattr(part, "_write", race)
    built = panel.build_panel(spec, sources)
    assert len(built.parts) == 1
    assert len(list(built.each[0].records.parent.parent.iterdir())) == 1
