"""A file that nobody may read, one that changes while it is read, and how long a new one is waited for."""

from types import SimpleNamespace

import pytest

from engine.data.source_file import SourceFile
from engine.nights import inbox, judge
from engine.nights.inbox import InboxFile
from engine.nights.stale_files import FilePlan, _twin


def plan(name, sha256, before=None):
    file = InboxFile(name=name, source=SourceFile(path=name), stamp=())
    keys = {"study_key": "", "reading_key": "", "twin": None, "why": "new"}
    return FilePlan(file=file, sha256=sha256, before=before, **keys)


def test_twin__is_the_first_file_of_the_same_content():
    plans = [plan("a", "1"), plan("b", "2"), plan("c", "1"), plan("d", None), plan("e", None)]
    assert [_twin(one, plans) for one in plans] == [None, None, "a", None, None]


@pytest.mark.parametrize("before", [None, SimpleNamespace(file="a", version=None)])
def test_file_that_changed_while_it_was_read__keeps_its_entry(monkeypatch, before):
    told = []
    job = SimpleNamespace(options=SimpleNamespace(accept_revision=False), log=lambda *a, **k: told.append(k))
    monkeypatch.setattr(judge, "_judged", lambda *_: "as read")
    for is_unchanged, entry in ((True, "as read"), (False, before)):
        monkeypatch.setattr(judge, "is_unchanged", lambda _, answer=is_unchanged: answer)
        assert judge._taken_in(job, plan("a", "1", before), None, {}, None) is entry
    assert told == [{"file": "a"}]


@pytest.mark.parametrize(("age", "wait"), [(0.25, [1.75]), (1.75, [0.25]), (2.25, []), (-0.25, [])])
def test_new_file__is_looked_at_again_two_seconds_after_its_change(monkeypatch, age, wait):
    slept = []
    monkeypatch.setattr(inbox, "time", SimpleNamespace(time=lambda: 100.0, sleep=slept.append))
    inbox._wait_until_settled([((5, int((100.0 - age) * 1e9), 0, 1),), ((5, 0, 0, 2),)])
    assert slept == wait
