"""What a night says of files, analyses and results, and what a store would do: each line by itself."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine.errors import UsageError
from engine.nights import changes, history, late, publish, status, strays
from engine.nights.night import Night, refuse_other_study, study_place
from engine.store.ledger import DUPLICATE, QUARANTINED
from tests.unit.ledger_entries import entry, plan, task_entry, version
from tests.unit.tidy_rows import differences, rows


def manifest(*entries, tasks=(), **facts):
    known = {
        "files": [one.as_dict() for one in entries],
        "tasks": [one.as_dict() for one in tasks],
        "versions": {"equirank": "1", "numpy": "2"},
        "method": "code",
        "study": {"name": "s", "title": None, "asked": {"study": {"seed": 1}}},
        "seed": 1,
    }
    return {**known, **facts}


def test_files__are_new_changed_set_aside_or_withdrawn():
    before = manifest(entry("a"), entry("b"), entry("c", state=DUPLICATE), entry("d"), entry("e", sha256="z"))
    after = manifest(
        entry("a"),
        entry("b", sha256="b"),
        entry("c"),
        entry("e", sha256="a", state=QUARANTINED, reason="Bad."),
        entry("f"),
        entry("g", state=DUPLICATE, reason="the same content as f", version=None),
    )
    assert [*changes.file_lines(before, after)] == [
        "b: changed, 100 rows",
        "c: accepted, 100 rows",
        "e: IN QUARANTINE. Bad.",
        "f: new, 100 rows",
        "g: new, the same content as f",
        "d: withdrawn",
    ]
    many = version(source={**version().source, "rows": 1234})
    assert [*changes.file_lines(None, manifest(entry(version=many)))] == ["wave_1: new, 1,234 rows"]
    controlled = manifest(entry("a"), entry("g", state=DUPLICATE, reason="copy", version=None))
    controlled["disclosure"] = {"threshold": 10}
    assert [*changes.file_lines(None, controlled)] == ["a: new, its rows are not told", "g: new, copy"]


def test_analyses__are_told_with_why_they_were_computed():
    tasks = [
        task_entry("a", why="data, method"),
        task_entry("b", state="reused"),
        task_entry("c", state="failed", why="No."),
        task_entry("d", state="waiting", why="wave 3"),
        task_entry("e", state="reused"),
        task_entry("f", why="new"),
    ]
    after = manifest(tasks=tasks)
    told = ["c: FAILED: No.", "d: WAITING: wave 3", "f: computed (new)", "2 as before"]
    assert [*changes.task_lines(None, after)] == ["a: computed (data, the code of equirank)", *told]
    before = manifest(versions={"equirank": "1", "numpy": "1"})
    assert [*changes.task_lines(before, after)] == ["a: computed (data, numpy 1 -> 2)", *told]
    same_versions = manifest()
    assert next(iter(changes.task_lines(same_versions, after))) == "a: computed (data, the code of equirank)"
    assert [*changes.task_lines(None, manifest(tasks=[task_entry()]))] == ["rates [1]: computed (data)"]


def test_report__has_its_parts_in_order():
    tasks = [task_entry(), task_entry("b")]
    first = changes.change_report(None, manifest(entry(), tasks=tasks), None)
    assert first == (
        "# s\n\n## Files\n\n- wave_1: new, 100 rows\n\n## Analyses\n\n- rates [1]: computed (data)\n"
        "- b: computed (data)\n\n## Results\n\n- 2 analyses, first run\n"
    )
    study = {"name": "s", "title": "A title", "asked": {"study": {"seed": 2}}}
    after = manifest(entry(), tasks=[task_entry("b", state="reused")], study=study, seed=2)
    second = changes.change_report(manifest(entry(), tasks=tasks), after, differences(moved=1))
    assert second.startswith(
        "# A title\n\n## Files\n\n- as before\n\n## Study and versions\n\n- study.seed: 1 -> 2\n\n"
        "## Analyses\n\n- 1 as before\n\n## Results\n\nEstimates that moved: 1;"
    )


def test_warnings__tell_quarantine_failures_and_waiting():
    files = [entry(), entry("b", state=QUARANTINED, reason="Bad.")]
    tasks = [
        task_entry(),
        task_entry("c", state="failed", why="No."),
        task_entry("d", state="failed", why="No.", key=None),
        task_entry("e", state="waiting", why="wave 3"),
        task_entry("f", state="reused"),
    ]
    night = Night(run=None, is_new=False, files=files, tasks=tasks)
    assert [*publish._warnings(night)] == [
        "b is in quarantine: Bad.",
        "analysis c failed, its rows are those of an earlier night: No.",
        "analysis d failed, it has no rows: No.",
        "analysis e: wave 3",
    ]
    assert night.exit_code == 12
    assert Night(run=None, is_new=False, files=files, tasks=tasks[:1]).exit_code == 11
    assert Night(run=None, is_new=False, files=files[:1], tasks=tasks[3:]).exit_code == 0


def test_runs_that_are_damaged__are_named_and_not_compared(monkeypatch):
    monkeypatch.setattr(publish, "run_damage", lambda run: "bad" if run.name == "2" else None)
    monkeypatch.setattr(publish, "read_run", lambda run: run.name)
    damaged = []
    assert [*publish._whole_runs([Path("1"), Path("2"), Path("3")], damaged)] == ["3", "1"]
    assert damaged == ["2"]


def test_files__that_are_stale_or_need_a_look():
    assert status._file_item(plan()) is None
    assert status._file_item(plan(before=None)) is None
    item = status._file_item(plan(why="new"))
    assert (item.what, item.name, item.action, item.why) == ("file", "wave_1", "read", "new")
    bad = entry(state=QUARANTINED, reason="Bad.")
    item = status._file_item(plan(before=bad))
    assert (item.action, item.why) == ("look", "in quarantine: Bad.")
    assert status._file_item(plan(before=bad, why="changed")).action == "read"


def test_waves_of_a_file_to_be_read__are_those_that_are_known():
    assert status._waves(plan()) == {"1"}
    assert status._waves(plan(before=None)) == set()
    assert status._waves(plan(before=entry(version=None), wave="3")) == {"3"}
    assert status._waves(plan(wave="3")) == {"1", "3"}


@pytest.mark.parametrize(
    ("entry_", "waves", "coming", "told"),
    [
        (None, ("1",), {}, ("compute", "new")),
        (task_entry(state="failed", why="No."), ("1",), {"a": {"1"}}, ("look", "failed: No.")),
        (task_entry(), ("1",), {}, None),
        (task_entry(), ("1",), {"a": {"2"}, "b": {"1", "2"}}, ("compute", "data of b")),
        (task_entry(), None, {"a": {"2"}, "b": set()}, ("compute", "data of a, b")),
        (task_entry(), ("1",), {"a": {"2"}}, None),
        (task_entry(state="waiting"), ("1",), {"a": {"1"}}, None),
    ],
)
def test_analyses__that_are_stale_or_need_a_look(entry_, waves, coming, told):
    task = SimpleNamespace(name="rates", waves=waves)
    item = status._task_item(SimpleNamespace(task=task, entry=entry_, why="new"), coming)
    if told is None:
        assert item is None
    else:
        assert (item.what, item.name, item.action, item.why) == ("analysis", "rates", *told)


def test_age__is_in_hours_and_never_below_0():
    def created(hours):
        return (datetime.now(UTC) - timedelta(hours=hours)).isoformat()

    assert status._hours_since(created(3)) == pytest.approx(3, abs=0.01)
    assert status._hours_since(created(-3)) == 0.0  # a clock that was set back


def test_late_waves__are_those_whose_day_has_passed():
    today = datetime.now(UTC).date()
    one = timedelta(days=1)
    expect = {"1": today - one, "2": today - one, "3": today, "4": today + one, "5": today - 2 * one}
    spec = SimpleNamespace(source=SimpleNamespace(expect=expect))
    held = version(contents={"waves": [{"wave": 1}], "order": "o"})
    found = late.late_waves(spec, [entry(version=held), entry("b", version=None)])
    assert found == (
        f"wave 2: no accepted file holds it; it was expected by {today - one}",
        f"wave 5: no accepted file holds it; it was expected by {today - 2 * one}",
    )
    assert late.late_waves(SimpleNamespace(source=SimpleNamespace(expect=None)), []) == ()


def test_strays__are_plain_files_that_no_path_names(tmp_path):
    for name in (
        "wave_1.csv",
        "wave_1.csv.sha256",
        "Wave2.CSV",
        "b.txt",
        ".hidden",
        "deep/x.csv",
        ".h/y.csv",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    for name in ("store/store.json", "store/runs/000001/manifest.json", "wave_2.csv/in a folder"):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).touch()
    (tmp_path / "link.csv").symlink_to(tmp_path / "b.txt")
    spec = SimpleNamespace(source=SimpleNamespace(path=("wave_1.csv", "sub/wave_2.csv")))
    known = [tmp_path / "wave_1.csv"]
    found = [
        (str(path.relative_to(tmp_path)), guess) for path, guess in strays.stray_files(spec, tmp_path, known)
    ]
    names_it = "the study names 'wave_2.csv'"
    assert found == [
        ("Wave2.CSV", "is it meant as 'wave_2.csv'?"),
        ("b.txt", names_it),
        ("deep/x.csv", names_it),
        ("wave_2.csv/in a folder", names_it),
    ]
    (tmp_path / "store.json").touch()  # the inbox is a store itself: its files are strays all the same
    assert len(strays.stray_files(spec, tmp_path, known)) == 5


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("data/a_*.csv", ("a_*.csv",)),
        (("x/a.csv", "b.csv"), ("a.csv", "b.csv")),
        ({"1": "x/a.csv"}, ("a.csv",)),
        (None, ()),
    ],
)
def test_names__are_those_of_the_study_without_folders(path, names):
    assert strays._names(SimpleNamespace(source=SimpleNamespace(path=path))) == names


def test_guess__is_the_name_that_is_close_or_five_names():
    assert strays._guess("x", []) == "every file that the study names is there"
    wanted = [f"wave_{number}.csv" for number in range(6)]
    assert strays._guess("zz.txt", wanted) == (
        "the study names 'wave_0.csv', 'wave_1.csv', 'wave_2.csv', 'wave_3.csv', 'wave_4.csv'"
    )
    assert strays._guess("WAVE-3.CSV", wanted) == "is it meant as 'wave_3.csv'?"
    assert strays._plain("Wave-1_b*?.DTA") == "wave1b*?dta"


def test_history__says_which_name_is_unknown(monkeypatch):
    results = rows({}, {"analysis": "index", "measure": "standard"})
    monkeypatch.setattr(history, "read_run", lambda _: SimpleNamespace(results=results))
    monkeypatch.setattr(history, "open_store", lambda _: SimpleNamespace(newest="run"))
    assert (
        history._near("s", {"analysis": "rats", "measure": "rate"})
        == "analysis 'rats': Did you mean 'rates'?"
    )
    told = history._near("s", {"analysis": "rates", "measure": "standard"})
    assert told.startswith("measure 'standard': ")
    assert "rate" in told
    assert history._near("s", {"analysis": "rates", "measure": "rate"}) == "Look at `equirank show`."
    monkeypatch.setattr(history, "open_store", lambda _: SimpleNamespace(newest=None))
    assert history._near("s", {}) == "It has no run yet."


def test_history_of_a_store_without_runs__is_refused(store):
    with pytest.raises(UsageError, match=r"no run has such an estimate; .* It has no run yet\."):
        history.estimate_history(store.root, "rates", "rate")


def test_store_of_another_study__is_refused():
    spec = SimpleNamespace(study=SimpleNamespace(name="b"))
    refuse_other_study(spec, None)
    refuse_other_study(spec, {"study": {"name": bytes([98]).decode()}})  # as read from a file: another object
    for name in ("a", "c"):
        with pytest.raises(UsageError, match=f"found the nights of study '{name}'; expected those of 'b'"):
            refuse_other_study(spec, {"study": {"name": name}})


def test_place_of_a_study__is_its_shipped_name_or_its_whole_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "mine.toml").touch()
    (tmp_path / "mine.toml").touch()
    assert study_place("brfss") == "brfss"
    assert study_place("mine.toml") == str(tmp_path / "mine.toml")
    assert study_place("studies/mine.toml") == str(tmp_path / "studies" / "mine.toml")
