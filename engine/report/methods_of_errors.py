"""The sentences of the methods about standard errors, replicates and comparisons."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from engine.report.methods_writer import Writer, as_list
from engine.report.model import count, number
from engine.report.row_groups import Row

DENSITY_AT_LIMIT = 0.0584507  # of the standard normal at 1.96
TAIL = 0.025
MOST_AUTO = 40_960  # as in engine.study.bootstrap; a test compares them
DRAWN, LEFT_OUT, GIVEN = "bootstrap", "jackknife", "replicate weights"


def error_sentences(writer: Writer) -> Iterator[str]:
    """Yield how standard errors and intervals were made."""
    yield from _calibration(writer)
    yield from _balance(writer)
    yield from _given_weights(writer)
    if any("linearised" in str(row["method"]).split(", ") for row in writer.rows):
        yield writer.say("errors")
    design = writer.design
    if design.get("population"):
        yield writer.say("population", name=design["population"])
    if design.get("single_psu") in ("adjust", "certainty"):
        yield writer.say(f"single_{design['single_psu']}")
    if any(one.get("compare") for one in writer.analyses()):
        yield writer.say("compare")
    yield from _replicates(writer)


def _calibration(writer: Writer) -> Iterator[str]:
    facts: Mapping[str, Any] = writer.manifest.get("calibration") or {}
    if facts:
        source = facts.get("source")
        yield writer.say(
            "calibration",
            method=writer.say(str(facts["method"])),
            margins=writer.joined(facts["margins"]),
            source=writer.say("calibration_source", name=source) if source else "",
            steps=facts["rounds"],
            low=number(facts["smallest_factor"], 3),
            high=number(facts["largest_factor"], 3),
            cited=writer.cite("calibration"),
        )


def _balance(writer: Writer) -> Iterator[str]:
    facts: Mapping[str, Any] = writer.manifest.get("balance") or {}
    if facts:
        to = "balance_all" if facts["to"] == "all" else "balance_level"
        before, after = facts["largest_difference"]
        yield writer.say(
            "balance",
            by=writer.labelled([facts["by"]]),
            variables=writer.labelled(facts["variables"]),
            to=writer.say(to, name=facts["to"]),
            method=writer.say(str(facts["method"])),
            low=number(facts["smallest_factor"], 3),
            high=number(facts["largest_factor"], 3),
            before=number(before, 3),
            after=number(after, 3),
            cited=writer.cite("entropy-balancing" if facts["method"] == "entropy" else "propensity"),
        )


def _given_weights(writer: Writer) -> Iterator[str]:
    given: Mapping[str, Any] = writer.design.get("replicate_weights") or {}
    if given:
        yield writer.say(
            "replicate_weights",
            columns=writer.joined(as_list(given["columns"])),
            method=given["method"],
            centre=writer.say(f"centre_{given.get('centre', 'estimate')}"),
            cited=writer.cite("wolter"),
        )


def _replicates(writer: Writer) -> Iterator[str]:
    behind = [row for row in writer.rows if row["n_replicates"]]
    left_out = [row for row in behind if LEFT_OUT in str(row["method"])]
    if left_out:
        yield writer.say("jackknife", method=_kinds(writer, left_out, LEFT_OUT), cited=writer.cite("wolter"))
    drawn = [row for row in behind if DRAWN in str(row["method"])]
    if drawn:
        fewest = min(row["n_replicates"] for row in drawn)
        is_rao_wu = any("rao-wu" in str(row["method"]) for row in drawn)
        yield writer.say(
            "replicates",
            method=_kinds(writer, drawn, DRAWN),
            n=count(fewest),
            seed=writer.manifest["seed"],
            of_error=number(100.0 / math.sqrt(2.0 * fewest), 1),
            of_limit=number(math.sqrt(TAIL * (1.0 - TAIL) / fewest) / DENSITY_AT_LIMIT, 2),
            cited=writer.cite("rao-wu" if is_rao_wu else "efron"),
        )
        enough = [
            one["name"] for one in writer.analyses() if one.get("bootstrap", {}).get("replicates") == "auto"
        ]
        if enough:
            names = writer.joined(enough)
            yield writer.say("enough", names=names, most=count(MOST_AUTO), cited=writer.cite("davison"))
    failed = max((row["n_failed"] or 0 for row in behind), default=0)
    if failed:
        yield writer.say("failed", n=count(failed))


def _kinds(writer: Writer, rows: list[Row], word: str) -> str:
    """Return how replicates were made, without the model that stands before them in a decomposition."""
    found: dict[str, None] = {}
    for row in rows:
        parts = str(row["method"]).split(", ")
        start = next(place for place, part in enumerate(parts) if word in part)
        found[writer.method(", ".join(parts[start:]))] = None
    return "; ".join(found) if writer.language == "en" else "；".join(found)
