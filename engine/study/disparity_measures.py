"""The names of the measures of disparity, and what each of them compares."""

from __future__ import annotations

from typing import Literal, get_args

MeasureName = Literal[
    "difference",
    "ratio",
    "bgv",
    "bgsd",
    "cov",
    "mdbu",
    "mdbw",
    "mdmu",
    "mdmw",
    "mdru",
    "mdrw",
    "idisu",
    "idisw",
    "par",
    "paf",
    "aci",
    "rci",
    "sii",
    "rii",
    "theil",
    "mld",
    "gini",
    "ge",
    "atkinson",
]

LinkName = Literal["linear", "logit", "log"]

ALONG_A_RANK = ("aci", "rci", "sii", "rii")
BETWEEN_PEOPLE = ("gini", "theil", "mld", "ge", "atkinson")
DECOMPOSABLE = ("theil", "mld", "ge")
OF_GROUPS = tuple(name for name in get_args(MeasureName) if name not in ("gini", "ge", "atkinson"))
NEEDS_REFERENCE = ("mdru", "mdrw")
WITH_LINK = ("sii", "rii")
NEEDS_PARAMETER = {"ge": "alpha", "atkinson": "epsilon"}


def allowed_measures(*, has_group: bool, has_rank: bool, has_parts: bool = False) -> tuple[str, ...]:
    """Return the measures of groups, of people along a rank, or of amounts between people.

    Examples
    --------
    >>> allowed_measures(has_group=False, has_rank=True)
    ('aci', 'rci', 'sii', 'rii')
    """
    if has_group:
        return OF_GROUPS
    if has_rank:
        return ALONG_A_RANK
    return DECOMPOSABLE if has_parts else BETWEEN_PEOPLE
