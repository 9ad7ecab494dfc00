"""Nights with wrong clocks: another year each night, clocks set back, hours that come twice or never."""

import os
import time
from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from engine.batch import manifest as manifest_module
from engine.nights import inbox, late, status
from tests.functional.nights import newest, put, sha, single, wave
from tests.study_texts import analysis, event, study_text

ODD = [
    "1970-01-02T00:00:00",  # a machine without a battery
    "2024-02-29T23:59:59",  # a leap day
    "2026-03-29T01:30:00",  # an hour before summer time in Berlin
    "2026-10-25T00:30:00",  # the hour there that comes twice
    "2016-12-31T23:59:59",  # before a leap second
    "2038-01-19T03:14:08",  # more seconds than 32 bits hold
    "2100-03-01T00:00:00",
]
ZONES = ["UTC", "Europe/Berlin", "Pacific/Kiritimati", "America/St_Johns", "Asia/Kathmandu"]
STUDY = study_text(
    name="clocks",
    source={"path": "wave_*.parquet", "wave": "wave", "key": ["id"], "expect": {"9": "2030-01-01"}},
    design={"weight": "weight", "stratum": "stratum", "cluster": "psu"},
    variables={"ill": event("ill", well=[0], ill=[1]), "income": {}},
    analyses=[
        analysis("rates", outcome="ill", by="wave"),
        analysis("concentration", waves="each", outcome="ill", rank_by="income"),
    ],
).replace('"2030-01-01"', "2030-01-01")


class WrongClock:
    """Sets the clocks of Python in this process, and the zone."""

    def __init__(self, monkeypatch):
        self.patch, self.real = monkeypatch, time.time

    def set(self, moment, zone):
        ahead = datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp() - self.real()
        real = self.real

        class Wrong(datetime):
            @classmethod
            def now(cls, tz=None):
                return datetime.fromtimestamp(real() + ahead, tz)

        clock = SimpleNamespace(
            **{name: getattr(time, name) for name in ("sleep", "monotonic", "perf_counter")}
        )
        clock.time = lambda: real() + ahead
        self.patch.setattr(inbox, "time", clock)
        for module in (manifest_module, late, status):
            self.patch.setattr(module, "datetime", Wrong)
        self.patch.setenv("TZ", zone)
        time.tzset()


def revision(number, seed):
    """Sixty people of a wave, some of whom are ill in this version only."""
    frame = wave(number, 60)
    ill = np.random.default_rng(seed).integers(0, 2, frame.height)
    return frame.with_columns(ill=pl.Series(ill), income=pl.col("income").fill_null(3.0))


@pytest.fixture
def clock(monkeypatch):
    yield WrongClock(monkeypatch)
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("nights", [3, pytest.param(1000, marks=pytest.mark.slow)])
def test_nights_with_wrong_clocks__change_nothing(cli, night, clock, nights):
    (night.root / "study.toml").write_text(STUDY)
    draw = np.random.default_rng(nights)
    last = None
    for number in range(nights):
        moment = (
            ODD[number] if number < len(ODD) else f"{draw.integers(1971, 2100)}-{draw.integers(1, 13):02}-15"
        )
        clock.set(moment, ZONES[number % len(ZONES)])
        comes = number == 0 or draw.random() < 0.4
        if comes:
            path = put(night, 1 + number % 3, revision(1 + number % 3, number))
            written = float(draw.integers(0, 4_000_000_000))
            os.utime(path, (written, written))
        code, report, err = night()
        assert code == 0, err
        assert report["published"] == comes, (number, moment)
        if not comes:
            assert sha(newest(night.store)) == last
        last = sha(newest(night.store))
    assert last == sha(single(cli, night))
