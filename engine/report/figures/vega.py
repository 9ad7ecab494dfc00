"""Parts of Vega-Lite charts as plain dicts, which the renderer takes as they are.

Altair would make the same ones, after three quarters of a second of importing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Encoding = dict[str, Any]
Layer = dict[str, Any]

WITH_INTERVAL = ({"filter": "isValid(datum.low)"},)
FROM_ZERO = ({"calculate": "0", "as": "start"},)
"""Transforms: rows that have an interval, and rows with a field `start` of zero."""


def layer(
    rows: Sequence[Mapping[str, Any]],
    mark: str,
    encoding: Mapping[str, Encoding],
    transform: Sequence[Mapping[str, str]] = (),
    **look: Any,  # noqa: ANN401 - numbers, colours, dashes
) -> Layer:
    """Return marks for rows, one each.

    Examples
    --------
    >>> layer([{"n": 1}], "rule", {"x": quantity("n")}, color="red")["mark"]
    {'type': 'rule', 'color': 'red'}
    """
    made = {"data": {"values": [*rows]}, "mark": {"type": mark, **look}, "encoding": {**encoding}}
    return {**made, "transform": [*transform]} if transform else made


def quantity(field: str, **more: Any) -> Encoding:  # noqa: ANN401 - a scale, an axis or None for no axis
    """Return the encoding of a field of numbers."""
    return {"field": field, "type": "quantitative", **more}


def as_given(field: str) -> Encoding:
    """Return the encoding of a field that holds colours or shapes themselves."""
    return {"field": field, "type": "nominal", "scale": None}


def end(field: str) -> Encoding:
    """Return the encoding of the second end of a mark."""
    return {"field": field}


def fixed(value: float) -> Encoding:
    """Return the encoding of a place in pixels."""
    return {"value": value}
