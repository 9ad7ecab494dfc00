"""The methods of a run as a paragraph, from its manifest and rows, with the works that it cites."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.report.model import count, number
from engine.report.row_groups import Row
from engine.report.words.methods import METHODS, WORKS
from engine.report.words.sentences import Language, index_name

CITED_BY_INDEX = {
    "erreygers": "erreygers",
    "wagstaff": "wagstaff",
    "extended": "extended",
    "symmetric": "symmetric",
    "modified": "erreygers",
}
NOT_INDICES = ("difference", "wald_f")
DENSITY_AT_LIMIT = 0.0584507  # of the standard normal at 1.96
TAIL = 0.025


@dataclass(frozen=True, slots=True, kw_only=True)
class _Writer:
    """Says sentences in a language and keeps the works that they cite, in order."""

    language: Language
    works: list[str] = field(default_factory=list)

    def say(self, key: str, **parts: object) -> str:
        return METHODS[key][self.language == "zh"].format(**parts)

    def cite(self, *works: str) -> str:
        self.works.extend(work for work in dict.fromkeys(works) if work not in self.works)
        return ", ".join(str(self.works.index(work) + 1) for work in dict.fromkeys(works))


def methods_text(
    manifest: Mapping[str, Any], rows: Sequence[Row], labels: Mapping[str, str], language: Language
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the sentences of the methods, and the works they cite in the order of their numbers."""
    writer = _Writer(language=language)
    sentences = (
        *_data(writer, manifest),
        *_indices(writer, rows, labels),
        *_replicates(writer, manifest, rows),
        *_models(writer, manifest, rows, labels),
        *_rest(writer, manifest),
    )
    writer.cite("strobe", "equity")
    return sentences, tuple(WORKS[work] for work in writer.works)


def _data(writer: _Writer, manifest: Mapping[str, Any]) -> Iterator[str]:
    sources, flow = manifest.get("sources", ()), manifest["sample_flow"]
    yield writer.say(
        "data",
        files=", ".join(source["file"] for source in sources) or "-",
        rows=count(flow[0]["n"]),
        people=count(flow[-1]["n"]),
        rules=len(flow) - 1,
    )
    design = manifest["study"].get("asked", {}).get("design", {})
    parts = [
        writer.say(role, name=_names(design[role]))
        for role in ("weight", "stratum", "cluster")
        if design.get(role)
    ]
    if parts:
        yield writer.say("design", parts=", ".join(parts), binder=writer.cite("binder"))
    else:
        yield writer.say("no_design")


def _names(column: str | Mapping[str, str]) -> str:
    """Return a column, or those of each wave."""
    return column if isinstance(column, str) else ", ".join(dict.fromkeys(column.values()))


def _indices(writer: _Writer, rows: Sequence[Row], labels: Mapping[str, str]) -> Iterator[str]:
    ranks = dict.fromkeys(row["rank_by"] for row in rows if row["rank_by"])
    if ranks:
        yield writer.say("ranks", ranks=", ".join(labels.get(name, name) for name in ranks))
    measures = dict.fromkeys(
        row["measure"] for row in rows if row["kind"] == "concentration" and row["measure"] not in NOT_INDICES
    )
    if measures:
        cited = writer.cite("kakwani", *(CITED_BY_INDEX[name] for name in measures if name in CITED_BY_INDEX))
        names = ", ".join(index_name(writer.language, name) for name in measures)
        yield writer.say("indices", indices=names, cited=cited)
    if any(str(row["method"]).startswith("linearised") for row in rows):
        yield writer.say("errors")


def _replicates(writer: _Writer, manifest: Mapping[str, Any], rows: Sequence[Row]) -> Iterator[str]:
    behind = [row for row in rows if row["n_replicates"]]
    if not behind:
        return
    fewest = min(row["n_replicates"] for row in behind)
    kinds = dict.fromkeys(str(row["method"]).removeprefix(_model_of(row)) for row in behind)
    work = "rao-wu" if any("rao-wu" in kind for kind in kinds) else "efron"
    yield writer.say(
        "replicates",
        method="; ".join(kinds),
        n=count(fewest),
        seed=manifest["seed"],
        of_error=number(100.0 / math.sqrt(2.0 * fewest), 1),
        of_limit=number(math.sqrt(TAIL * (1.0 - TAIL) / fewest) / DENSITY_AT_LIMIT, 2),
        rao_wu=writer.cite(work),
    )
    failed = max((row["n_failed"] or 0 for row in behind), default=0)
    if failed:
        yield writer.say("failed", n=count(failed))


def _model_of(row: Row) -> str:
    """Return the model that stands before the replicates in the method of a decomposition."""
    return f"{str(row['method']).split(', ')[0]}, " if row["kind"] == "decomposition" else ""


def _models(
    writer: _Writer, manifest: Mapping[str, Any], rows: Sequence[Row], labels: Mapping[str, str]
) -> Iterator[str]:
    def methods(kind: str, measure: str) -> str:
        own = [row for row in rows if row["kind"] == kind and row["measure"] == measure and row["method"]]
        return "; ".join(dict.fromkeys(str(row["method"]) for row in own))

    if any(row["kind"] == "rates" for row in rows):
        yield writer.say("rates")
    if any(row["kind"] == "curve" for row in rows):
        yield writer.say("curve", cited=writer.cite("curve"))
    if methods("decomposition", "contribution"):
        models = dict.fromkeys(
            one.split(", ")[0] for one in methods("decomposition", "contribution").split("; ")
        )
        yield writer.say("decomposition", methods=", ".join(models), cited=writer.cite("decomposition"))
    analyses = manifest["study"].get("asked", {}).get("analysis", ())
    need = dict.fromkeys(name for one in analyses for name in one.get("need", ()))
    if need:
        told = ", ".join(labels.get(name, name) for name in need)
        yield writer.say("need", need=told, cited=writer.cite("need"))
    for kind, measure in (("logit", "odds_ratio"), ("multilevel", "log_likelihood")):
        if methods(kind, measure):
            yield writer.say(kind, methods=methods(kind, measure))


def _rest(writer: _Writer, manifest: Mapping[str, Any]) -> Iterator[str]:
    imputed = ", ".join(manifest.get("imputed", {}))
    yield writer.say("missing", imputed=writer.say("imputed", names=imputed) if imputed else "")
    versions = manifest.get("versions", {})
    libraries = ", ".join(f"{name} {version}" for name, version in versions.items() if name != "equirank")
    yield writer.say("software", version=versions.get("equirank", "-"), libraries=libraries)
