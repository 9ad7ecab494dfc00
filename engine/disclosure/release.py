"""From the results of a run to those that may leave the house: frozen rows in, frozen rows out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.disclosure.boxes import PEOPLE, WAVE, relations_of
from engine.disclosure.dominance import dominated
from engine.disclosure.facts import event_relations, everybody_weighs, facts_of
from engine.disclosure.former import Former, held_back, joint
from engine.disclosure.implied import levels_of, waves_of, with_implied
from engine.disclosure.manifest_counts import (
    manifest_counts,
    protected_manifest,
    told_balance,
    told_calibration,
    told_tasks,
    without_gaps,
)
from engine.disclosure.rounding import rounded
from engine.disclosure.telling import WITHHELD, Telling, blank, tellings, without_counts
from engine.disclosure.withhold import withheld_sets
from engine.errors import EstimationError, Fault
from engine.results import TidyRow
from engine.study import StudySpec

HELD_BACK = "all numbers are those of the release before: few people make the difference"
SAME = ("sample_flow", "missing", "imputed", "calibration", "balance")


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Rows and manifest that may leave the house."""

    rows: tuple[TidyRow, ...]
    manifest: Mapping[str, Any]


def release(
    rows: Sequence[TidyRow],
    manifest: Mapping[str, Any],
    spec: StudySpec,
    formers: Sequence[Former] = (),
) -> Release:
    """Return results of which no number of few people can be computed; as they are, if nobody asks for it.

    Parameters
    ----------
    rows, manifest
        As they were computed.
    spec
        The study; its table ``disclosure`` says what is asked.
    formers
        What was released before of the same study, the newest first: these numbers are known.

    Raises
    ------
    EstimationError
        If the whole sample has fewer people than the threshold.
    """
    asked = spec.disclosure
    if asked is None:
        return Release(rows=tuple(rows), manifest=manifest)
    told = manifest_counts(manifest, asked.threshold)
    n = manifest["sample_flow"][-1]["n"]
    if n < asked.threshold:
        expected = f"{asked.threshold} or more, as disclosure.threshold asks"
        raise EstimationError(Fault("sample", "it has too few people", expected, "Release no results of it."))
    if any(held_back(rows, manifest, former, asked) for former in formers):
        return _as_before(rows, formers[0], manifest, spec)
    whole = without_gaps(manifest)
    levels = {**levels_of(spec), **waves_of(manifest)}
    facts = facts_of(rows, spec, told.counts, whole)
    if everybody_weighs(with_implied(facts.counts, levels, whole | {WAVE})):
        whole |= {PEOPLE}
        facts = facts_of(rows, spec, told.counts, whole)
    dominant = dominated(rows, asked.largest_share)
    shows = [boxes for boxes, few in zip(facts.of_row, dominant, strict=True) if not few]
    shows += told.shows.values()
    implied = with_implied(facts.counts, levels, whole | {WAVE})
    relations = [*relations_of(implied), *event_relations(implied)]
    counts, relations, known = joint(implied, relations, formers, spec, whole)
    withheld = withheld_sets(counts, relations, shows, asked.threshold, always_shown=[told.everybody, *known])
    telling = tellings(rows, facts, withheld, dominant, asked.threshold)
    shown = [
        _told(row, how, facts.smallest(place), asked.round_to)
        for place, (row, how) in enumerate(zip(rows, telling, strict=True))
    ]
    protected = protected_manifest(manifest, told, withheld, asked.threshold)
    return Release(
        rows=tuple(shown), manifest={**protected, "disclosure": {**asked.model_dump(), "held_back": False}}
    )


def _told(row: TidyRow, how: Telling, people: int | None, base: int) -> TidyRow:
    if how is Telling.NOTHING:
        return blank(row)
    told = rounded(row, people, base)
    return told if how is Telling.ALL else without_counts(told)


def as_told(rows: Sequence[TidyRow], told: Sequence[TidyRow], spec: StudySpec) -> tuple[TidyRow, ...]:
    """Return rows that were computed again as they would be told: to compare them with what was told then.

    What is withheld cannot be compared: it is as it was told.
    """
    if spec.disclosure is None or len(rows) != len(told):
        return tuple(rows)
    facts = facts_of(rows, spec)
    base = spec.disclosure.round_to
    return tuple(
        before if before.status == WITHHELD else _told(row, _how(row, before), facts.smallest(place), base)
        for place, (row, before) in enumerate(zip(rows, told, strict=True))
    )


def _how(row: TidyRow, before: TidyRow) -> Telling:
    has_lost = row.sum_weights is not None and before.sum_weights is None
    return Telling.NO_COUNTS if has_lost else Telling.ALL


def _as_before(
    rows: Sequence[TidyRow], former: Former, manifest: Mapping[str, Any], spec: StudySpec
) -> Release:
    """Return what was released before, where it has the same rows; nothing else."""
    before = former.by_key()
    then = {analysis.name: analysis for analysis in former.study(spec).analysis}
    same = {analysis.name for analysis in spec.analysis if then.get(analysis.name) == analysis}
    kept = tuple(
        (before.get(key) if row.analysis in same else None) or blank(row)
        for key, row in zip(former.keys(rows), rows, strict=True)
    )
    told = {name: former.manifest[name] for name in SAME if name in former.manifest}
    assert spec.disclosure is not None  # noqa: S101 - the caller has looked
    return Release(
        rows=kept,
        manifest={
            **manifest,
            **told_calibration(manifest),
            **told_balance(manifest),
            **told,
            **told_tasks(manifest, spec.disclosure.threshold),
            "sources": [{**source, "rows": None} for source in manifest["sources"]],
            "warnings": [HELD_BACK],
            "disclosure": {**spec.disclosure.model_dump(), "held_back": True},
        },
    )
