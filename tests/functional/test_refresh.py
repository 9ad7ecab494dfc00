"""Night after night: what a refresh computes, keeps, sets aside and publishes."""

import json
import os
import shutil
import subprocess
import sys
import time

import polars as pl
import pytest

from engine.nights import inbox
from tests.functional.nights import STUDY, computed, newest, put, sha, single, tree, wave


def test_ten_nights__compute_what_changed_and_end_as_one_run(cli, night):
    put(night, 1)
    code, report, _ = night()
    assert code == 0
    assert computed(report) == ["rates [1]", "yearly [1]", "trend"]
    assert [task["state"] for task in report["tasks"] if task["task"] == "pair [1, 3]"] == ["waiting"]

    put(night, 2, wave(2).head(150), "wave_2a.parquet")
    assert computed(night()[1]) == ["rates [2]", "yearly [2]", "trend"]
    put(night, 2, wave(2).tail(150), "wave_2b.parquet")  # the other half
    assert computed(night()[1]) == ["rates [2]", "yearly [2]", "trend"]

    before = tree(night.store)
    code, report, _ = night()  # idle
    assert (code, report["published"], computed(report)) == (0, False, [])
    assert tree(night.store) == before

    put(night, 3)
    assert computed(night()[1]) == ["rates [3]", "yearly [3]", "trend", "pair [1, 3]"]
    revised = wave(1).with_columns(
        ill=pl.when(pl.int_range(300) < 9).then(1 - pl.col("ill")).otherwise("ill")
    )
    put(night, 1, revised)
    assert computed(night()[1]) == ["rates [1]", "yearly [1]", "trend", "pair [1, 3]"]

    (night.inbox / "wave_3.parquet").unlink()
    code, report, _ = night()
    assert (code, report["withdrawn"]) == (0, ["wave_3.parquet"])
    assert computed(report) == ["trend"]
    states = {task["task"]: task["state"] for task in report["tasks"]}
    assert {*states} == {"rates [1]", "rates [2]", "yearly [1]", "yearly [2]", "trend", "pair [1, 3]"}
    assert states["pair [1, 3]"] == "waiting"
    assert night()[1]["published"] is False  # idle

    put(night, 4)
    assert computed(night()[1]) == ["rates [4]", "yearly [4]", "trend"]
    put(night, 3)
    assert computed(night()[1]) == ["rates [3]", "yearly [3]", "trend", "pair [1, 3]"]
    assert sha(newest(night.store)) == sha(single(cli, night))
    assert len(list((night.store / "runs").iterdir())) == 8


def test_revision__that_no_analysis_sees_computes_nothing(night):
    put(night, 1)
    night()
    put(night, 1, wave(1).with_columns(other=pl.lit(1)).sample(fraction=1.0, seed=1).sort("id"))
    code, report, _ = night()
    assert (code, report["published"], computed(report)) == (0, True, [])
    assert sha(night.store / "runs" / "000001") == sha(night.store / "runs" / "000002")


def test_change_of_one_column__touches_only_who_reads_it(night):
    put(night, 1)
    night()
    put(night, 1, wave(1).with_columns(sex=3 - pl.col("sex")))
    assert computed(night()[1]) == ["rates [1]"]


def test_change_of_the_study__touches_only_its_part(night):
    put(night, 1)
    put(night, 2)
    night()
    text = STUDY.replace('index = ["standard", "erreygers"]', 'index = "erreygers"').replace(
        "seed = 3", "seed = 3\ntitle = 'T'"
    )
    (night.root / "study.toml").write_text(text)
    report = night()[1]
    assert computed(report) == ["trend"]
    assert [task["why"] for task in report["tasks"] if task["task"] == "trend"] == ["study"]
    (night.root / "study.toml").write_text(text.replace("seed = 3", "seed = 4"))
    assert {task["why"] for task in night()[1]["tasks"]} == {"seed", "wave 3 is not there yet"}


def test_study__that_its_own_files_do_not_fit_changes_nothing(cli, night):
    put(night, 1)
    put(night, 2)
    night()
    before = tree(night.store)
    (night.root / "study.toml").write_text(STUDY.replace('from = "sex"', 'from = "sxe"'))
    code, _, err = night()
    assert code == 11
    assert "no column 'sxe'" in err
    assert "has not changed; the study has" in err
    assert {name: sha for name, sha in tree(night.store).items() if not name.startswith("parts")} == {
        name: sha for name, sha in before.items() if not name.startswith("parts")
    }
    (night.root / "study.toml").write_text(STUDY)
    assert night()[1]["published"] is False


def test_study_and_file__that_change_together(cli, night):
    """Records that were read for another study do not stand in for a bad new version."""
    put(night, 1)
    put(night, 3)
    night()
    text = STUDY.replace("levels = { male = [1], female = [2] }", "levels = { female = [2], male = [1] }")
    (night.root / "study.toml").write_text(text)
    put(night, 3).write_bytes(b"x")
    code, report, _ = night()
    assert code == 11
    assert [file["rows"] for file in report["files"]] == [300, None]
    assert {task["task"]: task["state"] for task in report["tasks"]}["pair [1, 3]"] == "waiting"


def test_bad_revision__leaves_the_version_before(cli, night):
    put(night, 1)
    put(night, 2)
    night()
    first = sha(newest(night.store))
    path = put(night, 2)
    path.write_bytes(path.read_bytes()[:700])
    code, report, _ = night()
    assert (code, computed(report)) == (11, [])
    assert sha(newest(night.store)) == first
    assert cli("status", "--store", "store")[0] == 14
    put(night, 2)
    assert night()[0] == 0
    assert cli("status", "--store", "store")[0] == 0


def test_shorter_revision__needs_a_word(night):
    put(night, 1)
    night()
    put(night, 1, wave(1).head(200))
    code, report, _ = night()
    assert code == 11
    assert report["files"][0]["broken"] == [{"place": "source", "rule": "rows", "rows": 100}]
    assert night()[0] == 11
    code, report, _ = night("--accept-revision")
    assert (code, report["files"][0]["rows"]) == (0, 200)
    assert night()[0] == 0


def test_labels__that_change_their_meaning_are_told(cli, night):
    import pyreadstat

    text = STUDY.replace("wave_*.parquet", "wave_*.dta")
    (night.root / "study.toml").write_text(text)

    def put_dta(number, labels):
        pyreadstat.write_dta(
            wave(number), night.inbox / f"wave_{number}.dta", variable_value_labels={"sex": labels}
        )

    put_dta(1, {1: "Male", 2: "Female"})
    assert night()[0] == 0
    put_dta(2, {1: " male ", 2: "FEMALE"})
    assert night()[0] == 0
    put_dta(3, {1: "Female", 2: "Male"})
    code, report, _ = night()
    assert code == 11
    assert report["files"][2]["broken"] == [{"place": "variables.sex", "rule": "labels", "rows": 2}]
    (night.root / "study.toml").write_text(text.replace('key = ["id"]', 'key = ["id"]\nlabels = "any"'))
    assert night()[0] == 0


def test_growing_file__is_left_for_the_next_night(night):
    put(night, 1)
    night()
    path = put(night, 2)
    with path.open("ab"):
        code, report, _ = night()
    assert (code, report["growing"], report["published"]) == (0, ["wave_2.parquet"], False)
    assert night()[1]["published"] is True


def test_file_of_another_user__needs_a_longer_silence(night, monkeypatch):
    import fcntl

    control = fcntl.fcntl

    def denied(handle, command, *value):
        if command == fcntl.F_SETLEASE:
            raise PermissionError
        return control(handle, command, *value)

    path = put(night, 1)
    monkeypatch.setattr(inbox.fcntl, "fcntl", denied)
    assert night()[1]["growing"] == ["wave_1.parquet"]
    os.utime(path, (time.time() - 90, time.time() - 90))
    assert night()[1]["published"] is True


def test_what_is_no_file__is_passed_over_with_a_note(night):
    put(night, 1)
    (night.inbox / "wave_2.parquet").symlink_to(night.inbox / "wave_1.parquet")
    (night.inbox / "wave_3.parquet").mkdir()
    os.mkfifo(night.inbox / "wave_4.parquet")
    (night.inbox / "notes.txt").write_text("x")
    code, report, _ = night()
    assert code == 0
    assert [note.split(":")[0] for note in report["notes"]] == [
        "wave_2.parquet",
        "wave_3.parquet",
        "wave_4.parquet",
        "notes.txt",
    ]
    assert len(report["files"]) == 1


def test_files_of_one_name__in_folders_of_their_own(cli, night):
    text = STUDY.replace('"wave_*.parquet"', '"*/wave.parquet"').replace(
        'waves = ["1", "3"]', 'waves = ["1"]'
    )
    (night.root / "study.toml").write_text(text)
    for number in (1, 2):
        (night.inbox / str(number)).mkdir()
        put(night, number, name=f"{number}/wave.parquet")
    code, report, _ = night()
    assert code == 0
    assert [file["file"] for file in report["files"]] == ["1/wave.parquet", "2/wave.parquet"]
    assert night()[1]["published"] is False
    assert sha(newest(night.store)) == sha(single(cli, night))


def test_same_content_twice__counts_once(cli, night):
    (night.root / "study.toml").write_text(STUDY.replace('waves = ["1", "3"]', 'waves = ["1"]'))
    put(night, 1)
    put(night, 1, name="wave_1 (copy).parquet")
    code, report, _ = night()
    assert code == 0
    assert [file["state"] for file in report["files"]] == ["accepted", "duplicate"]
    first = sha(newest(night.store))
    (night.inbox / "wave_1 (copy).parquet").unlink()
    assert night()[0] == 0
    assert sha(newest(night.store)) == first == sha(single(cli, night))


def test_names__are_never_sent_raw_to_a_terminal(night):
    put(night, 1, name="wave_\x1b[31m1.parquet")
    shutil.copy(put(night, 2), os.fsdecode(bytes(night.inbox) + b"/wave_\xff.parquet"))
    code, report, err = night()
    assert code == 0
    assert [file["file"] for file in report["files"]] == ["wave_\\x1b[31m1.parquet", "wave_2.parquet"]
    assert report["notes"] == [
        "wave_\\udcff.parquet: a name that is no text; expected UTF-8. Rename the file"
    ]
    assert "\x1b" not in err
    assert night()[1]["published"] is False


def test_empty_inbox__is_no_withdrawal(night):
    path = put(night, 1)
    night()
    before = tree(night.store)
    path.unlink()
    code, _, err = night()
    assert code == 11
    assert "Is it mounted?" in err
    assert tree(night.store) == before
    night.inbox.rmdir()
    assert night()[0] == 2


def test_failed_analysis__keeps_its_last_rows_and_the_others_go_on(cli, night):
    put(night, 1)
    night()
    put(night, 2, wave(2).with_columns(ill=pl.lit(0)))
    code, report, _ = night()
    assert code == 12
    states = {task["task"]: task["state"] for task in report["tasks"]}
    assert states["yearly [2]"] == "failed"
    assert states["yearly [1]"] == "reused"
    assert states["trend"] == "computed"
    before = tree(night.store)
    assert night()[0] == 12
    assert tree(night.store) == before
    put(night, 2)
    put(night, 3)
    assert night()[0] == 0
    assert sha(newest(night.store)) == sha(single(cli, night))


def test_reader_that_dies__is_no_verdict(night, monkeypatch):
    """A signal, not the file, ended the reading: the next night tries again."""
    put(night, 1)
    put(night, 2)
    from engine.data.readers import Reader

    ask = Reader.ask

    def dying(reader, request):
        if request.source.path.name == "wave_2.parquet":
            reader._process.kill()
        ask(reader, request)

    monkeypatch.setattr(Reader, "ask", dying)
    code, report, _ = night()
    assert code == 11
    assert "died of signal 9" in report["files"][1]["reason"]
    monkeypatch.setattr(Reader, "ask", ask)
    assert night()[0] == 0


def test_eight_at_once__one_works_and_seven_say_so(night):
    put(night, 1)
    code = (
        "import sys, time; from pathlib import Path; from engine.cli import main, night_commands, nights\n"
        "import engine.nights.refresh, filelock\n"
        "sys.argv = ['equirank', 'refresh', 'study.toml', '--inbox', 'inbox', '--store', 'store']\n"
        "print('ready', flush=True)\n"
        "while not Path('go').exists(): time.sleep(0.01)\n"
        "main()"
    )
    command, pipe = [sys.executable, "-c", code], subprocess.PIPE
    started = [subprocess.Popen(command, stdout=pipe, stderr=pipe) for _ in range(8)]  # noqa: S603
    assert all(process.stdout.readline() == b"ready\n" for process in started)
    (night.root / "go").touch()  # whoever has the lock looks for two seconds whether the file still grows
    done = [(process, *process.communicate(timeout=120)) for process in started]
    assert sorted(process.returncode for process, _, _ in done) == [0, *[75] * 7]
    assert all(b"another process is writing" in err for process, _, err in done if process.returncode == 75)
    assert len(list((night.store / "runs").iterdir())) == 1


def test_lock_of_a_dead_process__is_free(night):
    put(night, 1)
    code = (
        "import os, sys; from pathlib import Path; from engine.store.layout import writing\n"
        "with writing(Path('store')):\n    print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603
    assert holder.stdout.readline() == b"held\n"
    assert night()[0] == 75
    holder.kill()
    holder.communicate()
    assert night()[0] == 0


def test_damaged_part__is_read_again(cli, night):
    put(night, 1)
    night()
    part = next((night.store / "parts").glob("*/part.parquet"))
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)
    put(night, 3)
    assert night()[0] == 0
    assert sha(newest(night.store)) == sha(single(cli, night))


def test_damaged_rows__are_computed_again(cli, night):
    put(night, 1)
    night()
    for path in (night.store / "tasks").iterdir():
        path.write_bytes(b"x")
        break
    code, report, _ = night()
    assert code == 0
    assert len(computed(report)) == 1
    assert cli("verify", "store")[0] == 0


def test_old_runs__go_by_policy_and_the_current_one_stays(night):
    for number in (1, 2, 3, 4):
        put(night, number)
        night("--keep-runs", "2")
    assert sorted(path.name for path in (night.store / "runs").iterdir()) == ["000003", "000004"]
    records = {path.name for path in (night.store / "parts").iterdir()}
    assert len(records) == 4
    (night.inbox / "wave_4.parquet").unlink()
    night()
    assert len(list((night.store / "parts").iterdir())) == 3  # microdata that was withdrawn does not stay


def test_store__is_for_its_owner_only(night):
    put(night, 1)
    night()
    for path in night.store.rglob("*"):
        inside = path.relative_to(night.store).parts[0]
        if inside in ("parts", "tasks", "tmp"):
            assert path.stat().st_mode & 0o077 == 0, path


def test_folders__that_are_no_store_of_this_study(night):
    put(night, 1)
    (night.store).mkdir()
    (night.store / "mine.txt").write_text("x")
    assert night()[0] == 2
    assert (night.store / "mine.txt").read_text() == "x"
    (night.store / "mine.txt").unlink()
    assert night()[0] == 0
    (night.root / "study.toml").write_text(STUDY.replace('name = "nights"', 'name = "others"'))
    code, _, err = night()
    assert code == 2
    assert "Give each study a store of its own" in err
    (night.root / "study.toml").write_text(STUDY)
    (night.store / "store.json").write_text('{"format": "equirank-store-9"}')
    code, _, err = night()
    assert code == 2
    assert "equirank-store-9" in err


def test_order_of_records_across_waves__counts(cli, night):
    """Sums over several waves depend on it in their last bits, so that rows must not be taken over."""
    more = '[[analysis]]\nname = "people"\nkind = "describe"\nby = "wave"\n'
    (night.root / "study.toml").write_text(STUDY.replace('waves = ["1", "3"]', 'waves = ["1"]') + more)
    both = pl.concat([wave(1), wave(2)])
    put(night, 1, both)
    night()
    put(night, 1, both.sort(pl.col("id") % 1000, "wave"))
    assert computed(night()[1]) == ["trend", "people"]
    assert sha(newest(night.store)) == sha(single(cli, night))
    assert cli("verify", "store")[0] == 0


def test_shorter_revision__is_held_when_the_study_changes_too(night):
    put(night, 1)
    put(night, 2)
    night()
    put(night, 2, wave(2).head(100))
    assert night()[0] == 11
    (night.root / "study.toml").write_text(STUDY.replace('from = "sex"', 'from = "sex"\nmissing = [9]'))
    code, report, _ = night()
    assert code == 11
    assert report["files"][1]["state"] == "quarantined"


def test_bad_copy__that_sorts_first_takes_nothing_away(night):
    put(night, 1)
    put(night, 3)
    night()
    shutil.copy(night.inbox / "wave_1.parquet", night.inbox / "wave_0.parquet")
    (night.inbox / "wave_0.parquet.sha256").write_text("0" * 64)
    code, report, _ = night()
    assert [file["state"] for file in report["files"]] == ["duplicate", "accepted", "accepted"]
    assert (code, computed(report)) == (0, [])


@pytest.mark.parametrize("cure", ["corrected", "withdrawn"])
def test_quarantine_because_of_another_file__ends_with_it(cli, night, cure):
    (night.root / "study.toml").write_text(STUDY.replace('waves = ["1", "3"]', 'waves = ["2"]'))
    put(night, 1, wave(2).with_columns(ill=1 - pl.col("ill")))
    night()
    put(night, 2)
    code, report, _ = night()
    assert code == 11
    assert report["files"][1]["broken"] == [{"place": "source.key", "rule": "unique key", "rows": 300}]
    if cure == "corrected":
        put(night, 1)
    else:
        (night.inbox / "wave_1.parquet").unlink()
        put(night, 3)
    code, report, _ = night()
    assert code == 0
    assert {file["state"] for file in report["files"]} == {"accepted"}
    assert sha(newest(night.store)) == sha(single(cli, night))


def test_study_change__names_no_innocent_file(night):
    put(night, 2)
    put(night, 3)
    night()
    put(night, 1, wave(2).with_columns(income=pl.col("income") + 1))
    assert night()[0] == 11
    (night.root / "study.toml").write_text(STUDY.replace('from = "sex"', 'from = "sex"\nmissing = [9]'))
    put(night, 4)
    code, report, _ = night()
    assert code == 11
    assert [file["state"] for file in report["files"]] == ["quarantined", "accepted", "accepted", "accepted"]


def test_records_that_moved_into_a_good_file__count_once(night):
    put(night, 1, wave(1).head(150), "wave_1a.parquet")
    put(night, 1, wave(1).tail(150), "wave_1b.parquet")
    night()
    put(night, 1, wave(1).head(160), "wave_1a.parquet")
    put(night, 1, wave(1).tail(140).with_columns(sex=7), "wave_1b.parquet")
    code, report, _ = night()
    assert code == 11
    assert [(file["state"], file["rows"]) for file in report["files"]] == [
        ("quarantined", 150),
        ("quarantined", 150),
    ]
    assert computed(report) == []
    put(night, 1, wave(1).tail(140), "wave_1b.parquet")
    code, report, _ = night()
    assert (code, [file["rows"] for file in report["files"]]) == (0, [160, 140])


def test_several_damaged_parts__are_read_again_in_one_night(cli, night):
    for number in (1, 2, 3):
        put(night, number)
    night()
    for part in (night.store / "parts").glob("*/part.parquet"):
        content = bytearray(part.read_bytes())
        content[len(content) // 2] ^= 1
        part.write_bytes(content)
    put(night, 4)
    assert night()[0] == 0
    assert sha(newest(night.store)) == sha(single(cli, night))


def test_failed_analysis__without_its_last_rows_stops_nothing(cli, night):
    put(night, 1)
    put(night, 2)
    night()
    put(night, 2, wave(2).with_columns(ill=pl.lit(0)))
    assert night()[0] == 12
    assert cli("verify", "store")[0] == 0
    kept = {
        task["name"]: task["key"]
        for task in json.loads((newest(night.store) / "manifest.json").read_text())["tasks"]
    }
    (night.store / "tasks" / f"{kept['yearly [2]']}.parquet").unlink()
    put(night, 3)
    code, report, _ = night()
    assert code == 12
    assert "rates [3]" in computed(report)


def test_rule_that_empties_a_file__is_no_fault_of_it(cli, night):
    rule = "keep = \"income IS NOT NULL AND wave <> '2'\""
    text = STUDY.replace('keep = "income IS NOT NULL"', rule)
    (night.root / "study.toml").write_text(text)
    for number in (1, 2, 3):
        put(night, number, wave(number).with_columns(psu=pl.col("psu") + 100 * number))
    code, report, _ = night()
    assert code == 0
    assert "rates [2]" not in computed(report)
    assert sha(newest(night.store)) == sha(single(cli, night))


def test_waves_that_sort_alike__have_one_order(cli, night):
    (night.root / "study.toml").write_text(STUDY.replace('waves = ["1", "3"]', 'waves = ["1"]'))
    named = [
        wave(number).with_columns(wave=pl.lit(name))
        for number, name in enumerate(("1", "01", "001"), start=1)
    ]
    put(night, 1, pl.concat(named))
    assert night()[0] == 0
    assert sha(newest(night.store)) == sha(single(cli, night))


def test_file_for_two_waves__is_refused(night):
    text = STUDY.replace(
        'path = "wave_*.parquet"\nwave = "wave"', 'path = { 1 = "a.parquet", 3 = "b.parquet" }'
    )
    (night.root / "study.toml").write_text(text)
    put(night, 1, name="a.parquet")
    put(night, 1, name="b.parquet")
    code, report, _ = night()
    assert code == 11
    assert "has the same content as a.parquet of another wave" in report["files"][1]["reason"]


def test_name_with_brackets__is_a_name(cli, night):
    text = STUDY.replace('"wave_*.parquet"', '["wave [1].parquet"]').replace(
        'waves = ["1", "3"]', 'waves = ["1"]'
    )
    (night.root / "study.toml").write_text(text)
    put(night, 1, name="wave [1].parquet")
    assert night()[0] == 0
    assert sha(newest(night.store)) == sha(single(cli, night))


def test_hashes_in_the_manifest__tell_no_value(night):
    """The same records in two stores: without the store's own salt nobody can try values."""
    found = []
    for _ in range(2):
        put(night, 1, wave(1).head(60))
        night()
        manifest = json.loads((newest(night.store) / "manifest.json").read_text())
        found.append(manifest["files"][0]["version"]["contents"])
        shutil.rmtree(night.store)
    assert found[0]["order"] != found[1]["order"]
    columns = [one["waves"][0]["columns"] for one in found]
    assert all(columns[0][name] != columns[1][name] for name in columns[0])


def test_rules_that_come_later__are_asked_of_records_that_are_there(night):
    path = put(night, 1)
    night()
    (night.root / "study.toml").write_text(STUDY.replace("range = [0, 1000]", "range = [0, 5]"))
    code, report, _ = night()
    assert code == 11
    assert report["files"][0]["broken"][0]["rule"] == "range"
    (night.root / "study.toml").write_text(STUDY)
    assert night()[0] == 0
    path.with_name("wave_1.parquet.sha256").write_text("0" * 64)
    assert night()[0] == 11


def test_file_overwritten_by_another__keeps_its_version_before(night):
    put(night, 1)
    put(night, 3)
    night()
    first = sha(newest(night.store))
    shutil.copy(night.inbox / "wave_1.parquet", night.inbox / "wave_3.parquet")
    code, report, _ = night()
    assert code == 11
    assert "now has the content of wave_1.parquet" in report["files"][1]["reason"]
    assert sha(newest(night.store)) == first
    before = tree(night.store)
    assert night()[0] == 11
    assert tree(night.store) == before
    code, report, _ = night("--accept-revision")
    assert (code, report["files"][1]["state"]) == (0, "duplicate")


def test_two_bad_files_of_one_content__are_read_once(cli, night):
    put(night, 1)
    night()
    for number in (2, 4):
        (night.inbox / f"wave_{number}.parquet").write_bytes(b"x")
    assert night()[0] == 11
    before = tree(night.store)
    code, _, err = night()
    assert code == 11
    assert "reading" not in err
    assert tree(night.store) == before
    stale = json.loads(cli("status", "--store", "store", "--json")[1])["stale"]
    assert {item["action"] for item in stale} == {"look"}


def test_growing_file__does_not_stand_in_for_another_study(night):
    put(night, 1)
    path = put(night, 3)
    night()
    before = sha(newest(night.store))
    text = STUDY.replace("levels = { male = [1], female = [2] }", "levels = { male = [2], female = [1] }")
    (night.root / "study.toml").write_text(text)
    with path.open("ab"):
        code, _, err = night()
    assert code == 11
    assert "wave_3.parquet: is still being written" in err
    assert sha(newest(night.store)) == before
    assert night()[0] == 0


def test_catalog__tells_of_a_run_whose_number_is_used_again(night):
    import duckdb

    put(night, 1)
    night()
    put(night, 2)
    night()
    shutil.rmtree(newest(night.store))
    put(night, 4)
    night()
    with duckdb.connect(str(night.store / "catalog.duckdb"), read_only=True) as connection:
        waves = connection.sql(
            "SELECT DISTINCT wave FROM estimates WHERE run = '000002' AND analysis = 'rates'"
        ).fetchall()
    assert sorted(wave for (wave,) in waves) == ["1", "2", "4"]


def test_balanced_weights__bind_all_waves_and_end_as_one_run(cli, night):
    text = (night.root / "study.toml").read_text()
    balance = '[design.balance]\nby = "wave"\nvariables = ["sex"]\n\n[variables.ill]'
    (night.root / "study.toml").write_text(text.replace("[variables.ill]", balance, 1))
    put(night, 1)
    assert night()[0] == 0
    put(night, 3)
    # The covariates are those of both waves, so that the weights of the first one change too.
    assert computed(night()[1]) == [
        "rates [1]",
        "rates [3]",
        "yearly [1]",
        "yearly [3]",
        "trend",
        "pair [1, 3]",
    ]
    code, _, err = cli("run", "study.toml", "--data", "inbox", "--out", "single", "--no-report")
    assert code == 0, err
    assert sha(newest(night.store)) == sha(night.root / "single")


def test_calibrated_weights__bind_all_waves_and_end_as_one_run(cli, night):
    margin = '{ by = "sex", totals = { male = 5200, female = 4800 } }'
    text = (night.root / "study.toml").read_text()
    calibration = f'[design.calibration]\nmethod = "raking"\nmargins = [{margin}]\n\n[variables.ill]'
    (night.root / "study.toml").write_text(text.replace("[variables.ill]", calibration, 1))
    put(night, 1)
    assert night()[0] == 0
    put(night, 3)
    # The totals are those of both waves, so that the weights of the first one change too.
    assert computed(night()[1]) == [
        "rates [1]",
        "rates [3]",
        "yearly [1]",
        "yearly [3]",
        "trend",
        "pair [1, 3]",
    ]
    code, _, err = cli("run", "study.toml", "--data", "inbox", "--out", "single", "--no-report")
    assert code == 0, err
    assert sha(newest(night.store)) == sha(night.root / "single")
