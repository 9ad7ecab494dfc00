"""What a study asks of results that leave the house."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from engine.study.base import Spec


class DisclosureSpec(Spec):
    """Disclosure control of everything that a run writes; without this table there is none."""

    threshold: Annotated[
        int, Field(ge=2, le=1000, description="Numbers of fewer people than this are withheld")
    ] = 10
    round_to: Annotated[
        int, Field(ge=1, le=1000, description="Counts are rounded to multiples of it; 1: not rounded")
    ] = 1
    largest_share: Annotated[
        float | None,
        Field(
            gt=0, lt=1, description="A mean is withheld if one person may hold more of the total than this"
        ),
    ] = None
