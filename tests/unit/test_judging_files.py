"""What a night makes of the files that it reads, one by one and all together."""

from types import SimpleNamespace

import pytest

from engine.data.broken_rules import Broken, RuleError
from engine.errors import DataError
from engine.nights import judge
from engine.nights.night import NightOptions
from engine.store.ledger import ACCEPTED, DUPLICATE, QUARANTINED
from engine.study import parse_study
from tests.study_texts import analysis, event, study_text
from tests.unit.ledger_entries import SOURCE, entry, inbox_of, plan, version

SPEC = parse_study(
    study_text(
        source={"path": "wave_*.csv", "wave": "wave"},
        variables={"ill": event("yes", no=[0], yes=[1])},
        analyses=[analysis("rates", outcome="ill")],
    )
)
READ = {
    "part": "part",
    "source": {**SOURCE, "file": "x"},
    "contents": {"waves": [], "order": "o"},
    "sample": {"1": 9},
}


def job(store, **options):
    told = []
    return SimpleNamespace(
        spec=SPEC,
        store=store,
        options=NightOptions(**options),
        told=told,
        log=lambda event, **facts: told.append((event, facts.get("file"))),
    )


def beside(answer):
    readers = SimpleNamespace(answer_about=lambda _: answer)
    return judge._Beside(readers=readers, keys=None)


@pytest.fixture
def fits(monkeypatch):
    """Files fit the others."""
    monkeypatch.setattr(judge, "_refuse_beside", lambda *_: None)


def test_good_file__is_accepted_with_its_new_version(store, parts, fits):
    found = judge._judged(job(store), plan(), [], beside(READ))
    assert found.state == ACCEPTED
    assert found.version == version(**READ)
    assert (found.reason, found.broken, found.retry, found.depends_on_others) == (None, (), False, False)


def test_file_that_cannot_be_read__keeps_the_version_before(store, parts, fits):
    denied = judge._judged(job(store), plan(sha256=None), [], beside(READ))
    assert (denied.state, denied.retry, denied.version) == (QUARANTINED, True, version())
    assert denied.reason == (
        "wave_1: the file may not be read; expected a readable one. Correct its permissions."
    )
    bad = {"reason": "Bad.", "broken": [{"rows": 1}], "retry": False}
    for before in (entry(), entry(version=version(part="p"))):
        found = judge._judged(job(store), plan(before=before), [], beside(bad))
        assert (found.state, found.reason, found.broken) == (QUARANTINED, "Bad.", [{"rows": 1}])
        assert (found.retry, found.depends_on_others, found.version) == (False, False, before.version)
    assert judge._judged(job(store), plan(before=None), [], beside(bad)).version is None


def test_study_is_blamed__unless_the_reader_died(store, parts, fits):
    changed = plan(study_key="asks something else")
    with pytest.raises(DataError, match=r"Bad\. The file was good before"):
        judge._judged(job(store), changed, [], beside({"reason": "Bad.", "broken": [], "retry": False}))
    died = judge._judged(job(store), changed, [], beside({"reason": "Bad.", "broken": [], "retry": True}))
    assert (died.state, died.retry, died.version) == (QUARANTINED, True, None)


def test_shorter_file__is_set_aside_by_itself_and_taken_on_demand(store, parts, fits):
    short = {**READ, "source": {**READ["source"], "rows": 50}}
    found = judge._judged(job(store), plan(), [], beside(short))
    assert (found.state, found.depends_on_others, found.version) == (QUARANTINED, False, version())
    assert found.broken == [{"place": "source", "rule": "rows", "rows": 50}]
    taken = judge._judged(job(store, accept_revision=True), plan(), [], beside(short))
    assert (taken.state, taken.version.rows) == (ACCEPTED, 50)


def test_file_that_does_not_fit_the_others__is_judged_again_when_they_change(store, parts, monkeypatch):
    def refuse(*_):
        raise RuleError("wave_1", [Broken(place="source.key", rule="unique key", rows=3)])

    monkeypatch.setattr(judge, "_refuse_beside", refuse)
    found = judge._judged(job(store), plan(), [], beside(READ))
    assert (found.state, found.depends_on_others, found.version) == (QUARANTINED, True, version())
    assert found.broken == [{"place": "source.key", "rule": "unique key", "rows": 3}]

    def other(*_):
        raise DataError("No.")

    monkeypatch.setattr(judge, "_refuse_beside", other)
    found = judge._judged(job(store), plan(), [], beside(READ))
    assert (found.reason, found.broken, found.depends_on_others) == ("No.", [], True)


class Readers:
    """Readers that find every file good but those named bad, and remember what they were asked."""

    def __init__(self, bad=()):
        self.bad, self.ahead = bad, []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def read_ahead(self, plans):
        self.ahead += [one.file.name for one in plans]

    def answer_about(self, plan):
        if plan.file.name in self.bad:
            return {"reason": "Bad.", "broken": [], "retry": False}
        return {**READ, "part": plan.file.name}


def taken_in(monkeypatch, store, found, inbox, before, bad=()):
    readers, one = Readers(bad), job(store)
    monkeypatch.setattr(judge, "night_readers", lambda _: readers)
    monkeypatch.setattr(judge, "is_unchanged", lambda file: file.name != "moving")
    monkeypatch.setattr(judge, "file_request_hash", lambda *_: "asked")
    entries = judge.take_in(one, found, inbox, before)
    return readers, one, {each.file: each for each in entries}


def test_all_files__are_judged_and_stand_in_the_order_of_the_study(store, parts, monkeypatch):
    compared = {}

    def refuse_beside(_, name, version, others, keys):
        compared[name] = [other.part for other in others]

    monkeypatch.setattr(judge, "_refuse_beside", refuse_beside)
    before = {"grows": entry("grows"), "kept": entry("kept"), "changed": entry("changed", sha256="old")}
    before["bad"] = entry("bad")
    found = [
        plan("new", before=None, why="new"),
        plan("copy", before=None, twin="kept", why="new"),
        plan("kept"),
        plan("moving", before=None, why="new"),
        plan("changed", before=before["changed"], why="changed"),
        plan("bad", before=before["bad"], why="changed"),
    ]
    inbox = inbox_of(
        "copy", "bad", "changed", "new", "moving", "kept", "grows", growing=("grows", "grows and new")
    )
    readers, one, entries = taken_in(monkeypatch, store, found, inbox, before, bad=("bad",))
    assert list(entries) == ["copy", "bad", "changed", "new", "kept", "grows"]
    states = [each.state for each in entries.values()]
    assert states == [DUPLICATE, QUARANTINED, ACCEPTED, ACCEPTED, ACCEPTED, ACCEPTED]
    assert entries["changed"].version.part == "changed"
    assert entries["bad"].version == version()
    assert entries["kept"].looked_at > before["kept"].looked_at
    assert entries["grows"] is before["grows"]
    assert readers.ahead == ["new", "moving", "changed", "bad"]
    assert one.told == [("growing", "moving"), ("quarantined", "bad")]
    assert list(compared) == ["changed", "new", "moving"]  # first those behind the results
    assert compared["changed"] == ["part", "part"]  # the growing and the kept one
    assert compared["new"] == ["part", "part", "changed", "part"]
    assert [path.name for path in (store.root / "quarantine").iterdir()] != []


def test_known_quarantine__is_told_once(store, parts, fits, monkeypatch):
    before = {"bad": entry("bad", state=QUARANTINED, reason="Bad.", version=None)}
    found = [plan("bad", before=before["bad"], why="again")]
    _, one, entries = taken_in(monkeypatch, store, found, inbox_of("bad"), before, bad=("bad",))
    assert (entries["bad"].state, one.told) == (QUARANTINED, [])


def test_copy_of_a_bad_file__is_judged_by_itself(store, parts, fits, monkeypatch):
    found = [plan("bad", before=None, why="new"), plan("copy", before=None, twin="bad", why="new")]
    _, one, entries = taken_in(monkeypatch, store, found, inbox_of("bad", "copy"), {}, bad=("bad",))
    assert [each.state for each in entries.values()] == [QUARANTINED, ACCEPTED]
    assert one.told == [("quarantined", "bad")]
