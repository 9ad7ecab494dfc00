"""Runs and nights with disclosure control: what is written, and what an attacker makes of it."""

import json
import re
import zipfile

import numpy as np
import polars as pl
import pytest
from scipy.optimize import linprog

from engine.batch.reporting import write_report
from engine.nights import inbox
from engine.store.run_directory import read_run
from tests.functional.nights import newest
from tests.study_texts import analysis, event, factor, study_text, table

THRESHOLD = 10
CONTROL = f"[disclosure]\nthreshold = {THRESHOLD}\n"
STUDY = study_text(
    source={"path": "people_*.parquet", "wave": "wave"},
    design={"weight": "weight", "cluster": "psu"},
    variables={
        "ill": event("ill", well=[0], ill=[1]),
        "income": {"range": [0, 1000]},
        "region": factor(east=[0], west=[1], north=[2], south=[3]),
    },
    sample={"Income known": "income IS NOT NULL"},
    analyses=[
        analysis("describe", by="wave", test=True),
        analysis("rates", outcome="ill", rows="region", by="wave"),
        analysis("concentration", outcome="ill", rank_by="income", by=["wave", "region"]),
        analysis("curve", outcome="ill", rank_by="income"),
    ],
)


def people(wave, n=300, more=0):
    """A wave; its last `more` people are those that a later file has on top."""
    rng = np.random.default_rng(wave)
    n += more
    frame = {
        "wave": [wave] * n,
        "region": rng.choice(4, n, p=[0.55, 0.25, 0.17, 0.03]),
        "income": rng.integers(1, 60, n).astype(float),
        "weight": rng.uniform(0.5, 2.0, n),
        "psu": rng.integers(0, 30, n),
        "ill": rng.random(n) < 0.25,
    }
    frame = pl.DataFrame(frame).with_columns(pl.col("ill").cast(pl.Int64))
    return frame.with_columns(income=pl.when(pl.int_range(n) < 4).then(None).otherwise("income"))


@pytest.fixture
def run(tmp_path, monkeypatch, cli):
    """Run the study, with lines of TOML at its end, and return the run."""
    monkeypatch.chdir(tmp_path)
    for wave in (2014, 2016):
        people(wave).write_parquet(f"people_{wave}.parquet")

    def run(name, extra=""):
        (tmp_path / "study.toml").write_text(STUDY + extra)
        code, _, err = cli("run", "study.toml", "--out", name)
        assert code == 0, err
        return read_run(tmp_path / name)

    return run


def small_counts(results):
    """Every count of fewer people than the threshold in tidy rows."""
    for row in results.iter_rows(named=True):
        found = {"n_obs": row["n_obs"], "n_events": row["n_events"]}
        if None not in found.values():
            found["others"] = row["n_obs"] - row["n_events"]
        if row["measure"] == "count":
            found["count"] = row["estimate"]
        yield from (
            (row["analysis"], row["measure"], name, value)
            for name, value in found.items()
            if value is not None and value < THRESHOLD
        )


def sums_of(results):
    """What tidy rows tell of the people of each wave, region and health: which cells, and how many."""
    waves, regions = ["2014", "2016"], ["east", "west", "north", "south"]

    def inside(wave=None, region=None, ill=None):
        cells = np.zeros((2, 4, 2))
        cells[
            slice(None) if wave is None else waves.index(wave),
            slice(None) if region is None else regions.index(region),
            slice(None) if ill is None else ill,
        ] = 1.0
        return cells.ravel()

    told = pl.col("n_obs").is_not_null() & (pl.col("measure") != "rao_scott_f")
    for row in results.filter(told).iter_rows(named=True):
        wave, level = row["wave"], row["level"]
        region = (row["subgroup"] or "=").split("=")[1] or None
        if row["analysis"] == "describe":
            yield inside(wave), row["n_obs"]
            if row["measure"] == "count" and row["term"] in ("region", "ill"):
                own = {"region": level} if row["term"] == "region" else {"ill": int(level == "ill")}
                yield inside(wave, **own), row["estimate"]
        else:
            region = level if row["analysis"] == "rates" else region
            yield inside(wave, region), row["n_obs"]
            if row["n_events"] is not None:
                yield inside(wave, region, 1), row["n_events"]


def known_interval(published, target):
    A, b = np.array([cells for cells, _ in published]), np.array([n for _, n in published])
    ends = [linprog(sign * target, A_eq=A, b_eq=b, bounds=(0, None), method="highs") for sign in (1, -1)]
    assert [end.status for end in ends] == [0, 0]
    return ends[0].fun, -ends[1].fun


def texts(folder):
    """The text of every file that people read, of workbooks too."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as book:
                yield path.name, "\n".join(book.read(name).decode() for name in book.namelist())
        elif path.suffix != ".parquet":
            yield path.name, path.read_text()


def test_run__tells_no_small_count_and_lets_none_be_computed(run):
    true, told = run("true").results, run("told", CONTROL).results
    assert [*small_counts(true)]
    assert not [*small_counts(told)]
    withheld = told["status"] == "withheld"
    assert 0.05 < withheld.mean() < 0.5  # the rest is as it was computed
    whole = ~withheld & (told["n_obs"].is_not_null() | true["n_obs"].is_null())
    assert told.filter(whole).equals(true.filter(whole))
    numbers = ("estimate", "std_error", "conf_low", "p_value", "n_obs", "n_clusters", "sum_weights", "df2")
    assert all(told.filter(withheld)[name].null_count() == withheld.sum() for name in numbers)

    tests = told.filter(pl.col("measure") == "rao_scott_f")  # of tables with a gap: nothing
    assert dict(tests.select("term", "status").iter_rows()) == {"ill": "ok", "region": "withheld"}

    published, truth = [*sums_of(told)], [*sums_of(true)]
    small = {tuple(cells): n for cells, n in truth if n < THRESHOLD}
    assert len(small) > 3
    for cells, n in small.items():
        low, high = known_interval(published, np.array(cells))
        assert low - 1e-6 <= n <= high + 1e-6
        assert high - low >= THRESHOLD - 1e-6
    # Without control, an attacker who is told all but the small numbers finds them.
    others = [(cells, n) for cells, n in truth if n >= THRESHOLD]
    widths = [np.ptp(known_interval(others, np.array(cells))) for cells in small]
    assert min(widths) < 1e-6


@pytest.mark.usefixtures("whole_reports")
def test_every_file_of_a_run__hides_what_is_withheld(run):
    true, told = run("true"), run("told", CONTROL)
    assert told.manifest["sample_flow"] == true.manifest["sample_flow"][-1:]  # 8 people have no income
    assert told.manifest["missing"] == {}
    assert told.manifest["sources"][0]["rows"] is None
    withheld = told.results["status"] == "withheld"
    secret = true.results.filter(withheld)
    needles = {f"{value:.6g}" for value in secret["estimate"].drop_nulls() if value % 1}
    needles |= {f"{value:.4f}" for value in secret["std_error"].drop_nulls() if value > 0.01}
    needles -= {needle for needle in needles if len(needle) < 6}
    open_ones = " ".join(
        str(value)
        for name in ("estimate", "std_error", "conf_low", "conf_high", "sum_weights")
        for value in told.results[name].drop_nulls()
    )
    needles = {needle for needle in needles if needle not in open_ones}
    assert len(needles) > 20
    alone = re.compile(r"(?:^|,|>)[1-9](?: \([\d.]+\))?(?:$|,|<)", re.MULTILINE)  # a small number in a table
    for name, text in texts(told.path):
        assert not [needle for needle in needles if needle in text], name
        if name.endswith(".csv"):
            assert not alone.findall(text), name
        if name == "report.html":  # the lists that follow the methods have numbers
            tables = text.partition('id="methods"')[0]
            assert "<td" in tables
            assert not alone.findall(re.sub(r"<svg.*?</svg>", "", tables, flags=re.DOTALL))
    report = (told.path / "report.html").read_text()
    assert "Withheld: numbers of fewer than 10 people" in report
    assert "Disclosure control: numbers of fewer than 10 people are withheld" in report


def test_run_in_chinese__says_why_numbers_are_missing(run):
    told = run("told", CONTROL)
    report = write_report(told.path, "zh").read_text()
    assert "不公布：不足 10 人的数字" in report
    assert "披露控制：不足 10 人的数字不公布" in report


def test_rounding__leaves_multiples_and_short_numbers(run):
    told = run("told", CONTROL + "round_to = 5\n").results.filter(pl.col("status") != "withheld")
    counts = [*told["n_obs"].drop_nulls(), *told["n_events"].drop_nulls()]
    counts += [*told.filter(pl.col("measure") == "count")["estimate"]]
    assert counts
    assert all(count % 5 == 0 for count in counts)
    rates = told.filter(pl.col("measure") == "rate")["estimate"]
    assert all(len(f"{rate:.10f}".strip("0.")) <= 2 for rate in rates)


def test_site__asks_for_control_of_every_study(run, monkeypatch):
    own = run("own", CONTROL).results
    monkeypatch.setenv("EQUIRANK_DISCLOSURE", f"threshold = {THRESHOLD}")
    assert run("site").results.equals(own)


def test_release__is_the_run_with_control(run, cli, tmp_path):
    run("true")
    code, out, err = cli("release", "true", "--out", "copy", "--threshold", str(THRESHOLD))
    assert (code, out.strip()) == (0, "copy"), err
    copy, own = read_run(tmp_path / "copy"), run("own", CONTROL)
    assert copy.results.equals(own.results)
    same = ("sample_flow", "missing", "warnings", "disclosure", "sources", "study")
    assert {name: copy.manifest[name] for name in same} == {name: own.manifest[name] for name in same}

    code, _, err = cli("release", "copy", "--out", "again")
    assert code == 2
    assert "copy: disclosure control has been at work on it already; expected a run without it." in err

    code, _, err = cli("release", "true", "--out", "true")
    assert code == 2
    assert "--out: is the run itself, whose own numbers would be lost; expected another folder." in err
    assert not read_run(tmp_path / "true").manifest.get("disclosure")


@pytest.mark.usefixtures("whole_reports")
def test_documents__are_made_of_a_run_of_gaps(run, cli):
    models = [
        analysis("logit", outcome="ill", terms=["region", "income"]),
        analysis("multilevel", outcome="ill", levels="psu"),
        analysis("decomposition", outcome="ill", rank_by="income", terms=["region"]),
    ]
    more = "".join(table("[[analysis]]", lines) for lines in models)
    more += '[design.levels]\npsu = "psu"\n[disclosure]\nthreshold = 200\n'
    told = run("told", more)
    assert (told.results["status"] == "withheld").mean() > 0.7
    assert "it could not be made" not in (told.path / "report.html").read_text()
    for command in (("show", "told"), ("tables", "told", "--to", "md,html,csv,tex", "--out", "documents")):
        code, _, err = cli(*command)
        assert code == 0, err


def test_sample_of_few_people__is_not_told(run, cli, tmp_path):
    run("true")
    (tmp_path / "study.toml").write_text(STUDY + "[disclosure]\nthreshold = 1000\n")
    code, _, err = cli("run", "study.toml", "--out", "none")
    assert code == 12
    assert "sample: it has too few people; expected 1000 or more" in err
    assert not (tmp_path / "none").exists()


def test_verify__compares_what_is_told(run, cli):
    run("told", CONTROL + "round_to = 5\n")
    code, out, err = cli("verify", "told", "--data", "people_*.parquet")
    assert code == 0, out + err


@pytest.mark.usefixtures("run")
def test_night_of_one_person__tells_nothing_new(cli, tmp_path, monkeypatch):
    monkeypatch.setattr(inbox, "SETTLED", 0.0)  # nothing grows here
    (tmp_path / "study.toml").write_text(STUDY + CONTROL)

    def night(*more):
        code, _, err = cli("refresh", "study.toml", "--inbox", ".", "--store", "store", *more)
        assert code == 0, err
        return read_run(newest(tmp_path / "store"))

    first = night()
    people(2016, more=1).write_parquet("people_2016.parquet")
    second = night()
    assert second.path != first.path
    assert second.results.equals(first.results)
    assert second.manifest["disclosure"]["held_back"]
    assert second.manifest["warnings"][0].startswith("all numbers are those of the release before")
    assert "300" not in (second.path / "changes.md").read_text()

    people(2016, more=40).write_parquet("people_2016.parquet")
    third = night()
    assert not third.manifest["disclosure"]["held_back"]
    before, after = dict_of(second.results), dict_of(third.results)
    changes = {abs(after[key] - before[key]) for key in before.keys() & after.keys()}
    assert max(changes) >= THRESHOLD
    assert not [change for change in changes if 0 < change < THRESHOLD]

    people(2016, more=3).write_parquet("people_2016.parquet")  # 37 fewer, but three more than at first
    fourth = night("--accept-revision")
    assert fourth.manifest["disclosure"]["held_back"]
    assert fourth.results.equals(third.results)


def dict_of(results):
    """Every count that tidy rows tell, by what it is about."""
    about = ("analysis", "wave", "subgroup", "term", "level")
    found = {}
    for row in results.iter_rows(named=True):
        key = tuple(row[name] for name in about)
        for name in ("n_obs", "n_events"):
            if row[name] is not None:
                found[*key, name] = row[name]
        if row["measure"] == "count" and row["estimate"] is not None:
            found[*key, "count"] = row["estimate"]
    return found


def test_run_without_control__writes_what_it_wrote_before(run):
    manifest = run("true").manifest
    assert "disclosure" not in json.dumps(manifest)
