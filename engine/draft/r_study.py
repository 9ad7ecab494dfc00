"""An R script as a study: survey designs, logits, rineq's indices and decompositions."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from dataclasses import replace

from engine.draft.made_variables import spoil
from engine.draft.r_models import Model, analysed_as, column_in, frame_in
from engine.draft.r_pipes import column_assigned, made_by, narrowed, step, steps_of
from engine.draft.r_statements import Call, call_of, split, statements_of_r
from engine.draft.script import MAKES, NO_STATISTIC, SHOWS, ScriptStudy, Statement, Untaken

_SHOWS = re.compile(
    r"(summary|print|plot|head|str|View|cat|table|write\w*|save\w*|ggsave|ggplot|confint|coef|anova|tidy|svymean"
    r"|svyby|svytable|svytotal|kable|exp|round|cbind|message|dim|names|glimpse)"
)
_READERS = re.compile(
    r"(read\.csv|read_csv|read_dta|read\.dta|read_sav|read_excel|fread|read_parquet|read\.spss)"
)
_TYPES = {"CI": "standard", "CIg": "generalized", "CIc": "erreygers", "CIw": "wagstaff"}
Term = str | list[str]


def study_of_r(text: str) -> ScriptStudy:
    """Return the study that an R script asks for, as far as a study can hold it."""
    reader = _Reader()
    for one in statements_of_r(text):
        try:
            reader.whole(one)
        except Untaken as why:
            reader.study.leave(one, str(why))
            spoil(reader.study, one.line, made_by(one.text))
            made = re.match(r"([\w.]+)\s*(?:<-|=)(?!=)", one.text)
            reader.unknown |= {made[1]} if made else set()
    return reader.study


class _Reader:
    def __init__(self) -> None:
        self.study = ScriptStudy()
        self.domains: dict[str, str | None] = {}
        self.unknown: set[str] = set()
        self.models: dict[str, Model] = {}
        self.takes: dict[str, Callable[[Statement, Call], None]] = {
            "svydesign": self.design,
            "subset": self.subset,
            "svyglm": self.model,
            "glm": self.model,
            "lm": self.model,
            "glm.nb": self.model,
            "polr": self.model,
            "svyolr": self.model,
            "glmer": self.multilevel,
            "lmer": self.multilevel,
            "ci": self.index,
            "contribution": self.decomposition,
            "options": self.options,
        }

    def whole(self, one: Statement) -> None:
        """Take a statement; of a pipe or a new column all or nothing."""
        before = copy.deepcopy((self.study, self.domains))
        try:
            is_taken = column_assigned(self.study, one) or self.pipe(one)
        except Untaken:
            self.study, self.domains = before
            raise
        if not is_taken:
            self.statement(one)

    def domain_of(self, name: str | None) -> str | None:
        """Return the condition that made a data frame or a design, None for all records."""
        if name in self.unknown:
            raise Untaken("uses data from a statement that is left out")
        return self.domains.get(name or "")

    def pipe(self, one: Statement) -> bool:
        """Take `d %>% filter(...) %>% svyglm(...)`, step by step; says whether it is a pipe."""
        found = steps_of(one.text)
        if found is None:
            return False
        target, (source, *steps) = found
        reader = call_of(f"{target or 'd'} <- {source}")
        if reader is not None and _READERS.fullmatch(reader.function):
            self.reads(one, reader)
            source = reader.target or source
        domain = self.domain_of(source)
        for number, text in enumerate(steps, start=1):
            call = call_of(text)
            name = call.function if call is not None else ""
            if call is not None and name in ("as_survey_design", "as_survey", "svydesign"):
                self.design(one, replace(call, target=None))
            elif call is not None and name in self.takes:
                self.domains["."] = domain
                data = "design" if name == "svyglm" else "data"
                last = target if number == len(steps) else None
                self.takes[name](one, replace(call, target=last, named={**call.named, data: "."}))
            elif _SHOWS.fullmatch(name) and number > 1 and one.line in self.study.taken:
                continue
            else:
                domain = step(self.study, one, text, domain)
        if target is not None:
            self.domains[target] = domain
        return True

    def statement(self, one: Statement) -> None:
        call = call_of(one.text)
        if call is None:
            is_made = re.match(r"[\w.$\[\]\"]+\s*(<-|=)", one.text)
            raise Untaken(MAKES if is_made else NO_STATISTIC)
        if call.function in self.takes:
            self.takes[call.function](one, call)
        elif _READERS.fullmatch(call.function):
            self.reads(one, call)
        elif _SHOWS.fullmatch(call.function):
            raise Untaken(SHOWS)
        elif call.function in ("library", "require", "setwd", "install.packages", "rm", "source", "set.seed"):
            raise Untaken("sets up R")
        else:
            raise Untaken(MAKES if call.target else NO_STATISTIC)

    def reads(self, one: Statement, call: Call) -> None:
        quoted = re.search(r"[\"']([^\"']+)[\"']", one.text)
        if quoted is None:
            raise Untaken("names its file by an expression")
        if self.study.path is not None:
            raise Untaken("opens another file; a study has one set of files")
        self.study.path = re.split(r"[\\/]", quoted[1])[-1]
        if call.target:
            self.domains[call.target] = None
        self.study.take(one, "the folder is left out: the study file stands beside the data")

    def options(self, one: Statement, call: Call) -> None:
        chosen = (call.argument("survey.lonely.psu") or "").strip("\"'")
        if chosen not in ("adjust", "certainty", "fail"):
            raise Untaken("sets up R")
        self.study.design["single_psu"] = chosen
        self.study.take(one)

    def design(self, one: Statement, call: Call) -> None:
        lost = [
            f"{name} = {call.named[name]}" for name in ("fpc", "probs", "variables") if name in call.named
        ]
        roles = (("cluster", "ids", 0), ("cluster", "id", None), ("stratum", "strata", None))
        for role, name, place in (*roles, ("weight", "weights", None)):
            given = call.argument(name, place)
            if given is None or given.replace(" ", "") in ("~1", "~0", "NULL"):
                continue
            columns = given.lstrip("~ ").split("+")
            if re.fullmatch(r"[\w.]+", columns[0].strip()):
                self.study.design[role] = columns[0].strip()
                lost += ["stages after the first"] if len(columns) > 1 else []
            else:
                lost.append(f"{name} = {given}")
        if call.argument("nest") in ("TRUE", "T"):
            self.study.design["nested"] = True
        domain = self.domain_of(call.argument("data"))
        if domain:
            lost.append(f"the people outside {domain}, who still count for the design here")
        self.study.take(one, f"without {'; '.join(lost)}" if lost else None)
        if call.target:
            self.domains[call.target] = domain

    def subset(self, one: Statement, call: Call) -> None:
        source, text = call.argument("x", 0), call.argument("subset", 1)
        if text is None or call.target is None:
            raise Untaken(MAKES)
        self.domains[call.target] = narrowed(self.study, self.domain_of(source), text)
        self.study.take(one)

    def model(self, one: Statement, call: Call) -> None:
        outcome, terms, _ = self.formula(call)
        family = (call.argument("family", 1 if call.function == "glm" else None) or "").replace(" ", "")
        is_logit = re.match(r"[\"']?(stats::)?(quasi)?binomial", family) and "probit" not in family
        kind = "logit" if is_logit else "probit" if "probit" in family else "linear"
        names = _names(terms)
        is_survey = call.function in ("svyglm", "svyolr")
        held, place = ("design", 1) if is_survey else ("data", 2 if call.function == "glm" else 1)
        where = self.domain_of(call.argument(held, place))
        if call.target:
            self.models[call.target] = Model(outcome, names, kind, where, one)
        given = analysed_as(call, family, kind)
        if given["kind"] == "regression" and call.target:
            del self.models[call.target]  # no decomposition is of counts or ordered levels
        table: dict[str, object] = {"name": outcome, **given, "outcome": outcome, "terms": terms}
        table["covariance"] = "design" if is_survey else "model"
        if where:
            table["where"] = where
        if not is_survey and "weight" in self.study.design and "weights" not in call.named:
            table["weighted"] = False
        self.study.use(*names)
        self.study.variable(outcome).is_event |= given["kind"] == "logit"
        self.study.variable(outcome).is_factor |= given.get("model") == "ordered-logit"
        self.study.analyse(one, table)

    def multilevel(self, one: Statement, call: Call) -> None:
        outcome, terms, groups = self.formula(call)
        is_linear = call.function == "lmer"
        family = call.argument("family", 2) or ""
        is_logit = re.match(r"[\"']?(stats::)?binomial", family) and "probit" not in family
        if not 1 <= len(groups) <= 2 or not (is_linear or is_logit):
            raise Untaken(
                "is no logit or linear model with random intercepts of one or two levels of clusters"
            )
        table: dict[str, object] = {"name": f"{outcome} multilevel", "kind": "multilevel", "outcome": outcome}
        table |= {"model": "linear"} if is_linear else {}
        table |= {"terms": terms, "levels": groups} if terms else {"levels": groups}
        points = call.argument("nAGQ") or "1"
        if points.isdigit() and int(points) % 2 and not is_linear:
            table["points"] = int(points)
        where = self.domain_of(call.argument("data", 1))
        table |= {"where": where} if where else {}
        self.study.levels |= {group: group for group in groups}
        self.study.use(*_names(terms))
        self.study.variable(outcome).is_event |= not is_linear
        lost = {
            "clusters in clusters: name the inner level first": bool(groups[1:]),
            "by maximum likelihood, not by REML": is_linear and call.argument("REML") not in ("FALSE", "F"),
            "without its weights, which are no sampling weights": call.argument("weights") is not None,
        }
        self.study.analyse(one, table, "; ".join(note for note, holds in lost.items() if holds) or None)

    def index(self, one: Statement, call: Call) -> None:
        rank, outcome = column_in(call.argument("ineqvar", 0)), column_in(call.argument("outcome", 1))
        weight = call.argument("weights", 2)
        note = None
        if weight is not None:
            given = self.study.design.setdefault("weight", column_in(weight))
            note = None if given == column_in(weight) else f"weighted with {given}: a study has one weight"
        chosen = (call.argument("type", 3) or "CI").strip("\"'")
        if chosen not in _TYPES:
            raise Untaken(f"asks for the type {chosen}")
        self.study.use(rank, outcome)
        if _TYPES[chosen] in ("erreygers", "wagstaff"):
            self.study.variable(outcome).is_event = True
        table: dict[str, object] = {"name": f"{outcome} by {rank}", "kind": "concentration"}
        where = self.domain_of(frame_in(call.argument("outcome", 1)))
        table |= {"where": where} if where else {}
        self.study.analyse(
            one, {**table, "outcome": outcome, "rank_by": rank, "index": [_TYPES[chosen]]}, note
        )

    def decomposition(self, one: Statement, call: Call) -> None:
        model, rank = call.argument("object", 0) or "", column_in(call.argument("ranker", 1))
        if model not in self.models:
            raise Untaken("decomposes a model that the script does not show")
        outcome, names, kind, where, fitted = self.models[model]
        self.study.take(fitted)
        table: dict[str, object] = {"name": f"decomposition of {outcome}", "kind": "decomposition"}
        self.study.use(outcome, rank, *names)
        table |= {"outcome": outcome, "rank_by": rank, "terms": [*names], "model": kind}
        table |= {"where": where} if where else {}
        self.study.analyse(one, table)

    def formula(self, call: Call) -> tuple[str, list[Term], list[str]]:
        """Return outcome, terms, and the clusters of random intercepts, the innermost first."""
        text = call.argument("formula", 0) or ""
        left, tilde, right = text.partition("~")
        if not tilde or not re.fullmatch(r"[\w.]+", left.strip()):
            raise Untaken("has a formula that the script does not show")
        terms: list[Term] = []
        groups: list[str] = []
        for part in split(right, "+"):
            group = re.fullmatch(r"\(\s*1\s*\|\s*([\w./]+)\s*\)", part)
            if group is not None:
                groups += group[1].split("/")[::-1]
                continue
            crossed = [self.name(one) for one in re.split(r"[*:]", part)] if part != "1" else []
            mains = crossed if "*" in part or len(crossed) == 1 else []
            terms += [name for name in mains if name not in terms]
            terms += [crossed] if len(crossed) > 1 else []
        return left.strip(), terms, groups

    def name(self, text: str) -> str:
        factor = re.fullmatch(r"(?:as\.)?factor\(\s*([\w.]+)\s*\)", text.strip())
        if factor is not None:
            self.study.variable(factor[1]).is_factor = True
            return factor[1]
        if not re.fullmatch(r"[^\W\d][\w.]*", text.strip()):
            raise Untaken(f"has the term '{text.strip()}', which names no single variable")
        return text.strip()


def _names(terms: list[Term]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for one in terms for name in ([one] if isinstance(one, str) else one)))
