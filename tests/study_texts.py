"""Study files for tests: say what is particular, in the words of the study file.

    text = study_text(
        name="small",
        source={"path": "people.csv", "wave": "wave"},
        design={"weight": "w"},
        variables={
            "ill": event("yes", no=[0], yes=[1]),
            "income": {},
            "sex": {"from": "SEX", **factor(male=[1], female=[2])},
        }, sample={"Income known": "income IS NOT NULL"}, analyses=[analysis("rates", outcome="ill",
        rows="sex"), analysis("describe", name="people", by="wave")],
    )

Every argument becomes the table of its name, every key of a dictionary one line of it, in the same order, so
that a test may replace a line of the text. ``extra`` is TOML that goes to the end as it is.
"""

import json
import re

BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def factor(**levels):
    """Return the lines of a factor: level -> codes."""
    return {"levels": levels}


def event(level, **levels):
    """Return the lines of an outcome: level -> codes, and the level that counts as 1."""
    return {"levels": levels, "event": level}


def analysis(kind, name=None, **settings):
    """Return an analysis; its name is its kind unless another is given."""
    return {"name": name or kind, "kind": kind, **settings}


def study_text(
    *, analyses, variables, name="small", source="survey.parquet", design=None, sample=None, extra="", **study
):
    """Return a study file.

    Parameters
    ----------
    analyses
        Analyses made by `analysis`.
    variables
        Variable -> its lines, such as `factor` and `event` give; ``from`` is the variable's own name unless
        given.
    name, study
        Lines of the table ``study``, such as ``seed=4``.
    source
        Path of the records, or the lines of the table ``source``.
    design
        Lines of the table ``design``; None: no such table.
    sample
        Label -> rule, each a step of the sample flow.
    extra
        TOML for the end of the file.
    """
    tables = [
        table("[study]", {"name": name, **study}),
        table("[source]", {"path": source} if isinstance(source, str) else source),
        *([] if design is None else [table("[design]", design)]),
        *(table(f"[variables.{key(own)}]", {"from": own, **lines}) for own, lines in variables.items()),
        *(table("[[sample]]", {"label": label, "keep": keep}) for label, keep in (sample or {}).items()),
        *(table("[[analysis]]", lines) for lines in analyses),
    ]
    return "".join(tables) + extra


def table(header, lines):
    """Return a table of TOML."""
    return "\n".join([header, *(f"{key(name)} = {toml(value)}" for name, value in lines.items())]) + "\n"


def key(name):
    """Return a key of TOML, in quotes where it needs them."""
    return name if BARE_KEY.fullmatch(name) else toml(name)


def toml(value):
    """Return a value of TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key(str(name))} = {toml(own)}" for name, own in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml(own) for own in value) + "]"
    return str(value)
