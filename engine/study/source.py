"""What a study is called, and where its records come from."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from engine.study.base import NAME_PATTERN, Names, Spec

MISSING_TEXTS = (".", "NA", "N/A", "n/a", "#N/A", "NULL", "null")
"""What R, Stata, spreadsheets and databases write into a text file where there is no value."""


class StudyInfo(Spec):
    """What the study is called and the seed all its replicates come from."""

    name: Annotated[
        str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", description="Short name, used in results")
    ]
    title: str = ""
    seed: Annotated[int | None, Field(ge=0, lt=2**63, description="Default: derived from the name")] = None
    note: str = ""
    language: Annotated[Literal["en", "zh"], Field(description="Of the fixed words of reports")] = "en"
    mark_below: Annotated[
        int, Field(ge=0, description="Tables and figures mark numbers of fewer people than this; 0: no marks")
    ] = 30
    published: Annotated[
        str | None,
        Field(description="Publication whose numbers are set beside those of a run, such as 'wang2021'"),
    ] = None


class MergeSpec(Spec):
    """A file with variables of places, merged by key; variables name its columns ``name.column``."""

    name: Annotated[str, Field(pattern=NAME_PATTERN, description="Such as community")]
    path: Annotated[str, Field(description="File, relative to the study file or in the folder of --data")]
    key: Annotated[
        str | Annotated[dict[str, str], Field(min_length=1, max_length=1)],
        Field(
            description="Column of the id in both files, or { column of the records = column of this file }"
        ),
    ]


class SourceSpec(Spec):
    """Where the records come from: files, or a panel that ships with the program."""

    path: Annotated[
        str | tuple[str, ...] | dict[str, str] | None,
        Field(description="File, glob, list of them, or a table wave -> file; relative to the study file"),
    ] = None
    builtin: Annotated[
        Literal["cmds-simulated", "clds-simulated", "meps"] | None,
        Field(description="Records that need no file"),
    ] = None
    wave: Annotated[str | None, Field(description="Column that holds the wave")] = None
    encoding: Annotated[
        str | None, Field(description="Text encoding of csv, dta or sav files; default: found from the bytes")
    ] = None
    delimiter: Annotated[
        str | None,
        Field(min_length=1, max_length=1, description="Sign between columns of text files; default: comma"),
    ] = None
    decimal: Annotated[Literal[".", ","], Field(description="Decimal sign in text files")] = "."
    thousands: Annotated[
        Literal[".", ",", " ", "'"] | None, Field(description="Sign between thousands in text files")
    ] = None
    missing: Annotated[
        tuple[str, ...],
        Field(description="Texts of a csv file that stand for an empty cell, unless a variable names them"),
    ] = MISSING_TEXTS
    rows: Annotated[
        dict[str, Annotated[int, Field(ge=1)]] | None,
        Field(description="Wave -> number of rows that its file must have"),
    ] = None
    expect: Annotated[
        dict[str, Annotated[date, Field(strict=False)]] | None,
        Field(description="Wave -> day after which nights tell that it is late, such as 2021-06-30"),
    ] = None
    key: Annotated[
        Names | None, Field(description="Column(s) that tell one record of a wave from another")
    ] = None
    labels: Annotated[
        Literal["same", "any"],
        Field(description="same: `refresh` refuses a new file whose codes have other labels than before"),
    ] = "same"
    merge: Annotated[tuple[MergeSpec, ...], Field(description="Files with variables of places")] = ()
    layout: Annotated[
        str | None,
        Field(description="With a builtin: the study that describes a folder of files given by --data"),
    ] = None
