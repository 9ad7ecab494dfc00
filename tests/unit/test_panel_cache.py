"""The panel cache: private, swept, and safe when two runs build the same panel."""

import os
import shutil
import time
from pathlib import Path

import polars as pl

from engine.data import panel
from engine.data.sources import SourceFile
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
    assert built.folder.stat().st_mode & 0o077 == 0
    assert all(Path(part).stat().st_mode & 0o077 == 0 for part in built.parts)
    assert [path.name for path in sorted(built.folder.iterdir())] == ["part-0000.parquet", "sources.json"]


def test_abandoned_panel__is_swept_and_a_fresh_one_is_not(tmp_path, monkeypatch):
    monkeypatch.setenv("EQUIRANK_CACHE", str(tmp_path / "cache"))
    old, fresh = (cache_folder("panels") / f".building-{name}" for name in ("old", "fresh"))
    for folder in (old, fresh):
        folder.mkdir()
    yesterday = time.time() - 2 * panel.ABANDONED_AFTER
    os.utime(old, (yesterday, yesterday))
    panel.build_panel(parse_study(STUDY), files(tmp_path))
    assert not old.exists()
    assert fresh.exists()


def test_two_runs__that_build_the_same_panel_agree(tmp_path, monkeypatch):
    monkeypatch.setenv("EQUIRANK_CACHE", str(tmp_path / "cache"))
    spec, sources = parse_study(STUDY), files(tmp_path)
    write_part, raced = panel._write_part, []

    def race(*arguments):
        if not raced:  # another run finishes the same panel while this one writes
            raced.append(True)
            panel.build_panel(spec, sources)
        return write_part(*arguments)

    monkeypatch.setattr(panel, "_write_part", race)
    built = panel.build_panel(spec, sources)
    assert len(built.parts) == 1
    assert len(list(built.folder.parent.iterdir())) == 1
    shutil.rmtree(built.folder)
