"""Commands that look at files open those of other programs in a process of its own, and survive its death."""

import os
import shutil
import tempfile

import polars as pl
import pyreadstat
import pytest

from engine.batch.request import make_request
from engine.data import readers
from engine.data.file_calls import call_with_files
from engine.data.formats import count_rows
from engine.data.source_file import SourceFile
from engine.errors import DataError, UsageError
from tests.functional.test_readers import Dying, starting
from tests.study_texts import analysis, study_text

FRAME = pl.DataFrame({"income": [float(i) for i in range(100)], "sick": [0.0, 1.0, 1.0, 0.0] * 25})
COMMANDS = {
    "check": ("check", "study.toml", "--data", "people.sav"),
    "plan": ("plan", "study.toml"),
    "codebook": ("codebook", "people.sav"),
    "init": ("init", "people.sav"),
    "run": ("run", "study.toml", "--out", "run"),
}
STUDY = study_text(
    source="people.sav",
    variables={"income": {}, "sick": {"levels": "file", "event": "yes"}},
    analyses=[analysis("rates", outcome="sick")],
)
DEAD = "people.sav: the reading process died of signal 11"


@pytest.fixture
def people(tmp_path, monkeypatch):
    """A labelled file and a study of it in the working folder."""
    monkeypatch.chdir(tmp_path)
    labels = {"sick": {0: "no", 1: "yes"}}
    pyreadstat.write_sav(
        FRAME, "people.sav", variable_value_labels=labels, column_labels={"income": "Income"}
    )
    (tmp_path / "study.toml").write_text(STUDY)
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_command__tells_of_a_file_that_kills_its_reader(people, cli, monkeypatch, command):
    starting(monkeypatch, Dying, Dying)
    code, out, err = cli(*command)
    assert code in (10, 11)  # a check tells it as a fault of the study
    assert DEAD in " ".join((out + err).split())
    assert "Look at the file: is it damaged?" in " ".join((out + err).split())


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_command__opens_no_labelled_file_itself(people, cli, monkeypatch, command):
    def refuse(*_arguments, **_options):
        pytest.fail("opened in the process of the command")

    monkeypatch.setattr(pyreadstat, "read_sav", refuse)
    code, out, err = cli(*command)
    assert code == 0, out + err


class Littering(Dying):
    """A process that dies while a file of its own lies in its temporary folder."""

    def ask(self, request):
        (request.work / "spilled").write_text("microdata")
        super().ask(request)


def test_reader_that_dies__leaves_nothing_in_the_temporary_folder(people, cli, monkeypatch, tmp_path):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    starting(monkeypatch, Littering, Littering, Littering)
    assert cli(*COMMANDS["run"])[0] == 11
    assert not [*(tmp_path / "temporary").iterdir()]


def test_reader__that_dies_once_is_replaced(people, cli, monkeypatch):
    started = starting(monkeypatch, Dying)
    assert cli(*COMMANDS["codebook"])[0] == 0
    assert len(started) == 2


@pytest.mark.parametrize("command", ["check", "run"])
def test_command__opens_files_again_and_again_in_one_process(people, cli, monkeypatch, command):
    started = starting(monkeypatch)
    assert cli(*COMMANDS[command])[0] == 0
    assert len(started) == 1


def test_kept_readers__end_with_the_block(people, monkeypatch):
    ended = []
    monkeypatch.setattr(readers, "release_reader", ended.append)
    with readers.kept_readers():
        for _ in range(2):
            call_with_files(count_rows, [SourceFile(path=people / "people.sav")], None)
        assert not ended
    assert len(ended) == 1
    ended[0].end()


@pytest.mark.parametrize("name", ["people.xlsx", "people.sav", "people.dta"])
def test_formats_that_polars_does_not_read__are_opened_apart(people, monkeypatch, name):
    pyreadstat.write_dta(FRAME, "people.dta")
    FRAME.write_excel("people.xlsx")
    started = starting(monkeypatch)
    assert call_with_files(count_rows, [SourceFile(path=people / name)], None) == [100]
    assert len(started) == 1


@pytest.mark.parametrize("name", ["people.csv", "people.parquet"])
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_text_and_parquet__are_opened_apart_too(people, cli, monkeypatch, command, name):
    """Their readers tell most damage as an error, but nobody can promise it of every byte."""
    FRAME.write_csv("people.csv")
    FRAME.write_parquet("people.parquet")
    text = STUDY.replace("people.sav", name).replace('levels = "file"', "levels = { no = [0], yes = [1] }")
    (people / "study.toml").write_text(text)
    asked = [name if one == "people.sav" else one for one in command]
    assert cli(*asked)[0] == 0
    shutil.rmtree("run", ignore_errors=True)
    shutil.rmtree(os.environ["EQUIRANK_CACHE"] + "/panels", ignore_errors=True)
    starting(monkeypatch, Dying, Dying)
    code, out, err = cli(*asked)
    assert code in (10, 11)
    assert f"{name}: the reading process died of signal 11" in " ".join((out + err).split())


@pytest.mark.parametrize(
    ("command", "works_in", "n_started"),
    [
        (COMMANDS["check"], "engine.batch.check.check_study", 1),
        (COMMANDS["plan"], "engine.batch.plan.make_plan", 1),
        (COMMANDS["codebook"], "engine.data.codebook.file_codebook", 1),
        (COMMANDS["init"], "engine.draft.draft.draft_study", 1),
        (("plan", "cmds"), "engine.batch.plan.make_plan", 0),
        (("codebook", "absent.sav"), "engine.data.codebook.file_codebook", 0),
    ],
    ids=str,
)
def test_process__starts_while_a_command_still_imports(
    people, cli, monkeypatch, command, works_in, n_started
):
    started, seen = starting(monkeypatch), []

    def stop(*_arguments):
        seen.append(len(started))
        raise UsageError("stopped")

    monkeypatch.setattr(works_in, stop)
    assert cli(*command)[0] == 2
    assert seen == [n_started]


def test_answers__come_in_the_order_of_the_files(people):
    paths = []
    for n in (3, 1, 2):
        paths.append(people / f"{n}.dta")
        pyreadstat.write_dta(FRAME.head(n), paths[-1])
    FRAME.head(7).write_csv("own.csv")
    files = [SourceFile(path=path) for path in (*paths[:2], people / "own.csv", paths[2])]
    assert call_with_files(count_rows, files, None) == [3, 1, 7, 2]


def test_files_of_this_program__are_opened_here(people, monkeypatch):
    FRAME.write_parquet("own.parquet")
    started = starting(monkeypatch)
    file = SourceFile(path=people / "own.parquet", is_own=True)
    assert call_with_files(count_rows, [file], None) == [100]
    assert not started


def test_temporary_files_of_a_dead_process__are_removed(people, tmp_path, monkeypatch):
    home = tmp_path / "tmp"
    home.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(home))
    starting(monkeypatch, Dying, Dying)
    with pytest.raises(DataError, match="died of signal"):
        call_with_files(count_rows, [SourceFile(path=people / "people.sav")], None)
    assert not [*home.iterdir()]


def test_labels_of_a_file__are_those_of_a_run(people):
    spec = make_request(people / "study.toml", None).spec
    assert spec.variables["income"].label == "Income"
    assert dict(spec.variables["sick"].levels) == {"no": ("no",), "yes": ("yes",)}


def test_refusals__keep_their_kind_and_words(people, cli):
    (people / "broken.sav").write_bytes(b"$FL2" + bytes(100))
    code, _, err = cli("codebook", "broken.sav")
    assert code == 11
    assert err.startswith("equirank: broken.sav: the file cannot be read")
