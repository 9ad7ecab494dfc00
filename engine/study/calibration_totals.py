"""Totals of the population from a small CSV file beside the study: read when the study is loaded."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from engine.errors import Fault
from engine.study.raw_tables import as_list, as_names, as_table

MOST_BYTES = 1_000_000
TOTAL = "total"


def margins_with_files(raw: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the margins of a raw study whose totals stand in a file."""
    return [one for one in _margins(raw) if isinstance(one, dict) and isinstance(one.get("file"), str)]


def _margins(raw: Mapping[str, Any]) -> list[Any]:
    calibration = as_table(as_table(raw.get("design")).get("calibration"))
    return as_list(calibration.get("margins") or [])


def read_totals(raw: dict[str, Any], folder: Path) -> Iterator[Fault]:
    """Put the totals of files into the margins of a raw study, and yield the faults of the files."""
    for margin in margins_with_files(raw):
        place = f"design.calibration.margins[{_margins(raw).index(margin) + 1}].file"
        if margin.get("totals"):
            yield Fault(place, "a file beside totals", "one of the two", "Leave one out.")
            continue
        rows = _rows(place, folder / margin["file"], as_names(margin.get("by", ())))
        if isinstance(rows, Fault):
            yield rows
        else:
            margin["totals"] = rows


def _rows(place: str, path: Path, by: list[str]) -> list[list[Any]] | Fault:
    try:
        if path.stat().st_size > MOST_BYTES:
            return Fault(
                place, f"{path.stat().st_size:,} bytes", f"at most {MOST_BYTES:,}", "Is it the file?"
            )
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            columns = [name.strip() for name in reader.fieldnames or ()]
            reader.fieldnames = columns
            missing = [name for name in (*by, TOTAL) if name not in columns]
            if missing:
                found, expected = f"no column '{missing[0]}' in {path.name}", ", ".join((*by, TOTAL))
                return Fault(place, found, f"the columns {expected}", "Correct the first line of the file.")
            records = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        found = f"{path.name} cannot be read ({type(error).__name__})"
        return Fault(place, found, "a CSV file beside the study", "Correct the name or the file.")
    rows: list[list[Any]] = []
    for line, record in enumerate(records, start=2):
        try:
            total = float(record[TOTAL] or "")
        except ValueError:
            return Fault(place, f"no number under total in line {line}", "a number of people", "Correct it.")
        rows.append([*((record[name] or "").strip() for name in by), total])
    return rows
