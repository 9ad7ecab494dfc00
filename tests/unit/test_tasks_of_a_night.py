"""Which analyses a night computes again: the key of their inputs, and each reason."""

import hashlib
import re
from types import SimpleNamespace

import pytest

from engine.batch.tasks import Task, tasks_of
from engine.nights import stale_tasks, task_keys
from engine.nights.task_keys import TaskKey, task_key, used_variables
from engine.study import parse_study
from tests.study_texts import analysis, event, factor, study_text
from tests.unit.ledger_entries import entry, task_entry, version

TEXT = study_text(
    seed=3,
    source={"path": "wave_*.csv", "wave": "wave"},
    design={"weight": "w", "stratum": "region"},
    variables={
        "ill": event("yes", no=[0], yes=[1]),
        "Income": {"quantiles": ["low", "high"]},
        "sex": factor(male=[1], female=[2]),
        "age": {},
        "other": {},
    },
    sample={"Adults": "AGE >= 18"},
    analyses=[
        analysis("rates", waves="each", outcome="ill", rows="sex"),
        analysis("concentration", name="pair", waves=["1", "3"], outcome="ill", rank_by="Income"),
        analysis("rates", name="all", outcome="ill", rows="sex", where="income > 2"),
        analysis("describe", name="everything"),
    ],
)
SPEC = parse_study(TEXT)
KEY = TaskKey(method="m", study="s", seed="1", data="d")


def part(order="order", rows=9, **columns):
    """The contents of a part of two waves."""
    names = ("ill", "Income", "Income__missing", "sex", "age", "other", "design__weight")
    found = {name: columns.get(name, f"{name} 1") for name in names}
    waves = [{"wave": wave, "rows": rows, "columns": dict(found)} for wave in ("1", "2")]
    return {"order": order, "waves": waves}


def tasks(spec=SPEC, waves=("1", "2")):
    return {task.name: task for task in tasks_of(spec, waves)}


def test_used_variables__are_those_of_the_analysis_and_of_conditions():
    names = {name: used_variables(SPEC, task) for name, task in tasks().items()}
    assert names == {
        "rates [1]": ("ill", "sex", "age"),
        "rates [2]": ("ill", "sex", "age"),
        "pair [1, 3]": ("ill", "Income", "age"),
        "all": ("ill", "Income", "sex", "age"),
        "everything": ("ill", "Income", "sex", "age", "other"),
    }


CALIBRATION = """
[design.calibration]
method = "raking"
where = "OTHER > 1"

[[design.calibration.margins]]
by = "sex"
totals = { male = 10, female = 10 }

[variables.ill]"""


def adjusted(table):
    """The study with another table before its first variable."""
    return parse_study(TEXT.replace("[variables.ill]", table, 1))


@pytest.mark.parametrize(
    ("table", "more"),
    [
        (CALIBRATION, {"other"}),
        (
            CALIBRATION.replace('"OTHER > 1"', '"age > 1"').replace('"sex"\n', '"sex"\nnumber = "other"\n'),
            {"other"},
        ),
        ('[design.balance]\nby = "sex"\nvariables = ["other"]\n\n[variables.ill]', {"other"}),
        (
            '[design.balance]\nby = "sex"\nvariables = ["age"]\nwhere = "OTHER > 1"\n\n[variables.ill]',
            {"other"},
        ),
    ],
)
def test_weights_that_are_adjusted__use_their_variables(table, more):
    spec = adjusted(table)
    assert {*used_variables(spec, tasks(spec)["rates [1]"])} == {"ill", "sex", "age"} | more


def test_key__changes_with_what_the_analysis_sees_and_with_nothing_else():
    task = tasks()["rates [1]"]
    key = task_key(SPEC, task, [part()])
    assert key == task_key(SPEC, task, [part()])
    assert re.fullmatch("[0-9a-f]{32}", key.key)
    assert key.seed == "3"
    for name in ("ill", "sex", "age", "design__weight"):
        changed = task_key(SPEC, task, [part(**{name: "2"})])
        assert changed.differs_from(key.as_dict()) == ("data",), name
        assert changed.key != key.key
    for name in ("Income", "Income__missing", "other"):
        assert task_key(SPEC, task, [part(**{name: "2"})]) == key, name
    assert task_key(SPEC, task, [part(order="another")]) == key  # of one wave
    assert task_key(SPEC, task, [part(rows=8)]) != key
    assert task_key(SPEC, task, [part(), part()]) != key
    assert task_key(SPEC, task, [part(), {"order": "o", "waves": part()["waves"][1:]}]) == key  # another wave
    everything = tasks()["all"]
    assert task_key(SPEC, everything, [part(order="another")]) != task_key(SPEC, everything, [part()])
    kind = task_key(SPEC, everything, [part(Income__missing="2")])
    assert kind != task_key(SPEC, everything, [part()])
    assert task_key(SPEC, everything, []).data != task_key(SPEC, everything, [part()]).data


@pytest.mark.parametrize(
    ("old", "new", "is_seen"),
    [
        ("seed = 3", "seed = 4", True),
        ('weight = "w"', 'weight = "w2"', False),  # the name of a column: its values are in the data
        ('stratum = "region"', "", True),
        ('from = "Income"', 'from = "INC"', False),
        ("yes = [1]", "yes = [2]", False),  # other values are other data
        ('event = "yes"', 'event = "no"', True),
        ("[variables.age]", "[variables.age]\nscale = 2.0", True),
        ("[variables.age]", "[variables.age]\nbounds = [0, 120]", True),
        ("[variables.age]", '[variables.age]\nimpute = "mean"', True),
        ('["low", "high"]', '["low", "middle", "high"]', False),  # of a variable that it does not use
        ("AGE >= 18", "AGE >= 19", True),
        ("Adults", "Grown-ups", False),
        ('where = "income > 2"', 'where = "income > 3"', False),
    ],
)
def test_study__is_seen_where_it_says_what_the_rows_mean(old, new, is_seen):
    assert old in TEXT
    changed = parse_study(TEXT.replace(old, new, 1))
    before = task_key(SPEC, tasks()["rates [1]"], [part()])
    after = task_key(changed, tasks(changed)["rates [1]"], [part()])
    assert (before.key != after.key) == is_seen
    assert set(after.differs_from(before.as_dict())) <= {"study", "seed"}


def test_quantiles__are_seen_by_who_uses_them():
    changed = parse_study(TEXT.replace('["low", "high"]', '["low", "middle", "high"]', 1))
    for name in ("pair [1, 3]", "all", "everything"):
        assert task_key(changed, tasks(changed)[name], []).study != task_key(SPEC, tasks()[name], []).study


def test_calibration__binds_all_waves():
    spec = adjusted(CALIBRATION)
    other = part()
    other["waves"][1]["columns"]["sex"] = "2"
    task = tasks()["rates [1]"]
    assert task_key(SPEC, task, [other]) == task_key(SPEC, task, [part()])
    assert task_key(spec, task, [other]) != task_key(spec, task, [part()])


def test_differing_inputs__are_named_in_one_order():
    other = {"method": "m2", "study": "s2", "seed": "2", "data": "d2"}
    assert KEY.differs_from(other) == ("data", "study", "seed", "method")
    assert KEY.differs_from({**KEY.as_dict(), "seed": "2"}) == ("seed",)
    assert KEY.as_dict() == {"method": "m", "study": "s", "seed": "1", "data": "d"}
    keys = {TaskKey(**{**KEY.as_dict(), name: "x"}).key for name in KEY.as_dict()}
    assert len(keys | {KEY.key}) == 5


@pytest.fixture
def store(tmp_path):
    """A store with the rows of the key "k"."""
    (tmp_path / "k.parquet").write_bytes(b"rows")
    return SimpleNamespace(tasks=tmp_path)


STORED = {"sha256": hashlib.sha256(b"rows").hexdigest(), "wanted": KEY.key, "inputs": KEY.as_dict()}


def state(store, known, waves=("1", "2"), task=None):
    return stale_tasks._state(task or tasks()["rates [1]"], KEY, waves, store, known)


def test_task__is_computed_for_one_reason(store):
    assert state(store, None) == (None, "new")
    assert state(store, task_entry(**STORED, why="data")) == (
        task_entry(**STORED, state="reused", why=""),
        "",
    )
    for wanted in ("0", "zz"):
        other = task_entry(
            **{**STORED, "wanted": wanted, "inputs": {**KEY.as_dict(), "data": "x", "seed": "x"}}
        )
        assert state(store, other) == (None, "data, seed")
    for changed in ({"key": "none"}, {"key": None}, {"sha256": "0"}, {"sha256": "x"}):
        assert state(store, task_entry(**{**STORED, **changed})) == (None, "lost"), changed


def test_failed_task__stays_failed_with_the_rows_that_are_there(store):
    failed = task_entry(**STORED, state="failed")
    assert state(store, failed) == (failed, "data")
    without, why = state(store, task_entry(**{**STORED, "sha256": "other"}, state="failed"))
    assert (without.state, without.key, without.sha256, why) == ("failed", None, None, "data")
    again = task_entry(**{**STORED, "wanted": "x", "inputs": {**KEY.as_dict(), "data": "x"}}, state="failed")
    assert state(store, again) == (None, "data")


def test_task_without_its_waves__waits(store):
    waiting, why = state(store, task_entry(**STORED), ("1",), tasks()["pair [1, 3]"])
    assert why == "wave 3 is not there yet"
    inputs = {"wanted": KEY.key, "inputs": KEY.as_dict()}
    assert waiting == task_entry("pair [1, 3]", state="waiting", why=why, key=None, sha256=None, **inputs)
    assert state(store, None, (), tasks()["pair [1, 3]"])[1] == "wave 1, 3 is not there yet"
    assert state(store, None, ("1", "3"), tasks()["pair [1, 3]"]) == (None, "new")


def test_plans__are_for_the_waves_of_files_behind_the_results(store):
    files = [
        entry("a", version=version(sample={"10": 5, "2": 5}, contents=part())),
        entry("b", version=None),
        entry("c", version=version(sample={"1": 5, "2": 1}, contents=part())),
    ]
    plans = stale_tasks.plan_tasks(SPEC, files, store, {})
    names = [one.task.name for one in plans]
    assert names == ["rates [1]", "rates [2]", "rates [10]", "pair [1, 3]", "all", "everything"]
    assert [one.why for one in plans] == ["new", "new", "new", "wave 3 is not there yet", "new", "new"]
    assert plans[4].key == task_key(SPEC, plans[4].task, [part(), part()])
    known = {one.task.name: task_entry(one.task.name, **{**STORED, "wanted": one.key.key}) for one in plans}
    again = stale_tasks.plan_tasks(SPEC, files, store, known)
    assert [one.entry.state for one in again] == ["reused"] * 3 + ["waiting"] + ["reused"] * 2
    nothing = stale_tasks.plan_tasks(SPEC, [entry("b", version=None)], store, {})
    assert [one.task.name for one in nothing] == ["pair [1, 3]", "all", "everything"]


def test_texts__are_found_at_any_depth():
    assert [*task_keys._texts({"a": ["x", ("y", {"b": "z"})], "c": 1, "d": None})] == ["x", "y", "z"]


def test_columns__are_those_used_and_those_of_the_design():
    columns = {"ill": "1", "sex": "2", "design__weight": "3"}
    assert task_keys._chosen(columns, {"sex", "age"}) == {"sex": "2", "design__weight": "3"}
    whole = Task(analysis=SPEC.analysis[2])
    assert task_keys._seen({"order": "o", "waves": []}, whole, {"sex"}) is None
    one = {"order": "o", "waves": part()["waves"][:1]}
    assert task_keys._seen(one, whole, {"sex"})[0] is None
    assert task_keys._seen(part(), whole, {"sex"})[0] == "order"
