"""Stata's index, models and decomposition as analyses of a study."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from engine.draft.script import LINEAR_OR_PROBIT, ScriptStudy, Statement, Untaken
from engine.draft.script_conditions import condition_of
from engine.draft.stata_command import Command
from engine.draft.stata_multilevel import MULTILEVEL, multilevel
from engine.draft.stata_parts import factors_in, weight_of, where_of

_LOGITS = ("logit", "logistic")
_LINEAR = ("regress", "reg", "regr")
_PROBITS = ("probit", "dprobit")
_OTHERS = {"poisson": "poisson", "nbreg": "negative-binomial", "ologit": "ordered-logit"}
FITTED = (*_LOGITS, *MULTILEVEL, *_LINEAR, *_PROBITS, *_OTHERS, "glm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A model that a later decomposition can use."""

    outcome: str
    terms: tuple[str, ...]
    model: str
    effect: str = "average"
    statement: Statement


def rank_of(one: Statement) -> str | None:
    """Return the variable that ranks people in a statement, if one does."""
    found = re.search(r"\b(?:rank\w*|sortvar)\((\w+)\)", one.text)
    return found[1] if found and "egen" not in one.text else None


def index(study: ScriptStudy, one: Statement, command: Command) -> None:
    """Take `conindex`."""
    outcomes = command.arguments.split()
    if len(outcomes) != 1 or not re.fullmatch(r"\w+", outcomes[0]):
        raise Untaken("names no single outcome")
    outcome, rank = outcomes[0], command.option("rankvar", 4) or command.option("rankvar", 1) or outcomes[0]
    where = where_of(command)
    table: dict[str, object] = {"name": f"{outcome} by {rank}", "kind": "concentration"}
    table |= {"outcome": outcome, "rank_by": rank, **_index(command)}
    group = command.option("compare", 3)
    if group:
        study.variable(group).is_factor = True
        table |= {"by": [group], "compare": True}
    if where.by:
        for name in where.by:
            study.variable(name).is_factor = True
        table["by"] = [*where.by]
    if where.sql:
        table["where"] = where.sql
    note = weight_of(study, command)
    study.use(outcome, rank, *where.names)
    study.analyse(one, table, note)


def _index(command: Command) -> dict[str, object]:
    limits = [_number(number) for number in (command.option("limits", 3) or "").split()]
    found: dict[str, object] = {}
    if len(limits) == 2:
        found["bounds"] = [int(limit) if limit.is_integer() else limit for limit in limits]
    absolute = command.option("generalized", 3) is not None
    for option, name in (("v", "extended"), ("beta", "symmetric")):
        value = command.options.get(option)
        if value:
            return {"index": [f"generalized_{name}" if absolute else name], "parameter": _number(value)}
    names = [name for name in ("erreygers", "wagstaff") if command.option(name, 4) is not None]
    if names and len(limits) != 2:
        raise Untaken("has no limits() that the file shows")
    is_modified = limits and limits[0] != 0 and not names
    if is_modified and len(limits) != 2:
        raise Untaken("has one limit above 0, and a study needs both")
    if not names and not is_modified:
        found.pop("bounds", None)
    return {
        "index": names or ["generalized" if absolute else "modified" if is_modified else "standard"],
        **found,
    }


def _number(text: str) -> float:
    """Return an option of `conindex` as a number."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise Untaken("has no number in limits(), v() or beta() that the file shows")
    return number


def fit(study: ScriptStudy, one: Statement, command: Command) -> Fitted | None:
    """Take a model; a linear or probit model waits for a decomposition, and is returned."""
    words = command.arguments.split()
    if not words:
        raise Untaken("shows an earlier model again")
    outcome, terms = words[0], _terms(" ".join(words[1:]))
    is_survey_regression = command.survey and command.name in _LINEAR
    has_constant = command.option("noconstant", 5) is None
    if not has_constant and not is_survey_regression:
        raise Untaken("has no constant, which only a study's linear regression can do without")
    names = tuple(
        dict.fromkeys(name for term in terms for name in ([term] if isinstance(term, str) else term))
    )
    is_glm = command.name == "glm"
    family = command.option("family", 1) or ""
    is_binary = is_glm and family.startswith("bin") and not command.option("link", 1)
    logit = command.name in _LOGITS or is_binary
    model = "logit" if logit else "probit" if command.name in _PROBITS else "linear"
    effect = "at-means" if command.name == "dprobit" else "average"
    fitted = Fitted(outcome=outcome, terms=names, model=model, effect=effect, statement=one)
    if command.name in MULTILEVEL:
        multilevel(study, one, command, outcome, terms)
        return None
    for name in factors_in(command.arguments):
        study.variable(name).is_factor = True
    table: dict[str, object] = {"name": outcome, "kind": "logit", "outcome": outcome, "terms": terms}
    if command.name in _OTHERS or is_survey_regression:
        table |= {"kind": "regression", "model": _OTHERS.get(command.name, "linear"), **_exposure(command)}
        table |= {} if has_constant else {"constant": False}
    elif not logit:
        study.leave(one, LINEAR_OR_PROBIT)
        return fitted
    where = where_of(command)
    errors, note = _errors(study, command)
    table |= errors
    if where.by:
        table["by"] = [*where.by]
    if where.sql:
        table["where"] = where.sql
    exposure = [str(table["exposure"])] if "exposure" in table else []
    study.use(outcome, *names, *where.names, *exposure)
    study.variable(outcome).is_event |= logit
    study.variable(outcome).is_factor |= command.name == "ologit"
    study.analyse(one, table, note or weight_of(study, command))
    return None if command.name in _OTHERS else fitted


def _exposure(command: Command) -> dict[str, object]:
    """Return the exposure of counts; what else shapes their mean or variance cannot be taken."""
    for name, shortest in (("offset", 3), ("dispersion", 1)):
        given = command.option(name, shortest)
        if given is not None and given != "mean":
            raise Untaken(f"has the option {name}(), which a study does not know")
    exposure = command.option("exposure", 1)
    return {} if exposure is None else {"exposure": exposure}


def _errors(study: ScriptStudy, command: Command) -> tuple[dict[str, object], str | None]:
    if command.survey:
        return {"covariance": "design"}, None
    given = f"{command.option('vce', 3) or ''} {'robust' if command.option('robust', 1) is not None else ''}"
    cluster = command.option("cluster", 2) or "".join(re.findall(r"cl\w*\s+(\w+)", given))
    weighted: dict[str, object] = (
        {} if command.weight or "weight" not in study.design else {"weighted": False}
    )
    if cluster and study.design.setdefault("cluster", cluster) == cluster:
        return {"covariance": "cluster", **weighted}, None
    if cluster:
        return {
            "covariance": "robust",
            **weighted,
        }, f"the clusters of the study are not {cluster}: robust errors"
    is_robust = "robust" in given or command.weight is not None
    return {"covariance": "robust" if is_robust else "model", **weighted}, None


def decompose(
    study: ScriptStudy, one: Statement, fitted: Sequence[Fitted], rank: str | None, need: list[str] | None
) -> None:
    """Take the loop of a decomposition: the last model before it, ranked as its index."""
    if not fitted:
        raise Untaken("the file shows no model before it")
    if rank is None:
        raise Untaken("nothing says what ranks people")
    last = fitted[-1]
    same = [
        table
        for table in study.analyses
        if table["kind"] == "concentration" and table["outcome"] == last.outcome and "where" not in table
    ]
    found: dict[str, object] = {key: same[-1][key] for key in ("index", "bounds") if same and key in same[-1]}
    names = found.pop("index", ["standard"])
    index_name = str(names[0]) if isinstance(names, list) else "standard"
    if index_name not in ("standard", "generalized", "erreygers", "wagstaff", "modified"):
        index_name = "standard"
    table: dict[str, object] = {"name": f"decomposition of {last.outcome}", "kind": "decomposition"}
    table |= {"outcome": last.outcome, "rank_by": rank, "terms": [*last.terms]}
    if need:
        table["need"] = [name for name in need if name in last.terms]
    table |= {"model": last.model} | ({"effect": last.effect} if last.model != "linear" else {})
    study.use(last.outcome, rank, *last.terms)
    study.take(last.statement)
    study.analyse(one, {**table, "index": index_name, **found})


def keep(study: ScriptStudy, one: Statement, command: Command, *, drops: bool) -> None:
    """Take `keep if` and `drop if` as a sample rule."""
    found = condition_of(command.condition or "")
    if found.sql is None or found.by:
        raise Untaken("keeps the records of one pass of a loop")
    sql = f"NOT ({found.sql})" if drops else found.sql
    study.use(*found.names)
    study.rules.append((f"{'not ' if drops else ''}{(command.condition or '').strip()}", sql))
    study.take(one, "a record where the condition is unknown is left out" if drops else None)


def _terms(text: str) -> list[str | list[str]]:
    """Return the terms of a model; `a##b` is a, b and their product.

    Examples
    --------
    >>> _terms("i.sex ib2.age c.income##i.sex")
    ['sex', 'age', 'income', ['income', 'sex']]
    """
    terms: list[str | list[str]] = []
    for word in re.sub(r"\s*(#+)\s*", r"\1", text).split():
        parts = [re.sub(r"^[\w()]*\.", "", part) for part in re.split(r"#+", word)]
        if not all(re.fullmatch(r"[^\W\d]\w*", part) for part in parts):
            raise Untaken(f"has the term '{word}', which names no single variable")
        if len(parts) > 1 and len({*parts}) < len(parts):
            raise Untaken(f"has the power '{word}'; write it as a variable")
        found: list[str | list[str]] = [*parts] if "##" in word or len(parts) == 1 else []
        found += [parts] if len(parts) > 1 else []
        terms += [term for term in found if term not in terms]
    return terms
