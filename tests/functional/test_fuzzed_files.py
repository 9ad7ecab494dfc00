"""Damaged files of every format are refused with their name, whatever they make a reader do."""

import json

import pytest

from engine.data.read_request import ReadRequest
from engine.data.readers import Readers
from engine.data.source_file import SourceFile
from engine.errors import DataError
from engine.study import parse_study
from engine.study.load import study_as_dict
from tests.functional.fuzzed_files import FORMATS, damaged
from tests.functional.nights import STUDY

SEEDS = range(9)  # of every format, in every run
MANY = 1000


@pytest.fixture
def made(tmp_path):
    """A function that returns the seeded mutants of a format as source files."""
    contents = {name: make(tmp_path) for name, (_, make) in FORMATS.items()}

    def mutants(name, seeds):
        for seed in seeds:
            path = tmp_path / f"{seed}" / f"wave_2.{FORMATS[name][0]}"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(damaged(contents[name], seed))
            yield SourceFile(path=path)

    return mutants


def read(files, home):
    """What came of reading files, in their order; no process that dies goes unnoticed."""
    study = json.dumps(study_as_dict(parse_study(STUDY)))
    requests = [
        ReadRequest(study=study, source=file, digest=f"{number}", home=home, work=home)
        for number, file in enumerate(files)
    ]
    with Readers(timeout=60) as readers:
        return dict(readers.read(requests))


def is_told_well(answer, name):
    """Whether a file was read, or refused by an error that the user can act on."""
    if answer.error is None:
        return True
    text = str(answer.error)
    return (
        isinstance(answer.error, DataError)
        and answer.error.fault is not None
        and name in text
        and not any(word in text for word in ("Traceback", "internal", "village"))
    )


@pytest.mark.parametrize("name", FORMATS)
def test_mutants__are_read_or_refused_by_name(made, tmp_path, name):
    files = [*made(name, SEEDS)]
    for number, answer in read(files, tmp_path).items():
        assert is_told_well(answer, files[number].path.name), (number, answer.error)
        assert not answer.died, number


def test_mutant__that_ends_the_process_of_its_reader(made, tmp_path):
    """Found among 1,200: pyreadstat 1.3 ends with signal 11, whatever a later version does."""
    (file,) = made("sav", [104])
    (answer,) = read([file], tmp_path).values()
    assert answer.error is not None
    assert is_told_well(answer, file.path.name)


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
def test_many_mutants(made, tmp_path, name):
    files = [*made(name, range(MANY))]
    answers = read(files, tmp_path)
    for number, answer in answers.items():
        assert is_told_well(answer, files[number].path.name), (number, answer.error)
    print(f"{name}: {sum(answer.error is None for answer in answers.values())} of {MANY} accepted")
    print(f"{name}: {[number for number, answer in answers.items() if answer.died]} ended their process")
