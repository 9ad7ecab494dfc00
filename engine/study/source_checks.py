"""Faults of ``[study]``, ``[source]`` and ``[design]`` that stand between several keys."""

from __future__ import annotations

from collections.abc import Iterator

from engine.errors import Fault, nearest
from engine.study.raw_tables import RawStudy, Table, as_table

PUBLICATIONS = ("wang2021", "li2022")  # those that `engine.audit` ships with the place of each number


def is_text_encoding(name: str) -> bool:
    """Whether Python can decode text by this name: base64 is an encoding too, but not of text.

    Examples
    --------
    >>> is_text_encoding("gb18030"), is_text_encoding("base64"), is_text_encoding("nope")
    (True, False, False)
    """
    try:
        return isinstance("".encode(name), bytes) and b"a".decode(name) == "a"
    except (LookupError, UnicodeError, TypeError, AssertionError):
        return False


def check_publication(study: Table) -> Iterator[Fault]:
    """Check that the publication is one that ships."""
    name = study.get("published")
    if isinstance(name, str) and name not in PUBLICATIONS:
        yield Fault("study.published", f"'{name}'", "a shipped publication", nearest(name, [*PUBLICATIONS]))


def check_source(study: RawStudy) -> Iterator[Fault]:
    """Check files, encoding, and that every variable has a column in each wave's file."""
    source = study.source
    if source.get("path") in ({}, []):
        yield Fault("source.path", "no file", "one or more files", "Name the data files.")
    encoding = source.get("encoding")
    if isinstance(encoding, str) and not is_text_encoding(encoding):
        yield Fault(
            "source.encoding", f"the unknown encoding '{encoding}'", "a name such as 'GB18030'", "Correct it."
        )
    if study.has_a_file_for_each_wave and source.get("wave") is not None:
        found = "a wave column beside one file for each wave"
        yield Fault("source.wave", found, "one of them", "Drop one.")
    for name, key, variable in (
        (name, key, variable) for name, variable in study.variables.items() for key in ("from", "by")
    ):
        columns, place = variable.get(key), f"variables.{name}.{key}"
        if isinstance(columns, dict) and not study.has_a_file_for_each_wave:
            remedy = "Give source.path as wave = file."
            yield Fault(place, "a column for each wave", "a file for each wave too", remedy)
        elif isinstance(columns, dict) and not variable.get("search"):
            yield from _columns_by_wave(place, columns, source)


def check_design(study: RawStudy) -> Iterator[Fault]:
    """Check that design columns are there in each wave's file, and the factors of replicate weights."""
    design = study.design
    levels = {
        f"{key}.{name}": columns
        for key in ("levels", "level_weights")
        for name, columns in as_table(design.get(key)).items()
    }
    for name in as_table(design.get("level_weights")):
        if name not in (known := [*as_table(design.get("levels"))]):
            remedy = nearest(name, known) if known else "Name their columns there."
            yield Fault("design.level_weights", f"'{name}'", "a name of design.levels", remedy)
    for role, columns in {
        "weight": design.get("weight"),
        "stratum": design.get("stratum"),
        "cluster": design.get("cluster"),
        **levels,
    }.items():
        if isinstance(columns, dict) and study.has_a_file_for_each_wave:
            yield from _columns_by_wave(f"design.{role}", columns, study.source)
        elif isinstance(columns, dict):
            found, remedy = "a column for each wave", "Give source.path as wave = file."
            yield Fault(f"design.{role}", found, "a file for each wave too", remedy)
    weights = as_table(design.get("replicate_weights"))
    if weights and design.get("independent_waves") is True:
        found = "true with design.replicate_weights, whose replicates are drawn together in all waves"
        remedy = "Leave it out, and give each analysis waves = 'each'."
        yield Fault("design.independent_waves", found, "one of the two", remedy)
    needed = {"jkn": "rscales", "fay": "fay"}.get(str(weights.get("method")))
    if needed and weights.get(needed) is None:
        expected = f"a value for '{weights['method']}'"
        yield Fault(f"design.replicate_weights.{needed}", "nothing", expected, "Add it.")
    if weights.get("method") == "other" and weights.get("scale") is None and weights.get("rscales") is None:
        expected = "scale or rscales for 'other'"
        yield Fault("design.replicate_weights.scale", "nothing", expected, "Add one.")


def _columns_by_wave(place: str, columns: Table, source: Table) -> Iterator[Fault]:
    for wave in source["path"]:
        if wave not in columns:
            yield Fault(place, f"no column for wave {wave}", "one for each wave", f"Add {wave} = '...'.")
