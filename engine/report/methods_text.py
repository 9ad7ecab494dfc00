"""The methods of a run as a paragraph, from its manifest and rows, with the works that it cites."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.report.methods_of_errors import error_sentences
from engine.report.methods_of_measures import measure_sentences
from engine.report.methods_writer import Writer, as_list
from engine.report.model import count, number
from engine.report.row_groups import Row
from engine.report.words.sentences import Language, index_name
from engine.report.words.works import WORKS

CITED_BY_INDEX = {
    "erreygers": "erreygers",
    "wagstaff": "wagstaff",
    "extended": "extended",
    "generalized_extended": "extended",
    "symmetric": "symmetric",
    "generalized_symmetric": "symmetric",
    "modified": "erreygers",
}
CITED_BY_MODEL = {
    "linear": "fuller",
    "poisson": "counts",
    "negative-binomial": "counts",
    "ordered-logit": "ordered",
}
SCALINGS = {"scaled": "cluster-size", "effective": "effective-size", "unscaled": "unscaled"}
NOT_INDICES = ("difference", "wald_f")


def methods_text(
    manifest: Mapping[str, Any], rows: Sequence[Row], labels: Mapping[str, str], language: Language
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the sentences of the methods, and the works they cite in the order of their numbers."""
    writer = Writer(manifest=manifest, rows=rows, labels=labels, language=language)
    sentences = (
        *_data(writer),
        *_tables(writer),
        *_indices(writer),
        *measure_sentences(writer),
        *_decomposition(writer),
        *_models(writer),
        *error_sentences(writer),
        *_imputations(writer),
        *_rest(writer),
    )
    writer.cite("strobe", "equity")
    return sentences, tuple(WORKS[work] for work in writer.works)


def _data(writer: Writer) -> Iterator[str]:
    sources, flow = writer.manifest.get("sources", ()), writer.manifest["sample_flow"]
    files = ", ".join(source["file"] for source in sources) or "-"
    disclosure = writer.manifest.get("disclosure")
    if disclosure and len(flow) == 1:
        yield writer.say("data_withheld", files=files, people=count(flow[-1]["n"]))
    else:
        yield writer.say(
            "data",
            files=files,
            rows=count(flow[0]["n"]),
            people=count(flow[-1]["n"]),
            rules=len(flow) - 1,
        )
    if disclosure:
        base = disclosure["round_to"]
        rounding = writer.say("rounding", base=base) if base > 1 else ""
        yield writer.say("disclosure", n=disclosure["threshold"], rounding=rounding)
    design = writer.design
    parts = [
        writer.say(role, name=_names(design[role]))
        for role in ("weight", "stratum", "cluster")
        if design.get(role)
    ]
    if parts:
        yield writer.say("design", parts=", ".join(parts), binder=writer.cite("binder"))
    elif not design.get("replicate_weights"):
        yield writer.say("no_design")
    unweighted = [one["name"] for one in writer.analyses() if one.get("weighted") is False]
    if unweighted and design.get("weight"):
        yield writer.say("unweighted", names=writer.joined(unweighted))


def _names(column: str | Mapping[str, str]) -> str:
    """Return a column, or those of each wave."""
    return column if isinstance(column, str) else ", ".join(dict.fromkeys(column.values()))


def _tables(writer: Writer) -> Iterator[str]:
    if writer.analyses("describe") and writer.design.get("weight"):
        yield writer.say("describe")
    rates = writer.analyses("rates")
    if rates:
        scales = (writer.say(f"scale_{one.get('interval', 'logit')}") for one in rates)
        yield writer.say("rates", scales=writer.joined(scales), cited=writer.cite("korn"))
    kept_inside = [one for one in writer.analyses("financing") if one.get("limits", "normal") != "normal"]
    if kept_inside:
        scales = (writer.say(f"scale_{one['limits']}") for one in kept_inside)
        names = writer.joined(one["name"] for one in kept_inside)
        yield writer.say(
            "headcount_limits", names=names, scales=writer.joined(scales), cited=writer.cite("korn")
        )
    tested = [one["name"] for one in writer.analyses("describe", "rates") if one.get("test")]
    if tested:
        yield writer.say("rao_scott", names=writer.joined(tested), cited=writer.cite("rao-scott"))


def _indices(writer: Writer) -> Iterator[str]:
    ranks = dict.fromkeys(
        row["rank_by"] for row in writer.rows if row["rank_by"] and row["kind"] != "disparity"
    )
    ranks |= dict.fromkeys(one["rank_by"] for one in writer.analyses("disparity") if one.get("rank_by"))
    if ranks:
        yield writer.say("ranks", ranks=writer.labelled(ranks))
    own = writer.analyses("concentration")
    measures = dict.fromkeys(
        row["measure"]
        for row in writer.rows
        if row["kind"] == "concentration" and row["measure"] not in NOT_INDICES
    )
    if measures:
        cited = writer.cite("kakwani", *(CITED_BY_INDEX[name] for name in measures if name in CITED_BY_INDEX))
        names = writer.joined(index_name(writer.language, name) for name in measures)
        yield writer.say("indices", indices=names, cited=cited)
    for one in [*own, *writer.analyses("rif")]:
        if one.get("parameter") is not None:
            yield writer.say("parameter", names=one["name"], value=f"{one['parameter']:g}")
    if any(one.get("peer") for one in own):
        yield writer.say("conindex", cited=writer.cite("conindex"))
    if writer.analyses("curve"):
        yield writer.say("curve", cited=writer.cite("guide"))


def _methods_of(writer: Writer, kind: str, measure: str) -> list[str]:
    """Return the methods behind a measure of a kind, each once."""
    own = [row for row in writer.rows if row["kind"] == kind and row["measure"] == measure and row["method"]]
    return list(dict.fromkeys(str(row["method"]) for row in own))


def _decomposition(writer: Writer) -> Iterator[str]:
    own = writer.analyses("decomposition")
    models = [one.split(", ")[0] for one in _methods_of(writer, "decomposition", "contribution")]
    if models:
        effects = dict.fromkeys(
            writer.say(f"effect_{one.get('effect', 'average')}")
            for one in own
            if one.get("model") in ("logit", "probit")
        )
        yield writer.say(
            "decomposition",
            methods=writer.joined(writer.method(model) for model in models),
            effects="".join(effects),
            cited=writer.cite("decomposition"),
        )
    if any(one.get("change") for one in own):
        yield writer.say("decomposition_change", cited=writer.cite("decomposition"))
    need = dict.fromkeys(name for one in own for name in as_list(one.get("need")))
    if need:
        yield writer.say("need", need=writer.labelled(need), cited=writer.cite("need"))


def _models(writer: Writer) -> Iterator[str]:
    methods = _methods_of(writer, "logit", "odds_ratio")
    if methods:
        has_crude = any(one.get("crude", True) for one in writer.analyses("logit"))
        told = writer.joined(writer.method(method) for method in methods)
        yield writer.say("logit" if has_crude else "adjusted_logit", methods=told)
    methods = _methods_of(writer, "regression", "coefficient")
    if methods:
        works = dict.fromkeys(CITED_BY_MODEL[method.partition(", ")[0]] for method in methods)
        told = writer.joined(writer.method(method) for method in methods)
        yield writer.say("regression", methods=told, cited=writer.cite(*works))
    methods = [
        one for one in _methods_of(writer, "multilevel", "log_likelihood") if not one.startswith("linear")
    ]
    if any(one.get("model") == "linear" for one in writer.analyses("multilevel")):
        yield writer.say("linear_multilevel", cited=writer.cite("mixed"))
    if methods:
        yield writer.say("multilevel", methods=writer.joined(writer.method(method) for method in methods))
    yield from _weights_of_levels(writer)
    rif = writer.analyses("rif")
    if rif:
        indices = writer.joined(index_name(writer.language, one.get("index", "standard")) for one in rif)
        yield writer.say("rif", indices=indices, cited=writer.cite("rif"))


def _weights_of_levels(writer: Writer) -> Iterator[str]:
    models = writer.analyses("multilevel")
    for sentence, scaling in SCALINGS.items():
        names = [one["name"] for one in models if one.get("weights") == scaling]
        if names:
            yield writer.say(sentence, names=writer.joined(names), cited=writer.cite("scaled"))
    known = writer.design.get("level_weights", {})
    weighted = [one for one in models if one.get("weights", "none") != "none"]
    levels = [name for one in weighted for name in as_list(one.get("levels")) if name in known]
    if levels:
        yield writer.say("level_weights", levels=writer.joined(levels))


def _imputations(writer: Writer) -> Iterator[str]:
    facts: Mapping[str, Any] = writer.manifest.get("imputations") or {}
    if not facts:
        return
    told = (
        writer.say("imputed_variable", name=writer.labelled([name]), n=count(rows["imputed"]))
        for name, rows in facts["variables"].items()
    )
    largest = max((row.get("missing_information") or 0.0 for row in writer.rows), default=0.0)
    yield writer.say(
        "imputations",
        m=facts["m"],
        variables=writer.joined(told),
        share=number(100.0 * largest, 0),
        cited=writer.cite("rubin", "barnard"),
    )
    if any(row.get("df1") is not None and row.get("missing_information") for row in writer.rows):
        yield writer.say("imputed_tests", cited=writer.cite("d2"))
    if any(row["n_replicates"] and row.get("missing_information") for row in writer.rows):
        yield writer.say("imputed_replicates")


def _rest(writer: Writer) -> Iterator[str]:
    imputed = ", ".join(writer.manifest.get("imputed", {}))
    yield writer.say("missing", imputed=writer.say("imputed", names=imputed) if imputed else "")
    versions = writer.manifest.get("versions", {})
    libraries = ", ".join(f"{name} {version}" for name, version in versions.items() if name != "equirank")
    yield writer.say("software", version=versions.get("equirank", "-"), libraries=libraries)
