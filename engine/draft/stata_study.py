"""A do-file as a study: walks through its statements and asks for each whether a study can hold it."""

from __future__ import annotations

import re

from engine.draft.made_variables import copy, spoil
from engine.draft.script import MAKES, NO_STATISTIC, SHOWS, ScriptStudy, Statement, Untaken
from engine.draft.stata_command import PREFIXES, Command, command_of
from engine.draft.stata_macros import UNKNOWN, Macros, items_of, statements_in
from engine.draft.stata_models import FITTED, Fitted, decompose, fit, index, keep, rank_of
from engine.draft.stata_statements import Block, statements_of
from engine.draft.stata_variables import (
    labels,
    made_by,
    make_variables,
)

_MAKES = re.compile(
    r"""
    gen|g|ge|gene|generate|replace|egen|recode|rename|ren|encode|decode|destring|tostring
    |merge|append|joinby|reshape|collapse|expand|sort|gsort|order|drop|keep|mvdecode|label|lab
    |la|save|sa|tsset|xtset|xtile|pctile|egenmore|bysort|preserve|restore|clonevar|compress
    |format|fillin|contract|duplicates|set_|svmat|predict|input|insheet|infile|tempvar|tempfile
    |winsor|center|std|pca|factor|rotate|score
    """,
    re.VERBOSE,
)
_SHOWS = re.compile(
    r"""
    tab|ta|tabulate|tab1|tab2|sum|su|summarize|summ|des|describe|codebook|list|li|di|dis
    |display|graph|gr|twoway|scatter|histogram|hist|kdensity|line|log|export|putexcel|esttab
    |estout|outreg2|eststo|estimates|est|matrix|mat|tabstat|table|count|inspect|browse|br|mean
    |proportion|prop|ci|test|testparm|lincom|margins|marginsplot|corr|correlate|pwcorr|estat
    |return|ereturn|tabout|asdoc|lorenz|glcurve|postfile|post|postclose|file|mdesc|fre|svydes
    |svydescribe|svytab|regtab|collect|putdocx|frmttable|mfx|vif|lroc|lfit|lrtest|scalar|sca
    |mata|assert
    """,
    re.VERBOSE,
)
_READS = ("use", "import", "insheet", "u")
_SETTINGS = re.compile(
    r"(cd|clear|set|version|cap|capture|cls|macro|ssc|net|adopath|window|more|close|timer)\b"
)


def study_of_do_file(text: str) -> ScriptStudy:
    """Return the study that a do-file asks for, as far as a study can hold it."""
    walk = _Walk()
    walk.through(statements_of(text))
    return walk.study


class _Walk:
    def __init__(self) -> None:
        self.study, self.macros = ScriptStudy(is_stata=True), Macros()
        self.labels: dict[str, dict[int | float, str]] = {}
        self.fitted: list[Fitted] = []
        self.ranks: list[str] = []
        self.in_program = False

    def through(self, statements: tuple[Statement | Block, ...]) -> None:
        for one in statements:
            if isinstance(one, Block):
                self.block(one)
            else:
                self.statement(one)

    def block(self, block: Block) -> None:
        head = block.head.text
        loop = items_of(head, self.macros)
        if loop is None:
            inside_program = head.startswith(("program", "cap program", "mata", "capture program"))
            if head.split(" ")[0] in (*PREFIXES, "") or head.startswith(("qui", "noi", "cap")):
                self.through(block.body)
            else:
                reason = "defines a program" if inside_program else "is done on a condition only"
                self.leave_all(block, reason)
            return
        name, items = loop
        if self.decomposition(block, items):
            return
        if items is None:
            self.leave_all(block, "is in a loop over a list that the file does not show")
            return
        before = dict(self.macros.text)
        self.study.take(block.head)
        for item in items:
            self.macros.text[name] = item
            self.through(block.body)
        if name in before:
            self.macros.text[name] = before[name]
        if not any(one.line in self.study.taken for one in statements_in(block)):
            self.study.taken.discard(block.head.line)
            self.study.leave(block.head, "is a loop over statements that are left out")

    def leave_all(self, block: Block, reason: str) -> None:
        for one in (block.head, *statements_in(block)):
            self.study.leave(one, reason)
            spoil(self.study, one.line, made_by(self.macros.expanded(one.text)))

    def decomposition(self, block: Block, items: object) -> bool:
        """Take the loop that multiplies elasticities by indices: the study's decomposition does it."""
        inside = [*statements_in(block)]
        text = " ".join(one.text for one in inside).lower()
        multiplies = re.search(r"(elas|contr?i?b?|con_)\w*\S*\s*=", text) and re.search(
            r"_b\[|\bb_|e\(b\)|dfdx|coef", text
        )
        if not multiplies or not re.search(r"conindex|cov|\bcorr|r\(ci\)|concindc|\bci_", text):
            return False
        rank = next((one for one in map(rank_of, inside) if one is not None), None)
        rank = rank or (self.ranks[-1] if self.ranks else None)
        named = re.match(r"foreach\s+\w+\s+of\s+(?:global|local)\s+(\w*need\w*|unfair\w*)\b", block.head.text)
        need = items if named and isinstance(items, list) and not named[1].lower().startswith("non") else None
        try:
            decompose(self.study, block.head, self.fitted, rank, need)
        except Untaken as why:
            self.leave_all(block, f"decomposes an index, but {why}")
            return True
        for one in inside:
            self.study.take(one)
        return True

    def statement(self, one: Statement) -> None:
        if self.in_program:
            self.in_program = one.text != "end"
            return self.study.leave(one, "defines a program")
        if re.match(r"(cap\w*\s+)?(program\s+(define|def)?|mata\s*:?$)", one.text) and "drop" not in one.text:
            self.in_program = True
            return self.study.leave(one, "defines a program")
        if self.macros.define(one.text):
            return self.study.take(one)
        text = self.macros.expanded(one.text)
        try:
            self.command(one, command_of(text), text)
        except Untaken as why:
            self.study.leave(one, str(why))
            spoil(self.study, one.line, made_by(text))

    def command(self, one: Statement, command: Command, text: str) -> None:
        name = command.name
        if UNKNOWN in text and (name in (*FITTED, "conindex", "svyset") or command.survey):
            raise Untaken("uses a macro whose text the file does not show")
        rank = rank_of(Statement(line=one.line, text=text))
        if rank is not None:
            self.ranks.append(rank)
        if name in FITTED:
            fitted = fit(self.study, one, command)
            self.fitted += [] if fitted is None else [fitted]
        elif name in _READS:
            self.reads(one, text)
        elif name == "svyset":
            _svyset(self.study, one, text)
        elif name == "conindex":
            index(self.study, one, command)
        elif name in ("keep", "drop") and command.condition and not command.arguments:
            keep(self.study, one, command, drops=name == "drop")
        elif name in ("label", "lab", "la"):
            labels(self.study, one, text, self.labels)
        elif name == "xtile":
            _xtile(self.study, one, command)
        elif not make_variables(self.study, one, command, text):
            raise Untaken(_why_not(name, text))

    def reads(self, one: Statement, text: str) -> None:
        quoted = re.search(r'"([^"]+)"', text)
        bare = re.search(r"(?:use|using|u)\s+(?:.*\busing\s+)?([^\s,\"]+)", text)
        found = (quoted or bare) and (quoted or bare)[1]  # type: ignore[index]
        if not found:
            raise Untaken(NO_STATISTIC)
        file = re.split(r"[\\/]", found)[-1].replace(UNKNOWN, "")
        if self.study.path is not None:
            raise Untaken("opens another file; a study has one set of files")
        self.study.path = file if "." in file else f"{file}.dta"
        self.study.take(one, "the folder is left out: the study file stands beside the data")


def _why_not(name: str, text: str) -> str:
    if _SHOWS.fullmatch(name):
        return SHOWS
    if _MAKES.fullmatch(name):
        return MAKES
    return "sets up Stata" if _SETTINGS.match(text) else NO_STATISTIC


def _svyset(study: ScriptStudy, one: Statement, text: str) -> None:
    """Take `svyset`; what is left of it is noted."""
    first, *stages = text.split("||")
    weight = re.search(r"\[\s*(?:p|i)?w\w*\s*=\s*([^\]]+)\]", first)
    plain = re.sub(r"\[[^\]]*\]", " ", first)
    before, _, options = plain.partition(",")
    psu = [word for word in before.split()[1:] if word != "_n"]
    given = dict(re.findall(r"(\w+)\(([^)]*)\)", options))
    lost = ["stages after the first"] if stages else []
    for key, value in {
        "weight": weight[1].strip() if weight else None,
        "stratum": next((given[name] for name in given if "strata".startswith(name[:5])), None),
        "cluster": psu[0] if psu else given.get("psu"),
    }.items():
        if value and re.fullmatch(r"\w+", value):
            study.design[key] = value
        elif value:
            lost.append(f"{key} = {value}: it is no column")
    single = given.get("singleunit") or given.get("single") or ""
    if single.startswith(("cent", "cert")):
        study.design["single_psu"] = "adjust" if single.startswith("cent") else "certainty"
    elif single:
        lost.append(f"singleunit({single})")
    lost += [
        f"{name}({value})" for name, value in given.items() if name.startswith(("fpc", "brr", "jkr", "bsr"))
    ]
    lost += [f"{name}({value})" for name, value in given.items() if name.startswith("post")]
    study.take(one, f"without {'; '.join(lost)}" if lost else None)


def _xtile(study: ScriptStudy, one: Statement, command: Command) -> None:
    made, _, source = command.arguments.partition("=")
    number = command.option("nquantiles", 1) or "2"
    if command.condition or not number.isdigit() or not re.fullmatch(r"\s*\w+\s*", source):
        raise Untaken(MAKES)
    copy(study, one, made.strip(), source.strip())
    study.variable(made.strip()).quantiles = int(number)
