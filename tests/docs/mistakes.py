"""The mistakes of docs/mistakes.md: what is changed in a good study, or typed, and how the page is made.

Run `python -m tests.docs.mistakes` to write the page anew.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import tempfile
from pathlib import Path

SIGN_OF_LIFE = re.compile(r"equirank: .* \.\.\.")  # where something takes longer than usual
PAGE = Path(__file__).parents[2] / "docs" / "mistakes.md"
STUDY = """\
[study]
name = "mine"
seed = 7

[source]
path = "people.csv"
wave = "year"

[design]
weight = "w"
cluster = "psu"
levels = { village = "psu" }

[variables.ill]
from = "ill"
levels = { no = [0], yes = [1] }
event = "yes"
missing = [9]

[variables.income]
from = "income"

[variables.sex]
from = "sex"
levels = { male = [1], female = [2] }

[[sample]]
label = "Income known"
keep = "income IS NOT NULL"

[[analysis]]
name = "inequality"
kind = "concentration"
outcome = "ill"
rank_by = "income"
by = "wave"
index = ["standard", "erreygers"]
"""
MODEL = '\n[[analysis]]\nname = "model"\nkind = "decomposition"\noutcome = "ill"\nrank_by = "income"\n'
MULTILEVEL = '\n[[analysis]]\nname = "model"\nkind = "multilevel"\noutcome = "ill"\n'
END = 'index = ["standard", "erreygers"]\n'

# (what went wrong, the line of the study, what stands there instead); the study is checked.
IN_THE_STUDY = (
    ("Text without quotes", 'path = "people.csv"', "path = people.csv"),
    ("A backslash in a path", 'path = "people.csv"', 'path = "data\\people.csv"'),
    ("One bracket too few", "[[analysis]]", "[analysis]"),
    ("One bracket too few around a rule", "[[sample]]", "[sample]"),
    ("A colon for the equals sign", 'name = "mine"', 'name: "mine"'),
    ("Quotes of a word processor", 'name = "mine"', "name = “mine”"),
    ("A Chinese name without quotes", "[variables.sex]", "[variables.性别]"),
    ("A code without quotes in a list", "missing = [9]", "missing = [9, refused]"),
    ("A decimal comma", "seed = 7", "seed = 7,5"),
    ("A zero in front of a number", "missing = [9]", "missing = 09"),
    ("A key twice", "missing = [9]", "missing = [9]\nmissing = [8]"),
    ("A value in capitals", "missing = [9]", "missing = TRUE"),
    ("No value", "seed = 7", "seed ="),
    ("A quote that is not closed", 'event = "yes"', 'event = "yes'),
    ("A list that is not closed", "missing = [9]", "missing = [9"),
    ("A table over two lines", "{ no = [0], yes = [1] }", "{ no = [0],\n  yes = [1] }"),
    ("A key with a space", "seed = 7", "my seed = 7"),
    ("A key that does not exist", "seed = 7", "sede = 7"),
    ("A number that may not be negative", "seed = 7", "seed = -7"),
    ("A number in quotes", "seed = 7", 'seed = "7"'),
    ("A fraction where a whole number belongs", "seed = 7", "seed = 7.5"),
    ("A path that is a number", 'path = "people.csv"', "path = 3"),
    ("An encoding that does not exist", 'wave = "year"', 'wave = "year"\nencoding = "klingon"'),
    ("An event that is no level", 'event = "yes"', 'event = "yse"'),
    ("A code of two levels", "yes = [1] }", "yes = [0, 1] }"),
    ("A code that is a level and missing", "missing = [9]", "missing = [1]"),
    ("A variable without a column", 'from = "income"', "missing = [9]"),
    ("A reserved name", "[variables.sex]", "[variables.wave]"),
    ("Levels and intervals together", "missing = [9]", "cut = { young = [0, 9] }"),
    ("Intervals that overlap", 'from = "income"', 'from = "income"\ncut = { low = [0, 9], high = [5, inf] }'),
    ("A range for a factor", "missing = [9]", "range = [0, 1]"),
    ("Bounds the wrong way round", 'from = "income"', 'from = "income"\nbounds = [1, 0]'),
    ("One quantile group", 'from = "income"', 'from = "income"\nquantiles = ["all"]'),
    ("A kind that does not exist", 'kind = "concentration"', 'kind = "concentrate"'),
    ("An index that does not exist", '"erreygers"]', '"erreygerz"]'),
    ("An index that is a number", END, "index = 3\n"),
    ("An index without its parameter", END, 'index = "extended"\n'),
    ("A variable that does not exist", 'rank_by = "income"', 'rank_by = "incme"'),
    ("A list of ranks", 'rank_by = "income"', 'rank_by = ["income"]'),
    ("No rank", 'rank_by = "income"\n', ""),
    ("An outcome without bounds", 'outcome = "ill"', 'outcome = "income"'),
    ("A number that should make groups", 'by = "wave"', 'by = "income"'),
    ("Waves of a study without waves", 'wave = "year"\n', ""),
    ("A level of confidence in per cent", END, END + "conf_level = 95\n"),
    ("Text where true or false belongs", END, END + 'compare = "yes"\n'),
    ("Too few replicates", END, END + "bootstrap = { replicates = 10 }\n"),
    ("A name twice", END, END + '\n[[analysis]]\nname = "inequality"\nkind = "describe"\n'),
    ("An outcome that explains itself", END, END + MODEL + 'terms = ["ill", "sex"]\n'),
    ("Need that is no term", END, END + MODEL + 'terms = ["sex"]\nneed = ["income"]\n'),
    ("An even number of points", END, END + MULTILEVEL + 'levels = "village"\npoints = 4\n'),
    ("Clusters that the design does not name", END, END + MULTILEVEL + 'levels = "town"\n'),
    (
        "Weights of clusters that the design does not name",
        'levels = { village = "psu" }',
        'levels = { village = "psu" }\nlevel_weights = { vilage = "w" }',
    ),
    ("A rule with an unknown variable", "income IS NOT NULL", "incom > 0"),
    ("A rule with a level that does not exist", "income IS NOT NULL", "sex = 'femal'"),
    ("A rule that nobody can satisfy", "income IS NOT NULL", "income > 5 AND income < 3"),
    ("A rule that is no condition", "income IS NOT NULL", "income IS"),
    ("A column that the file does not have", 'from = "income"', 'from = "incom"'),
    ("A weight that the file does not have", 'weight = "w"', 'weight = "wt"'),
    (
        "Imputations without their number",
        "[[sample]]",
        '[imputations]\nnumber = ".imp"\nvariables = "income"\n[[sample]]',
    ),
    (
        "One imputation more of one variable than of another",
        "[[sample]]",
        '[imputations]\ncolumns = { income = ["i1", "i2"], sex = ["s1", "s2", "s3"] }\n[[sample]]',
    ),
    ("A file in an unknown format", "people.csv", "people.doc"),
)
# (what went wrong, the command)
ON_THE_COMMAND_LINE = (
    ("A study that does not exist", "run cmd"),
    ("An analysis that does not exist", "run study.toml --only inequalty"),
    ("Too few replicates for the command", "run trend.toml --replicates 3"),
    ("A file that does not exist", "run study.toml --data elsewhere.csv"),
    ("Semicolons between columns", "run study.toml --data semicolons.csv"),
    ("A code that no level names", "run study.toml --data codes.csv"),
    ("Text where numbers belong", "run study.toml --data decimals.csv"),
    ("A factor that is taken for a number", "run plain.toml --data labels.sav"),
    ("No run in a folder", "show nowhere"),
    ("A panel that does not exist", "simulate cmd --out panel.csv"),
    ("A draft of a file that does not exist", "init nothing.dta"),
    ("Two ways to run at once", "run study.toml --shard 1/2 --workers 2"),
)


def prepare(folder):
    """Write the files that the mistakes are made with."""
    import polars as pl
    import pyreadstat

    n = 120
    people = pl.DataFrame(
        {
            "year": [2015 + i % 2 for i in range(n)],
            "w": [1.0 + i % 3 for i in range(n)],
            "psu": [i // 6 for i in range(n)],
            "ill": [i * 7 % 3 % 2 for i in range(n)],
            "income": [float(i * 37 % 101) for i in range(n)],
            "sex": [1 + i % 2 for i in range(n)],
        }
    )
    people.write_csv(folder / "people.csv")
    people.write_csv(folder / "semicolons.csv", separator=";")
    people.with_columns(sex=pl.lit(3)).write_csv(folder / "codes.csv")
    comma = people.with_columns(income=pl.col("income").cast(pl.String).str.replace(".", ",", literal=True))
    comma.write_csv(folder / "decimals.csv")
    (folder / "people.doc").write_text("no data")
    pyreadstat.write_sav(
        people, folder / "labels.sav", variable_value_labels={"sex": {1: "male", 2: "female"}}
    )
    (folder / "study.toml").write_text(STUDY)
    (folder / "plain.toml").write_text(STUDY.replace("levels = { male = [1], female = [2] }\n", ""))
    (folder / "trend.toml").write_text(STUDY + "bootstrap = { replicates = 100 }\n")


def said(arguments):
    """Run a command in this process and return what it says."""
    from engine.cli import main

    out, err = io.StringIO(), io.StringIO()
    before, sys.argv = sys.argv, ["equirank", *arguments]
    try:
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            contextlib.suppress(SystemExit),
        ):
            main()
    finally:
        sys.argv = before
    lines = (out.getvalue() + err.getvalue()).splitlines()
    return "\n".join(line for line in lines if not SIGN_OF_LIFE.fullmatch(line)).rstrip()


def page(folder):
    """Return the text of the page; `folder` is the working folder."""
    prepare(folder)
    parts = [
        "# Mistakes and what the program says\n",
        "A test makes every mistake on this page and compares the message with the page.\n",
        "Each mistake changes one line of this study, which has no mistakes:\n",
        f"```toml\n{STUDY}```\n",
        "## In the study file\n",
        "`equirank check` prints these messages.\n",
    ]
    for title, line, wrong in IN_THE_STUDY:
        assert STUDY.count(line) >= 1, line
        (folder / "study.toml").write_text(STUDY.replace(line, wrong))
        message = said(["check", "study.toml"])
        known = STUDY.splitlines()
        new = [one for one in STUDY.replace(line, wrong).splitlines() if one not in known]
        shown = "\n".join(new) or f"# without: {line.strip()}"
        parts += [f"### {title}\n", f"```toml\n{shown}\n```\n", f"```text\n{message}\n```\n"]
    (folder / "study.toml").write_text(STUDY)
    parts.append("## On the command line and in the data\n")
    for title, command in ON_THE_COMMAND_LINE:
        parts += [f"### {title}\n", f"```text\n$ equirank {command}\n{said(command.split())}\n```\n"]
    return "\n".join(parts)


def main():
    """Write the page."""
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        text = page(Path(folder))
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
