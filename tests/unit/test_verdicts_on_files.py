"""Which files a night reads, keeps, holds back or takes for copies: each rule by itself."""

from types import SimpleNamespace

import pytest

from engine.data.broken_rules import RuleError
from engine.errors import DataError
from engine.nights import judge, stale_files
from engine.store.ledger import ACCEPTED, DUPLICATE, QUARANTINED
from tests.unit.ledger_entries import entry, inbox_of, plan, version


@pytest.fixture
def parts(monkeypatch):
    """Which parts the store has whole."""
    whole = {"part"}
    for module in (stale_files, judge):
        monkeypatch.setattr(module, "read_part", lambda folder: folder.name in whole or None)
    return whole


@pytest.fixture
def store(tmp_path):
    return SimpleNamespace(parts=tmp_path)


@pytest.mark.parametrize(
    ("before", "digest", "key", "why"),
    [
        (None, "a", "read", "new"),
        (entry(), "b", "read", "changed"),
        (entry(), "0", "read", "changed"),
        (entry(), "a", "other", "study or version"),
        (entry(), "a", "a key before", "study or version"),
        (entry(retry=True), "a", "read", "again"),
        (entry(version=version(part="lost")), "a", "read", "lost"),
        (entry(version=None), "a", "read", None),
        (entry(), "a", "read", None),
    ],
)
def test_file__is_read_for_one_reason(parts, store, before, digest, key, why):
    assert stale_files._why_read(before, digest, key, store) == why


SHORT = {"place": "source", "rule": "rows", "rows": 20}
OTHER = {"place": "variables.age", "rule": "range", "rows": 2}


@pytest.mark.parametrize(
    ("before", "twin", "changed", "accept", "why"),
    [
        (entry(), None, True, True, None),
        (entry(state=DUPLICATE), None, False, False, "again"),
        (entry(state=DUPLICATE), "wave_2", False, False, None),
        (entry(depends_on_others=True), None, True, False, "again"),
        (entry(depends_on_others=True), None, False, False, None),
        (entry(broken=[OTHER, SHORT]), None, False, True, "again"),
        (entry(broken=[OTHER, SHORT]), None, False, False, None),
        (entry(broken=[OTHER]), None, False, True, None),
    ],
)
def test_verdict__is_given_again_where_its_reason_may_have_gone(before, twin, changed, accept, why):
    kept = plan(before=before, twin=twin)
    judged = stale_files._judged_again(kept, others_changed=changed, accept_revision=accept)
    assert judged.why == why
    assert judged is kept or why is not None
    for other in (plan(before=before, twin=twin, why="new"), plan(before=None)):
        assert stale_files._judged_again(other, others_changed=True, accept_revision=True) is other


def test_file_that_need_not_be_read__keeps_its_entry_with_a_new_look():
    kept = stale_files.kept_entry(plan(before=entry(stamp=[[1, 2, 3, 4]])))
    assert kept.stamp == [[7, 30, 20, 1]]
    assert kept.looked_at > 10**18
    assert (kept.state, kept.version) == (ACCEPTED, version())
    assert stale_files.kept_entry(plan(why="new")) is None
    assert stale_files.kept_entry(plan(before=None)) is None


def test_copy__counts_once_and_never_replaces_another_file_unasked():
    good = entry("wave_2")
    copy = plan(twin="wave_2", before=None, why="new")
    told = stale_files.twin_entry(copy, good)
    assert (told.state, told.reason, told.version) == (DUPLICATE, "the same content as wave_2", None)
    assert (told.sha256, told.reading_key, told.stamp) == ("a", "read", [[7, 30, 20, 1]])
    for bad in (None, entry("wave_2", state=QUARANTINED), entry("wave_2", state=DUPLICATE)):
        assert stale_files.twin_entry(copy, bad) is None
    known = plan(twin="wave_2")
    assert stale_files.twin_entry(known, None).version == version()
    assert stale_files.twin_entry(known, good).state == DUPLICATE  # it held the same before
    for content in ("0", "b"):
        before = version(sha256=content)
        written_over = plan(twin="wave_2", before=entry(sha256=content, version=before), why="changed")
        held = stale_files.twin_entry(written_over, good)
        assert (held.state, held.version, held.depends_on_others) == (QUARANTINED, before, True)
        assert held.reason.startswith("wave_1: now has the content of wave_2; expected its own.")
        assert stale_files.twin_entry(written_over, good, accept_revision=True).state == DUPLICATE


def test_twin__is_the_one_behind_the_results_else_the_first_of_its_wave():
    new = plan("a", before=None)
    plans = [new, plan("b"), plan("c", before=entry("c", version=version(sha256="old"))), plan("d", wave="2")]
    assert [stale_files._twin(one, plans) for one in plans] == ["b", None, "b", None]
    unreadable = plan("e", sha256=None)
    assert stale_files._twin(unreadable, [unreadable, plan("f", sha256=None)]) is None


def test_entries_before_reading__are_those_of_the_night_before():
    before = {"growing": entry("growing"), "kept": entry("kept"), "gone": entry("gone")}
    before |= {"bad": entry("bad", state=QUARANTINED, version=None)}
    plans = [
        plan("kept"),
        plan("changed", before=entry("changed", sha256="old"), why="changed"),
        plan("new", before=None, why="new"),
        plan("copy", before=None, twin="kept"),
    ]
    inbox = inbox_of("copy", "changed", "kept", "growing", "new", growing=("growing", "growing and new"))
    entries, withdrawn = stale_files.entries_without_reading(plans, inbox, before)
    assert [(one.file, one.state, one.sha256) for one in entries] == [
        ("copy", DUPLICATE, "a"),
        ("changed", ACCEPTED, "old"),
        ("kept", ACCEPTED, "a"),
        ("growing", ACCEPTED, "a"),
    ]
    assert withdrawn == ["gone"]  # nothing of the bad one stood behind the results


@pytest.mark.parametrize(("rows", "is_short"), [(100, False), (90, False), (89, True), (101, False)])
def test_revision__may_lose_a_tenth_of_its_rows(rows, is_short):
    new = version(source={**version().source, "rows": rows})
    judge._refuse_shorter("wave_1", new, None)
    if not is_short:
        judge._refuse_shorter("wave_1", new, version())
        return
    with pytest.raises(RuleError) as refused:
        judge._refuse_shorter("wave_1", new, version())
    assert [(one.place, one.rule, one.rows) for one in refused.value.broken] == [("source", "rows", 11)]


def test_version_before__stands_in_only_if_it_is_there_and_fits_the_study(parts, store):
    last = version()
    assert judge._version_to_fall_back_on(store, plan(), last) is last
    read = version(study_key=b"asked".decode())  # as read from a manifest: another object
    assert judge._version_to_fall_back_on(store, plan(), read) is read
    assert judge._version_to_fall_back_on(store, plan(), None) is None
    for other in ("a study before", "other"):
        assert judge._version_to_fall_back_on(store, plan(study_key=other), last) is None
    parts.clear()
    assert judge._version_to_fall_back_on(store, plan(), last) is None


@pytest.mark.parametrize(
    ("last", "is_blamed"),
    [
        (version(study_key="other"), True),
        (version(study_key="z other"), True),
        (version(), False),
        (version(study_key="other", sha256="b"), False),
        (version(study_key="other", sha256="0"), False),
        (None, False),
    ],
)
def test_study_is_to_blame__where_it_alone_has_changed(last, is_blamed):
    if not is_blamed:
        judge._blame_study(plan(), last, "bad.")
        return
    with pytest.raises(
        DataError, match=r"^bad\. The file was good before and has not changed; the study has"
    ):
        judge._blame_study(plan(), last, "bad.")


def test_growing_file__keeps_its_version_if_it_fits_the_study(parts, store, monkeypatch):
    job = SimpleNamespace(spec=None, store=store)
    monkeypatch.setattr(judge, "file_request_hash", lambda _, source: f"asked of {source}")
    inbox = inbox_of("wave_1")
    fits = entry(version=version(study_key="asked of wave_1"))
    assert judge._kept_growing(job, inbox, fits) is fits
    nothing = entry(version=None)
    assert judge._kept_growing(job, inbox, nothing) is nothing
    for key in ("asked", "asked of wave_2"):
        with pytest.raises(
            DataError, match="wave_1: is still being written, and the version before it is lost"
        ):
            judge._kept_growing(job, inbox, entry(version=version(study_key=key)))
    parts.clear()
    with pytest.raises(DataError, match="or no longer fits the study; expected a complete file"):
        judge._kept_growing(job, inbox, fits)


def test_known_reason__is_the_same_file_state_and_reason():
    bad = entry(state=QUARANTINED, reason="why")
    assert judge._is_known(bad, entry(state=QUARANTINED, reason="why", stamp=[]))
    for last in (
        None,
        entry(reason="why"),
        entry(state=QUARANTINED, reason="other"),
        entry(state=QUARANTINED, reason="why", sha256="b"),
    ):
        assert not judge._is_known(bad, last)


def test_order_of_judging__is_known_files_then_new_ones_then_copies():
    copy, new = plan("a", twin="c"), plan("b", before=None)
    bad = plan("c", before=entry("c", version=None))
    known = plan("d")
    assert sorted([copy, new, bad, known], key=judge._order_of_judging) == [known, new, bad, copy]


def held_back(monkeypatch, entries, before, shared, key=("id",)):
    """File -> state, where these pairs of files have records in common."""
    monkeypatch.setattr(judge, "_share_records", lambda _, kept, moved, __: (kept.file, moved.file) in shared)
    spec = SimpleNamespace(source=SimpleNamespace(key=key))
    result = judge.hold_moved_records(spec, entries, {one.file: one for one in before}, None)
    assert [one.file for one in result] == [one.file for one in entries]
    return {one.file: one for one in result}


def test_records_that_moved__count_once_through_a_chain_of_files(monkeypatch):
    def good(file):
        return entry(file, sha256="new", version=version(sha256=f"new {file}"))

    before = [entry(name) for name in ("bad", "b", "c", "same")]
    entries = [good("c"), good("b"), entry("bad", state=QUARANTINED), entry("same"), good("new")]
    entries.append(entry("nothing", state=QUARANTINED, version=None))
    shared = {("bad", "b"), ("b", "c"), ("bad", "same"), ("nothing", "new")}
    result = held_back(monkeypatch, entries, before, shared)
    states = {file: one.state for file, one in result.items()}
    assert states == {
        "c": QUARANTINED,
        "b": QUARANTINED,
        "bad": QUARANTINED,
        "same": ACCEPTED,
        "new": ACCEPTED,
        "nothing": QUARANTINED,
    }
    assert result["b"].version == version()  # the one before
    assert result["b"].depends_on_others
    assert result["b"].reason == ("b: holds records of bad, whose new version is bad; expected both good.")
    assert result["c"].reason.startswith("c: holds records of b,")
    result = held_back(monkeypatch, [good("new"), entry("bad", state=QUARANTINED)], before, {("bad", "new")})
    assert (result["new"].state, result["new"].version) == (QUARANTINED, None)
    result = held_back(monkeypatch, entries, before, shared, key=None)
    assert result["b"].state == ACCEPTED  # without a key no record is known


@pytest.mark.parametrize(("other", "is_shared"), [(version(part="other"), True), (None, False)])
def test_records_in_two_files__are_those_of_their_versions(store, monkeypatch, other, is_shared):
    def refuse(_, name, records, others):
        assert (name, records.parent.name, [one.parent.name for one in others]) == ("a", "part", ["other"])
        raise RuleError("a", [])

    monkeypatch.setattr(judge, "refuse_shared_keys", refuse)
    pair = entry("a"), entry("b", version=other)
    assert judge._share_records(None, *pair, store) is is_shared
    assert judge._share_records(None, entry("c", version=None), pair[0], store) is False
    monkeypatch.setattr(judge, "refuse_shared_keys", lambda *_: None)
    assert judge._share_records(None, *pair, store) is False


def test_file_beside_others__is_refused_for_its_content_keys_labels_or_weights(monkeypatch, store):
    asked = []
    monkeypatch.setattr(judge, "refuse_shared_keys", lambda *given: asked.append(given[1:]))
    monkeypatch.setattr(judge, "refuse_other_labels", lambda *given: asked.append(given[1:]))
    keys = SimpleNamespace(
        to_compare=lambda records, others: (records.parent.name, [one.parent.name for one in others])
    )
    job = SimpleNamespace(spec=None, store=store)

    def other(**facts):
        return version(part="other", source={**version().source, "sha256": "other", **facts})

    judge._refuse_beside(job, "wave_2", version(), [other()], keys)
    records = store.parts / "part" / judge.RECORDS
    assert asked == [
        ("wave_2", records, ("part", ["other"])),
        ("wave_2", {}, [other().source]),
    ]
    with pytest.raises(DataError, match="wave_2: has the same content as wave_1 of another wave"):
        judge._refuse_beside(job, "wave_2", version(), [other(), version()], keys)
    for columns in (["w1"], ["a"]):
        with pytest.raises(DataError, match="wave_2: other replicate weights than the files before"):
            judge._refuse_beside(job, "wave_2", version(), [other(), other(replicate_weights=columns)], keys)
