"""Columns of several files -> variables: which columns are one variable, and where its codes differ."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from engine.draft.columns import Code, DraftColumn, DraftFile
from engine.draft.meanings import has_role

YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
OF_DESIGN = ("weight", "stratum", "cluster")


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftVariable:
    """A variable of the draft.

    Attributes
    ----------
    name, label
        In the study.
    columns
        Wave -> column; the same in all where the files agree.
    kind, levels, missing, questions, is_unique
        As in `DraftColumn`.
    needs_numeric
        Whether the study must say that it is a number, because some values have labels.
    """

    name: str
    label: str
    columns: Mapping[str, str]
    kind: str
    levels: Mapping[str, tuple[Code, ...]] = field(default_factory=dict)
    missing: Mapping[str, tuple[Code, ...]] = field(default_factory=dict)
    questions: tuple[str, ...] = ()
    needs_numeric: bool = False
    is_unique: bool = False

    def sounds_like(self, role: str) -> bool:
        """Whether its name or label sounds like a role."""
        return has_role(role, *self.columns.values(), self.label)

    @property
    def belongs_to_design(self) -> str | None:
        """The key of [design] that it sounds like."""
        if self.kind != "number" and not self.sounds_like("cluster"):
            return None
        return next((role for role in OF_DESIGN if self.sounds_like(role)), None)


def waves_of(files: Sequence[DraftFile]) -> dict[str, DraftFile]:
    """Return wave -> file: the years in the names where each has one of its own, else the names.

    Examples
    --------
    >>> from pathlib import Path
    >>> paths = [Path("2014年A卷.dta"), Path("cmds2017.dta")]
    >>> files = [DraftFile(path=path, title="", n_rows=1, encoding=None, columns=()) for path in paths]
    >>> [*waves_of(files)]
    ['2014', '2017']
    """
    years = [found[0] if (found := YEAR.findall(file.path.name)) else "" for file in files]
    if all(years) and len({*years}) == len(files):
        return dict(sorted(zip(years, files, strict=True)))
    names = [file.path.name.partition(".")[0] for file in files]
    if len({*names}) < len(files):
        names = [file.path.name for file in files]
    if len({*names}) < len(files):
        names = [f"{name}_{number}" for number, name in enumerate(names, start=1)]
    return dict(zip(names, files, strict=True))


def variables_of(waves: Mapping[str, DraftFile]) -> list[DraftVariable]:
    """Return the variables of the files, in the order of the first one."""
    groups = _by_label(_by_name(waves))
    taken: set[str] = set()
    return [_variable(group, _free_name(next(iter(group.values())).name, taken)) for group in groups]


def joined(
    variables: Sequence[DraftVariable], role: str, waves: Mapping[str, DraftFile]
) -> DraftVariable | None:
    """Return the columns of a role that have another name in every wave, None unless each wave has one."""
    columns: dict[str, str] = {}
    for one in variables:
        if one.belongs_to_design == role and not one.columns.keys() & columns.keys():
            columns |= one.columns
    if columns.keys() != waves.keys():
        return None
    return DraftVariable(
        name=role, label="a guess", columns={wave: columns[wave] for wave in waves}, kind="other"
    )


Group = dict[str, DraftColumn]


def _by_name(waves: Mapping[str, DraftFile]) -> list[Group]:
    """Put columns of one name, in any case, together."""
    groups: dict[str, Group] = {}
    for wave, file in waves.items():
        for column in file.columns:
            key = column.name.strip().casefold()
            if wave in groups.get(key, {}):
                key = f"{key} {column.name}"
            groups.setdefault(key, {})[wave] = column
    return list(groups.values())


def _by_label(groups: list[Group]) -> list[Group]:
    """Join columns that have one label and another name in another wave."""
    joined: list[Group] = []
    for group in groups:
        label = next(iter(group.values())).label
        same = [other for other in joined if label and next(iter(other.values())).label == label]
        if len(same) == 1 and not same[0].keys() & group.keys():
            same[0].update(group)
        else:
            joined.append(group)
    return joined


def _free_name(column: str, taken: set[str]) -> str:
    """Return a name for a variable: that of the column where it may be one."""
    name = re.sub(r"\W", "_", column.strip()).strip("_") or "column"
    if not name[0].isalpha():
        name = f"v_{name}"
    if name.casefold() == "wave" or name.casefold().endswith("__missing"):
        name = f"{name}_column"
    number, free = 2, name
    while free.casefold() in taken:
        free, number = f"{name}_{number}", number + 1
    taken.add(free.casefold())
    return free


def _variable(group: Group, name: str) -> DraftVariable:
    columns = list(group.values())
    kinds = {column.kind for column in columns}
    kind = kinds.pop() if len(kinds) == 1 else "other"
    differ = (
        ("It is a factor in one file and a number in another.",) if len({c.kind for c in columns}) > 1 else ()
    )
    codes_differ = [*_differing_codes(group)] if kind == "factor" else []
    levels, missing = (
        _by_labels(group) if codes_differ else (_union(group, "levels"), _union(group, "missing"))
    )
    asked = [question for column in columns for question in column.questions]
    return DraftVariable(
        name=name,
        label=next((column.label for column in columns if column.label), ""),
        columns={wave: column.name for wave, column in group.items()},
        kind=kind,
        levels=levels,
        missing=_no_level(missing, levels),
        questions=(*differ, *dict.fromkeys(asked), *codes_differ),
        needs_numeric=kind == "number" and any(column.has_labels for column in columns),
        is_unique=all(column.is_unique for column in columns),
    )


def _differing_codes(group: Group) -> Iterator[str]:
    """Yield the codes whose label is not the same in every file, and labels whose code is not."""
    by_code: dict[Code, dict[str, str]] = {}
    for wave, column in group.items():
        for code, label in column.labels.items():
            by_code.setdefault(code, {})[wave] = label
    for code, label_of in by_code.items():
        if len({*label_of.values()}) > 1:
            said = "; ".join(f"{wave}: {label}" for wave, label in label_of.items())
            yield f"Code {code} is not the same in every file ({said}): join the levels that mean the same."


def _union(group: Group, what: str) -> dict[str, tuple[Code, ...]]:
    """Return level (or reason) -> codes of all files."""
    union: dict[str, tuple[Code, ...]] = {}
    for column in group.values():
        for key, codes in getattr(column, what).items():
            union[key] = tuple(dict.fromkeys((*union.get(key, ()), *codes)))
    return union


def _by_labels(group: Group) -> tuple[dict[str, tuple[Code, ...]], dict[str, tuple[Code, ...]]]:
    """Return levels and missing codes by label, where a code means different things in different files."""
    levels: dict[str, tuple[Code, ...]] = {}
    missing: dict[str, tuple[Code, ...]] = {}
    for column in group.values():
        for level, codes in column.levels.items():
            named = tuple(column.labels.get(code) or code for code in codes)
            levels[level] = tuple(dict.fromkeys((*levels.get(level, ()), *named)))
        for reason, codes in column.missing.items():
            named = tuple(column.labels.get(code) or code for code in codes)
            missing[reason] = tuple(dict.fromkeys((*missing.get(reason, ()), *named)))
    return levels, missing


def _no_level(
    missing: Mapping[str, tuple[Code, ...]], levels: Mapping[str, tuple[Code, ...]]
) -> dict[str, tuple[Code, ...]]:
    """Return the missing codes without those of a level, and each for one reason only."""
    used = {code for codes in levels.values() for code in codes}
    kept: dict[str, tuple[Code, ...]] = {}
    for reason, codes in missing.items():
        free = tuple(code for code in codes if code not in used)
        used.update(free)
        if free:
            kept[reason] = free
    return kept
