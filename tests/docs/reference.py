"""Pages made from the program: study file, commands, results, Python, and llms.txt.

Run `python -m tests.docs.reference` to write them anew.
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
MADE = "This page is made from the program, and a test compares the two.\n"
STUDY_TABLES = (
    ("StudyInfo", "[study]"),
    ("SourceSpec", "[source]"),
    ("MergeSpec", "[[source.merge]]"),
    ("DesignSpec", "[design]"),
    ("DisclosureSpec", "[disclosure]"),
    ("ReplicateWeightsSpec", "design.replicate_weights"),
    ("CalibrationSpec", "[design.calibration]"),
    ("MarginSpec", "[[design.calibration.margins]]"),
    ("ImputationsSpec", "[imputations]"),
    ("BalanceSpec", "[design.balance]"),
    ("VariableSpec", "[variables.NAME]"),
    ("SampleRule", "[[sample]]"),
    ("BootstrapSpec", "bootstrap of an analysis"),
    ("StandardSpec", "standardise of an analysis"),
)


def pages():
    """Return path -> text of every page."""
    return {
        ROOT / "docs" / "reference-study.md": study_page(),
        ROOT / "docs" / "reference-commands.md": commands_page(),
        ROOT / "docs" / "reference-results.md": results_page(),
        ROOT / "docs" / "reference-python.md": python_page(),
        ROOT / "llms.txt": llms_text(),
    }


def cell(text):
    """Return a text that may stand in a cell of a table."""
    return " ".join(str(text).split()).replace("|", "\\|")


def table(heads, rows):
    """Return a table of Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cell(one) for one in line)} |" for line in lines) + "\n"


def kind_of(about, names):
    """Return the type of a key of a JSON Schema in words."""
    if "$ref" in about:
        return names.get(about["$ref"].rpartition("/")[2], "table")
    if "const" in about:
        return f"`{about['const']}`"
    if "enum" in about:
        return ", ".join(f"`{one}`" for one in about["enum"])
    for many in ("anyOf", "oneOf"):
        if many in about:
            kinds = [kind_of(one, names) for one in about[many] if one.get("type") != "null"]
            return " or ".join(dict.fromkeys(kinds))
    if about.get("type") == "array":
        items = about.get("items")
        return f"list of {kind_of(items, names)}" if isinstance(items, dict) and items else "list"
    words = {
        "string": "text",
        "integer": "whole number",
        "number": "number",
        "boolean": "true or false",
        "object": "table",
    }
    return words.get(about.get("type"), "value")


def default_of(key, definition):
    """Return the default of a key, or that it is needed."""
    if key in definition.get("required", ()):
        return "needed"
    default = definition["properties"][key].get("default")
    if default in (None, "", [], {}, ()):
        return ""
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def keys_table(definition, names, without=()):
    """Return the table of the keys of one table of a study."""
    rows = [
        (f"`{key}`", kind_of(about, names), default_of(key, definition), about.get("description", ""))
        for key, about in definition["properties"].items()
        if key not in without
    ]
    return table(("key", "type", "default", "meaning"), rows)


def study_page():
    """Return the reference of the study file, from its schema."""
    from engine.study import json_schema
    from engine.study.analyses import ANALYSES

    schema = json_schema()
    definitions = schema["$defs"]
    names = {table_name: f"table `{header}`" for table_name, header in STUDY_TABLES}
    parts = ["# Reference: the study file\n", MADE, "[Study file](study-file.md) has examples.\n"]
    for name, header in STUDY_TABLES:
        if name in definitions:
            parts += [f"## {header}\n", keys_table(definitions[name], names)]
    parts.append("## [[analysis]]\n")
    for kind, spec in ANALYSES.items():
        definition = definitions[spec.__name__]
        about = cell(definition.get("description", ""))
        parts += [f'### kind = "{kind}"\n', f"{about}\n", keys_table(definition, names, ("kind",))]
    return "\n".join(parts)


def parameters_of(command):
    """Return (how it is written, type or default, help) of each parameter of a command of click."""
    for one in command.params:
        flags = ", ".join(f"`{flag}`" for flag in one.opts) if one.param_type_name == "option" else ""
        if "--help" in one.opts:
            continue
        yield flags or f"`{one.name.upper()}`", one.help or ""


def commands():
    """Return name -> command."""
    import typer

    from engine.cli import draft_commands, night_commands, store_commands, trust_commands  # noqa: F401
    from engine.cli.app import app

    return dict(sorted(typer.main.get_command(app).commands.items()))


def commands_page():
    """Return the reference of the commands, from Typer."""
    parts = ["# Reference: commands\n", MADE, "`equirank COMMAND -h` shows the same.\n"]
    for name, command in commands().items():
        parts += [f"## equirank {name}\n", f"{cell(command.help or '')}\n"]
        rows = list(parameters_of(command))
        if rows:
            parts.append(table(("argument", "meaning"), rows))
    return "\n".join(parts)


def attributes_of(text):
    """Return (names, meaning) of the attributes in a docstring of numpy's style."""
    block = re.search(r"Attributes\n\s*-+\n(.*)", inspect.cleandoc(text), re.DOTALL)[1]
    found = []
    for line in block.splitlines():
        if line and not line.startswith(" "):
            found.append((line, []))
        elif line.strip():
            found[-1][1].append(line.strip())
    return [(names, " ".join(lines)) for names, lines in found]


def results_page():
    """Return the reference of results.parquet, from the tidy row."""
    from engine.report.readings import READINGS
    from engine.results import COLUMNS, TidyRow

    told = [(f"`{names.replace(', ', '`, `')}`", about) for names, about in attributes_of(TidyRow.__doc__)]
    said = " ".join(names for names, _ in told)
    assert all(f"`{column}`" in said for column in COLUMNS)
    parts = [
        "# Reference: results\n",
        MADE,
        "`results.parquet` of a run has one quantity in each row. These are its columns:\n",
        table(("column", "meaning"), told),
        "## Measures\n",
        "`equirank show RUN --explain` explains the measures of a run in the same words.\n",
        table(("measure", "how to read it"), [(f"`{name}`", text) for name, text in READINGS.items()]),
        "## Manifest\n",
        "`manifest.json` holds the study as it was run, hashes of the study and the files, the seed, the",
        "number of people after each sample rule, missing values, warnings, times and versions.\n",
    ]
    return "\n".join(parts)


def python_page():
    """Return the reference of the Python names, from signatures and docstrings."""
    import engine

    parts = ["# Reference: Python\n", MADE, "[Python](python.md) has examples; `help(NAME)` shows more.\n"]
    for name in engine.__all__:
        one = getattr(engine, name)
        if name.startswith("_"):
            continue
        first = cell(inspect.getdoc(one).partition("\n\n")[0])
        parts += [f"## {name}\n", f"{first}\n"]
        if inspect.isfunction(one):
            names = [str(key) for key in inspect.signature(one).parameters]
            parts.append(f"Arguments: {', '.join(f'`{key}`' for key in names)}.\n")
    return "\n".join(parts)


def llms_text():
    """Return what a language model needs to help with a study."""
    from engine.study.analyses import ANALYSES

    head = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n\n")[2].partition("\n\n")[0]
    kinds = [f"- {kind}: {cell(spec.__doc__)}" for kind, spec in ANALYSES.items()]
    names = [
        f"- equirank {name}: {cell(command.help or '').split('. ')[0]}"
        for name, command in commands().items()
    ]
    docs = sorted(path.name for path in (ROOT / "docs").glob("*.md"))
    return "\n".join(
        [
            "# equirank",
            "",
            f"> {cell(head)}",
            "",
            "A study is one TOML file. `equirank init FILE...` drafts it, `equirank check STUDY` lists its",
            "faults, `equirank run STUDY` computes. `equirank schema` prints the JSON Schema of every key.",
            "Bounds, events, levels and missing codes are written by the analyst, never taken from the data.",
            "",
            "## Kinds of analysis",
            "",
            *kinds,
            "",
            "## Commands",
            "",
            *names,
            "",
            "## Pages",
            "",
            *(f"- docs/{name}" for name in docs),
            "",
        ]
    )


def main():
    """Write the pages."""
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
