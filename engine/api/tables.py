"""Arguments that are tables of the study file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated

from pydantic import BeforeValidator, ValidationError

from engine.study.base import Spec
from engine.study.standard import StandardSpec


def table_of(kind: type[Spec], key: str) -> Callable[[object], object]:
    """Return a check of the keys of a table; lists may stand for tuples there."""

    def check(value: object) -> object:
        if not isinstance(value, Mapping):
            return value
        try:
            return kind.model_validate(dict(value))
        except ValidationError as error:
            item = error.errors(include_url=False)[0]
            raise ValueError(f"a table as {key}; {item['loc'][0]}: {item['msg']}") from None

    return check


StandardTable = Annotated[StandardSpec | None, BeforeValidator(table_of(StandardSpec, "standardise"))]
