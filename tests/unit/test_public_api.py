"""`import equirank`: the public names, their types, results that show themselves, and forked processes."""

import multiprocessing
import subprocess
import sys

import numpy as np
import polars as pl
import pytest

import engine
import equirank
from engine.errors import UsageError
from engine.results import COLUMNS
from tests.conftest import ROOT

GOOD = """
import polars as pl
import equirank
from equirank import CurveResult, GroupedResult, IndexResult, TableResult

frame = pl.DataFrame({"x": [1, 2, 3], "y": [1, 0, 1], "g": ["a", "b", "a"]})
whole: IndexResult = equirank.concentration_index(frame, "y", "x", index="erreygers", bounds=(0, 1))
parts: TableResult = equirank.concentration_index(frame, "y", "x", by="g", compare=True)
equirank.decompose(frame, "y", "x", ["g"], model="logit").contributions
curve: CurveResult = equirank.concentration_curve(frame, "y", "x")
curves: GroupedResult[CurveResult] = equirank.concentration_curve(frame, "y", "x", by="g", points=10)
equirank.inequality(frame, "x", "gini", by="g", compare=True).groups["g=a"].estimate
equirank.rates(frame, "y", rows=["g"]).to_frame().height
equirank.read_run("run").table("people").height
print(whole.estimate + 1, parts.summary().upper())
"""
BAD = {
    'equirank.concentration_index(frame, "y", "x", index="erreygerz")': "concentration_index",
    'equirank.decompose(frame, "y", "x", ["g"], model="ols")': "decompose",
    'equirank.logit(frame, "y", ["g"], covariance="hc3")': "covariance",
    'equirank.rates(frame, "y", interval="wald")': "interval",
    "equirank.concentration_indx": "concentration_indx",
}


def mypy(*paths):
    """Return the errors that `mypy --strict` finds in files of users, as lines.

    It reads the package with the settings and the cache of the project's own check, so that one that has
    just run spares most of the time.
    """
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", *map(str, paths)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode < 2, done.stderr
    return done.stdout.splitlines()


def test_types__accept_good_calls_and_refuse_bad_ones(tmp_path):
    pytest.importorskip("mypy")
    head = GOOD.split("whole:")[0].replace(
        "from equirank import CurveResult, GroupedResult, IndexResult, TableResult\n", ""
    )
    good, bad = tmp_path / "good.py", tmp_path / "bad.py"
    good.write_text(GOOD)
    bad.write_text(head + "\n".join(BAD) + "\n")
    lines = mypy(good, bad)
    assert all(line.startswith(f"{bad}:") for line in lines), lines
    first = head.count("\n") + 1
    for number, (call, word) in enumerate(BAD.items(), start=first):
        own = [line for line in lines if line.startswith(f"{bad}:{number}: error")]
        assert any(word in line for line in own), (call, lines)


def test_both_packages__have_the_same_names():
    assert sorted(equirank.__all__) == sorted(engine.__all__)
    assert all(getattr(equirank, name) is getattr(engine, name) for name in engine.__all__)
    with pytest.raises(AttributeError, match="module 'equirank' has no attribute 'x'"):
        _ = equirank.x


def test_import__is_light():
    code = "import sys, equirank; dir(equirank); print({'numba', 'polars', 'pydantic'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)  # noqa: S603
    assert done.stdout == "set()\n"


@pytest.fixture
def frame():
    rng = np.random.default_rng(5)
    n = 200
    return pl.DataFrame(
        {
            "x": rng.random(n),
            "y": rng.integers(0, 2, n),
            "sex": rng.choice(["f", "m"], n),
            "town": rng.integers(1, 4, n),
            "well": rng.random(n) < 0.5,
        }
    )


def test_by__gives_the_numbers_of_each_group(frame):
    table = equirank.concentration_index(frame, "y", "x", by=["sex", "town"], compare=True)
    women = frame.filter(pl.col("sex") == "f", pl.col("town") == 2)
    alone = equirank.concentration_index(women, "y", "x")
    row = next(row for row in table.rows if row.subgroup == "sex=f, town=2" and row.measure == "standard")
    assert row.estimate == pytest.approx(alone.estimate, rel=1e-12)
    assert row.n_obs == women.height
    assert any(row.measure == "difference" for row in table.rows)
    waves = equirank.decompose(
        frame.with_columns(wave=pl.col("town")), "y", "x", ["well"], by="wave", change=True
    )
    assert {row.wave for row in waves.rows} >= {"1", "2", "3"}


def test_rates_and_describe__are_the_shares_of_the_frame(frame):
    rates = equirank.rates(frame, "y", "town", by="sex")
    women = frame.filter(pl.col("sex") == "f", pl.col("town") == 3)
    row = next(r for r in rates.rows if (r.subgroup, r.term, r.level) == ("sex=f", "town", "3"))
    assert row.estimate == pytest.approx(women["y"].mean())
    described = equirank.describe(
        frame.with_columns(x=pl.col("x").replace(frame["x"][0], None)), ["x", "well"]
    )
    counts = {(r.term, r.level): r.estimate for r in described.rows if r.measure == "count"}
    assert counts["x", "(blank)"] == 1
    assert counts["well", "True"] == frame["well"].sum()


def test_rif__averages_to_the_index(frame):
    result = equirank.rif(frame, "y", "x", ["sex"], index="erreygers", bounds=(0, 1))
    whole = equirank.concentration_index(frame, "y", "x", index="erreygers", bounds=(0, 1)).estimate
    beta = {(r.term, r.level): r.estimate for r in result.rows if r.measure == "rif_coefficient"}
    share = (frame["sex"] == "m").mean()
    assert beta["(constant)", None] + share * beta["sex", "m"] == pytest.approx(whole, rel=1e-9)


def test_results__show_themselves_on_one_screen(frame):
    terms = ["sex", "well", "town"]
    results = [
        equirank.concentration_index(frame, "y", "x"),
        equirank.concentration_index(frame, "y", "x", by=["sex", "town"], compare=True),
        equirank.concentration_curve(frame, "y", "x"),
        equirank.decompose(frame, "y", "x", terms),
        equirank.logit(frame, "y", terms, crude=True),
        equirank.rates(frame, "y", ["sex", "town"]),
        equirank.describe(frame, frame.columns, by="town"),
    ]
    for result in results:
        assert len(repr(result).splitlines()) <= 24, result
        assert len(repr(result)) < 4000
        assert result._repr_html_().startswith("<table>")
        frame_of_result = result.to_frame()
        assert all(column.null_count() < len(column) for column in frame_of_result)
        assert result.table().height >= 1
        assert result.summary()


def test_read_run__reads_what_run_wrote(tmp_path, frame, monkeypatch):
    from tests.study_texts import analysis, study_text

    monkeypatch.chdir(tmp_path)
    frame.write_parquet("p.parquet")
    variables = {"sex": {"levels": {"f": ["f"], "m": ["m"]}}, "x": {}}
    (tmp_path / "s.toml").write_text(
        study_text(source="p.parquet", variables=variables, analyses=[analysis("describe", name="people")])
    )
    done = equirank.run("s.toml", out="run")
    again = equirank.read_run("run")
    assert again.rows == done.rows
    assert again.to_frame().columns == list(COLUMNS)
    assert again.table("people").height == done.table().height
    assert len(repr(again).splitlines()) <= 24
    assert "people: describe" in again.summary()
    with pytest.raises(UsageError, match="Did you mean 'people'"):
        again.table("peple")


def index_of(frame):
    return equirank.concentration_index(frame, "y", "x").estimate


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="there is no fork here")
def test_forked_process__is_told_to_spawn(frame):
    index_of(frame)
    with multiprocessing.get_context("fork").Pool(1) as pool, pytest.raises(UsageError, match="spawn"):
        pool.apply_async(index_of, (frame,)).get(timeout=60)


@pytest.mark.usefixtures("whole_reports")
def test_report__is_a_function_and_a_package(tmp_path):
    import shutil

    from engine.report.model import Table

    assert Table is engine.report.model.Table
    frame = pl.DataFrame({"ill": [0, 1, 1, 0, 1, 0], "income": [1, 2, 3, 4, 5, 6]})
    frame.write_parquet(tmp_path / "people.parquet")
    (tmp_path / "study.toml").write_text(
        '[study]\nname = "small"\n[source]\npath = "people.parquet"\n[variables.ill]\nfrom = "ill"\n'
        'levels = { no = [0], yes = [1] }\nevent = "yes"\n'
        '[[analysis]]\nname = "a"\nkind = "rates"\noutcome = "ill"\n'
    )
    run = engine.run(tmp_path / "study.toml", out=tmp_path / "run")
    before = (run.path / "report.html").read_bytes()
    (run.path / "report.html").unlink()
    assert equirank.report(run) == engine.report(str(run.path)) == run.path / "report.html"
    assert (run.path / "report.html").read_bytes() == before
    shutil.rmtree(run.path)
    with pytest.raises(UsageError):
        engine.report(tmp_path / "run")
