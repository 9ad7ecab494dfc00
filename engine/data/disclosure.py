"""Disclosure control: codes and counts of very few people are never shown."""

from __future__ import annotations

SMALLEST_SHOWN = 10  # people: a code or a count of fewer may identify somebody
