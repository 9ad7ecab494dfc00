"""Every command and every Python snippet of README and docs runs, on small simulated data."""

import json
import shutil

import numpy as np
import polars as pl
import pytest

import equirank
from engine.nights import inbox as inbox_module
from engine.simulate.panels import simulate_panel
from tests.conftest import ROOT
from tests.docs.running import NOT_RUN, SMALL, Runner, commands_of, pages, reason_not_to_run, snippets
from tests.docs.test_tutorial import BLOCK, PAGE, edit
from tests.functional.nights import STUDY, wave
from tests.unit.test_script_import import DO_FILE

pytestmark = pytest.mark.usefixtures("whole_reports")

BY_NAME = {page.name if page.parent.name == "docs" else "front": page for page in pages()}


@pytest.fixture(scope="module")
def panels(tmp_path_factory):
    """A folder with small simulated panels of the two large studies."""
    folder = tmp_path_factory.mktemp("panels")
    simulate_panel("cmds", folder / "cmds.parquet", 3000, None)
    simulate_panel("clds", folder / "clds.parquet", 4000, None)
    return folder


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with a study of nights and its inbox, as the working folder; nothing grows there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(inbox_module, "SETTLED", 0.0)
    for inbox in (tmp_path / "data" / "inbox", tmp_path / "FOLDER", tmp_path):
        inbox.mkdir(parents=True, exist_ok=True)
        for number in (1, 2, 3):
            wave(number).write_parquet(inbox / f"wave_{number}.parquet")
    (tmp_path / "study.toml").write_text(STUDY)
    (tmp_path / "etc" / "equirank").mkdir(parents=True)
    (tmp_path / "etc" / "equirank" / "study.toml").write_text(STUDY)
    return tmp_path


def run_page(name, runner, *, after=None):
    """Run all snippets of a page; `after` holds first words of a block -> what a person does then."""
    for snippet in snippets(BY_NAME[name]):
        runner.run(snippet)
        for words, act in (after or {}).items():
            if words in snippet.text:
                act()


def large(panels):
    """Return the options that make the large studies small."""
    return {f"run {name}": ["--data", str(panels / f"{name}.parquet"), *SMALL] for name in ("cmds", "clds")}


def test_front_page__runs(place, cli, panels):
    one = [*large(panels)["run cmds"], "--only", "income-inequality", "--out", "one"]
    run_page("front", Runner(place, cli, options={"run": one}))
    assert (place / "one" / "results.parquet").is_file()


def test_pictures__are_drawn_by_the_commands_that_the_pages_give(place, cli, panels):
    pytest.importorskip("altair")
    shutil.copytree(ROOT / "docs" / "pictures", place / "docs" / "pictures")
    pictures = place / "docs" / "pictures"
    drawn = [pictures / "cmds-curves.svg", *(pictures / "figures").iterdir()]
    for path in drawn:
        path.unlink()
    runner = Runner(place, cli, options=large(panels))
    run_page("figures.md", runner)
    run_page("README.md", runner)
    assert all(path.is_file() for path in drawn)


def test_import__runs(place, cli):
    (place / "analysis.do").write_text(DO_FILE)
    run_page("coming-from.md", Runner(place, cli))


def test_weights__run(place, cli):
    run_page("commands.md", Runner(place, cli))
    assert {"weights.dta", "weights.json"} <= {path.name for path in place.iterdir()}


def test_conformance__runs(place, cli):
    (place / "answers.json").write_text(json.dumps({"001": 14.65, "002": None}))
    run_page("conformance.md", Runner(place, cli))


def test_shares__run_and_join(place, cli):
    task = {"${SLURM_ARRAY_TASK_ID}": "2", "/16": "/2"}
    first, *rest = snippets(BY_NAME["many-machines.md"])[:2]
    Runner(place, cli, {**task, "${SLURM_ARRAY_TASK_ID}": "1"}).run(first)
    for one in (first, *rest):
        Runner(place, cli, task).run(one)
    assert (place / "run" / "results.parquet").is_file()


def test_sites__share_cells(place, cli):
    cells, run = snippets(BY_NAME["many-machines.md"])[2:]
    given = {"cells": ["--only", "trend", "--least", "1"], "run": ["--only", "trend"]}
    runner = Runner(place, cli, options=given)
    runner.run(cells)
    other = place / "OTHER"
    other.mkdir()
    for number in (4, 5):
        of_south = wave(number).with_columns(pl.col("psu") + 100, pl.col("stratum") + 100)
        of_south.write_parquet(other / f"wave_{number}.parquet")
    south = ["--data", other, "--out", "south.cells"]
    assert cli("cells", "study.toml", *south, "--only", "trend", "--least", "1")[0] == 0
    runner.run(run)
    assert (place / "together" / "results.parquet").is_file()


def test_nights__run(place, cli):
    inbox = place / "data" / "inbox"
    assert cli("refresh", "study.toml", "--inbox", inbox, "--store", place / "data" / "store")[0] == 0
    wave(1, 280).write_parquet(inbox / "wave_1.parquet")
    run_page("nightly.md", Runner(place, cli))
    assert (place / "srv" / "www" / "store" / "index.html").is_file()


def test_quick_start__runs(place, cli):
    """In Chinese; the person who reads it edits the draft as the tutorial does."""
    simulate_panel("cmds", place / "files", 3000, None)
    for path in (place / "files").glob("*.dta"):
        shutil.copy(
            path, place / f"{next(year for year in ('2014', '2016', '2017') if year in path.name)}.dta"
        )

    def edits():
        text = (place / "study.toml").read_text(encoding="utf-8")
        for kind, block in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
            if kind == "diff":
                text = edit(text, block)
        (place / "study.toml").write_text(text, encoding="utf-8")

    run_page("quickstart-zh.md", Runner(place, cli), after={"equirank init": edits})
    assert 'lang="zh-CN"' in (place / "my-run" / "report.html").read_text(encoding="utf-8")


@pytest.fixture
def finished(place, cli):
    """The same folder with a run in RUN."""
    assert cli("run", "study.toml", "--data", "FOLDER", "--out", "RUN", "--no-report")[0] == 0
    return place


def test_tables__are_written(finished, cli):
    run_page("reports.md", Runner(finished, cli))
    assert {path.suffix for path in (finished / "DIR").iterdir()} >= {".docx", ".xlsx", ".tex", ".pdf"}


def test_signatures__are_made_and_checked(finished, cli):
    night = ("refresh", "study.toml", "--inbox", "FOLDER", "--store", finished / "data" / "store")
    assert cli(*night)[0] == 0
    assert cli("key", finished / "etc" / "equirank" / "office.pem")[0] == 0
    run_page("signatures.md", Runner(finished, cli))


def frame(n=800):
    """The columns that docs/python.md names."""
    rng = np.random.default_rng(16)
    psu = np.arange(n) % 16
    age = rng.integers(15, 61, n)
    income = np.exp(rng.normal(7, 0.6, n)) + 20 * psu
    ill = (rng.random(n) < 1 / (1 + np.exp(1 - 0.03 * (age - 35) + 0.0004 * (income - 1200)))).astype(int)
    signs = np.array([[(-1) ** (bin(row & column).count("1")) for row in range(8)] for column in range(8)])
    weight = rng.uniform(0.5, 2, n) * 1e6
    columns = {
        "y": ill,
        "ill": ill,
        "x": income,
        "wave": 2014 + 2 * (np.arange(n) // 16 % 2),
        "age": age,
        "age_group": np.array(["15-24", "25-44", "45-60"])[np.digitize(age, [25, 45])],
        "sex": rng.choice(["f", "m"], n),
        "region": np.where(psu < 10, "north", "south"),
        "fifth": np.array(["1 poorest", "2", "3", "4", "5 richest"])[np.argsort(np.argsort(income)) * 5 // n],
        "out_of_pocket": rng.exponential(income / 10),
        "visits": rng.poisson(2, n),
        "fee": rng.uniform(0, 5, n),
        "w": weight,
        "psu": psu,
        "village": np.arange(n) // 10,
        "city": np.arange(n) // 10 // 5,
    }
    halves = {
        f"rw_{column}": weight * (1 + signs[column - 1][psu // 2] * (1 - 2 * (psu % 2)))
        for column in range(1, 9)
    }
    return pl.DataFrame(columns | halves)


def test_python__runs(place, cli, monkeypatch):
    run = equirank.run
    monkeypatch.setattr(
        equirank, "run", lambda study, **more: run(study, replicates=50, report=False, **more)
    )
    runner = Runner(place, cli)
    runner.variables["frame"] = frame()
    run_page("python.md", runner)


# Pages whose commands a test runs; the others have none that can run.
RUN_ABOVE = {
    "front",
    "README.md",
    "figures.md",
    "coming-from.md",
    "commands.md",
    "conformance.md",
    "many-machines.md",
    "nightly.md",
    "quickstart-zh.md",
    "reports.md",
    "signatures.md",
    "python.md",
}


def test_no_command__is_left_out_without_a_reason():
    reasons = set()
    for name, page in BY_NAME.items():
        for snippet in snippets(page):
            asked = snippet.language in ("python", "sql")
            for command in () if asked else commands_of(snippet):
                reasons.add(reason_not_to_run(command))
                asked |= reason_not_to_run(command) is None
            assert not asked or name in RUN_ABOVE, f"{page.name}:{snippet.line}"
    assert reasons - {None} == set(NOT_RUN), "a reason that no command needs any more"
