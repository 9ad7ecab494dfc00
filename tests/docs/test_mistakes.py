"""docs/mistakes.md holds what the program says of each mistake."""

import re

from tests.docs.mistakes import IN_THE_STUDY, ON_THE_COMMAND_LINE, PAGE, page

OF_LIBRARIES = ("Input should", "Value error", "pydantic", "Traceback", "unable to parse", "tomllib")


def test_page__is_what_the_program_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made, kept = page(tmp_path), PAGE.read_text(encoding="utf-8")
    for own, other in zip(made.split("\n### "), kept.split("\n### "), strict=True):
        assert own == other, "run `python -m tests.docs.mistakes`, and read what has changed"


def test_page__has_sixty_mistakes_in_plain_words():
    text = PAGE.read_text(encoding="utf-8")
    assert text.count("\n### ") == len(IN_THE_STUDY) + len(ON_THE_COMMAND_LINE) >= 60
    assert not [phrase for phrase in OF_LIBRARIES if phrase in text]
    messages = re.findall(r"```text\n(.*?)```", text, re.DOTALL)
    assert all("expected" in message for message in messages)
