"""Which analysis fits a question: answers of an analyst -> an analysis to paste, with reason and source."""

from __future__ import annotations

from typing import Literal

Outcome = Literal["event", "bounded", "amount"]
View = Literal["relative", "absolute"]
Weight = Literal["all", "bottom", "ends"]

QUESTIONS = """\
What is your question about?
  --about     rank      who has more of an outcome, along a rank such as income (the default)
              payments  who pays for health care, and who is poor afterwards
              benefits  who gets public services
              parts     how much inequality of an amount lies within groups, and how much between them
              rates     rates of groups that differ in age or sex
              models    what goes with a count, a number or ordered levels
              clusters  how much lies between villages, cities or hospitals
              missing   values that are not there
Along a rank, three more questions decide the index:
  --outcome   event     yes or no for each person
              bounded   a number with a lowest and a highest possible value, such as a score
              amount    a number without an upper limit, such as visits or spending
  --view      relative  inequality stays the same if everybody has twice as much
              absolute  inequality stays the same if everybody has one more
  --weight    all       everybody counts alike (the default)
              bottom    the poorest count more
              ends      the poorest and the richest count more
Examples: equirank advise --outcome event --view absolute
          equirank advise --about payments"""

_REASONS = {
    ("amount", "relative"): (
        "standard",
        "shares of the amount count, and nobody's amount has an upper limit",
    ),
    ("amount", "absolute"): ("generalized", "differences of the amount count, in its own unit"),
    ("bounded", "relative"): ("wagstaff", "it is the same for having and for lacking, and looks at shares"),
    ("bounded", "absolute"): (
        "erreygers",
        "it is the same for having and for lacking, and looks at differences",
    ),
}
_SOURCES = {
    "standard": "Kakwani, Wagstaff and van Doorslaer (1997), Journal of Econometrics 77",
    "generalized": "Wagstaff, Paci and van Doorslaer (1991), Social Science and Medicine 33",
    "wagstaff": "Wagstaff (2005), Health Economics 14",
    "erreygers": "Erreygers (2009), Journal of Health Economics 28",
    "extended": "Wagstaff (2002), Journal of Health Economics 21",
    "symmetric": "Erreygers, Clarke and Van Ourti (2012), Journal of Health Economics 31",
}
_CHOICE = "On the choice: Kjellsson and Gerdtham (2013), Journal of Health Economics 32"


def advice(outcome: Outcome, view: View, weight: Weight) -> str:
    """Return an analysis to paste, with the reason for its index.

    Examples
    --------
    >>> print(advice("event", "absolute", "all"))
    index = "erreygers": it is the same for having and for lacking, and looks at differences.
    <BLANKLINE>
    [[analysis]]
    name = "inequality"
    kind = "concentration"
    outcome = "..."     # a variable with event = "..."
    rank_by = "..."     # such as income
    index = "erreygers"
    <BLANKLINE>
    An event has the bounds 0 and 1 by itself. Report a relative index beside it: they can disagree on trends.
    Source: Erreygers (2009), Journal of Health Economics 28.
    On the choice: Kjellsson and Gerdtham (2013), Journal of Health Economics 32.
    """
    kind = "amount" if outcome == "amount" else "bounded"
    index, reason = _REASONS[kind, view]
    if weight != "all":
        relative, absolute = (
            ("extended", "generalized_extended")
            if weight == "bottom"
            else (
                "symmetric",
                "generalized_symmetric",
            )
        )
        index = relative if view == "relative" else absolute
        plain = "the standard" if view == "relative" else "four times the generalized"
        reason = f"its parameter says how much more they count; with 2 it is {plain} index"
    lines = [
        f'index = "{index}": {reason}.',
        "",
        "[[analysis]]",
        'name = "inequality"',
        'kind = "concentration"',
    ]
    what = {"event": 'a variable with event = "..."', "bounded": "a variable with bounds = [low, high]"}
    lines.append(f'outcome = "..."     # {what.get(outcome, "a number")}')
    lines += ['rank_by = "..."     # such as income', f'index = "{index}"']
    lines += ["parameter = 3"] if weight != "all" else []
    lines += ["", *_remarks(outcome, view)]
    return "\n".join([*lines, f"Source: {_SOURCES[index.removeprefix('generalized_')]}.", f"{_CHOICE}."])


def _remarks(outcome: Outcome, view: View) -> list[str]:
    """Return what else to think of."""
    if outcome == "amount":
        return []
    other = "an absolute" if view == "relative" else "a relative"
    first = "An event has the bounds 0 and 1 by itself." if outcome == "event" else "Bounds are theoretical."
    return [f"{first} Report {other} index beside it: they can disagree on trends."]
