"""The base of all study models: frozen, and an unknown key is a fault."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

NAME_PATTERN = r"^\p{L}[\p{L}\p{N}_]*$"  # letters of any script


class Spec(BaseModel):
    """A frozen part of a study."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=True, populate_by_name=True, ser_json_inf_nan="strings"
    )


def as_tuple(value: object) -> object:
    """Accept one value where several are allowed."""
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)


def _infinite_as_text(code: float | str) -> float | str:
    """Return the code of an infinite number as JSON writes it: a study is the same after a way through it."""
    return f"{'-' * (code < 0)}Infinity" if code in (math.inf, -math.inf) else code


Code = Annotated[int | float | str, AfterValidator(_infinite_as_text)]
Names = Annotated[tuple[str, ...], BeforeValidator(as_tuple, json_schema_input_type=str | tuple[str, ...])]
Codes = Annotated[tuple[Code, ...], BeforeValidator(as_tuple, json_schema_input_type=Code | tuple[Code, ...])]
