"""docs/errors.md: what each exit code means, with a command that ends so, what it says, and the cure.

Run `python -m tests.docs.errors` to write the page anew.
"""

import contextlib
import io
import os
import re
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

from tests.docs.mistakes import IN_THE_STUDY, SIGN_OF_LIFE, STUDY, prepare

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"
NEGATIVE = STUDY.replace(
    "[variables.sex]", '[variables.age]\nfrom = "sex"\nrange = [3, 99]\n\n[variables.sex]'
)
MODEL = (
    '[[analysis]]\nname = "model"\nkind = "logit"\noutcome = "ill"\nterms = ["sex"]\nwhere = "ill = \'no\'"'
)
NIGHT = "refresh study.toml --inbox inbox --store store"
EMPTY = f"{STUDY}\n{MODEL}\n"

# exit code, title, why a command ends so, [(what is wrong, input, commands, cure)]
CODES = (
    (
        2,
        "The command line or a call",
        "An option, a path or an argument asks for something impossible. The program computed nothing.",
        (
            (
                "A name with a typing error",
                "",
                ["run study.toml --only inequalty"],
                "Take the name that the message proposes.",
            ),
            ("A folder that is no run", "", ["show nowhere"], "Name the folder that `equirank run` printed."),
            (
                "A folder that holds something else",
                "",
                ["run study.toml --out papers"],
                "Give `--out` a new folder, or one that holds an earlier run of this study.",
            ),
        ),
    ),
    (
        10,
        "The study file",
        (
            "`check` and `run` list every fault of a study at once. [Mistakes](mistakes.md) shows "
            f"{len(IN_THE_STUDY)} faults with their messages."
        ),
        (
            (
                "An unknown key",
                'rank = "income"',
                ["check rank.toml"],
                "Take the key that the message proposes. [Study file](reference-study.md) lists all keys.",
            ),
        ),
    ),
    (
        11,
        "The data",
        "A file or its values break a rule of the study. The message shows no value of a person.",
        (
            (
                "A code that no level names",
                "",
                ["run study.toml --data codes.csv"],
                "Add the code to `levels`, or to `missing` if it is no answer.",
            ),
            (
                "A number outside its range",
                "range = [3, 99]",
                ["run range.toml"],
                "Correct the file, or the `range` of the variable.",
            ),
            (
                "Another sign between the columns",
                "",
                ["run study.toml --data semicolons.csv"],
                'Write `delimiter = ";"` under `[source]`.',
            ),
        ),
    ),
    (
        12,
        "The statistic",
        "The data are fine, but a statistic is not defined on this sample. The run holds the other analyses.",
        (
            (
                "Nobody has the event",
                MODEL,
                ["run empty.toml --out some --no-report"],
                "Correct `where`, or check the codes of the event.",
            ),
        ),
    ),
    (
        13,
        "Results that differ",
        "`diff` or `verify` found a difference. This does not mean that a run failed.",
        (
            (
                "Two seeds",
                "",
                [
                    "run trend.toml --out first --no-report",
                    "run trend.toml --seed 8 --out second --no-report",
                    "diff first second",
                ],
                "Give both runs the same seed, files and version; `manifest.json` names all three.",
            ),
        ),
    ),
    (
        14,
        "Something is stale",
        (
            "`status` or `refresh --check` found files or analyses that are not up to date. "
            "Run `equirank refresh`."
        ),
        (
            (
                "A new file",
                "",
                [f"{NIGHT} --check"],
                "Run the same command without `--check`.",
            ),
        ),
    ),
    (
        70,
        "Fewer right digits than promised",
        (
            "`equirank validate` found a number of this installation that is less exact than "
            "[accuracy](accuracy.md) promises. Report it with the output of the command."
        ),
        (
            (
                "A library that computes wrongly",
                "",
                ["validate --quick"],
                "Report what `equirank validate --json` prints. Until then, install the pinned versions.",
            ),
        ),
    ),
    (
        71,
        "Too little memory",
        "The system gave the process no more memory. Nothing was written.",
        (
            (
                "A sample that is larger than the memory",
                "",
                ["run study.toml --out large"],
                "Do less at a time. [Many machines](many-machines.md#more-data-than-memory) says how.",
            ),
        ),
    ),
    (
        74,
        "The store or its disk",
        (
            "The disk is full or broken, or files of the store are damaged. Published runs are safe. Make "
            "room on the disk, then run `equirank repair --store DIR`."
        ),
        (
            (
                "A damaged file of the store",
                "",
                [NIGHT, "status --store store"],
                "Run `equirank repair --store store`.",
            ),
            (
                "A store that belongs to another user",
                "",
                [NIGHT],
                "Run the command as the owner of the store, or ask an administrator to change the owner.",
            ),
        ),
    ),
    (
        75,
        "Somebody else is working",
        "Another process holds the lock of the store. Wait until this process ends.",
        (
            (
                "Two nights at once",
                "",
                [NIGHT],
                "Do nothing: the other process does the work. If somebody kills it, the lock is free again.",
            ),
        ),
    ),
    (
        130,
        "Interrupted",
        "You pressed Ctrl-C, or something stopped the process. No file is half written.",
        (
            (
                "Ctrl-C",
                "",
                ["run study.toml --out stopped"],
                "Run the command again. A night uses what the earlier one had finished.",
            ),
        ),
    ),
)
MOST_LINES = {70: 2}
STARTS = {12: "equirank:", 70: "equirank:"}  # code -> where the message begins, after a table


@contextlib.contextmanager
def wrong_numbers():
    """Let a statistic be wrong in its fifth digit."""
    from engine.validate import answers, suite

    right, exact = answers.concentration_index, suite.compare_with_exact

    def wrong(*args, **options):
        found = right(*args, **options)
        return replace(found, estimate=found.estimate * 1.00001)

    with (
        patch.object(suite, "compare_with_nist", lambda: iter(())),
        patch.object(suite, "compare_with_exact", lambda samples: exact([*samples][:2])),
        patch.object(answers, "concentration_index", wrong),
    ):
        yield


@contextlib.contextmanager
def damaged_mark():
    """Cut off a file of the store."""
    mark = Path("store", "store.json")
    text = mark.read_bytes()
    mark.write_bytes(text[:9])
    yield
    mark.write_bytes(text)


@contextlib.contextmanager
def full_memory():
    """Let the memory end."""
    with (
        patch("engine.batch.run.run", side_effect=MemoryError),
        patch("engine.cli.memory.held_bytes", return_value=1_234_000_000),
    ):
        yield


def other_user():
    """Let the system refuse to write."""
    refused = PermissionError(13, "Permission denied", "store/tmp")
    return patch("engine.store.layout._prepared", side_effect=refused)


def other_night():
    """Hold the lock of the store."""
    from engine.store.layout import writing

    return writing(Path("store"))


# Title -> what happens around the last command.
SITUATIONS = {
    "A sample that is larger than the memory": full_memory,
    "A library that computes wrongly": wrong_numbers,
    "A damaged file of the store": damaged_mark,
    "A store that belongs to another user": other_user,
    "Two nights at once": other_night,
    "Ctrl-C": lambda: patch("engine.batch.run.run", side_effect=KeyboardInterrupt),
}


def ended(command):
    """Run a command in this process; return (exit code, what it says)."""
    from engine.cli import main

    out, code = io.StringIO(), 0
    before, sys.argv = sys.argv, ["equirank", *command.split()]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            main()
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        sys.argv = before
    said = re.sub(r"^\d\d:\d\d:\d\d .*\n", "", out.getvalue(), flags=re.MULTILINE)  # events of a night
    lines = [line for line in said.splitlines() if not SIGN_OF_LIFE.fullmatch(line)]
    return code, "\n".join(lines).strip("\n")


def page(folder):
    """Return the text of the page; `folder` is the working folder."""
    prepare(folder)
    (folder / "papers").mkdir()
    (folder / "inbox").mkdir()
    shutil.copyfile(folder / "people.csv", folder / "inbox" / "people.csv")
    (folder / "papers" / "draft.docx").write_text("")
    (folder / "rank.toml").write_text(STUDY.replace("rank_by =", "rank ="))
    (folder / "range.toml").write_text(NEGATIVE)
    (folder / "empty.toml").write_text(EMPTY)
    parts = [
        "# Errors by exit code\n",
        (
            "A scheduler reads the exit code. A person reads the message. The message names the place, what "
            "the program found there, what it expected and what to do.\n"
        ),
        "A test runs every command on this page and compares the output with the page.\n",
    ]
    for code, title, why, cases in CODES:
        parts += [f"## {code}: {title.lower()}\n", f"{why}\n"]
        for wrong, given, commands, cure in cases:
            parts.append(f"### {wrong}\n")
            if given:
                parts.append(f"```toml\n{given}\n```\n")
            for command in commands[:-1]:
                ended(command)
            with SITUATIONS.get(wrong, contextlib.nullcontext)():
                found, text = ended(commands[-1])
            assert found == code, (commands, found, text)
            shown = "\n".join(f"$ equirank {command}" for command in commands)
            text = text.replace(f"{folder.resolve()}{os.sep}", "")
            lines = text[max(text.find(STARTS.get(code, "\n\n\n")), 0) :].splitlines()
            most = MOST_LINES.get(code, 12)
            shortened = "\n".join([*lines[:most], *(["..."] if len(lines) > most else [])])
            parts += [f"```text\n{shown}\n{shortened}\n```\n", f"Cure: {cure}\n"]
    return "\n".join(parts)


def main():
    """Write the page."""
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        text = page(Path(folder))
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
