"""Microdata are for their owner only from the first byte: no file is narrowed after it was written."""

from pathlib import Path

from engine.data.panel import build_panel
from engine.data.sample import draw_sample
from engine.data.source_file import SourceFile
from engine.study import parse_study
from tests.functional.nights import STUDY, wave


def test_records_and_sample__are_never_open_to_others(tmp_path, monkeypatch):
    wave(1).write_parquet(tmp_path / "wave_1.parquet")
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(Path, "chmod", lambda *_: None)
    spec = parse_study(STUDY)
    panel = build_panel(spec, [SourceFile(path=tmp_path / "wave_1.parquet", is_own=True)])
    sample = draw_sample(spec, panel, tmp_path / "scratch")
    folder = panel.each[0].records.parent
    for path in (*map(Path, sample.row_files()), *folder.iterdir()):
        assert path.stat().st_mode & 0o777 == 0o600, path
    assert folder.stat().st_mode & 0o777 == 0o700
