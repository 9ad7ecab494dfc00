"""The benchmark: programs agree, targets can be missed, baselines show what is slower."""

import json
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from engine.bench import peers
from engine.bench.baseline import read_baseline, slower_than, write_result
from engine.bench.check import Check
from engine.bench.data import make_people
from engine.bench.suite import run_benchmark
from engine.errors import EstimationError, UsageError


@pytest.fixture(scope="module")
def result():
    return run_benchmark(10_000, quick=True)


def test_quick_run__times_every_resampling_method(result):
    programs = {timing.program for timing in result.timings}
    assert {
        "equirank iid",
        "equirank poisson",
        "equirank cluster",
        "equirank rao-wu",
        "equirank iid by cells",
        "equirank iid, logit refit",
        "random counts alone",
        "Polars, sample and group_by",
    } <= programs
    assert all(timing.ms > 0 and timing.rows == 10_000 for timing in result.timings)
    assert "weighted index, iid" in {check.work for check in result.checks}


def test_check__reports_missed_and_reached_targets():
    check = Check(work="a", value=79, unit="x", target=80, stretch=150, at_most=False, compared_with="b")
    assert not check.met
    assert replace(check, value=80).met
    assert replace(check, value=150).stretched
    limit = replace(check, at_most=True, target=5, stretch=2, value=3)
    assert limit.met
    assert not limit.stretched


def test_disagreement__stops_the_benchmark(monkeypatch):
    monkeypatch.setattr("engine.bench.suite.concentration", lambda y, x, w: 0.5)
    with pytest.raises(EstimationError, match="disagree"):
        run_benchmark(10_000, quick=True)


def test_peers__agree_with_the_index_of_the_survey():
    import engine

    people = make_people(5_000)
    import polars as pl

    frame = pl.DataFrame({"x": people.x, "y": people.y[0], "w": people.w})
    expected = engine.concentration_index(frame, "y", "x", "w").estimate
    assert peers.concentration(people.y[0], people.x, people.w) == pytest.approx(expected, rel=1e-11)
    assert peers.concentration_polars(frame) == pytest.approx(expected, rel=1e-11)


def test_baseline__names_what_is_slower(result, tmp_path):
    write_result(result, tmp_path / "before.json")
    before = read_baseline(tmp_path / "before.json")
    assert [*slower_than(result, before)] == []
    slow = replace(
        result,
        checks=tuple(
            replace(check, value=check.value * (2 if check.at_most else 0.5)) for check in result.checks
        ),
    )
    assert len([*slower_than(slow, before)]) == sum(check.value > 0 for check in result.checks)


@pytest.mark.parametrize("content", [None, "no json", "[1]", "{}"])
def test_bad_baseline__is_a_usage_error(tmp_path, content):
    path = tmp_path / "b.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UsageError, match=r"b\.json.*expected a result"):
        read_baseline(path)


def test_bench_command__prints_stores_and_compares(tmp_path, monkeypatch, result):
    from engine.cli.app import app

    monkeypatch.setattr("engine.cli.bench.run_benchmark", lambda *_, **__: result)
    out = tmp_path / "r.json"
    done = CliRunner().invoke(app, ["bench", "--quick", "--rows", "10000", "--out", str(out)])
    assert done.exit_code == 0
    assert "weighted index, iid" in done.stdout
    stored = json.loads(out.read_text())
    assert len(stored["checks"]) == len(result.checks)
    assert np.isfinite([check["value"] for check in stored["checks"]]).all()
    again = CliRunner().invoke(app, ["bench", "--quick", "--rows", "10000", "--baseline", str(out), "--json"])
    assert json.loads(again.stdout)["slower"] == []


def test_plots__are_svg_files(tmp_path, result):
    pytest.importorskip("altair", reason="the pictures need the extra equirank[benchmark]")
    from engine.bench.plots import write_plots

    grown = tuple(replace(timing, rows=100_000) for timing in result.timings)
    for path in write_plots(replace(result, timings=result.timings + grown).as_dict(), tmp_path):
        assert path.read_text().startswith("<svg")
