"""Names of the rank-dependent indices, and what each needs beside outcome and rank."""

from __future__ import annotations

from typing import Literal

IndexName = Literal[
    "standard",
    "generalized",
    "erreygers",
    "wagstaff",
    "modified",
    "extended",
    "generalized_extended",
    "symmetric",
    "generalized_symmetric",
]
NEEDS_BOUNDS = ("erreygers", "wagstaff", "modified")
NEEDS_PARAMETER = ("extended", "generalized_extended", "symmetric", "generalized_symmetric")
