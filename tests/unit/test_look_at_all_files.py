"""Which files of an inbox a night reads, of a study as a whole; what a night refuses before it looks."""

from pathlib import Path

import pytest

from engine.data.source_file import SourceFile
from engine.errors import DataError, StudyError, UsageError
from engine.nights import night, stale_files, status
from engine.nights.inbox import Inbox, InboxFile
from engine.store.ledger import DUPLICATE, QUARANTINED
from engine.study import parse_study
from tests.study_texts import analysis, event, factor, study_text
from tests.unit.ledger_entries import STAMP, entry

TEXT = study_text(
    source={"path": "wave_*.csv", "wave": "wave"},
    variables={
        "ill": event("yes", no=[0], yes=[1]),
        "age": {"range": [0, 120]},
        "sex": factor(male=[1], female=[2]),
    },
    sample={"Adults": "age >= 18"},
    analyses=[analysis("rates", outcome="ill", rows="sex")],
)
SPEC = parse_study(TEXT)


def inbox(*names, growing=()):
    files = tuple(InboxFile(name=name, source=SourceFile(path=Path(name)), stamp=STAMP) for name in names)
    every = (*names, *growing)
    sources = {name: SourceFile(path=Path(name)) for name in every}
    return Inbox(files=files, growing=tuple(growing), names=every, sources=sources, notes=())


@pytest.fixture
def contents(monkeypatch):
    """File -> hash of its content."""
    hashes = {}
    monkeypatch.setattr(stale_files, "fingerprint", lambda file, _: hashes.get(file.name, file.name))
    return hashes


def plans(before, *names, store=None, spec=SPEC, **options):
    found = stale_files.plan_files(spec, inbox(*names), store, before, **options)
    return {one.file.name: one for one in found}


def test_plans__know_hash_keys_and_twin_of_each_file(contents):
    contents.update(a="1", b="2", c="1", d=None)
    found = plans({}, "a", "b", "c", "d")
    assert [(one.sha256, one.twin, one.why) for one in found.values()] == [
        ("1", None, "new"),
        ("2", None, "new"),
        ("1", "a", "new"),
        (None, None, "new"),
    ]
    assert all(one.before is None for one in found.values())
    assert len({one.reading_key for one in found.values()}) == 4
    assert len({one.study_key for one in found.values()}) == 1
    assert {len(one.reading_key) for one in found.values()} == {32}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("range = [0, 120]", "range = [0, 121]"),
        ("age >= 18", "age >= 19"),
        ("male = [1]", "male = [3]"),
        ('wave = "wave"', 'wave = "wave"\nlabels = "any"'),
        ("range = [0, 120]", 'range = [0, 120]\nimpute = "mean"'),
        ("range = [0, 120]", 'range = [0, 120]\nquantiles = ["low", "high"]'),
    ],
)
def test_file__is_read_again_where_the_study_reads_or_checks_it_otherwise(contents, old, new):
    assert old in TEXT
    changed = plans({}, "a", spec=parse_study(TEXT.replace(old, new, 1)))["a"]
    assert changed.reading_key != plans({}, "a")["a"].reading_key


def test_file__is_not_read_again_where_the_study_says_something_else(contents):
    other = parse_study(TEXT.replace("Adults", "Grown-ups").replace('rows = "sex"', 'rows = ["sex"]'))
    assert plans({}, "a", spec=other)["a"] == plans({}, "a")["a"]


def known(name, **facts):
    """The entry of a file of the study as it is."""
    return entry(name, sha256=name, reading_key=plans({}, name)[name].reading_key, **facts)


def test_empty_inbox__is_no_withdrawal(contents, parts, store):
    before = {"a": known("a"), "b": known("b")}
    with pytest.raises(
        DataError, match=r"--inbox: holds none of the files behind the results, and no new one"
    ):
        plans(before, store=store)
    bad = {**before, "c": known("c", state=QUARANTINED, version=None)}
    with pytest.raises(DataError, match="Is it mounted"):
        plans(bad, "c", store=store)
    copy = {**before, "c": known("c", state=DUPLICATE, version=None)}
    assert plans(copy, "c", store=store)["c"].why == "again"  # what it copies is gone
    assert plans(before, "d", store=store)["d"].why == "new"
    assert plans(before, "b", store=store)["b"].why is None
    assert plans({"c": bad["c"]}, store=store) == {}


def test_verdict_that_others_caused__is_given_again_when_they_change(contents, parts, store):
    before = {"a": known("a"), "b": known("b"), "c": known("c", state=QUARANTINED, depends_on_others=True)}
    assert plans(before, "a", "b", "c", store=store)["c"].why is None
    assert plans(before, "a", "c", store=store)["c"].why == "again"  # b is gone
    assert plans(before, "a", "b", "c", "d", store=store)["c"].why == "again"
    short = {
        **before,
        "c": known("c", state=QUARANTINED, broken=[{"place": "source", "rule": "rows", "rows": 9}]),
    }
    assert plans(short, "a", "b", "c", "d", store=store)["c"].why is None
    assert plans(short, "a", "b", "c", store=store, accept_revision=True)["c"].why == "again"


def test_levels_of_a_file__are_refused_for_nights(tmp_path):
    (tmp_path / "s.toml").write_text(TEXT)
    assert night.night_study(tmp_path / "s.toml").study.name == "small"
    (tmp_path / "s.toml").write_text(TEXT.replace("levels = { male = [1], female = [2] }", 'levels = "file"'))
    with pytest.raises(StudyError, match=r"variables\.sex\.levels: .*for nightly runs"):
        night.night_study(tmp_path / "s.toml")


def test_status__needs_a_store_or_a_study_with_its_inbox(store, tmp_path):
    for given in ((None, None), (None, tmp_path), ("brfss", None)):
        with pytest.raises(UsageError, match=r"has no run yet; expected STUDY and --inbox with it"):
            status.store_status(*given, store.root)
        with pytest.raises(UsageError, match="is no store"):
            status.store_status(*given, tmp_path / "nowhere")
    (tmp_path / "s.toml").write_text(TEXT)
    found = status.store_status(tmp_path / "s.toml", tmp_path, tmp_path / "nowhere")
    assert (found.run, found.age_hours, found.n_tasks) == (None, None, 1)
    assert [(item.what, item.action) for item in found.stale] == [("analysis", "compute")]
    assert found.as_dict()["stale"] == [
        {"what": "analysis", "name": "rates", "action": "compute", "why": "new"},
    ]
