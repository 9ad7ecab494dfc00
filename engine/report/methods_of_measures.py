"""The sentences of the methods about standardisation, disparity, payments and benefits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from engine.report.disparity_table import NAMES
from engine.report.methods_writer import Writer, as_list
from engine.report.words.tables import phrase

PROGRESSIVITY = ("kakwani",)
REDISTRIBUTION = ("reynolds_smolensky", "redistributive_effect", "reranking")

Asked = Mapping[str, Any]


def measure_sentences(writer: Writer) -> Iterator[str]:
    """Yield how rates were standardised, and which measures of disparity and financing were taken."""
    standards = [one for one in writer.analyses("rates", "disparity") if one.get("standardise")]
    for one in _distinct(standards, "standardise"):
        factors = writer.labelled(as_list(one["standardise"]["by"]))
        cells = len(one["standardise"]["population"])
        yield writer.say("standardised", factors=factors, cells=cells, cited=writer.cite("standard"))
    yield from _disparity(writer, writer.analyses("disparity"))
    yield from _financing(writer, writer.analyses("financing"))


def _distinct(analyses: Iterable[Asked], key: str) -> list[Asked]:
    """Return the first of the analyses that ask for the same under a key."""
    found: dict[str, Asked] = {}
    for one in analyses:
        found.setdefault(str(one[key]), one)
    return list(found.values())


def _measures(analyses: Sequence[Asked]) -> list[str]:
    return list(dict.fromkeys(name for one in analyses for name in as_list(one["measure"])))


def _named(writer: Writer, measures: Iterable[str]) -> str:
    names = (NAMES.get(name, name) for name in measures)
    texts = (phrase(name) if writer.language == "zh" else name for name in names)
    return writer.joined(text.removesuffix(", %").removesuffix("，%") for text in texts)


def _disparity(writer: Writer, analyses: Sequence[Asked]) -> Iterator[str]:
    of_groups = [one for one in analyses if one.get("group")]
    along = [one for one in analyses if one.get("rank_by")]
    people = [one for one in analyses if not one.get("group") and not one.get("rank_by")]
    if of_groups:
        yield writer.say(
            "of_groups",
            groups=writer.labelled(one["group"] for one in of_groups),
            measures=_named(writer, _measures(of_groups)),
            cited=writer.cite("who", "summary"),
        )
    if along:
        yield writer.say(
            "along_rank",
            ranks=writer.labelled(one["rank_by"] for one in along),
            measures=_named(writer, _measures(along)),
            cited=writer.cite("summary"),
        )
    slopes = [one for one in analyses if {"sii", "rii"} & {*as_list(one["measure"])}]
    if slopes:
        links = writer.joined(writer.method(one.get("link", "linear")) for one in slopes)
        yield writer.say("slope", links=links, cited=writer.cite("slope"))
    if people:
        measures = _measures(people)
        works = ("entropy", *(["atkinson"] if "atkinson" in measures else []))
        yield writer.say("between_people", measures=_named(writer, measures), cited=writer.cite(*works))
    split = [one["decompose_by"] for one in people if one.get("decompose_by")]
    if split:
        yield writer.say("parts", factors=writer.labelled(split), cited=writer.cite("entropy"))


def _financing(writer: Writer, analyses: Sequence[Asked]) -> Iterator[str]:
    for one in analyses:
        amounts = {
            "outcomes": writer.labelled(as_list(one["outcome"])),
            "resources": writer.labelled([one["resources"]]),
        }
        if one.get("unit_cost") is None:
            yield writer.say("payments", **amounts, cited=writer.cite("guide"))
        else:
            fee = writer.say("fee", fee=writer.labelled([one["fee"]])) if one.get("fee") else ""
            cost = f"{one['unit_cost']:g}"
            yield writer.say("benefits", **amounts, cost=cost, fee=fee, cited=writer.cite("guide"))
    measures = {*_measures(analyses)}
    if measures & {*PROGRESSIVITY}:
        yield writer.say("progressivity", cited=writer.cite("progressivity"))
    if measures & {*REDISTRIBUTION}:
        yield writer.say("redistribution", cited=writer.cite("redistribution"))
    catastrophic = [one for one in analyses if one.get("threshold")]
    if catastrophic:
        shares = sorted({share for one in catastrophic for share in as_list(one.get("threshold"))})
        yield writer.say(
            "catastrophic",
            thresholds=writer.joined(f"{100.0 * share:g}" for share in shares),
            capacities=writer.labelled(one.get("capacity") or one["resources"] for one in catastrophic),
            cited=writer.cite("catastrophe"),
        )
    poor = [one for one in analyses if one.get("poverty_line") is not None]
    for one in _distinct(poor, "poverty_line"):
        yield writer.say("poverty", line=f"{one['poverty_line']:g}", cited=writer.cite("catastrophe"))
    for one in _distinct(
        [{"aversion": 2.0, **one} for one in analyses if "achievement" in as_list(one["measure"])], "aversion"
    ):
        yield writer.say("achievement", value=f"{one['aversion']:g}", cited=writer.cite("extended"))
