"""Thirty corrupted waves, one a night, and the same nights over real waves."""

import json

import polars as pl
import pytest

from engine.data import records
from tests.functional.bad_waves import BAD
from tests.functional.nights import STUDY, computed, newest, put, sha, single, tree, wave

PATHS = 'path = ["wave_*.parquet", "wave_*.csv", "wave_*.dta", "wave_*.sav"]'


def test_thirty_corrupted_waves__one_a_night(cli, night):
    assert len(BAD) == 30
    (night.root / "study.toml").write_text(STUDY.replace('path = "wave_*.parquet"', PATHS))
    put(night, 1)
    put(night, 3)
    assert night()[0] == 0
    first = sha(newest(night.store))
    kept = {}
    for number, (case, (name, made, told, broken)) in enumerate(BAD.items(), start=1):
        (night.inbox / name).write_bytes(made(night.root))
        good = 10 + number if number % 10 == 0 else None
        if good is not None:
            put(night, good)
        code, report, err = night()
        assert code == 11, case
        (bad,) = [file for file in report["files"] if file["file"] == name]
        assert (bad["state"], bad["rows"]) == ("quarantined", None), case
        assert told in bad["reason"], (case, bad["reason"])
        assert bad["broken"] == broken, case
        assert "Traceback" not in err
        wanted = [] if good is None else [f"rates [{good}]", f"yearly [{good}]", "trend"]
        assert computed(report) == wanted, case
        if number < 10:
            assert sha(newest(night.store)) == first
        for run, files in kept.items():
            assert tree(run) == files
        kept = {run: tree(run) for run in (night.store / "runs").iterdir()}
        (night.inbox / name).unlink()
    reasons = [json.loads(path.read_text())["reason"] for path in (night.store / "quarantine").iterdir()]
    assert len(reasons) == 30
    assert night()[0] == 0
    (night.root / "study.toml").write_text(STUDY)  # a run asks for a file of each name
    assert sha(newest(night.store)) == sha(single(cli, night))


def test_checksum_beside_a_file__is_believed(night):
    import hashlib

    path = put(night, 1)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    (night.inbox / "wave_1.parquet.sha256").write_text(f"{digest}  wave_1.parquet\n")
    assert night()[0] == 0
    put(night, 1, wave(1).with_columns(ill=1 - pl.col("ill")))
    code, report, _ = night()
    assert code == 11
    assert "does not match wave_1.parquet.sha256" in report["files"][0]["reason"]
    (night.inbox / "wave_1.parquet.sha256").unlink()
    assert night()[0] == 0


BRFSS = """
extends = "brfss"
[study]
name = "brfss-nights"
[[analysis]]
name = "rates"
kind = "rates"
waves = "each"
outcome = ["poor_health", "diabetes"]
rows = "income"
[[analysis]]
name = "each"
kind = "concentration"
waves = "each"
outcome = "poor_health"
rank_by = "income"
bootstrap = { replicates = 100 }
[[analysis]]
name = "trend"
kind = "concentration"
by = "wave"
outcome = ["poor_health", "no_coverage"]
rank_by = "income"
compare = true
bootstrap = { replicates = 100 }
"""


def test_ten_nights_of_brfss(cli, night, shared, monkeypatch):
    monkeypatch.setattr(records, "FEWEST_ROWS", 100_000)  # so that the cells of a tenth of the rows are read
    (night.root / "study.toml").write_text(BRFSS)
    folder = shared / "data" / "brfss_waves"
    waves = {
        year: pl.read_parquet(folder / f"brfss_{year}.parquet").head(33_000) for year in range(2015, 2019)
    }

    def arrive(year, frame=None, part=""):
        frame = waves[year] if frame is None else frame
        frame.write_parquet(night.inbox / f"brfss_{year}{part}.parquet")

    def tonight():
        code, report, _ = night()
        assert code == 0
        return report["published"], computed(report)

    half = waves[2016]

    def of(*years):
        alone = [f"{name} [{year}]" for name in ("rates", "each") for year in years]
        return True, [*alone, "trend"]

    arrive(2015)
    assert tonight() == of(2015)  # 1
    arrive(2016, half.head(16_500), "a")
    assert tonight() == of(2016)  # 2
    arrive(2016, half.tail(-16_500), "b")
    assert tonight() == of(2016)  # 3
    before = tree(night.store)
    assert tonight() == (False, [])  # 4: idle
    assert tree(night.store) == before
    arrive(2017)
    assert tonight() == of(2017)  # 5
    revised = waves[2015]
    some = pl.int_range(pl.len()) % 1000 == 7
    arrive(
        2015,
        revised.with_columns(HEALTH_STATUS=pl.when(some).then(2).otherwise("HEALTH_STATUS").cast(pl.Int64)),
    )
    assert tonight() == of(2015)  # 6
    arrive(2018)
    assert tonight() == of(2018)  # 7
    (night.inbox / "brfss_2017.parquet").unlink()
    assert tonight() == (True, ["trend"])  # 8: withdrawn
    assert tonight() == (False, [])  # 9: idle
    arrive(2017)
    assert tonight() == of(2017)  # 10
    manifest = json.loads((newest(night.store) / "manifest.json").read_text())
    assert manifest["sample_flow"][-1]["n"] >= records.FEWEST_ROWS
    assert sha(newest(night.store)) == sha(single(cli, night))


@pytest.mark.parametrize("command", ["refresh", "status"])
def test_missing_inbox(cli, night, command):
    code, _, err = cli(command, "study.toml", "--inbox", "nowhere", "--store", "store")
    assert code == 2
    assert "Is it mounted?" in err
