"""Writes the events of a night to stderr: JSON lines for machines, short lines for people."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import Any


def event_log(*, as_json: bool, **always: object) -> Callable[..., None]:
    """Return the function that writes an event; the facts in `always` stand on every line."""
    import sys

    import structlog

    shown = structlog.processors.JSONRenderer(ensure_ascii=False) if as_json else _plain
    logger = structlog.wrap_logger(
        structlog.WriteLogger(sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            shown,
        ],
    )
    bound = logger.bind(**always) if as_json else logger
    trouble = {"quarantined", "failed", "stopped", "damaged"}

    def log(event: str, **facts: object) -> None:
        (bound.warning if event in trouble else bound.info)(event, **facts)

    return log


def _plain(_logger: object, _name: str, event: MutableMapping[str, Any]) -> str:
    """Return time, event and the facts for a reader on a terminal; reasons stand in the report."""
    facts = ", ".join(
        f"{name} {event[name]}"
        for name in ("file", "task", "what", "why", "seconds", "run")
        if event.get(name)
    )
    return f"{str(event['timestamp'])[11:19]} {event['event']}{': ' if facts else ''}{facts}"
