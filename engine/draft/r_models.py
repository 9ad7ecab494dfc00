"""The models of an R script that a study can hold."""

from __future__ import annotations

import re
from typing import NamedTuple

from engine.draft.r_statements import Call
from engine.draft.script import LINEAR_OR_PROBIT, Statement, Untaken

_OTHERS = {"glm.nb": "negative-binomial", "polr": "ordered-logit", "svyolr": "ordered-logit"}
_POISSON = re.compile(r"[\"']?(stats::)?(quasi)?poisson(\(\)|\(link=[\"']?log[\"']?\)|[\"'])?$")


class Model(NamedTuple):
    """A model that a later decomposition can use; `where` is the domain of its data."""

    outcome: str
    terms: tuple[str, ...]
    kind: str
    where: str | None
    statement: Statement


def analysed_as(call: Call, family: str, kind: str) -> dict[str, str]:
    """Return the kind of analysis of a model, and of a regression its model.

    Raises
    ------
    Untaken
        If no analysis fits it.

    Examples
    --------
    >>> from engine.draft.r_statements import call_of
    >>> analysed_as(call_of("glm(y ~ x, family = poisson)"), "poisson", "linear")
    {'kind': 'regression', 'model': 'poisson'}
    """
    if call.function == "polr" and "logistic" not in (call.argument("method") or "logistic"):
        raise Untaken("is no ordered logit")
    if call.argument("offset") is not None:
        raise Untaken("has an offset; name the exposure in the study by hand")
    model = _OTHERS.get(call.function) or ("poisson" if _POISSON.match(family) else None)
    if model is not None:
        return {"kind": "regression", "model": model}
    if kind != "logit":
        raise Untaken(LINEAR_OR_PROBIT)
    return {"kind": kind}


def frame_in(text: str | None) -> str | None:
    """Return the data frame that `frame$column` names."""
    found = re.match(r"([\w.]+)(?:\$|\[\[)", (text or "").strip())
    return found[1] if found else None


def column_in(text: str | None) -> str:
    """Return the column that `frame$column` or `frame[["column"]]` names."""
    found = re.fullmatch(r"(?:as\.numeric\()?(?:[\w.]+\$)?([^\W\d][\w.]*)\)?", (text or "").strip())
    found = found or re.fullmatch(r"[\w.]+\[\[\s*[\"']([^\"']+)[\"']\s*\]\]", (text or "").strip())
    if found is None:
        raise Untaken(f"names no single column: '{text}'")
    return found[1]
